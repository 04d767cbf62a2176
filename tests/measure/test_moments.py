"""Moments of the temporal difference, by summing over state, action and successor one by one."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.measure import next_state_variance, squared_bellman_error, squared_temporal_difference, state_value
from mdpkit.model import MDP, Discounted, Finite, TabularPolicy
from mdpkit.strategies import mdps, policies, rationals


@st.composite
def cases(draw, **sizes):
    problem = draw(mdps(discounted=True, **sizes))
    S = problem.S
    V = objects(draw(st.lists(rationals(-3, 3), min_size=S, max_size=S)))
    weights = objects(draw(st.lists(st.integers(1, 5), min_size=S, max_size=S)))
    return problem, draw(policies(problem)), V, weights / weights.sum()


def mean(law, numbers):
    return sum(p * x for p, x in zip(law, numbers, strict=True))


def by_hand(problem, policy, V, weights):
    """The five moments from their definitions: means of means, variances as means of squared deviations."""
    S, A, gamma = problem.S, problem.A, problem.horizon.gamma
    delta = {(s, a, n): problem.r[s, a] + gamma * V[n] - V[s] for s, a, n in product(range(S), range(A), range(S))}
    squared = error = error_given_action = spread = spread_given_action = 0
    for s in range(S):
        pairs = list(product(range(A), range(S)))
        law = [policy.table[s, a] * problem.P[s, a, n] for a, n in pairs]
        squared += weights[s] * mean(law, [delta[s, a, n] ** 2 for a, n in pairs])
        error += weights[s] * mean(law, [delta[s, a, n] for a, n in pairs]) ** 2
        centre = mean(law, [V[n] for _, n in pairs])
        spread += weights[s] * mean(law, [(V[n] - centre) ** 2 for _, n in pairs])
        for a in range(A):
            here = weights[s] * policy.table[s, a]
            error_given_action += here * mean(problem.P[s, a], [delta[s, a, n] for n in range(S)]) ** 2
            centre = mean(problem.P[s, a], V)
            spread_given_action += here * mean(problem.P[s, a], [(V[n] - centre) ** 2 for n in range(S)])
    return squared, error, error_given_action, spread, spread_given_action


def measured(*case):
    return (
        squared_temporal_difference(*case),
        squared_bellman_error(*case),
        squared_bellman_error(*case, given="sa"),
        next_state_variance(*case),
        next_state_variance(*case, given="sa"),
    )


@given(cases())
def test_moments_by_enumeration(case):
    assert [moment.lower[()] for moment in measured(*case)] == list(by_hand(*case))


@given(cases())
def test_decomposition_given_state_and_action(case):
    squared, _, error, _, spread = (moment.lower[()] for moment in measured(*case))
    assert squared == error + case[0].horizon.gamma ** 2 * spread


@given(cases())
def test_decomposition_given_the_state_needs_a_reward_of_the_state(case):
    problem, *rest = case
    of_state = MDP(problem.P, np.broadcast_to(problem.r[:, :1], problem.r.shape), problem.rho, horizon=problem.horizon)
    squared, error, _, spread, _ = (moment.lower[()] for moment in measured(of_state, *rest))
    assert squared == error + problem.horizon.gamma**2 * spread


@given(cases(), st.integers(0, 5))
def test_certain_successors_have_no_variance(case, seed):
    problem, *rest = case
    reached = np.random.default_rng(seed).integers(problem.S, size=(problem.S, problem.A))
    certain = MDP(objects(np.eye(problem.S, dtype=int)[reached]), problem.r, problem.rho, horizon=problem.horizon)
    squared, _, error, _, spread = (moment.lower[()] for moment in measured(certain, *rest))
    assert spread == 0
    assert squared == error


@given(cases())
def test_the_true_value_has_no_bellman_error(case):
    problem, policy, _, weights = case
    V = state_value(problem, policy)
    assert squared_bellman_error(problem, policy, V.lower, weights).lower[()] == 0
    assert squared_bellman_error(problem, policy, V, weights).lower[()] == 0


@settings(max_examples=40)
@given(cases())
def test_floats_enclose_and_proposals_are_the_middles(encloses, case):
    problem, policy, V, weights = case
    close = problem.to_float(), policy.to_float(), V.astype(float), weights.astype(float)
    brackets = measured(*close)
    with propose():
        bare = measured(*close)
    for bracket, exact, number in zip(brackets, measured(*case), bare, strict=True):
        assert encloses(bracket, exact)
        assert not hasattr(number, "how")
        assert number == pytest.approx(bracket.mid, rel=1e-12, abs=1e-12)


def test_missing_actions_count_nowhere():
    mask = np.array([[True, False], [True, True]])
    P, r = objects([[["1/2", "1/2"], [7, 7]], [[1, 0], [0, 1]]]), objects([[1, 10**9], [2, 3]])
    masked = MDP(P, r, horizon=Discounted("1/2"), mask=mask)
    P[0, 1], r[0, 1] = P[0, 0], r[0, 0]
    case = TabularPolicy(objects([[1, 0], ["1/3", "2/3"]])), [1, "5/2"], ["1/4", "3/4"]
    plain = MDP(P, r, horizon=Discounted("1/2"))
    assert [x.lower[()] for x in measured(masked, *case)] == [x.lower[()] for x in measured(plain, *case)]


def test_what_is_refused():
    P, policy = objects([[[1, 0]], [[0, 1]]]), TabularPolicy(objects([[1], [1]]))
    problem = MDP(P, objects([[0], [1]]), horizon=Discounted("1/2"))
    for measure in (squared_temporal_difference, squared_bellman_error, next_state_variance):
        with pytest.raises(InvalidModel, match=r"V has shape \(3,\); expected \(2,\)"):
            measure(problem, policy, [1, 2, 3], [1, 0])
        with pytest.raises(InvalidModel, match=r"weights has shape \(1,\); expected \(2,\)"):
            measure(problem, policy, [1, 2], [1])
        with pytest.raises(InvalidModel, match="computed for a dense discounted MDP"):
            measure(MDP(P, problem.r, horizon=Finite(2)), policy, [1, 2], [1, 0])
        with pytest.raises(InvalidModel, match="3 states"):
            measure(problem, TabularPolicy(objects([[1]] * 3)), [1, 2], [1, 0])
    for measure in (squared_bellman_error, next_state_variance):
        with pytest.raises(InvalidModel, match="given='a'; expected 's' or 'sa'"):
            measure(problem, policy, [1, 2], [1, 0], given="a")


def test_a_sparse_law_is_refused(sparse):
    problem = MDP(np.eye(2)[:, None, :], np.zeros((2, 1)), horizon=Discounted(0.5))
    with pytest.raises(InvalidModel, match="dense"):
        squared_temporal_difference(sparse(problem), TabularPolicy(np.ones((2, 1))), np.zeros(2), np.ones(2) / 2)
