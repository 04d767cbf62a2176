"""Token kernels: rationals against sums over all responses, floats against rationals."""

import numpy as np
import pytest
from hypothesis import given

from mdpkit.base.arrays import floats, is_exact, objects
from mdpkit.kernels import tokens
from mdpkit.strategies import tokens as drawn


def continuations(problem, s):
    """Every way from s to an end, as its pairs."""
    if s == problem.S:
        return [()]
    return [
        ((s, a), *rest)
        for a in np.flatnonzero(problem.available[s])
        for rest in continuations(problem, int(problem.next[s, a]))
    ]


def product(array, path):
    found = objects(1)[()]
    for pair in path:
        found = found * array[pair]
    return found


@given(drawn(merged=True))
def test_the_partition_sums_over_all_continuations(problem):
    Z = tokens.partition(problem.next, problem.reference, problem.weights)
    joint = problem.reference * problem.weights
    assert Z.tolist() == [sum(product(joint, path) for path in continuations(problem, s)) for s in range(problem.S + 1)]
    near = tokens.partition(problem.next, floats(problem.reference), floats(problem.weights))
    np.testing.assert_allclose(near, floats(objects(Z)), rtol=1e-12)


@given(drawn(merged=True))
def test_visits_sum_over_all_responses(problem):
    d = tokens.visits(problem.next, problem.reference)
    expected = problem.reference * 0
    for path in continuations(problem, 0):
        for pair in path:
            expected[pair] = expected[pair] + product(problem.reference, path)
    assert (d == expected).all()
    np.testing.assert_allclose(tokens.visits(problem.next, floats(problem.reference)), floats(objects(d)), atol=1e-14)


@given(drawn())
def test_path_sums_add_along_the_prefix(problem):
    each = objects(np.arange(problem.S * problem.A).reshape(problem.S, problem.A))
    total = tokens.path_sums(problem.next, each)
    for path in continuations(problem, 0):
        for k, pair in enumerate(path):
            assert total[pair] == sum(each[p] for p in path[: k + 1])
    assert (tokens.path_sums(problem.next, floats(each)) == floats(objects(total))).all()


@given(drawn(merged=True))
def test_soft_values_are_logarithms_of_the_partition(problem):
    beta = float(floats(objects(problem.beta)))
    near = floats(problem.reference), beta * np.log(floats(problem.weights))
    V, pi, sizes, steps = tokens.soft(problem.next, *near, beta)
    Z = floats(objects(tokens.partition(problem.next, problem.reference, problem.weights)))
    np.testing.assert_allclose(V, beta * np.log(Z), atol=1e-12)
    np.testing.assert_allclose(pi.sum(axis=1), 1, atol=1e-14)
    longest = [max(len(path) for path in continuations(problem, s)) for s in range(problem.S + 1)]
    assert (steps <= longest).all()
    assert (sizes >= np.abs(V)).all()
    plain = tokens.soft.py_func(problem.next, *near, beta)
    for one, other in zip((V, pi, sizes, steps), plain, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_rationals_stay_rational():
    following, law = np.array([[1, 2], [2, 2]]), objects([["1/3", "2/3"]] * 2)
    for found in (
        tokens.partition(following, law, law),
        tokens.visits(following, law),
        tokens.path_sums(following, law),
    ):
        assert is_exact(found)


@pytest.mark.parametrize("beta", [1e-3, 1e3])
def test_large_rewards_do_not_overflow(beta):
    following, law = np.array([[1, 2], [2, 2]]), np.full((2, 2), 0.5)
    V, pi, *_ = tokens.soft(following, law, np.array([[1e4, -1e4], [0.0, 1e4]]), beta)
    assert np.isfinite(V).all()
    assert np.isfinite(pi).all()
