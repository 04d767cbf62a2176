"""Aggregates against closed forms."""

import numpy as np
import pytest

from mdpkit.base.errors import InvalidModel
from mdpkit.deep.aggregates import bootstrap, interquartile_mean, performance_profile, resample


def mean(scores):
    return scores.mean(axis=(-2, -1))


def test_the_interquartile_mean_ignores_the_outer_quarters_and_pools_problems():
    scores = np.arange(8.0).reshape(2, 4)
    assert interquartile_mean(scores) == np.mean([2, 3, 4, 5])
    assert interquartile_mean(np.where(scores == 7, 1e9, scores)) == 3.5
    assert interquartile_mean(np.stack([scores, -scores])).tolist() == [3.5, -3.5]
    assert interquartile_mean(np.array([[0.0, 6.0, 0.0]])) == 2  # fewer than four: none left out


def test_bootstrap_means_of_two_seeds_are_binomial():
    means = mean(resample(np.array([[0.0, 1.0]]), 4000, rng=np.random.default_rng(0)))
    shares = [(means == k / 2).mean() for k in range(3)]
    assert shares == pytest.approx([1 / 4, 1 / 2, 1 / 4], abs=5 * np.sqrt(1 / 4 / 4000))


def test_the_interval_of_a_mean_is_the_normal_one_within_strata():
    """Variances add within problems; the distance between the problems does not count."""
    rng = np.random.default_rng(0)
    scores = rng.normal([[0.0], [100.0]], [[1.0], [3.0]], (2, 400))
    low, high = bootstrap(scores, mean, rng=rng, resamples=4000)
    deviation = np.sqrt((scores.var(axis=1) / 400).sum()) / 2
    assert (low, high) == pytest.approx((scores.mean() - 1.96 * deviation, scores.mean() + 1.96 * deviation), abs=0.015)
    low, high = bootstrap(scores, mean, rng=rng, than=scores[:, ::-1] - 1, resamples=4000)
    assert (low, high) == pytest.approx((1 - 1.96 * 2**0.5 * deviation, 1 + 1.96 * 2**0.5 * deviation), abs=0.02)
    assert bootstrap(np.array([[2.0, 2.0], [5.0, 5.0]]), mean, rng=rng) == (3.5, 3.5)


def test_rounds_of_a_run_are_drawn_together():
    scores = np.stack([np.arange(5.0)[None], 2 * np.arange(5.0)[None]])
    drawn = resample(scores, 50, rng=np.random.default_rng(0))
    assert drawn.shape == (50, 2, 1, 5)
    assert (drawn[:, 1] == 2 * drawn[:, 0]).all()


def test_the_area_under_a_performance_profile_is_the_mean():
    """E[X] is the integral of P(X > t) over t in [0, 1] for X in [0, 1]; at scores k / 8 the step sum is exact."""
    scores = np.random.default_rng(0).integers(0, 9, (3, 7)) / 8
    assert performance_profile(scores, np.arange(8) / 8).sum() / 8 == pytest.approx(scores.mean(), abs=1e-12)


def test_what_cannot_be_aggregated_is_refused():
    for scores in (np.ones(3), np.ones((2, 0)), np.array([[1.0, np.nan]])):
        with pytest.raises(InvalidModel, match=r"expected finite numbers scores\[\.\.\., problem, seed\]"):
            interquartile_mean(scores)
    with pytest.raises(InvalidModel, match="confidence is 95; expected a number between 0 and 1"):
        bootstrap(np.ones((1, 2)), rng=np.random.default_rng(0), confidence=95)
