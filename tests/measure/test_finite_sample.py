"""Slack, confidence sets and the bootstrap for moments of a sample."""

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.errors import InvalidModel


def test_slack_is_hoeffdings():
    exact, floating = measure.squared_slack([10, 40], 2, "1/20"), measure.squared_slack([10, 40], 2.0, 0.05)
    known = 4 * np.log(2 * 2 / 0.05) / (2 * np.array([10, 40]))
    np.testing.assert_allclose(floating.mid, known)
    assert exact.exact
    assert [float(each.mid) for each in exact] == pytest.approx(list(known))


@pytest.mark.parametrize(
    ("counts", "miss", "message"),
    [([0, 3], "1/2", "at least one draw"), ([3], 1, "between 0 and 1"), ([], "1/2", "at least one draw")],
)
def test_slack_of_nothing_is_refused(counts, miss, message):
    with pytest.raises(InvalidModel, match=message):
        measure.squared_slack(counts, 1, miss)


def test_the_statistic_is_the_value_of_the_sample_game():
    """Against a grid of test functions, each instrument value apart."""
    rng = np.random.default_rng(0)
    counts, residuals = rng.integers(1, 9, (3, 4)), rng.normal(size=(2, 4))
    n, grid = counts.sum(), np.linspace(-5, 5, 20001)[:, None]
    for m in range(2):
        payoff = counts @ (2 * grid * residuals[m] - grid**2 * residuals[m] ** 2).T / n
        assert measure.game_statistic(counts, residuals)[m] == pytest.approx(n * payoff.max(axis=1).sum(), rel=1e-5)


def test_batches_are_samples_apart():
    rng = np.random.default_rng(1)
    counts, residuals = rng.integers(0, 9, (5, 3, 4)), rng.normal(size=(2, 4))
    batch = measure.game_statistic(counts, residuals)
    for i in range(5):
        np.testing.assert_allclose(batch[i], measure.game_statistic(counts[i], residuals))


def test_exact_fits_are_accepted():
    assert measure.confidence_set(np.array([[5, 0], [3, 0]]), np.array([[0.0, 1.0]])).all()
    with pytest.raises(InvalidModel, match="confidence is 2"):
        measure.confidence_set(np.array([[5, 0]]), np.array([[0.0, 1.0]]), 2)


def test_the_bootstrap_interval_of_a_mean_is_that_of_the_normal_law():
    ends = measure.bootstrap_ends(
        np.array([[500, 500]]), lambda counts: counts[:, 0, 1] / 1000, 2000, rng=np.random.default_rng(0)
    )
    np.testing.assert_allclose(ends, [0.469, 0.531], atol=0.004)
