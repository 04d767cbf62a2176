"""Means of intervals under nonnegative weights, rounded outwards."""

import numpy as np

from .interval import Interval
from .tolerance import UNDERFLOW


def mix(weights, x, rate) -> Interval:
    """Bounds on weights @ x for a nonnegative matrix `weights[i,n]`, dense or CSR, and an Interval `x[n]` of floats.

    Args: rate: relative error of a computed sum of products, that of the weights included.

    An infinite end counts where its weight is positive: there the sum is infinite on that side. Where a finite sum
    overflows it is unbounded.

    >>> mix(np.array([[1.0, 0.0], [0.5, 0.5]]), Interval([1.0, -np.inf], [1.0, 2.0], "float"), 0.0).lower.round(6)
    array([  1., -inf])
    """
    ends, size = (x.lower, x.upper), np.maximum(abs(x.lower), abs(x.upper))
    infinite = ~np.isfinite(size)
    if infinite.any():
        ends = tuple(np.where(np.isfinite(end), end, 0.0) for end in ends)
        size = np.maximum(abs(ends[0]), abs(ends[1]))
    with np.errstate(over="ignore", invalid="ignore"):
        error = 2 * rate * (weights @ size) + UNDERFLOW
        low, high = weights @ ends[0] - error, weights @ ends[1] + error
    low, high = np.where(low < np.inf, low, -np.inf), np.where(high > -np.inf, high, np.inf)
    if infinite.any():
        plus, minus = ([(weights @ (end == side)) > 0 for end in (x.lower, x.upper)] for side in (np.inf, -np.inf))
        low = np.where(minus[0], -np.inf, np.where(plus[0], np.inf, low))
        high = np.where(plus[1], np.inf, np.where(minus[1], -np.inf, high))
    return Interval(low, high, x.how)
