"""Differential test: float64 enclosures of an instance must contain its exact results."""

from dataclasses import fields

import numpy as np
from flint import fmpq

from ..base.arrays import floats, is_exact, nearest
from ..base.errors import ExactnessLost, InvalidModel, Undecided
from ..base.interval import interval
from ..base.record import Record
from ..instances.instance import Instance
from .claim import Bound

BUILT = 1e-12
"""Relative and absolute difference up to which records built from floats and from rationals are the same."""


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


def expect_same_build(family, x, instance):
    """Check that the records built from a draw's floats are those of the rational draw, up to rounding.

    Raises: ExactnessLost naming the first one that is not.
    """
    rounded, built = in_floats(instance), family.build(family.to_float(x))
    for name, value in vars(rounded).items():
        for field, expected in _float_arrays(value):
            found = dict(_float_arrays(getattr(built, name)))[field]
            if found.shape != expected.shape or not np.allclose(found, expected, rtol=BUILT, atol=BUILT):
                where = f"{name}.{field}" if field else name
                raise ExactnessLost(f"{where} built from floats differs from the one built from rationals")


def _float_arrays(value):
    """(field, array) for the float arrays of a record, or of an array or number itself (field "")."""
    named = [("", value)]
    if isinstance(value, Record):
        named = [(field.name, getattr(value, field.name)) for field in fields(value)]
    for name, array in named:
        if isinstance(array, np.ndarray | float | np.floating) and np.asarray(array).dtype.kind == "f":
            yield name, np.asarray(array)


def _input_rounding(known, exact) -> bool:
    """Whether a plain float side (a constant of the instance, not a measure) equals the exact one up to rounding."""
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
