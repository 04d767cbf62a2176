"""Aggregates of scores over problems and seeds: interquartile mean, stratified bootstrap, performance profile."""

from collections.abc import Callable

import numpy as np

from ..base.errors import InvalidModel
from ..base.record import expect_counts
from ..model.access import expect_generator


def interquartile_mean(scores: np.ndarray) -> np.ndarray:
    """Mean of the middle half of `scores[..., problem, seed]`, problems and seeds pooled: `[...]`.

    Of N scores the floor(N / 4) lowest and as many of the highest are left out.
    Source: Agarwal, Schwarzer, Castro, Courville and Bellemare, 2021.

    >>> float(interquartile_mean(np.array([[0.0, 1, 2, 9]])))
    1.5
    """
    scores = _check(scores)
    pooled = np.sort(scores.reshape(*scores.shape[:-2], -1), axis=-1)
    N = pooled.shape[-1]
    return pooled[..., N // 4 : N - N // 4].mean(axis=-1)


def resample(scores: np.ndarray, resamples: int, *, rng: np.random.Generator) -> np.ndarray:
    """Bootstrap samples `[b, ..., problem, seed]` of `scores[..., problem, seed]`, seeds drawn within each problem.

    Leading axes, such as rounds, belong to a run and are drawn together with it.

    Args: scores: numbers. resamples: how many samples. rng: a numpy Generator.
    """
    scores = _check(scores)
    expect_counts(resamples=resamples)
    expect_generator(rng)
    m, n = scores.shape[-2:]
    drawn = rng.integers(n, size=(resamples, m, n))
    return np.moveaxis(scores[..., np.arange(m)[:, None], drawn], -3, 0)


def bootstrap(
    scores: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray] = interquartile_mean,
    *,
    rng: np.random.Generator,
    than: np.ndarray | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval of a statistic by the stratified bootstrap: both ends.

    Args:
        scores: `scores[..., problem, seed]`.
        statistic: function of the last two axes.
        rng: a numpy Generator.
        than: other scores, resampled independently: the interval is then that of the difference of both statistics.
        resamples: number of bootstrap samples.
        confidence: nominal coverage, which percentile intervals of few seeds fall short of.

    Source: Efron and Tibshirani, 1993; Agarwal, Schwarzer, Castro, Courville and Bellemare, 2021.

    >>> low, high = bootstrap(np.array([[0.0, 1.0, 2.0, 3.0]]), rng=np.random.default_rng(0))
    >>> bool(0 <= low < 1.5 < high <= 3)
    True
    """
    if not 0 < confidence < 1:
        raise InvalidModel(f"confidence is {confidence}; expected a number between 0 and 1")
    found = statistic(resample(scores, resamples, rng=rng))
    if than is not None:
        found = found - statistic(resample(than, resamples, rng=rng))
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return low, high


def performance_profile(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Fraction of runs with a score above each threshold, `[..., k]`: problems weigh the same, and seeds within them.

    Args: scores: `scores[..., problem, seed]`. thresholds: `thresholds[k]`.
    Source: Agarwal, Schwarzer, Castro, Courville and Bellemare, 2021.

    >>> performance_profile(np.array([[0.0, 1.0]]), np.array([-1, 0, 0.5, 1]))
    array([1. , 0.5, 0.5, 0. ])
    """
    scores = _check(scores)
    return (scores[..., None] > np.asarray(thresholds)).mean(axis=(-3, -2))


def _check(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.ndim < 2 or 0 in scores.shape or not np.isfinite(scores).all():
        raise InvalidModel(
            f"scores has shape {scores.shape}, finite: {bool(np.isfinite(scores).all())}; "
            "expected finite numbers scores[..., problem, seed]"
        )
    return scores
