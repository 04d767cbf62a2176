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


@pytest.mark.parametrize("factor", [1e200, 1e-200, 3.0])
def test_the_statistic_does_not_depend_on_the_unit_of_the_residuals(factor):
    rng = np.random.default_rng(0)
    counts, residuals = rng.integers(1, 9, (3, 4)), rng.normal(size=(2, 4))
    known = measure.game_statistic(counts, residuals)
    np.testing.assert_allclose(measure.game_statistic(counts, residuals * factor), known, rtol=1e-12)


@pytest.mark.parametrize(
    ("counts", "residuals", "message"),
    [
        ([1, 2], [[1.0, 2.0]], r"counts is \[1. 2.\]; expected numbers of draws"),
        ([[1, -2]], [[1.0, 2.0]], "of at least 0"),
        ([[1, 2]], [[1.0, np.nan]], "expected finite numbers"),
        ([[1, 2]], [[1.0, 2.0, 3.0]], "for 2 cells c"),
    ],
)
def test_a_sample_game_of_wrong_data_is_refused(counts, residuals, message):
    with pytest.raises(InvalidModel, match=message):
        measure.confidence_set(np.array(counts), np.array(residuals))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(counts=[[0, 0], [1, 2]]), "at least one draw of every instrument value"),
        (dict(counts=[[1, -1], [1, 2]]), "expected integers"),
        (dict(counts=[[0.5, 0.5], [1, 2]]), "expected integers"),
        (dict(counts=[1, 2]), "expected integers"),
        (dict(resamples=0), "resamples is 0; expected an integer of at least 1"),
        *[(dict(confidence=each), f"confidence is {each}; expected a number between 0") for each in (0, 1, 2, 3, "x")],
    ],
)
def test_a_bootstrap_of_wrong_data_is_refused(changes, message):
    given = dict(counts=[[3, 4], [1, 2]], resamples=9, confidence="9/10") | changes
    with pytest.raises(InvalidModel, match=message):
        measure.bootstrap_ends(
            np.array(given["counts"]),
            lambda counts: counts[:, 0, 0],
            given["resamples"],
            given["confidence"],
            rng=np.random.default_rng(0),
        )


@pytest.mark.parametrize("confidence", [0, 1, 2, -1, np.nan, "x"])
def test_a_median_has_a_confidence_between_0_and_1(confidence):
    with pytest.raises(InvalidModel, match=f"confidence is {confidence}; expected a number between 0 and 1"):
        measure.sampled_median([1, 2, 3], confidence)


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


# ---- a nonlinear class: h(x) = theta^x on x = 0, 1, 2, with a confounder
GRID = np.linspace(0, 2, 161)
"""Candidate values of theta; the truth is GRID[112] = 1.4."""


def design(strength):
    """Laws `[z,c]` of cells c = (u, x) and residuals Y - theta^x `[m,c]`, Y = 1.4^x + u, u = -1 or 1."""
    slope = np.array([-1, 0, 1])
    law = np.array([[[1 + strength * z * s + 0.3 * u * s for s in slope] for u in (-1, 1)] for z in slope])
    law = (law / 6).reshape(3, 6)
    outcome = (GRID[112] ** np.arange(3)[None, :] + np.array([-1, 1])[:, None]).ravel()
    return law, outcome - np.tile(GRID[:, None] ** np.arange(3), (1, 2))


def minimise(counts, residuals):
    """theta whose sample game is worth least."""
    return GRID[measure.game_statistic(counts, residuals).argmin(axis=-1)]


def draw(law, data_sets, rng, n=400):
    sizes = rng.multinomial(n, [1 / 3] * 3, data_sets)
    return np.stack([[rng.multinomial(k, row) for k, row in zip(each, law, strict=True)] for each in sizes])


@pytest.mark.parametrize("strength", [0.6, 0.05])
def test_the_sample_game_covers_theta_however_weak_the_instrument(strength):
    """At least 93 % at nominal 95 % over 400 data sets, and by a confidence interval over 4000."""
    law, residuals = design(strength)
    counts = draw(law, 4000, np.random.default_rng(3))
    inside = measure.confidence_set(counts, residuals[112:113])[:, 0]
    assert inside[:400].mean() >= 0.93
    assert measure.sampled_mean(inside.astype(float), "99/100").lower >= 0.93
    estimates = minimise(counts[:400], residuals)
    assert abs(np.median(estimates) - GRID[112]) < (0.05 if strength > 0.5 else 0.7)


def test_the_bootstrap_is_a_peer_whose_intervals_are_about_as_wide():
    law, residuals = design(0.05)
    rng, covered, widths = np.random.default_rng(4), [], []
    for counts in draw(law, 60, rng):
        low, high = measure.bootstrap_ends(counts, lambda c: minimise(c, residuals), 99, rng=rng)
        covered.append(low <= GRID[112] <= high)
        kept = GRID[measure.confidence_set(counts, residuals)]
        widths.append((high - low, np.ptp(kept) if len(kept) else 0.0))
    bootstrap, game = np.mean(widths, axis=0)
    assert 0.8 < np.mean(covered) <= 1
    assert 0.5 < bootstrap / game < 1.2
