"""Notebook display of objects: a heading and tables of their numbers, in HTML and LaTeX."""

from dataclasses import dataclass
from math import prod

import numpy as np

from . import markup
from .markup import Symbol

MOST = 10
"""Maximum number of displayed rows and columns of an array, and of lines of text."""


@dataclass(frozen=True)
class Table:
    """A table of cells as rendered by `markup`; `name` is its caption, `note` states what is omitted."""

    name: str
    heads: tuple
    rows: tuple
    note: str = ""


class Shown:
    """Base class of displayed objects: a `repr` of at most ten lines, followed in notebooks by `_tables()`."""

    __slots__ = ()

    def _heading(self) -> str:
        return repr(self)

    def _tables(self) -> tuple[Table, ...]:
        return ()

    def _colour(self) -> str | None:
        """Colour of the stripe at the left margin."""

    def _repr_html_(self) -> str:
        return markup.html(self._heading(), self._tables(), self._colour())

    def _repr_latex_(self) -> str:
        return markup.latex(self._heading(), self._tables())


def tabulate(name, array, letters="", names=None, entry=None) -> Table:
    """An array as a table: the last axis across, the others down; the middle of long axes is omitted.

    Args:
        letters: an index letter for each of the last axes. names: letter -> names of its indices, if any.
        entry: index -> cell; defaults to the array's entries.
    """
    shape, entry = np.shape(array), entry or np.asarray(array).__getitem__
    letters, names = letters[max(len(letters) - len(shape), 0) :].rjust(len(shape)), names or {}

    def label(axis, k):
        letter = letters[axis]
        return names[letter][k] if names.get(letter) else Symbol(letter, k) if letter.strip() else str(k)

    if not shape:
        return Table(name, (), ((entry(()),),))
    across, down = _displayed_indices(shape[-1]), _displayed_indices(prod(shape[:-1]))
    heads, rows = [label(len(shape) - 1, k) if k is not None else None for k in across], []
    for row in down:
        if row is None:
            rows.append((None,) * (len(across) + 1))
            continue
        at = tuple(map(int, np.unravel_index(row, shape[:-1]))) if len(shape) > 1 else ()
        side = [label(axis, k) for axis, k in enumerate(at)]
        rows.append((side, *(entry((*at, k)) if k is not None else None for k in across)))
    note = f"shape {shape}" if None in (*across, *down) else ""
    return (
        Table(name, ("", *heads), tuple(rows), note)
        if len(shape) > 1
        else Table(name, tuple(heads), tuple(r[1:] for r in rows), note)
    )


def _displayed_indices(count):
    """Displayed indices, with None where some are omitted."""
    return list(range(count)) if count <= MOST else [*range(MOST - 2), None, count - 1]


def clip(text, most) -> str:
    """The first lines of a text, followed by dots if it is longer.

    >>> clip("a\\nb\\nc", 2)
    'a\\n...'
    """
    lines = text.split("\n")
    return text if len(lines) <= most else "\n".join([*lines[: most - 1], "..."] if most > 1 else [f"{lines[0]} ..."])


def summary(array) -> str:
    """A float array as text of at most eight lines."""
    with np.printoptions(threshold=50, edgeitems=3, linewidth=120):
        return clip(str(np.asarray(array)), MOST - 2)
