"""Differential test: float64 enclosures of an instance must contain its exact results."""

import numpy as np
from flint import fmpq

from ..base.arrays import floats, is_exact, nearest
from ..base.errors import ExactnessLost, InvalidModel, Undecided
from ..base.interval import interval
from ..base.record import Record
from ..instances.instance import Instance
from .claim import Bound


def compare(part, float_instance, judgement) -> bool:
    """Whether the float run of an instance could be compared (not if it branches on overlapping enclosures).

    Raises: ExactnessLost if a float side does not enclose the exact one. This detects comparisons with float literals,
    branches on values, and ends of intervals used as numbers, which the exact run cannot reveal.
    """
    try:
        found = part.check(float_instance)
    except Undecided:
        return False
    except InvalidModel as error:
        raise ExactnessLost(f"the float run of an instance cannot build its model: {error}") from error
    pairs = found.sides if isinstance(found, Bound) else [x for pair in found.pairs.values() for x in pair]
    for k, (side, exact) in enumerate(zip(pairs, judgement.sides, strict=True)):
        known = interval(side)
        if known.shape != exact.shape:
            raise ExactnessLost(f"side {k} has shape {known.shape} in floats and {exact.shape} in rationals")
        if not known.contains(exact) and not _input_rounding(known, exact):
            raise ExactnessLost(
                f"side {k} is {known!r} in floats, which does not contain the exact {exact!r}: the check depends on the number kind"
            )
    return True


def _input_rounding(known, exact) -> bool:
    """Whether a plain float side (a constant of the instance, not a measure) differs from the exact one by rounding only."""
    middle, wanted = np.asarray(known.mid), np.asarray(exact.mid)
    return known.width == 0 and bool((np.abs(middle - wanted) <= 2.0**-50 * np.abs(wanted)).all())


def in_floats(instance):
    """Copy of an instance with every rational rounded to the nearest float64."""
    return Instance(**{name: _as_float(value) for name, value in vars(instance).items()})


def _as_float(value):
    if isinstance(value, Record):
        return value.to_float()
    if isinstance(value, fmpq):
        return nearest(value)
    return floats(value) if is_exact(value) else value
