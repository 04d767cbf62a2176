"""Numbers of constraints learned from several tasks on the slippery grid, in the orders that a pilot run measured."""

from functools import cache

import numpy as np
import pytest

from mdpkit import fit, grant, measure, rational
from mdpkit.claims.safety import errors_of_constrained_learners_add_to_the_regret as errors
from mdpkit.claims.safety import needless_cost_of_one_expert_hides_violations_of_another as needless
from mdpkit.claims.safety import sampled_tasks_estimate_the_violation_of_unseen_tasks as sampled
from mdpkit.claims.safety import single_task_explanations_reach_all_unvisited_states as single
from mdpkit.instances import named
from mdpkit.instances.library.safety_shared import tasks_of
from mdpkit.learn import ICL, MTICL, FollowTheLeader, GradientAscent
from mdpkit.solve import lexicographic_expert

PILOT = {20: (0.224, 0.0727), 80: (0.056, 0.0182), 320: (0.014, 0.0045)}
"""Average regret and violation of a pilot run on a grid of this kind, for the same numbers of rounds."""


@cache
def trace(rounds, player=None, learner=MTICL):
    m = named("slip_grid")
    tasks = tasks_of(m)
    experts = [lexicographic_expert(task, m.cost, "1/5").to_float() for task in tasks]
    access = grant([task.to_float() for task in tasks], expert=experts, demonstrations="exact")
    chosen = learner(constraint_player=player or GradientAscent(), rounds=rounds, true_cost=m.cost)
    return fit(chosen, access, rng=None).trace


def test_regret_violation_and_shortfall_have_the_orders_of_the_pilot():
    log = trace(320)
    for T, (regret, violation) in PILOT.items():
        assert regret / 2 <= log["regret"][T - 1] / T <= 2 * regret
        assert violation / 2 <= log["violation"][T - 1].mean() <= 2 * violation
        assert log["violation"][T - 1].sum() <= log["worst_violation"][T - 1] + 1e-9
        assert log["worst_violation"][T - 1] <= log["regret"][T - 1] / T + 1e-6
        assert log["shortfall"][T - 1].max() <= 1e-12
    late = [log["violation"][T - 1].sum() for T in (80, 320)]
    assert np.log(late[1] / late[0]) / np.log(4) <= -1 / 2
    assert [round(log["regret"][T - 1] / T, 3) for T in PILOT] == pytest.approx([0.296, 0.095, 0.024], abs=0.02)


def test_the_leader_stalls_on_this_grid_where_gradient_steps_do_not():
    """On the pilot's grid it did not: no bound holds for it in general."""
    leader, steps = trace(80, FollowTheLeader()), trace(320)
    assert leader["regret"][79] / 80 > 3 * steps["regret"][79] / 80
    assert leader["violation"][79].sum() > 2 * steps["violation"][79].sum()


def test_a_single_task_learns_its_own_costs_and_obeys_them():
    log = trace(20, learner=ICL)
    assert log["constraint"][-1].shape == (3, 16, 4)
    assert log["violation"][-1].sum() <= log["regret"][-1] / 20 + 1e-6


def test_a_frozen_constraint_keeps_its_violation_and_a_worst_cost_of_its_own():
    frozen = errors.grid_play(4, frozen=True)
    g = errors.gaps(frozen)
    late, first = errors.violations(frozen, g), errors.violations(frozen, g[:1])
    assert (late == first).all_yes()
    assert late.sum().mid == pytest.approx(0.3106, abs=1e-4)
    assert (errors.average_regret(frozen, g) + errors.excess(frozen, g)).mid == pytest.approx(1.536, abs=1e-3)


def test_the_sum_of_violations_falls_where_that_of_a_task_rises():
    """One response is a tie: in round 5 task 2 has two optimal vertices, of equal return and unequal cost."""
    m = errors.grid_play()
    g = errors.gaps(m)
    early, late = errors.violations(m, g[:1]), errors.violations(m, g)
    np.testing.assert_allclose(early.mid, [0.268, 0, 0.043], atol=1e-3)
    np.testing.assert_allclose(late.mid, [0.071, 0.002, 0.073], atol=1e-3)
    assert late.mid.sum() < early.mid.sum() / 2
    assert late.mid[2] > 3 / 2 * early.mid[2]


def test_experts_of_least_cost_for_their_return_have_no_needless_cost_at_the_multipliers():
    """Weak duality holds at every price; other prices bound it from above."""
    m = errors.grid_play(1)
    assert errors.needless(m).mid.max() < 1e-7
    assert errors.needless(m).lower.min() >= 0
    for factor in ("1/2", 2):
        assert (errors.needless(m.replace(prices=m.prices * rational(factor))) >= errors.needless(m)).all_yes()


def test_the_sum_of_violations_is_0_and_one_is_the_largest_possible():
    m = needless.hide(rounds=7, gamma="99/100")
    found = needless.violations(m, needless.gaps(m))
    assert (found[0] == 100).yes
    assert (found.sum() == 0).yes
    assert (needless.average_regret(m, needless.gaps(m)) == 0).yes


def test_a_budget_of_failures_breaks_the_single_task_statement():
    m = single.crossing("1/2")
    assert single.find_unvisited_states(m).tolist() == [0, 0, 0, 1]
    best, earned = single.explain(m, single.find_unvisited_states(m))
    assert (best.lower.tolist(), earned.lower.tolist()) == ([2], [rational("3/2")])


def test_a_set_with_a_visited_state_explains_experts_or_not():
    """On the star the arm of task 0 may be forbidden: its expert's limit is its own visits. Not on the crossing."""
    star, crossing = single.star(2), single.crossing()
    for m, visited, explained in ((star, 1, True), (crossing, 2, False)):
        C = np.where(np.arange(m.mdp.S) == visited, 1, single.find_unvisited_states(m))
        assert single.allow_as_experts(m, C)[0] > 0
        best, earned = single.explain(m, C)
        assert bool((best == earned).all_yes()) is explained


def test_half_the_bound_on_sampled_tasks_is_violated_by_coins():
    """For 8 coins all alike with probability 2/256; half the bound allows 2 e^-16 only."""
    m = sampled.coin(8, 8)
    assert sampled.tail(m) == rational("1/128")
    left, right = sampled.range_of_one_cost(m).sides
    assert (measure.logarithm(256) == right).yes
    assert left > 15
