"""The differential run: the same instances in floats must enclose what the rationals gave."""

import numpy as np
from flint import fmpq

from ..base.arrays import floats, is_exact, nearest
from ..base.errors import ExactnessLost, InvalidModel, Undecided
from ..base.interval import interval
from ..base.record import Record
from ..instances.instance import Instance
from .claim import Bound


def compare(part, float_instance, judgement) -> bool:
    """Whether the float run of an instance could be compared (a branch on overlapping floats cannot).

    Raises: ExactnessLost where a float side does not enclose the exact one: a comparison with a float literal, a
    branch on a value, an end of an interval used as the number, are silent in the exact run and show here.
    """
    try:
        found = part.check(float_instance)
    except Undecided:
        return False
    except InvalidModel as error:
        raise ExactnessLost(f"the float run of an instance builds no model: {error}") from error
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
    """A bare float side (a constant of the instance, no measure) may differ by its own rounding."""
    middle, wanted = np.asarray(known.mid), np.asarray(exact.mid)
    return known.width == 0 and bool((np.abs(middle - wanted) <= 2.0**-50 * np.abs(wanted)).all())


def in_floats(instance):
    """An instance with every rational rounded to the nearest float64."""
    return Instance(**{name: _as_float(value) for name, value in vars(instance).items()})


def _as_float(value):
    if isinstance(value, Record):
        return value.to_float()
    if isinstance(value, fmpq):
        return nearest(value)
    return floats(value) if is_exact(value) else value
