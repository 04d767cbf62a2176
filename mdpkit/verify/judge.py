"""Judge one instance: assumptions, both sides, decision and ratio."""

import itertools
from dataclasses import dataclass
from enum import Enum

import numpy as np
from flint import fmpq

from ..base.arrays import is_exact, nearest
from ..base.decision import Decision
from ..base.errors import ClaimBroken, ExactnessLost, Undecided
from ..base.interval import How, Interval, interval
from ..base.record import Record
from .claim import Bound, Equal


class Kind(Enum):
    """Status of an instance."""

    COUNTED = "counted"
    REFUSED = "an assumption fails on it"
    DEGENERATE = "both sides are 0"


@dataclass(frozen=True)
class Judgement:
    """Result on one instance. `ratio` is a/z for a Bound: rational if the sides are, else a float."""

    kind: Kind
    decision: Decision = Decision.UNDECIDED
    ratio: object = None
    how: str = "exact"
    width: float = 0.0
    assumption: str | None = None
    sides: tuple = ()
    entries: dict | None = None


def judge(part, instance, resolution) -> Judgement:
    """Decide one instance of a part.

    Raises: ExactnessLost if a side of a rational instance is a float; any exception of the check.
    """
    demand_exact_models(instance)
    for assumption in part.assumes:
        if not holds(assumption, instance):
            return Judgement(Kind.REFUSED, assumption=assumption.name)
    try:
        sides = part.check(instance)
    except Undecided:  # the check branches on a comparison that the enclosures do not decide
        return Judgement(Kind.COUNTED, how="enclosed" if all_exact(instance) else "float")
    return decide(sides, resolution, all_exact(instance))


def judge_draw(part, x, resolution):
    """The judgement of a draw: exact, unless the user's problem is float64."""
    family = part.instances
    if not family.exact:
        return judge(part, family.build(family.to_float(x)), resolution)
    instance = family.build(x)
    judgement = judge(part, instance, resolution)
    if judgement.how == "float":
        raise ExactnessLost("a side is a float on a rational instance")
    return judgement


def holds(assumption, instance) -> bool:
    answer = assumption.holds(instance)
    return bool(answer.all() if hasattr(answer, "all") else answer)


def decide(sides, resolution, exact_instance) -> Judgement:
    """Decide the statement returned by a check."""
    if isinstance(sides, Bound):
        return _decide_bound(sides, exact_instance)
    if isinstance(sides, Equal):
        return _decide_equal(sides, resolution, exact_instance)
    raise TypeError(
        f"a check returned {type(sides).__name__}; expected Bound(...) or Equal(...), both sides of the statement"
    )


def _decide_bound(bound, exact_instance):
    sides = tuple(_side(side, f"side {k} of the Bound", exact_instance) for k, side in enumerate(bound.sides))
    decision = Decision.YES
    for a, b in itertools.pairwise(sides):
        decision = decision & (a <= b).all()
    first, last = sides[0], sides[-1]
    how, width = _known(sides)
    if first.exact and last.exact and not (first.lower != 0).any() and not (last.lower != 0).any():
        return Judgement(Kind.DEGENERATE, decision, None, how, width, sides=sides)
    return Judgement(Kind.COUNTED, decision, ratio(first, last), how, width, sides=sides)


def _decide_equal(equal, resolution, exact_instance):
    decision, all_sides, entries = Decision.YES, [], {}
    for name, (a, b) in equal.pairs.items():
        a, b = (
            _side(x, f"{name!r}, {which} side of the Equal", exact_instance) for x, which in ((a, "left"), (b, "right"))
        )
        entries[name] = _same(a, b, resolution)
        decision = decision & entries[name]
        all_sides += [a, b]
    how, width = _known(all_sides)
    return Judgement(Kind.COUNTED, decision, None, how, width, sides=tuple(all_sides), entries=entries)


def _same(a, b, resolution):
    if a.shape != b.shape and a.shape and b.shape:
        raise ValueError(
            f"the two sides of an Equal have shapes {a.shape} and {b.shape}; expected the same, or a number"
        )
    if a.exact and b.exact:
        return (a == b).all()
    if (a == b).any_no():
        return Decision.NO
    finite = max(a.width, b.width)
    return Decision.YES if finite <= float(resolution) else Decision.UNDECIDED


def ratio(a, z):
    """Maximum of a/z over entries with z > 0; infinite if z <= 0 < a in some entry; None if no entry has z > 0.

    For intervals only proved signs count, so that rounding noise around 0/0 has no ratio.
    """
    if _rational(a) and _rational(z):
        best = None
        for x, y in np.broadcast(a.lower, z.lower):
            if y > 0:
                best = x / y if best is None else max(best, x / y)
            elif x > 0:
                return float("inf")
        return best
    a, z = a.enclose(), z.enclose()
    if ((z.upper <= 0) & (a.lower > 0)).any():
        return float("inf")
    left, right, positive = np.broadcast_arrays(a.mid, z.mid, z.lower > 0)
    with np.errstate(over="ignore"):  # a quotient beyond the largest float64 is reported as infinite
        return float((left[positive] / right[positive]).max()) if positive.any() else None


def _rational(side) -> bool:
    return side.exact and all(isinstance(x, fmpq) for x in side.lower.flat)


def as_float(value) -> float | None:
    return nearest(value) if isinstance(value, fmpq) else value


def _side(side, name, exact_instance):
    known = interval(side)
    if 0 in known.shape:
        raise ClaimBroken(f"{name} has no entries (shape {known.shape}); nothing would be compared")
    if exact_instance and known.how == "float":
        raise ExactnessLost(
            f"{name} is a float on a rational instance: a float entered the check, its constants or its helpers"
        )
    return known


def _known(sides):
    how = max(How[side.how] for side in sides).name
    return how, max(side.width for side in sides)


def numeric_values(instance):
    """(name, value) for every record, array and number of an instance."""
    for name, value in vars(instance).items():
        if isinstance(value, Record | np.ndarray | Interval | float | fmpq | np.floating):
            yield name, value


def kind_of(value) -> str | None:
    """ "exact", "float", or None if the value contains neither rationals nor floats."""
    if isinstance(value, Record):
        pattern = value._pattern()
        return None if pattern.size == 0 else "exact" if is_exact(pattern) else "float"
    if isinstance(value, np.ndarray):
        return "exact" if is_exact(value) else "float" if value.dtype.kind == "f" else None
    if isinstance(value, Interval):
        return "exact" if value.exact else "float"
    return "float" if isinstance(value, float | np.floating) else "exact"


def all_exact(instance) -> bool:
    return all(kind_of(value) != "float" for _, value in numeric_values(instance))


def demand_exact_models(instance):
    """Check that an instance does not mix rational and float records.

    Raises: ExactnessLost if it does.
    """
    kinds = {name: kind_of(value) for name, value in numeric_values(instance)}
    lost = [name for name, kind in kinds.items() if kind == "float"]
    if lost and "exact" in kinds.values():
        raise ExactnessLost(
            f"{', '.join(lost)} holds floats beside rational models; build it from the draw with x.like(...)"
        )
