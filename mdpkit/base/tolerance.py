"""The few numbers that stand between float64 and the real line."""

from math import inf

UNIT = 2.0**-53
"""Relative rounding error of one float64 operation."""

UNDERFLOW = 2.0**-900
"""More than all underflows of a computation of fewer than 2^100 operations can add up to, even where they flush to zero."""

ROW_SUM = 1e-9
"""How far the entries of a float distribution may sum from 1; the one meant is the row divided by its sum."""


def gamma(roundings: float) -> float:
    """Relative error of a product that met `roundings` rounding errors: k u / (1 - k u), infinite from k u = 1 on.

    Source: Higham, Accuracy and Stability of Numerical Algorithms, 2002, Lemma 3.1.

    >>> gamma(8) >= 8 * UNIT
    True
    """
    total = roundings * UNIT
    return total / (1 - total) * (1 + 4 * UNIT) if total < 1 else inf
