"""Measures of safety: look-ahead, chances, the discounted value, demonstrations; each against a second computation."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given

from mdpkit import measure
from mdpkit.base.arrays import objects, rational
from mdpkit.base.errors import ExactnessLost, InvalidModel
from mdpkit.base.mode import propose
from mdpkit.kernels import safety
from mdpkit.model import MDP, Discounted, SafetyProblem, TabularPolicy
from mdpkit.solve import solve
from mdpkit.strategies import graphs


def paths(problem, start, steps):
    """Every state sequence of so many steps."""
    for actions in product(range(problem.A), repeat=steps):
        states = [start]
        for a in actions:
            states.append(int(problem.successors[states[-1], a]))
        yield states


@given(graphs(states=(1, 4), actions=(1, 2)))
def test_k_steps_of_look_ahead_are_the_paths_of_k_steps(problem):
    for k in range(4):
        lost = [all(problem.failure[path].any() for path in paths(problem, s, k)) for s in range(problem.S)]
        assert (measure.tube(problem, steps=k) == np.array(lost, dtype=int)).all_yes()
        assert (measure.avoid_probability(problem, steps=k) == 1 - np.array(lost, dtype=int)).all_yes()
    assert (measure.avoid_probability(problem) == 1 - measure.tube(problem)).all_yes()
    assert (measure.viability_kernel(problem) == 1 - measure.tube(problem)).all_yes()


def law(seed, S=5, A=2):
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 4, (S, A, S)) * (rng.random((S, A, S)) < 0.35)
    weights[..., 0] += weights.sum(axis=-1) == 0
    return SafetyProblem(rng.random(S) < 0.3, P=objects(weights) / objects(weights.sum(axis=-1))[..., None])


@pytest.mark.parametrize("seed", range(15))
def test_chances_under_a_law(seed):
    problem = law(seed)
    p, kernel, tube = measure.avoid_probability(problem), measure.viability_kernel(problem), measure.tube(problem)
    assert (p == solve(problem).value).all_yes()
    np.testing.assert_array_equal(p.lower == 1, kernel.lower == 1)
    np.testing.assert_array_equal(p.lower == 0, tube.lower == 1)
    sweep = objects((~problem.failure).astype(int))
    for n in range(6):
        assert (measure.avoid_probability(problem, steps=n) == sweep).all_yes()
        assert measure.avoid_probability(problem.to_float(), steps=n).contains(sweep)
        np.testing.assert_array_equal(sweep == 0, measure.tube(problem, steps=n).lower == 1)
        sweep = np.where(problem.failure, objects(0)[()], (problem.P @ sweep).max(axis=1))
    assert measure.avoid_probability(problem.to_float()).contains(p)
    with propose():
        np.testing.assert_allclose(measure.avoid_probability(problem.to_float()), p.mid, atol=1e-12)
        np.testing.assert_allclose(
            measure.avoid_probability(problem.to_float(), steps=3), measure.avoid_probability(problem, 3).mid
        )


@pytest.mark.parametrize("seed", range(6))
def test_looking_ahead_in_two_stages_is_looking_ahead_at_once(seed):
    rng = np.random.default_rng(seed)
    for problem in (law(seed), SafetyProblem(rng.random(5) < 0.3, rng.integers(0, 5, (5, 2)))):
        for k in range(3):
            after = measure.avoid_probability(problem, steps=k)
            assert (
                measure.avoid_probability(problem, steps=2, after=after)
                == measure.avoid_probability(problem, steps=k + 2)
            ).all_yes()
        for_ever = measure.avoid_probability(problem)
        assert (measure.avoid_probability(problem, steps=1, after=for_ever) == for_ever).all_yes()


def test_a_chance_that_floats_cannot_carry_stays_open():
    rate = 2.0**-60
    leak = SafetyProblem([False, True, False], P=[[[1 - 2 * rate, rate, rate]], [[0, 1, 0]], [[0, 0, 1]]])
    p = measure.avoid_probability(leak)
    assert (p.lower.tolist(), p.upper.tolist()) == ([0, 0, 1], [1, 0, 1])


# ---- the discounted value
def margins(problem, seed):
    rng = np.random.default_rng(seed)
    return objects(np.where(problem.failure, -1 - rng.integers(0, 5, problem.S), rng.integers(0, 9, problem.S))) / 4


def best_plan(problem, margin, gamma, start, steps):
    """max over paths of min over stopping times, both by enumeration; the path's rest counts as its last margin."""
    found = []
    for states in paths(problem, start, steps):
        kept, earned, power = [], rational(0), rational(1)
        for s in states:
            kept.append(earned + power * margin[s])
            earned, power = earned + power * (1 - gamma) * margin[s], power * gamma
        found.append(min(kept))
    return max(found)


@pytest.mark.parametrize("seed", range(25))
def test_the_discounted_value_solves_its_equation_and_is_a_game_of_paths_and_stopping(seed):
    rng = np.random.default_rng(seed)
    problem = SafetyProblem(rng.random(4) < 0.4, rng.integers(0, 4, (4, 2)))
    margin = margins(problem, seed)
    for gamma in (Fraction(0), Fraction(1, 2), Fraction(9, 10)):
        V = measure.discounted_safety(problem, margin, rational(gamma)).lower
        g = rational(gamma)
        assert ((1 - g) * margin + g * np.minimum(margin, V[problem.successors].max(axis=1)) == V).all()
        found = measure.discounted_safety(problem, margin.astype(float), float(gamma))
        assert found.contains(V)
        assert found.width < 1e-12
        plain = safety.discounted_safety.py_func(margin.astype(float), problem.successors, float(gamma), 200)
        np.testing.assert_allclose(plain, V.astype(float))
    g, steps = rational("1/2"), 7
    plans = [best_plan(problem, margin, g, s, steps) for s in range(problem.S)]
    far = measure.discounted_safety(problem, margin, g).lower
    assert max(abs(a - b) for a, b in zip(plans, far, strict=True)) <= 2 * max(abs(margin)) / 2**steps


def test_flags_are_the_sign_and_floats_say_when_they_do_not_know():
    doomed = SafetyProblem([False, True], [[1], [1]])
    assert measure.flagged(doomed, objects([1, -1]), rational("1/2")).lower.tolist() == [0, 1]
    assert measure.flagged(doomed, objects([1, -1]), rational("501/1000")).lower.tolist() == [1, 1]
    edge = measure.flagged(doomed, np.array([1.0, -1.0]), 0.5)
    assert (edge.lower.tolist(), edge.upper.tolist()) == ([0, 1], [1, 1])
    with propose():
        assert measure.flagged(doomed, np.array([1.0, -1.0]), 0.6).tolist() == [1, 1]


@pytest.mark.parametrize("seed", range(10))
def test_flags_of_floats_are_decided_wherever_the_value_is_not_0(seed):
    rng = np.random.default_rng(seed)
    problem = SafetyProblem(rng.random(5) < 0.3, rng.integers(0, 5, (5, 2)))
    margin = margins(problem, seed)
    V = measure.discounted_safety(problem, margin, rational("3/4")).lower
    flags, clear = (V < 0).astype(int), V != 0
    assert (measure.flagged(problem, margin, rational("3/4")) == flags).all_yes()
    near = measure.flagged(problem, margin.astype(float), 0.75)
    assert near.contains(objects(flags))
    np.testing.assert_array_equal(near.lower[clear], near.upper[clear])
    with propose():
        np.testing.assert_array_equal(measure.flagged(problem, margin.astype(float), 0.75)[clear], flags[clear])


def test_a_state_of_value_0_is_not_flagged():
    """Margins of states that stay where they are: their values."""
    still, margin = SafetyProblem([False, False, True], [[0], [1], [2]]), np.array([0.0, 0.5, -0.5])
    with propose():
        assert measure.flagged(still, margin, 0.5).tolist() == [0, 0, 1]


@pytest.mark.parametrize("gamma", [Fraction(0), Fraction(1, 2), Fraction(3, 4)])
def test_what_strategy_iteration_leaves_over_is_bounded_or_refused(monkeypatch, gamma):
    """The state that stays is worth its margin; an answer c below that has the residual (1 - gamma) c."""
    still = SafetyProblem([False], [[0]])
    monkeypatch.setattr(safety, "discounted_safety", lambda margin, *_: margin - 1)
    found = measure.discounted_safety(still, np.array([1.0]), float(gamma))
    assert found.contains(objects([1]))
    assert found.width < 2 + 1e-12
    with pytest.raises(ArithmeticError, match="did not end at the fixed point"):
        measure.discounted_safety(still, objects([1]), rational(gamma))


def test_what_the_discounted_value_refuses():
    doomed, margin, half = SafetyProblem([False, True], [[1], [1]]), objects([1, -1]), rational("1/2")
    for wrong in (objects([1, 0]), objects([-1, -1]), objects([1, -1, 1])):
        with pytest.raises(InvalidModel, match="negative exactly on failure"):
            measure.discounted_safety(doomed, wrong, half)
    for wrong in (1, -1):
        with pytest.raises(InvalidModel, match=rf"gamma is {wrong}; expected a number in \[0, 1\)"):
            measure.discounted_safety(doomed, margin, rational(wrong))
    for mixed in ((margin, 0.5), (margin.astype(float), half)):
        with pytest.raises(ExactnessLost, match="expected one kind"):
            measure.discounted_safety(doomed, *mixed)
    with pytest.raises(InvalidModel, match="deterministic"):
        measure.discounted_safety(law(0), margin, half)


# ---- demonstrations
@pytest.mark.parametrize("seed", range(40))
def test_experts_are_safe_and_optimal_for_their_goal(seed):
    rng = np.random.default_rng(seed)
    problem = SafetyProblem(rng.random(6) < 0.25, rng.integers(0, 6, (6, 3)))
    viable = measure.tube(problem).lower == 0
    allowed = viable[problem.successors]
    allowed[~viable] = True
    reachable = measure.safely_reachable(problem, 0).lower == 1
    for goal in range(6):
        for order in ([0, 1, 2], [2, 0, 1]):
            seen = measure.visited(problem, 0, [goal], order).lower[0] == 1
            assert not (seen & ~reachable).any()
            assert seen[0] == viable[0]
            if not viable[0]:
                assert not seen.any()
                continue
            P = objects(np.eye(6, dtype=int)[problem.successors])
            reward = objects(np.repeat(np.arange(6)[:, None] == goal, 3, axis=1).astype(int))
            task = MDP(P, reward, objects([1, 0, 0, 0, 0, 0]), horizon=Discounted("3/4"), mask=allowed)
            best = (solve(task).value * task.rho).sum()
            assert (followed(problem, seen, goal, task) == best).all_yes()
            assert seen[goal] == reachable[goal]


def followed(problem, seen, goal, task):
    """The return of the policy that, within the states that were seen, steps towards the goal on a shortest path."""
    unknown, barred = problem.S + 1, 2 * problem.S + 2
    distance = np.where(np.arange(problem.S) == goal, 0, unknown)
    for _ in range(problem.S + 1):
        ahead = np.where(seen[problem.successors], distance[problem.successors], unknown)
        ahead = np.where(task.mask if task.mask is not None else True, ahead, barred)
        distance = np.minimum(distance, ahead.min(axis=1) + 1)
    table = objects((np.arange(problem.A) == ahead.argmin(axis=1)[:, None]).astype(int))
    return measure.value(task, TabularPolicy(table))


def test_what_demonstrations_refuse():
    fork = SafetyProblem([False, True], [[0, 1], [1, 1]])
    for call, message in (
        (lambda: measure.visited(fork, 2, [0]), "start is 2; states run from 0 to 1"),
        (lambda: measure.visited(fork, 0, [0, -1]), "goals is"),
        (lambda: measure.visited(fork, 0, [0], [0, 0]), "each once"),
        (lambda: measure.visited(law(0), 0, [0]), "deterministic"),
        (lambda: measure.safely_reachable(fork, -1), "start is -1"),
    ):
        with pytest.raises(InvalidModel, match=message):
            call()


@pytest.mark.parametrize("seed", range(10))
def test_the_expert_kernel_is_its_python(seed):
    rng = np.random.default_rng(seed)
    args = (rng.random(6) < 0.8, rng.integers(0, 6, (6, 2)), rng.permutation(2), 0, rng.integers(6, size=3))
    args[0][0] = True
    viable = solve(SafetyProblem(~args[0], args[1])).tube == 0
    np.testing.assert_array_equal(
        safety.expert_visits(viable, *args[1:]), safety.expert_visits.py_func(viable, *args[1:])
    )
    reached = np.arange(6) == 0
    for _ in range(6):
        reached = reached | (args[1][reached][..., None] == np.arange(6)).any(axis=(0, 1)) & viable
    for kernel in (safety.safely_reachable, safety.safely_reachable.py_func):
        np.testing.assert_array_equal(kernel(viable, args[1], 0), reached & viable[0])
