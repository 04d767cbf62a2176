"""The worklist against the fixed points written down."""

import numpy as np
import pytest

from mdpkit.kernels import reach
from mdpkit.model import SafetyProblem


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
