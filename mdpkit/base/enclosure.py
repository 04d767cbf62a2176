"""From the result of a kernel to an Interval: exact, bare while proposing, or with its rounding bound."""

import numpy as np

from .arrays import is_exact
from .interval import Interval
from .mode import proposing
from .tolerance import gamma


def settle(result, size, roundings):
    """An Interval around `result`, of which `size` gives the scale of the rounding error.

    Args:
        result: what a kernel returned, rational or float64.
        size: function of no arguments; the same computation on absolute values. Called for floats only.
        roundings: the most rounding errors that any one term of the result has met, those of the input included.

    A computation of sums, products and maxima in which every sum runs over terms of known sign pattern differs
    from the exact one by at most gamma(k) times the same computation on absolute values; proof in
    proofs/lemmas/rounding.md.
    """
    if is_exact(result):
        return Interval(result)
    if proposing():
        return result
    bound = gamma(roundings)
    with np.errstate(invalid="ignore"):
        radius = np.where(np.isfinite(result), bound / (1 - bound) * (1 + bound) * size(), 0.0) if bound < 1 else np.inf
    radius = radius + roundings * np.finfo(float).smallest_subnormal
    return Interval(np.nextafter(result - radius, -np.inf), np.nextafter(result + radius, np.inf), "float")
