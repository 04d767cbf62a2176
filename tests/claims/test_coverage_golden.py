"""Numbers of the coverage theme that were measured or derived before the claims were written."""

import numpy as np
import pytest
from flint import fmpq
from scipy.optimize import brentq
from scipy.special import expit

from mdpkit import measure, solve
from mdpkit.base.arrays import floats, objects, rational
from mdpkit.base.mode import propose
from mdpkit.claims.coverage.coverage_bounds_the_preference_gap import two_responses
from mdpkit.claims.coverage.log_linear_offline_preference_fails_by_gradient_descent import end_of_descent, lift_third
from mdpkit.claims.coverage.misspecified_offline_preference_falls_below_the_reference import exact, slope
from mdpkit.claims.coverage.unseen_response_makes_offline_preference_arbitrarily_bad import instance
from mdpkit.exact.logs import log
from mdpkit.model import PreferenceProblem, TabularPolicy
from mdpkit.solve import tilt, zero_error_policy

BAD_THIRD = PreferenceProblem(
    [[0.49, 0.49, 0.02]], weights=[[np.exp(2), 1, np.exp(-10)]], data=[[0.5, 0.5, 0]], beta=0.5
)


def share(k, n):
    """How much of the improved bound two responses reach."""
    m = two_responses(k, n)
    best = tilt(m.problem)
    gap, error = measure.value_gap(m.problem, best, m.policy), measure.pair_error(m.problem, m.policy)
    bound = measure.concentrability(m.problem, best) * measure.concentrability(m.problem, m.policy) * error / 2
    return (gap**2 <= bound).all_yes(), (gap.mid**2 / bound.mid) ** 0.5


def test_the_improved_bound_is_approached():
    """.9754 at e^-230, that is k = 332 halvings; .99941 at k = 1e5, n = 1/1024: both decided exactly."""
    assert max(share(332, f"1/{n}")[1] for n in (96, 120, 160)) == pytest.approx(0.9754, abs=1e-4)
    holds, reached = share(100_000, "1/1024")
    assert holds
    assert reached == pytest.approx(0.99941, abs=1e-5)


def test_the_zero_error_policy_loses_the_log_of_the_reference_mass():
    """ref(3) = 1e-2, 1e-4, 1e-8, all the mass on the third response: J = -7.30, -9.61, -14.21."""
    for small, J, divergence in ((1e-2, -7.30, 4.6), (1e-4, -9.61, 9.2), (1e-8, -14.21, 18.4)):
        problem = PreferenceProblem(
            [[(1 - small) / 2, (1 - small) / 2, small]], reward=[[1, 0, -5]], data=[[0.5, 0.5, 0]], beta=0.5
        )
        policy = TabularPolicy([[0, 0, 1]])
        assert measure.value(problem, policy).mid == pytest.approx(J, abs=0.01)
        assert measure.divergence_from_reference(problem, policy).mid == pytest.approx(divergence, abs=0.05)


def test_equal_rewards_and_an_unseen_response_without_reference_mass():
    m = instance(None, "9/10", (1, 1, 8))
    ratios = m.policy.table[0, :2] / m.problem.reference[0, :2]
    assert ratios[0] == ratios[1] == fmpq(1, 10)
    assert measure.value(m.problem, m.policy).mid == -np.inf


def test_the_closest_minimiser():
    """beta = .5, ref(3) = .02: (.85654, .11592, .02754), KL .32008."""
    mass = 1 - measure.closest_mass(BAD_THIRD).mid
    np.testing.assert_allclose(zero_error_policy(BAD_THIRD, mass).table[0], [0.85654, 0.11592, 0.02754], atol=5e-6)
    assert measure.closest_divergence(BAD_THIRD).mid == pytest.approx(0.32008, abs=5e-6)


def descended(problem, features, steps=4000, rate=8.0):
    """Gradient descent in floats on the population loss of the pair (0, 1), from the reference."""
    d, theta = features[0] - features[1], np.zeros(features.shape[1])
    truth = expit(problem.beta * np.log(problem.weights[0, 0] / problem.weights[0, 1]))
    for _ in range(steps):
        theta -= rate / (d @ d) * problem.beta * (expit(problem.beta * d @ theta) - truth) * d
    logits = features @ theta + np.log(problem.reference[0])
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


@pytest.mark.parametrize(
    ("features", "third", "gap"),
    [([(1, 0), (0, 0), (3, 1)], 0.6625, 4.757), ([(1, 0, 0), (0, 1, 0), (0, 0, 1)], None, 0.065)],
)
def test_descent_ends_where_the_closed_form_says(features, third, gap):
    features = np.array(features)
    found = descended(BAD_THIRD, features.astype(float))
    d = features[0] - features[1]
    lifts = (features - features[1]) @ d / (d @ d)
    limit = BAD_THIRD.reference[0] * np.exp(2 * lifts)
    np.testing.assert_allclose(found, limit / limit.sum(), rtol=1e-9)
    if third:
        assert found[2] == pytest.approx(third, abs=5e-5)
    best = solve(BAD_THIRD).policy
    assert measure.value_gap(BAD_THIRD, best, TabularPolicy(found[None])).mid == pytest.approx(gap, abs=1e-3)


def test_the_claims_own_limit_is_where_descent_ends():
    m = lift_third(4)
    end = floats(end_of_descent(m.problem, m.features).table[0])
    np.testing.assert_allclose(descended(m.problem.to_float(), m.features.astype(float)), end, rtol=1e-9)


def test_a_rare_response_and_a_clipped_reward():
    """phi_3 = (14, 1), ref(3) = 1e-8: pi(3) = .99971, KL 18.4, gap 14.9.

    With the rewards clipped to [0, 1]: pi(3) = 1.8e-8, gap 9.7e-8.
    """
    small = 1e-8
    reference = [[(1 - small) / 2, (1 - small) / 2, small]]
    problem = PreferenceProblem(reference, weights=[[np.exp(2), 1, np.exp(-10)]], data=[[0.5, 0.5, 0]], beta=0.5)
    best = solve(problem).policy
    lost = tilt(problem, np.array([[np.exp(2), 1, np.exp(28)]]))
    assert lost.table[0, 2] == pytest.approx(0.99971, abs=5e-6)
    assert measure.divergence_from_reference(problem, lost).mid == pytest.approx(18.4, abs=0.05)
    assert measure.value_gap(problem, best, lost).mid == pytest.approx(14.9, abs=0.05)
    kept = tilt(problem, np.array([[np.exp(2), 1, np.exp(2)]]))
    assert kept.table[0, 2] == pytest.approx(1.8e-8, abs=5e-10)
    assert measure.value_gap(problem, best, kept).mid == pytest.approx(9.7e-8, rel=0.01)


def test_good_features_reach_the_optimum_without_seeing_the_response():
    """phi = (1,0), (1/2,1/2), (0,1); r* = (0,1,2); ref = (.45,.45,.1); beta = .5: log ratios (-2.22,-.22,1.78)."""
    problem = PreferenceProblem([[0.45, 0.45, 0.1]], weights=np.exp([[0.0, 2.0, 4.0]]), data=[[0.5, 0.5, 0]], beta=0.5)
    found = descended(problem, np.array([[1, 0], [0.5, 0.5], [0, 1]]))
    np.testing.assert_allclose(np.log(found / problem.reference[0]), [-2.22, -0.22, 1.78], atol=5e-3)
    np.testing.assert_allclose(found, tilt(problem).table[0], rtol=1e-9)


@pytest.mark.parametrize(("h", "level", "mean"), [(10, 0.4006, 0.8956), (1, -0.426, 1.167)])
def test_the_misspecified_minimiser(h, level, mean):
    """beta = 1, w = e: theta and E r of the population optimum, over-weighted and not."""
    weights, pairs = np.exp([1.0, 2.0, 0.0]), (1.0, 1.0, float(h))
    found = brentq(lambda l: slope(weights, pairs, np.exp(l)), -3, 3)
    assert found == pytest.approx(level, abs=5e-4)
    t = np.exp(found)
    assert (t + 2 / t) / (t + 1 / t + 1) == pytest.approx(mean, abs=5e-4)


def test_a_rational_minimiser_is_one():
    m = exact(3, "3/2")
    assert slope(m.problem.weights[0], m.pairs, m.t) == 0
    assert slope(m.problem.weights[0], m.pairs, m.t + 1) > 0 > slope(m.problem.weights[0], m.pairs, rational(1))


def test_bounded_rewards_stay_near():
    """KL over range/beta reached .717 by random draws; the square form comes within 1e-4 of its constant."""
    half = objects([["1/2", "1/2"]])
    near = PreferenceProblem(half, weights=objects([[100, 101]]))
    divergence = measure.divergence_from_reference(near, tilt(near))
    assert 1 - 1e-4 < divergence.mid / (log("101/100") ** 2 / 8).nearest() < 1


def test_a_ball_on_the_whole_simplex_is_covered_almost_as_badly_as_everything():
    """eps_kl = 2, least reference mass 1e-2 / 1e-4 / 1e-8: C_ball / C_glo = .58 / .28 / .13."""
    for small, meant in (("1/100", 0.58), ("1/10000", 0.28), ("1/100000000", 0.13)):
        problem = PreferenceProblem(objects([[1 - rational(small), small]]), weights=objects([[1, 1]]))
        assert measure.ball_coverage(problem, 2).mid / measure.full_coverage(problem).mid == pytest.approx(
            meant, abs=6e-3
        )


def test_offline_samples_push_all_mass_away():
    """Data means of log pi/ref fall without limit as mass leaves the data; means over the policy's responses do not."""
    with propose():
        for mass in (0.5, 0.9, 0.999):
            policy = zero_error_policy(BAD_THIRD, np.array([mass]))
            offline = (
                BAD_THIRD.data * np.where(BAD_THIRD.data > 0, np.log(policy.table / BAD_THIRD.reference), 0)
            ).sum()
            assert offline < np.log(1 - mass) + 1
            assert measure.divergence_from_reference(BAD_THIRD, policy) > 0
