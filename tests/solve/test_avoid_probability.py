"""The highest avoid probability: brute force over policies, exact against float, sweeps from 1, hard instances."""

from itertools import product

import numpy as np
import pytest

from mdpkit.base.arrays import objects
from mdpkit.base.errors import NotSolved
from mdpkit.exact.linear import solve_linear
from mdpkit.model import SafetyProblem
from mdpkit.solve import AvoidProbability, AvoidTube, Status, solve


def drawn(seed, S=5, A=2):
    """A rational problem with thin laws, in which all three kinds of state are common."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 4, (S, A, S)) * (rng.random((S, A, S)) < 0.35)
    weights[..., 0] += weights.sum(axis=-1) == 0
    return SafetyProblem(rng.random(S) < 0.25, P=objects(weights) / objects(weights.sum(axis=-1))[..., None])


def under(problem, choice):
    """P(no failure ever) for a policy: 1 minus the chance of reaching it, a linear system on the states that can."""
    chain = problem.P[np.arange(problem.S), choice]
    doomed, reaches = problem.failure.copy(), problem.failure.copy()
    for _ in range(problem.S):
        reaches |= (np.asarray(chain > 0) & reaches).any(axis=1)
    doomed = np.flatnonzero(reaches & ~problem.failure)
    reach = objects(problem.failure.astype(int))
    if doomed.size:
        inside = chain[np.ix_(doomed, doomed)]
        reach[doomed] = solve_linear(
            np.eye(doomed.size, dtype=int) - inside, chain[doomed][:, problem.failure].sum(axis=1)
        )
    return 1 - reach


@pytest.mark.parametrize("seed", range(30))
def test_no_stationary_policy_is_safer_and_the_one_returned_is_as_safe(seed):
    problem = drawn(seed)
    answer = solve(problem)
    every = [under(problem, np.array(choice)) for choice in product(range(problem.A), repeat=problem.S)]
    assert (answer.value.lower == np.max(every, axis=0)).all()
    assert (under(problem, answer.policy.table.argmax(axis=1)) == answer.value.lower).all()
    assert (answer.tube == (answer.value.lower == 0)).all()
    assert answer.policy.exact
    assert answer.value.exact


@pytest.mark.parametrize("seed", range(30))
def test_float_bounds_hold_the_exact_value_and_the_value_of_the_float_policy(seed):
    problem = drawn(seed, S=8, A=3)
    found = solve(problem.to_float(), tol=1e-10)
    assert found.value.contains(solve(problem).value)
    assert found.value.contains(under(problem, found.policy.table.argmax(axis=1)))
    assert found.value.width < 1e-12
    certain = solve(problem).value.lower
    assert ((found.value.lower == found.value.upper) | ((certain > 0) & (certain < 1))).all()


def test_sweeps_from_1_come_down_to_it_and_sweeps_from_0_stay():
    seen = set()
    for seed in range(20):
        problem = drawn(seed).to_float()
        value = solve(problem).value.mid
        alive, above, below = ~problem.failure, (~problem.failure).astype(float), np.zeros(problem.S)
        for _ in range(2000):
            above = np.where(alive, (problem.P @ above).max(axis=1), 0)
            below = np.where(alive, (problem.P @ below).max(axis=1), 0)
        np.testing.assert_allclose(above, value, atol=1e-12)
        assert not below.any()
        seen |= set(np.where(value == 0, "zero", np.where(value == 1, "one", "between")))
    assert seen == {"zero", "one", "between"}


def test_deterministic_laws_have_the_tube_of_their_successors():
    rng = np.random.default_rng(3)
    for _ in range(30):
        failure, successors = rng.random(7) < 0.3, rng.integers(0, 7, (7, 2))
        law = SafetyProblem(failure, P=objects(np.eye(7, dtype=int)[successors]))
        answer = solve(law)
        np.testing.assert_array_equal(answer.tube, solve(SafetyProblem(failure, successors)).tube)
        assert (answer.value.lower == (~answer.tube).astype(int)).all()


def test_a_slow_leak_is_enclosed_and_a_slower_one_says_that_floats_cannot_carry_it():
    def leak(rate):
        return SafetyProblem([False, True, False], P=[[[1 - 2 * rate, rate, rate]], [[0, 1, 0]], [[0, 0, 1]]])

    slow = solve(leak(2.0**-20), tol=1e-4)
    assert slow.value.contains(objects(["1/2", 0, 1]))
    assert slow.value.width < 1e-4
    slower = leak(2.0**-60)
    with pytest.raises(NotSolved, match="float64 cannot represent"):
        solve(slower)
    answer = solve(slower, throw=False)
    assert answer.status is Status.FLOOR_REACHED
    assert (answer.value.lower[0], answer.value.upper[0]) == (0, 1)


def test_rational_leaks_are_exact_however_slow():
    tiny = objects(f"1/{10**30}")[()]
    problem = SafetyProblem(
        [False, True, False], P=objects([[[1 - 3 * tiny, tiny, 2 * tiny]], [[0, 1, 0]], [[0, 0, 1]]])
    )
    assert solve(problem).value.lower[0] == objects("2/3")


def test_nothing_between_and_nothing_at_all():
    assert (solve(SafetyProblem([False], P=[[[1.0]]])).value.lower == 1).all()
    lost = solve(SafetyProblem([True, True], P=objects([[[1, 0]], [[1, 0]]])))
    assert (lost.value.lower == 0).all()
    assert lost.tube.all()


def test_capped_iterations_say_so():
    P = objects([[[0, 0, 1, 0], ["1/2", 0, "1/4", "1/4"]], [[0, 1, 0, 0]] * 2, [[0, 0, 1, 0]] * 2, [[0, 0, 0, 1]] * 2])
    problem = SafetyProblem([False, False, True, False], P=P)
    assert AvoidProbability(improvements=0).run(problem).status is Status.CAPPED
    assert AvoidProbability().run(problem).value.lower[0] == objects("1/2")


def test_each_method_refuses_the_other_dynamics():
    moves, law = SafetyProblem([False, True], [[0], [1]]), SafetyProblem([False, True], P=[[[1, 0]], [[0, 1]]])
    with pytest.raises(TypeError, match="with successors; got"):
        AvoidTube().run(law)
    with pytest.raises(TypeError, match="with a law P; got"):
        AvoidProbability().run(moves)
