"""Numbers of learned constraints against tubes, measured before or while the claims were written."""

import numpy as np
import pytest

from mdpkit import measure, rational
from mdpkit.claims.safety.planning_in_transfer_trades_unsafe_for_conservative_states import carts, constraints
from mdpkit.claims.safety.several_dynamics_narrow_the_learned_constraint import allow_switching, narrow
from mdpkit.claims.safety.tube_shield_is_the_least_restrictive_safe_filter import along_its_own_path, by_a_quiet_road
from mdpkit.claims.safety.tube_signal_needs_the_fewest_failing_episodes import cart, episodes
from mdpkit.instances import double_integrator, named
from mdpkit.model import SafetyProblem


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


def search_with_random_ties(problem, constraint, tube, rng):
    """Failing episodes of a search that moves to any of the nearest untested actions."""
    tested, count = set(), 0
    while nearest_untested(problem, constraint, tested, 0):
        s, failed = 0, False
        while not constraint[s] and (found := nearest_untested(problem, constraint, tested, s)):
            path, a = found[rng.integers(len(found))]
            tested.add((path[-1], a))
            s = problem.successors[path[-1], a]
            failed |= bool(tube[[*path, s]].any())
        count += failed
    return count


def nearest_untested(problem, constraint, tested, start):
    """Paths along tested actions to the nearest states with an untested one, each with such an action."""
    level, known = [[start]], {start}
    while level:
        found = [(path, a) for path in level for a in range(problem.A) if (path[-1], a) not in tested]
        if found:
            return found
        ahead = {int(v): path for path in level for v in problem.successors[path[-1]] if not constraint[v]}
        level = [[*path, v] for v, path in ahead.items() if v not in known]
        known |= set(ahead)
    return []


def test_the_bounds_on_failing_episodes_hold_however_ties_are_broken():
    rng, counts, failure = np.random.default_rng(1), [], np.arange(7) == 6
    for _ in range(60):
        successors = rng.integers(0, 7, (7, 3))
        for s in range(2, 6):
            successors[s] = rng.integers(s + 1, 7, 3)
        successors[0, 0] = 0
        problem = SafetyProblem(failure, successors)
        tube = measure.tube(problem).lower == 1
        constraint = failure | (tube & (rng.random(7) < 0.2))
        fewest = int(measure.failing_episodes(problem, 0, tube).lower[()])
        found = {search_with_random_ties(problem, constraint, tube, rng) for _ in range(6)}
        assert {search_with_random_ties(problem, tube, tube, rng) for _ in range(3)} == {fewest}
        assert fewest <= min(found)
        assert max(found) <= fewest + 2 * (tube & ~constraint).sum()
        counts.append(len(found))
    assert max(counts) > 1, "the count itself depends on the ties"


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
