"""Retraining on another reward, and planning with a potential, against enumerations of policies and plans."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mdpkit import MDP, Average, Discounted, Finite, TabularPolicy, measure, objects, shaped_reward
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose

H, S, A = 2, 2, 2


def problem(seed, H=H, S=S, A=A):
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 3, (H, S, A, S))
    weights[..., 0] += weights.sum(axis=-1) == 0
    P = objects(weights) / objects(weights.sum(axis=-1, keepdims=True))
    reward, other = (objects(rng.integers(0, 2, (H, S, A))) for _ in range(2))
    return MDP(P, reward, objects(["1/3", "2/3"]), horizon=Finite(H)), other


def deterministic():
    for choice in product(range(A), repeat=H * S):
        yield TabularPolicy(objects(np.eye(A, dtype=int)[np.reshape(choice, (H, S))]))


@pytest.mark.parametrize("seed", range(12))
def test_the_returns_are_those_of_the_optimal_policies(seed):
    task, other = problem(seed)
    scored = [
        (measure.value(replace(task, r=other), pi).lower[()], measure.value(task, pi).lower[()])
        for pi in deterministic()
    ]
    best = max(score for score, _ in scored)
    returns = [value for score, value in scored if score == best]
    assert (measure.retrained_return(task, other, "worst") == min(returns)).all_yes()
    assert (measure.retrained_return(task, other, "best") == max(returns)).all_yes()
    greedy = measure.optimal_actions(task, other).lower
    mixed = TabularPolicy(objects(greedy) / objects(greedy.sum(axis=-1, keepdims=True)))
    assert (measure.retrained_return(task, other, "uniform") == measure.value(task, mixed)).all_yes()


@pytest.mark.parametrize("ties", ["worst", "uniform", "best"])
@pytest.mark.parametrize("seed", range(8))
def test_float_bounds_contain_the_exact_return_also_where_ties_are_open(seed, ties):
    task, other = problem(seed)
    exact = measure.retrained_return(task, other, ties).lower[()]
    about = measure.retrained_return(task.to_float(), other.astype(float), ties)
    assert about.lower <= float(exact) <= about.upper
    with propose():
        assert abs(measure.retrained_return(task.to_float(), other.astype(float), ties) - float(exact)) < 1e-9


def test_a_shaped_reward_is_retrained_in_the_dynamics_that_shape_it():
    task, other = problem(3)
    potential = objects([[1, 0], [0, 2], [0, 0]])
    shaped = shaped_reward(replace(task, r=other), potential)
    for ties in ("worst", "uniform", "best"):
        assert (measure.retrained_return(task, shaped, ties) == measure.retrained_return(task, other, ties)).all_yes()


@pytest.mark.parametrize("seed", range(6))
def test_a_lookahead_of_one_step_is_the_shaped_reward_and_of_h_steps_the_optimum(seed):
    task, _ = problem(seed, H=3)
    potential = objects([[1, 0], [0, 2], [3, 1], [0, 0]])
    one, all_ = (measure.lookahead_action_value(task, potential, k) for k in (1, 3))
    assert (one == shaped_reward(task, potential)).all_yes()
    expected = measure.optimal_action_value(task) - objects(potential[:-1, :, None])
    assert (all_ == expected).all_yes()
    assert (measure.lookahead_action_value(task, potential, 9) == all_).all_yes()


def test_a_lookahead_of_two_steps_against_an_enumeration():
    task, _ = problem(5, H=3)
    Phi = objects([[1, 0], [0, 2], [3, 1], [0, 0]])
    found = measure.lookahead_action_value(task, Phi, 2).lower
    for s, a in product(range(S), range(A)):
        plans = [
            task.r[0, s, a]
            + sum(
                task.P[0, s, a, n] * (task.r[1, n, plan[n]] + (task.P[1, n, plan[n]] * Phi[2]).sum()) for n in range(S)
            )
            - Phi[0, s]
            for plan in product(range(A), repeat=S)
        ]
        assert found[0, s, a] == max(plans)


def test_bad_input_is_named():
    task, other = problem(0)
    with pytest.raises(InvalidModel, match="ties is 'kind'; expected one of worst, uniform, best"):
        measure.retrained_return(task, other, "kind")
    with pytest.raises(InvalidModel, match=r"Q has shape \(2, 2\); expected \(2, 2, 2\)"):
        measure.greedy_return(task, other[0])
    with pytest.raises(InvalidModel, match="finite horizon"):
        measure.greedy_return(MDP(task.P[0], task.r[0], horizon=Discounted("1/2")), other)
    with pytest.raises(InvalidModel, match="every action exists"):
        measure.greedy_return(replace(task, mask=np.array([[True, True], [True, False]])), other)
    with pytest.raises(InvalidModel, match="k is 0; expected an integer of at least 1"):
        measure.lookahead_action_value(task, objects(np.zeros((3, 2), dtype=int)), 0)
    with pytest.raises(InvalidModel, match=r"the potential has shape \(2, 2\); expected \(3, 2\)"):
        measure.lookahead_action_value(task, objects(np.zeros((2, 2), dtype=int)), 1)
    with pytest.raises(InvalidModel, match="finite horizon"):
        measure.lookahead_action_value(MDP(task.P[0], task.r[0], horizon=Average()), objects([[0, 0]]), 1)
