"""Values along a policy gradient: a direct float iteration, finite differences, closed forms, both number kinds."""

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import nearest, objects, rational
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.model import MDP, Discounted, Finite, TabularPolicy
from mdpkit.solve import policy_gradient_values

P = objects([[["1/2", "1/2"], [0, 1], ["1/3", "2/3"]], [[1, 0], ["1/4", "3/4"], [0, 1]]])
R = objects([[1, 0, "1/5"], [0, "3/4", "1/2"]])
TASK = MDP(P, R, objects(["2/3", "1/3"]), horizon=Discounted("9/10"))
START = TabularPolicy(objects([["1/2", "1/4", "1/4"], ["1/8", "1/8", "3/4"]]))
FLOAT = TASK.to_float()


def returns(logits):
    """V[s] and J of the softmax policy, by a plain solve."""
    pi = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    V = np.linalg.solve(np.eye(2) - 0.9 * np.einsum("sa,san->sn", pi, FLOAT.P), (pi * FLOAT.r).sum(axis=1))
    return pi, V, FLOAT.rho @ V


def iterated(direction, step, rounds):
    logits, found = np.log(START.to_float().table), []
    for _ in range(rounds + 1):
        pi, V, _ = returns(logits)
        found.append(V)
        logits = logits + step * direction(logits, pi, V)
    return np.array(found)


def natural(logits, pi, V):
    return (FLOAT.r + 0.9 * FLOAT.P @ V - V[:, None]) / 0.1


def differences(logits, pi, V):
    """The gradient of J in the logits, by central differences."""
    found, h = np.zeros_like(logits), 1e-5
    for index in np.ndindex(logits.shape):
        shift = np.zeros_like(logits)
        shift[index] = h
        found[index] = (returns(logits + shift)[2] - returns(logits - shift)[2]) / (2 * h)
    return found


@pytest.mark.parametrize(("kind", "direction", "off"), [("natural", natural, 1e-12), ("vanilla", differences, 1e-7)])
def test_it_follows_a_direct_iteration(kind, direction, off):
    found = policy_gradient_values(TASK, START, "1/10", 6, kind)
    wanted = iterated(direction, 0.1, 6)
    assert np.abs(found.mid - wanted).max() < off
    assert np.abs(wanted[-1] - wanted[0]).max() > 0.1
    with propose():
        assert np.abs(policy_gradient_values(FLOAT, START.to_float(), 0.1, 6, kind) - wanted).max() < off


@pytest.mark.parametrize("kind", ["natural", "vanilla"])
@pytest.mark.parametrize("step", ["1/10", 8])
def test_floats_enclose_what_the_rationals_give(kind, step):
    exact = policy_gradient_values(TASK, START, step, 5, kind)
    loose = policy_gradient_values(FLOAT, START.to_float(), nearest(rational(step)), 5, kind)
    assert (exact.how, loose.how) == ("enclosed", "float")
    assert exact.width < 1e-14
    assert loose.contains(exact)


def test_balls_too_wide_for_a_solve_still_enclose():
    """A step of 10^6 on floats leaves the policy unknown; the values are then known to be returns."""
    exact = policy_gradient_values(TASK, START, 10**6, 3)
    loose = policy_gradient_values(FLOAT, START.to_float(), 1e6, 3)
    assert loose.contains(exact)
    assert loose.width < 1000


def test_one_state_in_closed_form():
    """Odds of the paying arm grow by e^(eta / (1-gamma)) a step."""
    arms = MDP(objects([[[1]] * 3]), objects([[1, 0, 0]]), horizon=Discounted("1/2"))
    found = policy_gradient_values(arms, TabularPolicy(objects([["1/4", "1/4", "1/2"]])), "1/3", 5).mid[:, 0]
    odds = np.exp(2 / 3 * np.arange(6)) / 3
    assert found == pytest.approx(2 * odds / (1 + odds), rel=1e-15)


def test_a_long_step_is_policy_iteration():
    found = policy_gradient_values(TASK, START, 1000, 4)
    best = measure.optimal_value(TASK)
    assert (best - found[-1]).upper.max() < 1e-12
    assert (found[1:] - found[:-1] >= -(10**-12)).all_yes()


def test_what_it_refuses():
    with pytest.raises(InvalidModel, match="the kind is 'steepest'"):
        policy_gradient_values(TASK, START, 1, 1, "steepest")
    with pytest.raises(InvalidModel, match="plays every action"):
        policy_gradient_values(TASK, TabularPolicy(objects([[1, 0, 0], [1, 0, 0]])), 1, 1)
    with pytest.raises(InvalidModel, match="Discounted"):
        policy_gradient_values(MDP(P, R, horizon=Finite(2)), START, 1, 1)
