"""Access requirements of learners."""

import inspect
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import ModuleType

import numpy as np

from ..base.shown import Shown, Table
from ..model.access import KINDS
from .learner import Learner

COLUMNS = tuple(KINDS)


@dataclass(frozen=True)
class Row:
    """A learner with the options that affect its needs, the kinds of access needed, and its docstring's summary."""

    learner: str
    needs: tuple[str, ...]
    words: str


class Needs(Shown):
    """Table of learners and the kinds of access that each requires.

    Attributes: rows: Rows with `learner`, `needs` and `words`.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(rows)

    def __repr__(self):
        return f"Needs({len(self.rows)} learners)"

    def _tables(self):
        rows = ((row.learner, *("needed" if kind in row.needs else "" for kind in COLUMNS)) for row in self.rows)
        return (Table("", ("learner", *COLUMNS), tuple(rows)),)


def needs(*rooms: ModuleType) -> Needs:
    """Access requirements of the learners in some modules, alphabetically; one row per variant if options change them.

    Args: rooms: modules such as `mdpkit.learn` or `mdpkit.deep`; defaults to `mdpkit.learn`.

    >>> [row.needs for row in needs().rows if row.learner == "Cloning"]
    [('demonstrations',)]
    """
    if not rooms:
        from .. import learn

        rooms = (learn,)
    return Needs(row for room in rooms for learner in _learners(room) for row in _rows(room, learner))


def _learners(room):
    things = (getattr(room, name) for name in sorted(dir(room), key=str.casefold) if not name.startswith("_"))
    return [
        thing
        for thing in things
        if inspect.isclass(thing) and thing is not Learner and hasattr(thing, "learn") and hasattr(thing, "needs")
    ]


def _rows(room, learner):
    name = (
        learner.__name__
        if room.__name__ == "mdpkit.learn"
        else f"{room.__name__.rpartition('.')[2]}.{learner.__name__}"
    )
    words = " ".join(inspect.getdoc(learner).partition("\n\n")[0].split())
    if isinstance(learner.needs, tuple):
        return [Row(name, learner.needs, words)]
    return [Row(name + _options(each), each.needs, words) for each in learner.variants()]


def _options(learner) -> str:
    """The options that differ from their defaults, in parentheses."""
    shown = []
    for field in fields(learner):
        value, usual = (
            getattr(learner, field.name),
            field.default if field.default_factory is MISSING else field.default_factory(),
        )
        if repr(value) != repr(usual):
            shown.append(f"{field.name}={_show(value)}")
    return f"({', '.join(shown)})" if shown else ""


def _show(value) -> str:
    if is_dataclass(value):
        return type(value).__name__ + _options(value)
    return "..." if isinstance(value, np.ndarray) else repr(value)
