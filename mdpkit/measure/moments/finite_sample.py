"""Finite-sample slack of conditional moments, and confidence sets for the h of a class."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity
from ...base.record import expect_confidence, expect_counts
from ...base.replaceable import replaceable
from ...base.types import Numbers
from .._known import alike
from .._logs import logarithm


@replaceable
def squared_slack(counts: Numbers, width: Quantity, miss: Quantity) -> Interval:
    """Square of the slack d[z] = width (log(2 Z / miss) / (2 n_z))^(1/2) of the Z conditional sample means.

    If the residuals lie in an interval of that width, all Z sample means of n_z draws are within d[z] of their
    expectations, except with probability `miss`. Exact on rationals, in logarithms.

    Args: counts: draws n_z `[z]` of every instrument value. width: of the range of the residual. miss: in (0, 1).
    Raises: InvalidModel if an instrument value was never drawn, or miss is not between 0 and 1.
    Source: Hoeffding, 1963, with a union bound.

    >>> squared_slack([1, 2], 1, "1/2")[1]
    Interval(3/4 log(2), exact)
    """
    counts = np.asarray(counts)
    if counts.ndim != 1 or not len(counts) or (counts < 1).any():
        raise InvalidModel(f"counts is {counts}; expected at least one draw of every instrument value")
    width, miss = alike(width, miss)
    inside = (miss > 0, miss < 1)
    if not all(bool(each) for each in inside):
        raise InvalidModel(f"miss is {miss}; expected a number between 0 and 1")
    share = logarithm(2 * len(counts) / miss) * width**2
    return share / (counts * 2)


@replaceable
def game_statistic(counts: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """n times the value of the sample game max over f of 2 E_n[f psi] - E_n[f^2 psi^2], for every candidate.

    The best f(z) is the mean of the residual given z divided by its mean square, and the statistic is the sum over z of
    n_z mean^2 / mean square. At the true h it is asymptotically chi-squared with Z degrees of freedom, however weak the
    instrument. An instrument value whose residuals are all 0 adds nothing. A multiple of all residuals has the same
    statistic.

    Args:
        counts: `counts[...,z,c]`, draws of the cell c (outcome and cause) under the instrument value z, for a batch of
            samples. residuals: `residuals[m,c]` of candidate m, floats.

    Returns: floats `[...,m]`.
    Raises: InvalidModel for negative counts, or residuals that are not finite or not of the counts' cells.
    Source: adapted from Anderson and Rubin, 1949; Bennett, Kallus and Schnabel, 2019.

    >>> game_statistic(np.array([[3, 1]]), np.array([[1.0, -1.0]]))
    array([1.])
    """
    counts, residuals = np.asarray(counts, dtype=float), floats(np.asarray(residuals))
    if counts.ndim < 2 or not (counts >= 0).all():
        raise InvalidModel(f"counts is {counts}; expected numbers of draws `[...,z,c]` of at least 0")
    if residuals.ndim != 2 or residuals.shape[1] != counts.shape[-1] or not np.isfinite(residuals).all():
        raise InvalidModel(f"residuals is {residuals}; expected finite numbers `[m,c]` for {counts.shape[-1]} cells c")
    # divided by a power of 2 near the largest one, which is exact, so that no square overflows
    residuals = np.ldexp(residuals, -np.frexp(abs(residuals).max(axis=1, initial=0.0))[1][:, None])
    sums, squares = counts @ residuals.T, counts @ (residuals**2).T
    return np.divide(sums**2, squares, out=np.zeros(sums.shape), where=squares > 0).sum(axis=-2)


@replaceable
def confidence_set(counts: np.ndarray, residuals: np.ndarray, confidence: str | Fraction = "19/20") -> np.ndarray:
    """Candidates `[...,m]` whose sample game is worth at most the chi-squared quantile: a confidence set for h.

    Args: counts, residuals: as in `game_statistic`. confidence: nominal coverage.
    Raises: InvalidModel if confidence is not between 0 and 1.

    >>> confidence_set(np.array([[60, 40]]), np.array([[1.0, -1.0], [1.0, -1.5]]))
    array([False,  True])
    """
    from scipy.special import chdtri

    error = float(expect_confidence(confidence))
    return game_statistic(counts, residuals) <= chdtri(np.shape(counts)[-2], error)


@replaceable
def bootstrap_ends(
    counts: np.ndarray,
    estimate: Callable[[np.ndarray], np.ndarray],
    resamples: int,
    confidence: str | Fraction = "19/20",
    *,
    rng: np.random.Generator,
) -> np.ndarray:
    """Ends `[2]` of the percentile bootstrap interval of an estimate, with the draws of each instrument value fixed.

    Args: counts: `counts[z,c]`. estimate: function of counts `[i,z,c]` to floats `[i]`. resamples: their number.
    Raises: InvalidModel unless counts are integers of at least 0 with a draw of every instrument value, resamples is at
        least 1 and confidence is between 0 and 1.
    Source: adapted from Efron, 1979.
    """
    counts, error = np.asarray(counts), float(expect_confidence(confidence))
    expect_counts(resamples=resamples)
    if counts.ndim != 2 or (counts < 0).any() or (counts != counts.round()).any() or not counts.sum(axis=1).all():
        raise InvalidModel(
            f"counts is {counts}; expected integers `[z,c]`, at least one draw of every instrument value"
        )
    counts = counts.astype(np.int64)
    drawn = [rng.multinomial(row.sum(), row / row.sum(), resamples) for row in counts]
    return np.quantile(estimate(np.stack(drawn, axis=1)), [error / 2, 1 - error / 2])
