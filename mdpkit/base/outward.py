"""Rounding outwards to float64."""

import math

import numpy as np
from flint import fmpq

from .arrays import nearest, objects


def down(x):
    return np.nextafter(x, -np.inf)


def up(x):
    return np.nextafter(x, np.inf)


def float_ends(array):
    """float64 ends around exact numbers; for a rational the nearest float, or its two neighbours if that is inexact."""
    low, high = np.empty(array.shape), np.empty(array.shape)
    for index, x in np.ndenumerate(array):
        low[index], high[index] = x.ends() if getattr(x, "exact_number", False) else _rational_ends(x)
    return low, high


def _rational_ends(x):
    near = nearest(x)
    if math.isfinite(near) and fmpq(*near.as_integer_ratio()) == x:
        return near, near
    return math.nextafter(near, -math.inf), math.nextafter(near, math.inf)


def float_end(x, side):
    """A float64 copy of the lower (side 0) or upper (side 1) ends, with rationals and integers rounded outwards."""
    array = np.asarray(x)
    return np.array(array, dtype=np.float64) if array.dtype.kind == "f" else float_ends(objects(array))[side]
