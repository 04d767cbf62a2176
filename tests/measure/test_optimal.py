"""Optimal action values by enumerating every policy, shaped rewards by their definition, model errors term by term."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit import measure
from mdpkit.base.arrays import floats, objects, rational
from mdpkit.base.errors import InvalidModel, NotSolved
from mdpkit.base.interval import Interval
from mdpkit.base.mode import propose
from mdpkit.measure.planning import optimal
from mdpkit.model import MDP, Discounted, Finite, TabularPolicy, shaped_reward
from mdpkit.solve import Status, solve
from mdpkit.strategies import mdps, policies


def deterministic(problem):
    """Every deterministic policy, time-varying where the horizon is finite."""
    finite = isinstance(problem.horizon, Finite)
    shape = (problem.horizon.H, problem.S) if finite else (problem.S,)
    for choice in product(range(problem.A), repeat=int(np.prod(shape))):
        yield TabularPolicy(objects(np.eye(problem.A, dtype=int)[np.array(choice).reshape(shape)]))


@settings(max_examples=25)
@given(st.data(), st.booleans())
def test_no_policy_has_a_larger_action_value(data, discounted):
    problem = data.draw(mdps(states=(1, 2), actions=(1, 2), horizon=(1, 3), discounted=discounted))
    best = measure.optimal_action_value(problem)
    values = [measure.action_value(problem, policy).lower for policy in deterministic(problem)]
    assert (best.lower == np.maximum.reduce(values)).all()
    V = measure.optimal_value(problem)
    assert (solve(problem).value == V).all_yes()
    actions = measure.optimal_actions(problem)
    assert (actions.lower == (best.lower == best.lower.max(axis=-1)[..., None])).all()


@settings(max_examples=25)
@given(st.data(), st.booleans())
def test_floats_enclose_and_proposals_are_near(data, discounted):
    problem = data.draw(mdps(states=(1, 3), actions=(1, 2), horizon=(1, 3), discounted=discounted))
    finite = isinstance(problem.horizon, Finite)
    shape = (problem.horizon.H + 1, problem.S) if finite else (problem.S,)
    potential = (
        objects(data.draw(st.lists(st.integers(-3, 3), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))) / 7
    )
    potential, near = potential.reshape(shape), problem.to_float()
    reward = shaped_reward(problem, potential)
    about = shaped_reward(near, floats(potential))
    assert about.contains(reward)
    for given_reward, exact in ((None, None), (about, reward)):
        bracket, number = measure.optimal_action_value(near, given_reward), measure.optimal_action_value(problem, exact)
        assert bracket.contains(number)
        assert bracket.width < 1e-6
        assert measure.optimal_actions(near, given_reward).contains(measure.optimal_actions(problem, exact))
    with propose():
        bare = measure.optimal_action_value(near, shaped_reward(near, floats(potential)))
        assert bare == pytest.approx(number.mid, abs=1e-6)


@settings(max_examples=25)
@given(st.data(), st.booleans())
def test_shaping_by_summing_over_successors(data, discounted):
    problem = data.draw(mdps(states=(1, 3), actions=(1, 2), horizon=(1, 3), discounted=discounted))
    finite = isinstance(problem.horizon, Finite)
    H = problem.horizon.H if finite else 1
    potential = objects(np.random.default_rng(H).integers(-3, 4, (H + 1, problem.S)))
    reward = shaped_reward(problem, potential if finite else potential[0])
    gamma = 1 if finite else problem.horizon.gamma
    for t, s, a in product(range(H), range(problem.S), range(problem.A)):
        P, r = (problem.P[t], problem.r[t]) if finite else (problem.P, problem.r)
        after = potential[t + 1] if finite else potential[0]
        expected = r[s, a] + gamma * sum(P[s, a, n] * after[n] for n in range(problem.S)) - potential[t, s]
        assert (reward[t, s, a] if finite else reward[s, a]) == expected


def test_shaping_a_stationary_problem_is_shaping_it_step_by_step():
    P, r = objects([[["1/2", "1/2"], [0, 1]], [[1, 0], ["1/3", "2/3"]]]), objects([[1, 2], [3, 5]])
    still, moving = MDP(P, r, horizon=Finite(3)), MDP(np.stack([P] * 3), np.stack([r] * 3), horizon=Finite(3))
    potential = objects([[1, 2], [3, 5], [7, 11], [13, 17]])
    assert (shaped_reward(still, potential) == shaped_reward(moving, potential)).all_yes()


@pytest.mark.parametrize("gamma", ["1/2", "9/10", "99/100"])
def test_a_reward_known_by_its_ends_gives_values_that_hold_those_of_both(gamma):
    """The state stays where it is, so that its value is the reward over 1 - gamma and nothing is lost by less."""
    problem = MDP(objects([[[1], [1]]]), objects([[0, 0]]), horizon=Discounted(gamma))
    about = measure.optimal_action_value(
        problem.to_float(), Interval(np.array([[-1.0, -3.0]]), np.array([[2.0, 1.0]]), "float")
    )
    for reward in ([[-1, -3]], [[2, 1]], [[-1, 1]], [[2, -3]]):
        assert about.contains(measure.optimal_action_value(problem, objects(reward)))


def test_ties_that_floats_cannot_tell_stay_open():
    tied = MDP(np.array([[[1.0], [1.0]]]), np.array([[0.1, 0.1]]), horizon=Finite(1))
    open_ended = measure.optimal_actions(tied)
    assert list(open_ended.lower[0, 0]) == [0, 0]
    assert list(open_ended.upper[0, 0]) == [1, 1]
    clear = measure.best_actions(np.array([[0.0, 1.0]]))
    assert list(clear.lower[0]) == list(clear.upper[0]) == [0, 1]


def test_what_is_refused():
    problem = MDP(objects([[[1], [1]]]), objects([[1, 2]]), horizon=Finite(2))
    with pytest.raises(InvalidModel, match=r"the potential has shape \(2, 1\); expected \(3, 1\)"):
        shaped_reward(problem, [[0], [0]])
    masked = MDP(problem.P, problem.r, horizon=Discounted("1/2"), mask=np.array([[True, False]]))
    with pytest.raises(InvalidModel, match="where every action exists"):
        measure.optimal_action_value(masked)


@settings(max_examples=25)
@given(st.data())
def test_model_errors_over_every_trajectory(trajectories, data):
    sizes = dict(states=(2, 2), actions=(1, 2), horizon=(2, 2))
    problem = data.draw(mdps(**sizes))
    model = MDP(objects(np.roll(problem.P, 1, axis=-1)), problem.r * 0, problem.rho, horizon=problem.horizon)
    policy = data.draw(policies(problem))
    reward, transition = [0] * 2, [0] * 2
    for probability, path in trajectories(problem, policy):
        for t, (s, a) in enumerate(path):
            reward[t] += probability * abs(problem.r[t, s, a])
            transition[t] += probability * sum(abs(problem.P[t, s, a] - model.P[t, s, a])) / 2
    assert list(measure.reward_error(problem, model, policy).lower) == reward
    assert list(measure.transition_error(problem, model, policy).lower) == transition
    near = [x.to_float() for x in (problem, model, policy)]
    assert measure.transition_error(*near).contains(objects(transition))
    assert measure.reward_error(*near).contains(objects(reward))


def test_discounted_model_errors_are_sums_over_visits():
    P = objects([[["1/2", "1/2"]], [[0, 1]]])
    problem = MDP(P, objects([[1], [0]]), objects([1, 0]), horizon=Discounted("1/2"))
    model = MDP(objects([[[1, 0]], [[0, 1]]]), objects([[0], [0]]), objects([1, 0]), horizon=Discounted("1/2"))
    policy = TabularPolicy(objects([[1], [1]]))
    visits = measure.occupancy(problem, policy)[0, 0]
    assert measure.reward_error(problem, model, policy) == visits
    assert measure.transition_error(problem, model, policy) * 2 == visits


@pytest.mark.parametrize("scale", ["1/1000000000", 1, 10**6, 10**12])
@pytest.mark.parametrize("gamma", ["9/10", "9999/10000"])
def test_optimal_values_are_bounded_whatever_the_scale_of_the_rewards(encloses, scale, gamma):
    """A fixed tolerance is beyond float64 for rewards of 10^6; the bounds that are reached are the answer."""
    rng, S, A = np.random.default_rng(0), 4, 3
    P, r = objects(rng.integers(0, 9, (S, A, S))) + 1, objects(rng.integers(-9, 10, (S, A))) / 9
    problem = MDP(P / P.sum(axis=-1, keepdims=True), r * rational(scale), horizon=Discounted(gamma))
    for of in (measure.optimal_action_value, measure.optimal_value):
        exact, near = of(problem), of(problem.to_float())
        assert encloses(near, exact)
        assert near.width < 1e-8 * abs(exact.mid).max()
    assert measure.optimal_actions(problem.to_float()).contains(measure.optimal_actions(problem))
    assert measure.pessimistic_value(problem.to_float(), floats(abs(problem.r))).contains(
        measure.pessimistic_value(problem, abs(problem.r))
    )


def test_optimal_values_that_overflow_are_refused(monkeypatch):
    problem = MDP([[[1.0], [1.0]]], [[1.0, 0.0]], horizon=Discounted(0.99))
    overflown = replace(solve(problem), status=Status.NONFINITE)
    monkeypatch.setattr(optimal, "solve", lambda *_, **__: overflown)
    with pytest.raises(NotSolved, match="overflowed"):
        measure.optimal_value(problem)
