"""Numbers of the moments theme derived or measured before the claims were written, and what their instances say."""

from fractions import Fraction

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import floats, objects, rational
from mdpkit.claims.moments import regression_stops_at_its_bias_on_benchmark_designs as benchmarks
from mdpkit.claims.moments import weak_instruments_divide_the_error_by_the_singular_value as weak
from mdpkit.claims.moments.double_sampling_bias_is_next_state_variance import (
    least_squared_difference,
    no_bias_in_the_game,
    paid_state,
)
from mdpkit.claims.moments.linear_moment_game_is_lstd import error_of
from mdpkit.claims.moments.moment_game_value_is_the_projected_error import check, coin
from mdpkit.claims.moments.regression_is_biased_where_the_moment_game_is_not import bound, channel, game, population
from mdpkit.claims.moments.regression_is_biased_where_the_moment_game_is_not import error_of as sampled
from mdpkit.claims.moments.slack_ball_is_the_dual_norm_penalty import check as norms
from mdpkit.claims.moments.slack_ball_is_the_dual_norm_penalty import corners, pair
from mdpkit.exact.linear import Singular
from mdpkit.instances import empirical, instrumental
from mdpkit.instances.instance import Instance
from mdpkit.instances.library.moments import noisy_channel, ring_walk
from mdpkit.model import MomentProblem
from mdpkit.solve import lstd, regression


def test_the_game_of_the_coin():
    (earned, error), (missed, distance) = check(coin()).pairs.values()
    assert earned == error == Fraction(17, 32)
    assert missed == distance


def test_the_bias_of_the_squared_difference_by_hand():
    """V = 5 -+ x/2 has E delta^2 = (1 - x)^2/4 + gamma^2 x^2/4 and x = 1/(1 + gamma^2) = 100/181; V^pi has x = 1."""
    ((found, value),) = least_squared_difference(paid_state()).pairs.values()
    assert list(value.lower) == [rational("9/2"), rational("11/2")]
    assert list(found.lower) == [5 - rational("50/181"), 5 + rational("50/181")]
    ((found, value),) = no_bias_in_the_game(paid_state()).pairs.values()
    assert list(found.lower) == list(value.lower)


def test_lstd_of_the_walk_by_hand():
    """One feature, so one equation: sum of phi (phi - gamma phi') w = sum of phi r."""
    m = ring_walk()
    phi, after = np.array([1, 2, 4]), np.array([7, 14, 7]) / 4
    w = (phi * [1, 0, 0]).sum() / (phi * (phi - after / 2)).sum()
    solution = lstd(m.mdp, m.policy, m.features, m.weights)
    assert solution.mid == pytest.approx([w])
    assert error_of(m, solution, m.features)[1] == 0
    assert error_of(m, solution, None)[1] == Fraction(109, 315)


def test_balls_have_the_corners_that_they_should():
    weights = objects(["3/4", "1/4"])
    assert corners(weights, 1).tolist() == objects([["4/3", 0], [0, 4], ["-4/3", 0], [0, -4]]).tolist()
    assert sorted(map(tuple, corners(weights, np.inf))) == [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    assert norms(pair()).pairs["p = infinity"][0] == Fraction(7, 16)


def test_ill_posedness_blows_up_as_the_instrument_weakens():
    for k in range(1, 9):
        m = noisy_channel(k)
        assert measure.identification(m.problem, m.problem.weights) == Fraction(1, 4**k)
    lost = noisy_channel(12)
    assert measure.identification(lost.problem, lost.problem.weights) == 0  # 4^-12 lies below one level


def test_the_channel_has_the_stated_bias_and_variance():
    m = channel(10**4, 4)
    joint, outcome = population(m)
    assert (abs(regression(joint, outcome) - objects(m.h0)) == objects(["1/2", "1/2"])).all_yes()
    assert bound(m) == rational("130/10000")
    inverse = np.linalg.inv(floats(instrumental(joint, outcome).A))
    assert float(0.5 * (inverse**2 / 0.5).sum()) == pytest.approx(65)


def test_the_game_overtakes_regression_at_the_stated_rate():
    """The notes report slopes -.57 (game) and 0 (regression) on an unspecified 4 x 4 instance; here it is 2 x 2."""
    at = {
        k: (sampled(game, channel(10**k, k)).mid ** 0.5, sampled(regression, channel(10**k, k)).mid ** 0.5)
        for k in (3, 6)
    }
    slope = np.log10(at[6][0] / at[3][0]) / 3
    assert -0.6 < slope < -0.4
    assert at[3][1] == pytest.approx(0.5, abs=0.02)
    assert at[6][1] == pytest.approx(0.5, abs=0.001)


def test_few_draws_leave_regression_ahead():
    """Ill-posedness: with 50 draws the biased fit is mostly the nearer one, and sometimes the only one."""
    m = channel(50, 2)
    joint, outcome = population(m)
    rng, law, nearer = np.random.default_rng(m.seed), joint.sum(axis=(0, 1)), 0
    for _ in range(100):
        drawn = empirical(joint, m.n, rng=rng)
        regressed = measure.norm_power(regression(drawn, outcome) - m.h0, law, 2)
        try:
            nearer += bool(measure.norm_power(game(drawn, outcome) - m.h0, law, 2) > regressed)
        except Singular:
            nearer += 1
    assert nearer > 60


def test_a_value_of_the_instrument_without_weight_identifies_nothing():
    problem = noisy_channel(1).problem
    assert weak.identified(noisy_channel(1))
    assert not weak.identified(Instance(problem=MomentProblem(problem.A, problem.b, objects([1, 0]))))


def test_the_variance_of_three_causes_lies_between_its_bounds():
    """Singular values 1, 1, 1/2 have V = 1 + 1 + 4, and 1, 1/2, 1/2 have 1 + 4 + 4."""
    assert [weak.variance(m.problem) for m in weak.list_three()] == [6, 9]


def test_the_response_itself_adds_to_the_variance_of_the_outcome():
    """sigma = 1/2, h0 = (0, 1), Y = h0(X) + e, e a sign: Var(Y given z) = 19/16 and n E |h_n - h0|^2 = 95/16, not 5."""
    problem = noisy_channel(1).problem
    variance = 1 + floats(problem.A)[:, 1] * floats(problem.A)[:, 0]
    inverse = np.linalg.inv(floats(problem.A))
    assert float((inverse**2 @ (variance / 0.5)).mean()) == pytest.approx(95 / 16)
    assert weak.variance(problem) == 5


def test_the_benchmark_designs_have_the_stated_limits():
    found = [(benchmarks.variance(m), benchmarks.squared_bias(m)) for m in benchmarks.list_samples()]
    assert found == [
        (Fraction(5517, 10), Fraction(9, 10)),
        (898, Fraction(2, 7)),
        (Fraction(807023, 3), Fraction(3347, 17100)),
    ]
    law = floats(benchmarks.zoo().law)
    A, weights = law.sum(axis=1) / law.sum(axis=(1, 2))[:, None], law.sum(axis=(1, 2))
    inverse = np.linalg.inv(A.T @ (weights[:, None] * A))
    assert law.sum(axis=(0, 1)) @ inverse.diagonal() * 4.5 == pytest.approx(551.7)


def test_the_error_of_the_game_does_not_depend_on_the_response():
    rng, m = np.random.default_rng(0), benchmarks.demand()
    counts, outcome = rng.integers(1, 99, (len(m.h0), *m.law.shape)), floats(benchmarks.outcomes(m))
    h0 = floats(m.h0)
    game, _ = benchmarks.fit(counts, outcome)
    error, _ = benchmarks.fit(counts, outcome - h0[:, None])
    np.testing.assert_allclose(game - h0, error, atol=1e-8)
