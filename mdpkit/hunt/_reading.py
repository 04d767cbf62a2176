"""Fit formulas and growth exponents to records over a grid."""

from fractions import Fraction

import numpy as np

from ..base.arrays import objects
from ..exact.linear import matrix


def formula(points, name="H") -> str | None:
    """The simplest of constant, linear, quadratic and (a + b h)/(c + d h) that passes through all points, or None.

    Args: points: (integer or rational, exact ratio) pairs. At least two more points than parameters are required, so
        that a formula is never an interpolation.

    >>> formula([(h, Fraction(h + 1, 2)) for h in range(1, 6)])
    'H/2 + 1/2'
    >>> formula([(h, Fraction(h, h + 2)) for h in range(1, 7)])
    'H/(H + 2)'
    """
    points = [(Fraction(str(h)), Fraction(str(value))) for h, value in points]
    for degree in (0, 1, 2):
        if len(points) >= degree + 3:
            coefficients = _solve(
                [[h**k for k in range(degree + 1)] for h, _ in points], [value for _, value in points]
            )
            if coefficients is not None:
                return _polynomial(coefficients, name)
    if len(points) >= 5:
        # a + b h - c v = v h, with the leading coefficient of the denominator normalised to 1
        found = _solve([[1, h, -value] for h, value in points], [value * h for h, value in points])
        if found is not None:
            a, b, c = found
            return f"{_factor(_polynomial([a, b], name))}/{_factor(_polynomial([c, Fraction(1)], name))}"
    return None


def slope(points) -> float | None:
    """Exponent of a power law fitted to (size, ratio) points by log-log least squares; None below three sizes."""
    points = [(float(h), float(value)) for h, value in points if 0 < value < float("inf")]
    if len(points) < 3 or len({h for h, _ in points}) < 3:
        return None
    h, value = np.log(points).T
    return float(np.polyfit(h, value, 1)[0])


def _solve(rows, right):
    """The unique solution of an overdetermined rational system, or None if there is none or more than one."""
    system = matrix(objects([[*row, value] for row, value in zip(rows, right, strict=True)]))
    reduced, rank = system.rref()
    count = len(rows[0])
    if rank != count or any(reduced[k, k] != 1 for k in range(count)):
        return None
    return [Fraction(str(reduced[k, count])) for k in range(count)]


def _polynomial(coefficients, name):
    terms = []
    for power in range(len(coefficients) - 1, -1, -1):
        c = coefficients[power]
        if c == 0:
            continue
        letter = "" if power == 0 else name if power == 1 else f"{name}^{power}"
        if not letter:
            body = str(abs(c))
        else:
            top = letter if abs(c.numerator) == 1 else f"{abs(c.numerator)} {letter}"
            body = top if c.denominator == 1 else f"{top}/{c.denominator}"
        terms.append(("- " if c < 0 else "+ ") + body)
    text = " ".join(terms) or "+ 0"
    return text[2:] if text.startswith("+ ") else "-" + text[2:]


def _factor(text):
    return f"({text})" if " + " in text or " - " in text else text
