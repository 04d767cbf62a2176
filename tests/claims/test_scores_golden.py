"""Numbers of the claims about scores: those known from the proofs, and golden numbers of small instances."""

from fractions import Fraction
from math import comb, log

import numpy as np
import pytest

from mdpkit import measure, objects, rational
from mdpkit.claims.imitation.affine_scores_see_spread_that_linear_rewards_miss import excess, spread
from mdpkit.claims.imitation.deterministic_experts_are_matched_at_a_fast_rate import COIN, SURE, draw, mean_gap
from mdpkit.claims.imitation.frozen_learner_scores_collapse_to_a_mode import LAWS, divergence, gail, play, power
from mdpkit.claims.imitation.score_matching_bounds_the_gap_linearly import moments, pair, stray
from mdpkit.claims.imitation.smiling_cost_is_the_log_density_ratio import NOTES
from mdpkit.instances.library.imitation.choices import choices


def test_the_notes_costs_at_a_first_time_of_a_thousandth():
    ratio = objects(str(Fraction(1 / np.expm1(2e-3)).limit_denominator(10**6)))
    costs = measure.noised_log_ratio(objects([0, 1, 2, 3]), *map(objects, NOTES), ratio)
    assert costs.mid == pytest.approx([1.60943791, -0.22314355, -0.40546511, -1.25276297], abs=3e-8)


def test_close_points_need_a_lower_noise_level():
    """Points at a tenth of the distance have the divergence of a hundred times the ratio."""
    law, other = map(objects, NOTES)
    for u in (4, 25):
        far, near = (
            (measure.noised_log_ratio(objects(points), law, other, objects(ratio)) * law).sum().mid
            for points, ratio in (([0, 1, 2, 3], u), ([0, "1/10", "1/5", "3/10"], 100 * u))
        )
        assert near == pytest.approx(far, abs=1e-6)


def test_the_largest_ratio_of_triangular_discrimination_to_the_kl_divergence():
    """At a rare state with d_L / d_E = x it is (x-1)^2 / ((x+1)(x log x - x + 1)), at most 1.11592, near x = 0.2234."""
    x = np.linspace(0.001, 0.999, 9981)
    ratio = (x - 1) ** 2 / ((x + 1) * (x * np.log(x) - x + 1))
    assert ratio.max() == pytest.approx(1.1159123, abs=1e-6)
    m = pair("2234/100000000", "1/10000")
    terms = measure.triangular(m.P, m.Q).mid / divergence(m.P, m.Q).mid
    assert terms == pytest.approx(1.11591, abs=1e-4)


@pytest.mark.parametrize("N", [2, 8, 32])
def test_mean_gaps_of_a_certain_cost_and_of_a_coin(N):
    assert mean_gap(draw(*SURE, N)) == rational(Fraction(1, N + 2))
    assert mean_gap(draw(*COIN, N)) == rational(Fraction(N * comb(N, N // 2), (N + 2) * 2 ** (N + 1)))


@pytest.mark.parametrize("H", [2, 5])
def test_a_stray_learners_divergence(H):
    g, V, D = (each.lower[()] for each in moments(stray(H, "1/3")))
    assert (g, V, D) == tuple(map(rational, (Fraction(H - 1, 3 * H), 0, Fraction(2 * (H - 1), 5 * H))))


def test_a_frozen_score_passes_by_the_expert_and_ends_at_the_mode():
    q = objects(LAWS[1])
    assert (power(q, 1) == q).all()
    assert divergence(power(q, 60), q).mid == pytest.approx(log(2), abs=1e-9)
    chosen = play(LAWS[1], "first", rounds=7, rate="1/2").chosen.astype(float)
    assert chosen[2] == pytest.approx(q.astype(float), abs=1e-5)
    assert chosen[6] == pytest.approx(power(q.astype(float), 3), abs=1e-5)


def test_one_step_against_the_best_classifier_halves_the_way_to_the_expert():
    first, second, *_ = gail(LAWS[1], 3, 1)
    assert second == pytest.approx((first + np.array([0.5, 0.3, 0.2])) / 2, abs=1e-6)


def test_the_excess_of_affine_scores_where_means_agree():
    """Variances 1/4 and 1, noise of variance 1: (3/4)^2 / (5/4 * 4) = 9/80."""
    assert (excess(spread()) == Fraction(9, 80)).all_yes()


def test_any_law_of_states_can_be_chosen():
    m = choices(["1/2", "1/3", "1/6"], [0, "1/2", 1], H=4)
    law = measure.occupancy(m.mdp, m.expert).sum(axis=-1).sum(axis=0) / 4
    assert (law == objects(["1/4", "3/8", "1/4", "1/8"])).all_yes()
    assert (measure.value(m.mdp, m.expert) == -3 * Fraction(1, 3)).all_yes()
