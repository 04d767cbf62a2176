"""The double integrator state by state, and the random problems by their definition."""

from itertools import product

import numpy as np
import pytest

from mdpkit.base.arrays import floats
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import double_integrator, garnet

SIZES = [(0, 0, 0), (0, 3, 4), (1, 2, 5), (3, 2, 4), (1, 7, 20), (2, 7, 20)]


def clipped(number, bound):
    return max(-bound, min(bound, number))


def states(vmax, xmax):
    return list(product(range(-xmax, xmax + 1), range(-vmax, vmax + 1)))


@pytest.mark.parametrize(("amax", "vmax", "xmax"), SIZES)
def test_the_double_integrator_moves_as_it_says(amax, vmax, xmax):
    problem, order = double_integrator(amax, vmax, xmax), states(vmax, xmax)
    assert problem.sizes() == {"S": (2 * xmax + 1) * (2 * vmax + 1), "A": 2 * amax + 1}
    for s, (x, v) in enumerate(order):
        assert s == (x + xmax) * (2 * vmax + 1) + v + vmax
        assert problem.failure[s] == (x >= xmax)
        for a in range(-amax, amax + 1):
            assert order[problem.successors[s, a + amax]] == (clipped(x + v, xmax), clipped(v + a, vmax))
    assert problem.failure.sum() == 2 * vmax + 1


def test_both_ends_hold_the_cart():
    problem, order = double_integrator(1, 2, 5), states(2, 5)
    for x, v, a, after in (((5), 2, 1, (5, 2)), (-5, -2, -1, (-5, -2)), (4, 2, -1, (5, 1)), (-5, 2, 0, (-3, 2))):
        assert order[problem.successors[order.index((x, v)), a + 1]] == after


def doomed(problem):
    """States from which failure is inevitable, by removing states until none is left to remove."""
    safe = ~problem.failure
    while True:
        smaller = safe & safe[problem.successors].any(axis=1)
        if (smaller == safe).all():
            return ~safe
        safe = smaller


@pytest.mark.parametrize(("amax", "count"), [(1, 99), (2, 65)])
def test_failure_is_inevitable_where_braking_is_too_late(amax, count):
    tube = doomed(double_integrator(amax, 7, 20))
    late = [x + sum(range(v, 0, -amax)) >= 20 for x, v in states(7, 20)]
    assert tube.tolist() == late
    assert tube.sum() == count  # counted apart, by the note the family is adapted from


@pytest.mark.parametrize("sizes", [(-1, 1, 1), (1, 0.5, 1), (1, 1, True)])
def test_sizes_are_counts(sizes):
    with pytest.raises(InvalidModel, match="expected an integer of at least 0"):
        double_integrator(*sizes)


@pytest.mark.parametrize(("S", "A", "branching"), [(1, 1, 1), (5, 2, 3), (12, 3, 12)])
def test_a_random_problem_is_one_in_three_forms(S, A, branching):
    exact, dense, sparse = (
        garnet(S, A, branching, gamma, rng=np.random.default_rng(7), **form)
        for gamma, form in (("9/10", {}), (0.9, {}), (0.9, {"sparse": True}))
    )
    assert (exact.exact, dense.exact, sparse.sparse) == (True, False, True)
    assert ((exact.P != 0).sum(axis=-1) == branching).all()
    assert (exact.P.sum(axis=-1) == 1).all()
    assert ((exact.r >= 0) & (exact.r <= 1)).all()
    np.testing.assert_array_equal(floats(exact.P), dense.P)
    np.testing.assert_array_equal(floats(exact.r), dense.r)
    np.testing.assert_array_equal(sparse.P.toarray().reshape(S, A, S), dense.P)


def test_successors_are_uniform_sets():
    """Each of the 10 sets of 3 out of 5 states is hit about equally: chi-squared below its 1 - 1e-6 quantile."""
    from scipy.stats import chi2

    P = garnet(5, 400, 3, 0.5, rng=np.random.default_rng(3)).P.reshape(-1, 5)
    counts = np.unique(P > 0, axis=0, return_counts=True)[1]
    assert len(counts) == 10
    assert ((counts - 200) ** 2 / 200).sum() < chi2.ppf(1 - 1e-6, 9)


def test_a_random_problem_that_cannot_be_is_refused():
    for branching in (0, 4):
        with pytest.raises(InvalidModel, match="expected 1 to S = 3 successors"):
            garnet(3, 2, branching, 0.9, rng=np.random.default_rng(0))
    with pytest.raises(InvalidModel, match="a sparse P is float64"):
        garnet(3, 2, 2, "9/10", rng=np.random.default_rng(0), sparse=True)
