"""Numbers of learned constraints against tubes, measured before or while the claims were written."""

import numpy as np
import pytest

from mdpkit import measure, rational
from mdpkit.claims.safety.planning_in_transfer_trades_unsafe_for_conservative_states import carts, constraints
from mdpkit.claims.safety.several_dynamics_narrow_the_learned_constraint import allow_switching, narrow
from mdpkit.claims.safety.tube_shield_is_the_least_restrictive_safe_filter import along_its_own_path, by_a_quiet_road
from mdpkit.claims.safety.tube_signal_needs_the_fewest_failing_episodes import cart, episodes
from mdpkit.instances import double_integrator, named


def test_failing_episodes_and_delay_on_the_tree():
    problem = named("doomed_tree", A=3, N=4).problem
    seen = [measure.tube(problem, steps=k) for k in range(5)]
    assert [int(measure.failing_episodes(problem, 0, each).lower[()]) for each in seen] == [81, 27, 9, 3, 1]
    assert [int(measure.doomed_visits(problem, 0, each).lower[()]) for each in seen] == [324, 81, 18, 3, 0]


@pytest.mark.parametrize(("vmax", "with_failure", "with_tube"), [(2, 10, 9), (4, 33, 30)])
def test_failing_episodes_of_carts(vmax, with_failure, with_tube):
    m = cart(vmax)
    assert episodes(m, m.problem.failure) == with_failure
    assert episodes(m, measure.tube(m.problem)) == with_tube


def test_agreement_of_the_carts_of_the_notes():
    weak, strong = double_integrator(1, 7, 20), double_integrator(2, 7, 20)
    assert measure.tube_agreement(strong, measure.tube(weak)).iou == rational("65/99")
    assert measure.tube_agreement(weak, weak.failure).iou == rational("15/99")


def test_exchanged_brakes_err_in_both_ways():
    m = carts((2, 1), (1, 2))
    filtered, planned = (measure.tube_agreement(m.target, each) for each in constraints(m))
    assert [int(each.lower[()]) for each in (filtered.excess, filtered.missed, planned.excess, planned.missed)] == [
        13,
        13,
        13,
        0,
    ]


def test_an_early_change_avoids_many():
    shielded, other = along_its_own_path(by_a_quiet_road()).sides
    assert (shielded, other) == (3, 1)


def test_a_bridge_is_forbidden_although_nothing_on_it_is_doomed():
    m = named("bridge", n=5)
    assert narrow(m).sum() == 6
    np.testing.assert_array_equal(measure.tube(allow_switching(m)).lower == 1, m.first.failure)
