"""Why a claim is refuted: the sides that disagree, and the rows of the witness on which they depend."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from itertools import pairwise
from numbers import Number

import numpy as np
from flint import fmpq, fmpz

from ..base.arrays import is_exact
from ..base.decision import Decision
from ..base.interval import Interval
from ..base.markup import Ends, abbreviate, in_text
from ..base.shown import clip
from .judge import Judgement, ratio

MOST_ENTRIES = 12
"""Longer rows are cut."""


@dataclass(frozen=True)
class Violation:
    """A link of a Bound, or a pair of an Equal, that is decided NO.

    Attributes:
        statement: what should hold, in words. index: the first entry at which it fails; empty for scalars.
        left, right: both sides there, as scalar Intervals. relation: "<=" or "=".
    """

    statement: str
    index: tuple
    left: Interval
    right: Interval
    relation: str

    def cells(self) -> tuple:
        """The statement, and both sides as cells of a table."""
        at = f" at {list(self.index)}" if self.index else ""
        return self.statement + at, _cell(self.left), _cell(self.right)

    def __str__(self):
        words, left, right = self.cells()
        sides = f"{in_text(_near(left))} {'>' if self.relation == '<=' else '!='} {in_text(_near(right))}"
        quotient = ratio(self.left, self.right) if self.relation == "<=" else None
        return f"{words}: {sides}" + (f", ratio {in_text(quotient)}" if quotient is not None else "")

    def to_data(self) -> dict:
        """JSON data: rationals as text, other sides by both ends."""
        ends = {name: _data(side) for name, side in (("left", self.left), ("right", self.right))}
        return {"statement": self.statement, "index": list(self.index), **ends, "relation": self.relation}


def violations(judgement: Judgement) -> tuple[Violation, ...]:
    """What is decided NO of a judged instance: links of a chain, or named pairs."""
    sides = judgement.sides
    if judgement.entries is None:
        last = len(sides) - 1
        names = ["left side", *(f"side {k + 1}" for k in range(1, last)), "right side"]
        links = [(f"{a} <= {b}", *link, "<=") for (a, b), link in zip(pairwise(names), pairwise(sides), strict=True)]
    else:
        pairs = zip(judgement.entries, sides[::2], sides[1::2], strict=True)
        links = [
            (f"{name!r}: left side = right side", a, b, "=")
            for name, a, b in pairs
            if judgement.entries[name] is Decision.NO
        ]
    found = (_first(*link) for link in links)
    return tuple(each for each in found if each is not None)


def _first(statement, a, b, relation):
    decisions = a <= b if relation == "<=" else a == b
    refuted = np.asarray(decisions.no)
    if not refuted.any():
        return None
    index = tuple(int(k) for k in np.argwhere(refuted)[0]) if refuted.ndim else ()
    left, right = (side[index] if side.shape else side for side in (a, b))
    return Violation(statement, index, left, right, relation)


def _cell(side):
    return side.lower[()] if side.exact else Ends(float(side.lower), float(side.upper))


def _near(cell):
    return f"[{cell.lower:.6g}, {cell.upper:.6g}]" if isinstance(cell, Ends) else cell


def _data(side):
    return str(side.lower[()]) if side.exact else [float(side.lower), float(side.upper)]


# ---- the witness
def witness_rows(instance, matters=None) -> Iterator[tuple[str, str]]:
    """(name, entries) of the rows of an instance that matter.

    Args:
        matters: block name -> which of its rows change a side; all rows of every other field are listed.

    A record is named with its sizes, then its arrays are listed row by row; a policy's `table` bears the policy's name.
    """
    matters, named = matters or {}, set()
    for name, part in vars(instance).items():
        if hasattr(part, "table"):
            yield from _array_rows(name, part.table, matters.get(name))
        elif is_dataclass(part):
            yield name, clip(repr(part), 1)
            for field in fields(part):
                label, own = (
                    f"{name}.{field.name}",
                    field.name not in named,
                )  # the first record with such a field has its plain name
                value = getattr(part, field.name)
                if isinstance(value, np.ndarray | Number | fmpq):
                    yield from _array_rows(label, value, matters.get(label, matters.get(field.name) if own else None))
                named.add(field.name)
        else:
            yield from _array_rows(name, part, matters.get(name))


def _array_rows(label, value, counts):
    """The rows that count of an array; a number or another value on a line of its own."""
    if isinstance(value, Interval) and value.exact:
        value = value.lower
    array = isinstance(value, np.ndarray)
    counts = np.asarray(True if counts is None else counts, dtype=bool)
    if not array or counts.shape != value.shape[: counts.ndim]:
        counts = np.asarray(True) if counts.ndim else counts
    if not array or not value.shape:
        if counts and value is not None:
            yield label, _text(value[()] if array else value)
        return
    shown = np.broadcast_to(counts.reshape(counts.shape + (1,) * (value.ndim - counts.ndim)), value.shape).any(axis=-1)
    for k in np.ndindex(value.shape[:-1]):
        if shown[k]:
            yield label + (str(list(k)) if k else ""), _entries(value[k])


def _entries(row):
    texts = [_text(x) for x in row[:MOST_ENTRIES]]
    return ", ".join([*texts, "..."] if len(row) > MOST_ENTRIES else texts)


def _text(value):
    if isinstance(value, fmpq | fmpz) or is_exact(value):
        return abbreviate(value)
    if isinstance(value, float | np.floating | bool | np.bool_):
        return in_text(value)
    return clip(repr(value), 1)
