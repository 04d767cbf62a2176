"""Lift the result of a kernel to an Interval: exact, plain while proposing, or with its rounding bound."""

import numpy as np

from .arrays import is_exact
from .interval import Interval
from .mode import proposing
from .tolerance import UNDERFLOW, UNIT, gamma


def settle(result, size, roundings):
    """Enclose the result of a kernel by an Interval with a rounding bound.

    Args:
        result: return value of a kernel, rational or float64.
        size: function of no arguments: the same computation on absolute values, with subtractions replaced by additions
            and minima by maxima. Called for floats only.
        roundings: maximum number of rounding errors in any term of the result, input errors included.

    Sums, products of nonnegative weights with signed rewards, and maxima over actions differ from the exact ones by
    at most gamma/(1 - gamma) times the same computation on absolute values, plus underflow; proof in
    proofs/lemmas/rounding.md. If that computation overflows, the ends are infinite.

    Raises: NotFinite if the result is NaN.
    """
    if is_exact(result):
        return Interval(result)
    if proposing():
        return result
    bound, majorant = gamma(roundings), size()
    factor = bound / (1 - bound) * (1 + 8 * UNIT) if bound <= 1 / 2 else np.inf
    with np.errstate(invalid="ignore", over="ignore"):
        radius = np.where(np.isfinite(majorant) & np.isfinite(factor), factor * majorant + UNDERFLOW, np.inf)
        middle = np.where(np.isinf(result), 0.0, result)
        return Interval(np.nextafter(middle - radius, -np.inf), np.nextafter(middle + radius, np.inf), "float")
