"""The avoid tube against the definition of viability."""

from itertools import chain, combinations

import numpy as np
import pytest

from mdpkit.model import SafetyProblem
from mdpkit.solve import solve


def viable(problem):
    """The union of all sets without failure in which every state has an action that stays inside."""
    safe = np.flatnonzero(~problem.failure)
    union = np.zeros(problem.S, dtype=bool)
    for chosen in chain.from_iterable(combinations(safe, k) for k in range(len(safe) + 1)):
        inside = np.isin(np.arange(problem.S), chosen)
        if inside[problem.successors[inside]].any(axis=1).all():
            union |= inside
    return union


@pytest.mark.parametrize("actions", [1, 2, 3])
@pytest.mark.parametrize("seed", range(25))
def test_tube_is_the_complement_of_the_viability_kernel(seed, actions):
    rng = np.random.default_rng(seed)
    problem = SafetyProblem(rng.random(7) < 0.3, rng.integers(0, 7, (7, actions)))
    answer = solve(problem)
    np.testing.assert_array_equal(answer.tube, ~viable(problem))
    chosen = answer.policy.table.argmax(axis=1)
    state = np.flatnonzero(~answer.tube)
    for _ in range(8):
        assert not problem.failure[state].any()
        state = problem.successors[state, chosen[state]]


def test_no_failure_no_tube_and_all_failure_all_tube():
    edges = [[1, 1], [0, 1]]
    assert not solve(SafetyProblem([False, False], edges)).tube.any()
    assert solve(SafetyProblem([True, True], edges)).tube.all()


def test_a_long_corridor_is_linear_work():
    S = 200_000
    corridor = np.minimum(np.arange(S) + 1, S - 1)[:, None]
    assert solve(SafetyProblem(np.arange(S) == S - 1, corridor)).tube.all()
