"""Lift stored arrays to Intervals."""

import numpy as np

from .arrays import bare, is_exact, like, objects
from .interval import Interval
from .mode import proposing
from .record import defect as row_defect
from .tolerance import UNIT


def enclose(array, defect=0.0):
    """Enclosure of the numbers that `array` represents: itself if rational, else widened by the input rounding error.

    Args: defect: relative distance by which float rows of a distribution may differ from the intended distribution.
    """
    if isinstance(array, Interval):
        return array
    if is_exact(array):
        return Interval(array)
    array = bare(array, float)
    if proposing():
        return array
    slack = np.abs(array) * (2 * defect + 2 * UNIT)
    with np.errstate(over="ignore"):
        return Interval(array - slack, array + slack, "float")


def row_error(record):
    """The record's `defect`; 0 while proposing, where it is not needed."""
    return 0.0 if proposing() else record.defect


def law(record, field):
    """A record's distributions (`rho`, `table`, `after`, ...) lifted to an Interval."""
    array = getattr(record, field)
    return enclose(array, 0.0 if is_exact(array) or proposing() else row_defect(array))


def convert(array, problem):
    """An array argument that accompanies a problem, converted to the problem's number kind (rational or float64)."""
    return array if isinstance(array, Interval) else enclose(like(array, problem.r))


def number(scalar, pattern):
    """A scalar such as the discount factor, lifted to an Interval if `pattern` is one."""
    return enclose(np.asarray(scalar)) if isinstance(pattern, Interval) else scalar


def alike(*values):
    """Arrays of floats, or of integers, fractions and "p/q", lifted to Intervals; Intervals are returned unchanged."""
    if proposing():
        return tuple(bare(value, float) for value in values)
    kinds = [value if isinstance(value, Interval) else np.asarray(value) for value in values]
    return tuple(x if isinstance(x, Interval) else enclose(x if x.dtype.kind == "f" else objects(x)) for x in kinds)
