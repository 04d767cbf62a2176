"""Enclosures by ball arithmetic: between Intervals and arrays of balls."""

import numpy as np

from .interval import Interval


def ball(low, high):
    """An arb ball that contains both float64 endpoints."""
    from flint import arb

    return arb(float(low)).union(arb(float(high)))


def ends(ball):
    """float64 lower and upper bounds of a ball: its ends where these are floats, else rounded outwards.

    >>> from flint import arb
    >>> ends(arb(0)), ends(arb(1) / 3)
    ((0.0, 0.0), (0.33333333333333326, 0.33333333333333337))
    """
    from flint import arb

    low, high = ball.lower(), ball.upper()
    least, most = float(low), float(high)
    least = least if arb(least) <= low else float(np.nextafter(least, -np.inf))
    return least, most if arb(most) >= high else float(np.nextafter(most, np.inf))


def balls(known: Interval):
    """Array of balls that enclose the entries of an Interval; a single ball for a scalar."""
    from flint import arb

    out = np.empty(known.shape, dtype=object)
    for index in np.ndindex(known.shape):
        out[index] = arb(known.lower[index]) if known.exact else ball(known.lower[index], known.upper[index])
    return out[()]
