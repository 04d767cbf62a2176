"""Enclosures by ball arithmetic: between Intervals and arrays of balls."""

import numpy as np

from .interval import Interval


def ball(low, high):
    """An arb ball that contains both float64 endpoints."""
    from flint import arb

    return arb(float(low)).union(arb(float(high)))


def ends(ball):
    """float64 lower and upper bounds of a ball."""
    return float(np.nextafter(float(ball.lower()), -np.inf)), float(np.nextafter(float(ball.upper()), np.inf))


def balls(known: Interval):
    """Array of balls that enclose the entries of an Interval; a single ball for a scalar."""
    from flint import arb

    out = np.empty(known.shape, dtype=object)
    for index in np.ndindex(known.shape):
        out[index] = arb(known.lower[index]) if known.exact else ball(known.lower[index], known.upper[index])
    return out[()]
