"""From the result of a kernel to an Interval: exact, bare while proposing, or with its rounding bound."""

import numpy as np

from .arrays import is_exact
from .interval import Interval
from .mode import proposing
from .tolerance import UNDERFLOW, UNIT, gamma


def settle(result, size, roundings):
    """An Interval around `result`, of which `size` gives the scale of the rounding error.

    Args:
        result: what a kernel returned, rational or float64.
        size: function of no arguments; the same computation on absolute values, subtractions made additions and
            minima maxima. Called for floats only.
        roundings: the most rounding errors that any one term of the result has met, those of the input included.

    Sums, products of non-negative weights with signed rewards, and maxima over actions differ from the exact ones by
    at most gamma/(1 - gamma) times the same computation on absolute values, plus underflow; proof in
    proofs/lemmas/rounding.md. Where that computation overflows nothing is known, and the ends are infinite.

    Raises: NotFinite where the result is NaN.
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
