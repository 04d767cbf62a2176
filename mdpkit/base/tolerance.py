"""Constants of float64 error analysis."""

from math import inf

UNIT = 2.0**-53
"""Relative rounding error of one float64 operation."""

UNDERFLOW = 2.0**-900
"""Bound on the total underflow error of a computation of fewer than 2^100 operations, even with flush to zero."""

ROW_SUM = 1e-9
"""Largest deviation from 1 of the sum of a float distribution, which stands for the row divided by its sum."""


def gamma(roundings: float) -> float:
    """Relative error bound of a product with k = `roundings` rounding errors: k u / (1 - k u), infinite for k u >= 1.

    Source: Higham, Accuracy and Stability of Numerical Algorithms, 2002, Lemma 3.1.

    >>> gamma(8) >= 8 * UNIT
    True
    """
    total = roundings * UNIT
    return total / (1 - total) * (1 + 4 * UNIT) if total < 1 else inf
