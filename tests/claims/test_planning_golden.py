"""Numbers of the planning theme that were derived before the claims were written."""

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import nearest, objects, rational
from mdpkit.claims.planning import fitted_q_iteration_converges_in_linear_mdps as fitted_q
from mdpkit.claims.planning import grid_value_converges_to_riccati as riccati
from mdpkit.claims.planning.natural_gradient_converges_at_rate_one_over_t import check, one_lifetime
from mdpkit.instances.library.planning.gradient import LOG_TWO, arms, ascent, detour, hills, rare_arm
from mdpkit.instances.library.planning.linear_quadratic import dead_beat, lqr_cart, points_of
from mdpkit.model import TabularPolicy
from mdpkit.solve import fitted_q_coefficients, policy_gradient_values


def share(m):
    gap, *_, bound = check(m).sides
    return (gap / bound).mid


@pytest.mark.parametrize(("k", "c", "limit"), [(1, "59/32", 0.402), (3, "19/20", 0.468), (5, "9/11", 0.528)])
def test_one_paying_arm_in_the_limit(k, c, limit):
    c, A, T = rational(c), 2**k, 4096
    exponent = nearest(c) * k * nearest(LOG_TWO)
    formula = exponent / (k * np.log(2)) * (A - 1) / (A - 1 + np.exp(exponent))
    assert formula == pytest.approx(limit, abs=5e-4)
    assert share(arms(k, c, T)) == pytest.approx(formula, rel=2 * 2 / T)


def test_four_steps_two_actions():
    """The records of the search: .2277 for one state, .2860 for two."""
    assert share(arms(1, rational("5/4"), 4)) == pytest.approx(0.2277, abs=5e-5)
    first = ascent([[[1, 0], [0, 1]], [[0, 1], [0, 1]]], [[1, 0], [0, 0]], "1/2", "919/10000", 4, [0, 0])
    assert share(first) == pytest.approx(0.2860, abs=1e-4)


@pytest.mark.parametrize("j", [2, 3])
def test_a_rare_start_by_formula(j):
    m = rare_arm(j)
    k, c = 4**j, (1 - 2.0**-j) * nearest(LOG_TWO) / np.log(2)
    wanted = c * (1 - 2.0**-k) / (1 - 2.0**-k + 2.0 ** (-k * (1 - c))) / (1 + 2 * c / k)
    assert share(m) == pytest.approx(wanted, rel=1e-9)
    assert wanted > 1 - 2.0 ** (1 - j)


@pytest.mark.parametrize("m", [arms(3), rare_arm(2), detour(), hills()])
def test_the_comparator_is_optimal(m):
    assert (measure.state_value(m.mdp, m.rival) == measure.optimal_value(m.mdp)).all_yes()


def test_the_hills_are_learnt_from_the_goal_backwards():
    m = hills()
    found = policy_gradient_values(m.mdp, m.start, m.step, 5)
    best = measure.optimal_value(m.mdp)
    solved = (best - found).upper < 1e-6
    assert [int(row.argmax()) for row in solved[1:]] == [3, 2, 1, 1, 0]
    assert (np.diff(solved.astype(int)) >= 0).all()
    gap, right = one_lifetime(m).sides
    assert gap > right


def test_the_mean_of_the_gaps_is_within_the_bound_and_the_last_is_the_least():
    """The proof bounds the mean; it reaches .55 of the bound at T = 4 where the last gap reaches .31."""
    m = arms(2, rational("3/2"), 4)
    gaps = measure.optimal_value(m.mdp) - policy_gradient_values(m.mdp, m.start, m.step, 4)
    assert (gaps[1:] < gaps[:-1]).all_yes()
    _, tighter, _ = check(m).sides
    assert gaps.sum() / 5 <= tighter
    assert gaps.sum() / 5 > tighter * rational("2/5")


def test_a_rival_that_is_no_optimum():
    m = arms(1, rational(1), 2).replace(rival=TabularPolicy(objects([["1/2", "1/2"]])))
    assert check(m).sides[0] < 0


# ---- the value on a grid
@pytest.mark.parametrize("h", ["2", "1/3"])
def test_the_middle_of_a_cell_costs_nine_times_the_square_of_the_spacing_everywhere(h):
    m = dead_beat(h)
    error, of_points, of_controls = riccati.sides(m)
    assert (error == 9 * rational(h) ** 2).all_yes()
    assert of_points == of_controls == rational("9/2") * rational(h) ** 2


def test_the_carts_error_falls_with_the_square_of_the_spacing():
    coarse, fine = (riccati.sides(lqr_cart(n, "1/2"))[0].max().mid for n in (7, 13))
    assert np.log2(coarse / fine) == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("dt", ["1/10", "1/2"])
def test_the_cart_has_costs(dt):
    m = lqr_cart(3, dt)
    assert (np.linalg.eigvalsh(m.cart.to_float().Q) > 0).all()
    assert points_of(m).tolist() == [[x, v] for x in (-1, 0, 1) for v in (-1, 0, 1)]
    assert riccati.controls_suffice(m)


def test_rounding_to_the_nearest_point_stays_wrong_on_finer_grids():
    """From 5 to 11 points an axis interpolation gains a factor of 2.4, rounding nothing."""
    error = {n: riccati.drawn_numbers(lqr_cart(n, "1/10")) for n in (5, 11)}
    assert error[5]["error"][0] > 2 * error[11]["error"][0]
    assert error[11]["rounded"][0] > error[5]["rounded"][0]


def test_fitted_values_grow_by_a_known_factor_where_every_value_is_linear():
    """The largest next x is 0, 3, 3, and 0 after second actions: the slope is 507/287. Every value is 10."""
    m = fitted_q.all_values_linear(3)
    w = fitted_q_coefficients(m.mdp, m.features, m.weights, m.rounds, m.start).lower
    assert (w[:, 1] == objects([rational("4563/2870") ** k for k in range(4)])).all()
    for first in (0, "1/3", 1):
        policy = TabularPolicy(objects([[first, 1 - rational(first)]] * 3))
        assert (measure.action_value(m.mdp, policy) == 10).all_yes()
    ahead = (m.mdp.P @ objects([0, 1, 3])).reshape(-1)
    assert (measure.least_squares_distance(ahead, m.features.reshape(-1, 2)) > 0).all_yes()
