"""The worklist against the fixed points written down."""

import numpy as np
import pytest

from mdpkit.base.mode import propose
from mdpkit.kernels import reach
from mdpkit.model import SafetyProblem
from mdpkit.solve import AvoidProbability
from mdpkit.solve.avoid_tube import hopeful, staying, viable


def attractor(target, barred, problem, needed):
    """The least fixed point, by definition: states of which `needed` actions may lead inside."""
    first, reached = problem.edges
    inside = target
    while True:
        entering = np.logical_or.reduceat(inside[reached], first[:-1]).reshape(problem.S, problem.A)
        larger = target | (~barred & (entering.sum(axis=1) >= needed))
        if (larger == inside).all():
            return inside
        inside = larger


def sparse_law(rng, S, A):
    P = rng.random((S, A, S)) * (rng.random((S, A, S)) < 1.5 / S)
    P[..., 0] += P.sum(axis=-1) == 0
    return P / P.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("needed", [1, 2])
@pytest.mark.parametrize("seed", range(20))
def test_the_worklist_ends_at_the_least_fixed_point(seed, needed):
    rng = np.random.default_rng(seed)
    target, barred = rng.random(30) < 0.15, rng.random(30) < 0.1 * (needed == 1)
    moves = SafetyProblem(target, rng.integers(0, 30, (30, 2)))
    chances = SafetyProblem(target, P=sparse_law(rng, 30, 2))
    for problem in (moves, chances):
        wanted = attractor(target, barred, problem, needed)
        args = (target, barred, *problem.edges, 2, needed)
        np.testing.assert_array_equal(reach.attractor(*args), wanted)
        np.testing.assert_array_equal(reach.attractor.py_func(*args), wanted)


@pytest.mark.parametrize("seed", range(10))
def test_the_avoid_probability_of_the_kernel_is_that_of_the_method(seed):
    rng = np.random.default_rng(seed)
    problem = SafetyProblem(rng.random(6) < 0.3, P=sparse_law(rng, 6, 2))
    safe = viable(problem)
    sets = safe, ~hopeful(problem, safe), staying(problem, safe)
    found = AvoidProbability().search(problem).p
    for kernel in (reach.avoid_probability, reach.avoid_probability.py_func):
        np.testing.assert_allclose(kernel(problem.P, *sets, 1e-14, 100)[0], found, atol=1e-12)
    exact = problem.to_exact()
    p, choice = reach.avoid_probability(exact.P, *sets, 0, 100)
    assert (p == AvoidProbability().search(exact).p).all()
    assert choice.shape == (6,)


@pytest.mark.parametrize("seed", range(10))
def test_proposals_have_edges_of_one_length_and_the_same_sets(seed):
    rng = np.random.default_rng(seed)
    failure, P = rng.random(6) < 0.3, sparse_law(rng, 6, 2)
    safe = viable(SafetyProblem(failure, P=P))
    with propose():
        proposed = SafetyProblem(failure, P=P)
        assert len(proposed.edges[1]) == P.size
        np.testing.assert_array_equal(viable(proposed), safe)
        np.testing.assert_array_equal(hopeful(proposed, safe), hopeful(SafetyProblem(failure, P=P), safe))
