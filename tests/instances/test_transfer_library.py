"""What the docstrings of the instances about recovered rewards and potentials say, exactly."""

import numpy as np
import pytest

from mdpkit import measure, objects, shaped_reward
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import named
from mdpkit.learn import LookaheadGradient


def test_the_two_arms_pay_one_and_nothing():
    m = named("two_arms", p="3/4")
    assert measure.value(m.mdp, m.expert) == m.p == objects("3/4")[()]


@pytest.mark.parametrize("H", [2, 3, 6])
def test_the_lotteries_exchange_their_laws_and_tie_in_the_target(H):
    m = named("lotteries", H=H, delta="1/3")
    assert (m.source.P[:, ::-1] == m.target.P).all()
    assert (abs(m.source.P - m.target.P).sum(axis=-1) / 2 == m.delta).all()
    Q = measure.optimal_action_value(m.target, shaped_reward(m.source, m.potential))
    assert (Q[:-1, :, 0] == Q[:-1, :, 1]).all_yes()
    best = measure.retrained_return(m.target, m.target.r, "worst")
    assert best == m.delta * 2 * H


@pytest.mark.parametrize("H", [1, 2, 3, 7])
def test_on_the_swapped_roads_the_potential_is_the_sources_value_and_all_can_be_lost(H):
    m = named("swapped_roads", H=H)
    assert (measure.optimal_value(m.source) == m.potential).all_yes()
    assert measure.retrained_return(m.target, m.target.r, "worst") == H
    averaged = measure.retrained_return(m.target, shaped_reward(m.source, m.potential), "worst")
    assert averaged == (0 if H > 1 else 1)


@pytest.mark.parametrize(("H", "k"), [(2, 1), (4, 2), (5, 4), (6, 3)])
def test_late_exits_have_errors_of_eps_at_the_steps_that_are_planned_for(H, k):
    m = named("late_exits", H=H, k=k, eps="1/5")
    V = measure.optimal_value(m.mdp)
    assert (objects(np.broadcast_to(np.arange(H, -1, -1)[:, None], (H + 1, H + 1))) == V).all_yes()
    error = (V - m.potential)[k:-1]
    assert (error.max(axis=-1) == m.eps).all_yes()
    assert (error.min(axis=-1) == -m.eps).all_yes()
    assert (m.potential[-1] == 0).all()


def test_the_goal_is_reached_at_once_and_the_scaled_values_learn_at_once():
    m = named("far_goal", S=5, H=9)
    assert measure.value(m.mdp, m.expert) == 5
    V = measure.optimal_value(m.mdp).mid
    runs = LookaheadGradient(lookahead=1, iterations=3).on(m.mdp)
    areas = runs.fitness(np.stack([c * V for c in (0, 1, 4, 40)]))
    assert (np.diff(areas) > 0).all()
    assert areas[-1] == pytest.approx(5, abs=1e-9)
    assert areas[0] < 1


def test_bad_parameters_are_errors():
    for name, parameters in (("lotteries", {"H": 0}), ("late_exits", {"k": 0}), ("far_goal", {"S": 1})):
        with pytest.raises(InvalidModel, match="expected"):
            named(name, **parameters)
