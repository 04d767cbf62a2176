"""Numbers of the safety theme that were measured or derived before the claims were written."""

from fractions import Fraction
from itertools import product
from types import SimpleNamespace as Models

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import objects, rational
from mdpkit.base.interval import interval
from mdpkit.claims.safety import action_errors_of_a_contracting_loop_stay_bounded as loops
from mdpkit.claims.safety import margin_density_sets_the_slope_of_adversarial_error as margins
from mdpkit.claims.safety import smoothed_policies_withstand_adaptive_attacks as smoothed
from mdpkit.claims.safety.constraint_transfers_iff_tubes_are_nested import carts, tubes
from mdpkit.claims.safety.discounted_safety_is_optimistic import corridor
from mdpkit.claims.safety.inverse_constraint_game_violation_vanishes import check, demonstrate, play, plays, prefix
from mdpkit.claims.safety.learned_constraint_is_the_backward_reachable_tube import largest_consistent
from mdpkit.claims.safety.multi_task_demonstrations_shrink_the_constraint import (
    EVERYWHERE,
    grid,
    limit,
    outside_demonstrations,
)
from mdpkit.claims.safety.tube_needs_no_lookahead import cart, delay, let_pass, shield_on_failure
from mdpkit.claims.safety.tube_needs_no_lookahead import check as check_lookahead
from mdpkit.instances import double_integrator
from mdpkit.instances.library.safety import with_failure
from mdpkit.model import SafetyProblem
from mdpkit.solve import solve


def random_graphs(count, S, A=2, share=0.2):
    rng = np.random.default_rng(0)
    return [SafetyProblem(rng.random(S) < share, rng.integers(0, S, (S, A))) for _ in range(count)]


def count(known):
    return int(known.sum().lower)


def test_doomed_states_that_a_shield_on_failure_lets_pass():
    lattice = double_integrator(1, 7, 20)
    assert [int(let_pass(lattice, k).lower) for k in (0, 1, 2, 4, 6, 7)] == [84, 56, 35, 10, 1, 0]
    assert delay(lattice) == 7
    shield = with_failure(measure.tube(lattice), lattice)
    assert int(let_pass(shield, 0).lower) == 0
    assert delay(cart(3).problem) == 3


def test_sizes_of_the_carts_tubes_and_what_transfer_costs():
    weak, strong, braver = tubes(carts(1, 2))
    assert (count(weak), count(strong), count(braver - strong)) == (99, 65, 34)
    assert carts(1, 2).source.failure.sum() == 15
    strong, weak, again = tubes(carts(2, 1))
    assert (count(abs(again - weak)), count(weak * (1 - strong))) == (0, 34)


def test_transfer_on_3000_pairs_of_graphs():
    rng, lossless = np.random.default_rng(1), 0
    for _ in range(3000):
        failure = rng.random(7) < 0.2
        f, g = (SafetyProblem(failure, rng.integers(0, 7, (7, 2))) for _ in range(2))
        learned, needed = solve(f).tube, solve(g).tube
        same = (solve(SafetyProblem(learned, g.successors)).tube == needed).all()
        assert same == (~learned | needed).all()
        lossless += bool(same)
    assert 0 < lossless < 3000


def test_the_largest_of_all_128_sets_on_30_graphs():
    learned_more = 0
    for problem in random_graphs(30, 7):
        tube = solve(problem).tube
        union = largest_consistent(Models(problem=problem, steps=7))
        np.testing.assert_array_equal(union, tube.astype(int))
        learned_more += bool((tube & ~problem.failure).any())
    assert learned_more > 0


def test_all_tasks_leave_the_tube_and_the_unreached_on_300_graphs():
    for problem in random_graphs(300, 6):
        m = Models(problem=problem, goals=np.arange(6))
        assert (outside_demonstrations(m, m.goals) == limit(m)).all_yes()
    walled = grid(EVERYWHERE)
    assert (
        count(outside_demonstrations(walled, walled.goals)),
        count(measure.tube(walled.problem)),
        int(walled.problem.failure.sum()),
    ) == (5, 4, 2)


@pytest.mark.parametrize(("L", "d"), list(product(("3/10", 1), (1, 5, 20))))
def test_the_discount_from_which_a_corridor_is_flagged(L, d):
    """(L / (1 + L))^(1/d), by bisection to 2^-20, compared as powers."""
    low, high = rational(0), rational(1)
    for _ in range(20):
        g = (low + high) / 2
        m = corridor(d, L, g)
        seen = measure.flagged(m.problem, m.margin, g).lower[0] == 1
        low, high = (low, g) if seen else (g, high)
    share = rational(L) / (1 + rational(L))
    assert low**d <= share < high**d
    assert high - low == rational(Fraction(1, 2**20))


def test_flags_grow_with_the_discount_to_the_tube_on_200_graphs():
    rng = np.random.default_rng(2)
    for problem in random_graphs(200, 6):
        margin = objects(np.where(problem.failure, -12, rng.integers(0, 13, 6))) / 12
        flags = [measure.flagged(problem, margin, rational(g)) for g in ("1/4", "3/4", "99/100")]
        assert (flags[0] <= flags[1]).all_yes()
        assert (flags[1] <= flags[2]).all_yes()
        assert (flags[2] == measure.tube(problem)).all_yes()


def test_iterating_the_avoid_equation_from_0_returns_0():
    m = SafetyProblem([False, True, False], P=objects([[[0, "1/2", "1/2"]], [[0, 1, 0]], [[0, 0, 1]]]))
    nothing = measure.avoid_probability(m, steps=0) * 0
    assert (measure.avoid_probability(m, steps=50, after=nothing) == 0).all_yes()
    assert measure.avoid_probability(m).lower.tolist() == [rational("1/2"), 0, 1]


def test_the_violation_of_the_average_policy_falls_as_1_over_T_and_stays_where_the_constraint_is_frozen():
    fair = [m for m in plays() if m.game == 0]
    violation = {m.T: check(m).sides[1].lower[()] for m in fair}
    assert violation[16] * 16 <= violation[4] * 4 <= 2 * violation[1]
    frozen = play(demonstrate(0), frozen=True)
    held = [check(prefix(frozen, T)).sides[1].lower[()] for T in (1, 4, 16)]
    assert held[0] == held[1] == held[2] == violation[1] > 0


def test_a_shield_on_failure_needs_no_lookahead_where_nothing_else_is_doomed():
    """The control that looks from failure fails on carts, and not here, where every state outside failure may stay."""
    m = Models(problem=SafetyProblem(np.arange(3) == 2, np.array([[0, 1], [1, 2], [2, 2]])))
    assert delay(m.problem) == 0
    for statement in (check_lookahead, shield_on_failure):
        assert all((interval(a) == interval(b)).all_yes() for a, b in statement(m).pairs.values())
    first, second = shield_on_failure(cart(2)).pairs["the tube is seen at once"]
    assert (first - second).sum() == 4


def test_every_lattice_bounds_the_error_of_the_cube_away_from_0_and_1():
    (part,) = (part for part in margins.CLAIM.also if part.name == margins.LATTICE)
    for m in part.instances():
        above, error, below = (side.lower for side in part.check(m).sides)
        assert 0 < above < error < below < 1


def test_errors_of_actions_add_less_than_their_limit_and_the_bound_is_reached_by_errors():
    m = loops.scalar("1/2", "1/2", 3)
    reached, bound = loops.check(m).sides
    added, limit = loops.at_any_time(m).sides
    assert (reached == bound).all_yes()
    assert (added == Fraction(7, 4)).all_yes()
    assert (limit == 2).all_yes()
    error_free = loops.scalar("1/2", "1/2", 3, e=0, x=1)
    assert all((side == 0).all_yes() for side in loops.at_any_time(error_free).sides)


def test_stripes_gain_more_than_the_bound_leaves_at_a_smaller_budget():
    """9/20 needs B = 4: at B = 21/20 no gain exceeds Phi(B/2) - Phi(-B/2)."""
    assert smoothed.stripes().B == 4
    half = rational("21/40")
    most = measure.normal_probability(interval(half)) * 2 - 1
    assert (most < Fraction(9, 20)).all_yes()
    assert (most > Fraction(2, 5)).all_yes()
