"""Encode records, arrays and numbers losslessly as JSON data."""

import gc
from contextlib import contextmanager
from dataclasses import fields
from fractions import Fraction
from math import isfinite
from types import SimpleNamespace
from typing import Any

import numpy as np
from flint import fmpq

from ..base.arrays import INTEGERS, rationals
from ..base.errors import ExactnessLost, InvalidModel
from ..base.record import Record, at
from ..model import Average, Discounted, Finite, Total
from ._form import HEADER, RECORDS, Budget, below, root

KINDS = {"O": "rational", "f": "float", "i": "int", "b": "bool"}


def encode(thing: Any, writer: Any = None) -> dict:
    """A record, or a named collection of records and numbers, as lossless JSON data.

    Args:
        thing: a record of `mdpkit.model`, or a `types.SimpleNamespace` of records, arrays (float64, rational,
            int64, bool), rationals, integers, floats, bools, texts, horizons, and tuples or lists of these.
        writer: converts each part into data; file formats subclass it.

    Returns: dicts, lists, texts, numbers and bools only. Rationals are texts "p/q", a float is the shortest decimal
    that reads back as the same 64 bits. An array of three or more axes is listed by its non-zero entries
    `[*index, entry]` where fewer than a quarter of them are non-zero.

    `decode` gives the thing back: records of equal digest, arrays of the same kind, shape and bits; a Fraction comes
    back as the equal fmpq.

    Raises: InvalidModel naming the place and what stands there, such as an array of float32, NaN, or a function.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import TabularPolicy
    >>> encode(TabularPolicy(objects([["1/3", "2/3"]])))["content"]
    {'TabularPolicy': {'table': {'rational': [['1/3', '2/3']]}}}
    """
    if not isinstance(thing, Record | SimpleNamespace):
        raise InvalidModel(
            f"the thing is of type {type(thing).__name__}; expected a record, or a SimpleNamespace of records and numbers"
        )
    try:
        with _collector_at_rest():
            return {**HEADER, "content": (writer or Writer()).node(thing, "")}
    except RecursionError as error:
        raise InvalidModel("the instance contains itself, or is nested too deeply to be written") from error


@contextmanager
def _collector_at_rest():
    """Context without garbage collection, which would dominate the time of encoding a large transition law."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


class Writer:
    """One method for each kind of part: (part, place) -> data."""

    def __init__(self):
        self.budget = Budget()

    def node(self, x, place):
        for kind, write in WRITERS:
            if isinstance(x, kind):
                return write(self, x, place)
        raise InvalidModel(
            f"{place} is a {type(x).__name__}; expected a record, an array, a number, a text, or a tuple or list of these"
        )

    def integer(self, x, place):
        try:
            str(int(x))
        except ValueError as error:
            raise InvalidModel(
                f"{place} is an integer too long for JSON; expected fewer digits, or a rational"
            ) from error
        return int(x)

    def float(self, x, place):
        if not isfinite(x):
            raise InvalidModel(f"{place} is {x}; expected a finite number")
        return float(x)

    def list(self, x, place):
        return [self.node(part, at(place, (k,))) for k, part in enumerate(x)]

    def tuple(self, x, place):
        if type(x) is not tuple:
            raise InvalidModel(f"{place} is a {type(x).__name__}; expected a plain tuple")
        return {"tuple": self.list(x, place)}

    def models(self, x, place):
        for name in vars(x):
            if not name.isidentifier() or name.startswith("_"):
                raise InvalidModel(
                    f"{root(place)} has a part named {name!r}; expected a Python name without a leading underscore"
                )
        return {"models": {name: self.node(part, below(place, name)) for name, part in vars(x).items()}}

    def record(self, x, place):
        name = type(x).__name__
        if RECORDS.get(name) is not type(x):
            raise InvalidModel(f"{root(place)} is a {name}; expected one of {', '.join(RECORDS)}")
        self.budget.spend_on(name, vars(x), place)
        values = {field.name: getattr(x, field.name) for field in fields(x)}
        return {name: {key: self.field(value, below(place, key)) for key, value in values.items() if value is not None}}

    def field(self, x, place):
        if hasattr(x, "tocsr"):
            return self.csr(x, place)
        return self.list(x, place) if isinstance(x, tuple) else self.node(x, place)

    def csr(self, x, place):
        self.budget.spend((sum(x.shape),), place)
        by_entry = x.tocoo()
        columns = [part.tolist() for part in (*by_entry.coords, by_entry.data)]
        return {"csr": {"shape": list(x.shape), "entries": list(map(list, zip(*columns, strict=True)))}}

    def array(self, x, place):
        if x.dtype not in (np.dtype(object), np.dtype(np.float64), np.dtype(np.int64), np.dtype(bool)):
            raise InvalidModel(
                f"{place} is an array of {x.dtype}; expected float64, int64, bool, or objects that are rationals"
            )
        self.budget.spend(x.shape, place)
        kind = KINDS[x.dtype.kind]
        if kind == "float" and not np.isfinite(x).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
            raise InvalidModel(f"{at(place, where)} is {x[where]}; expected a finite number")
        if kind == "rational":
            try:
                x = rationals(x)
            except (ExactnessLost, TypeError, ValueError, ZeroDivisionError) as error:
                raise InvalidModel(f"{place} is an array of objects that are not all rationals: {error}") from error
        return self.content(kind, x)

    def content(self, kind, x):
        """The data of a validated array."""
        present = x != 0
        if kind == "float":
            present |= np.signbit(x)
        listed = x.size == 0 or x.ndim == 0 or (x.ndim > 2 and 4 * np.count_nonzero(present) < x.size)
        entries = x[present] if listed else x
        plain = (np.frompyfunc(str, 1, 1)(entries) if kind == "rational" else entries).tolist()
        if not listed:
            return {kind: plain}
        where = np.argwhere(present).tolist()
        return {
            kind: {
                "shape": list(x.shape),
                "entries": [[*index, entry] for index, entry in zip(where, plain, strict=True)],
            }
        }


WRITERS = (
    (bool | np.bool_, lambda writer, x, place: bool(x)),
    (INTEGERS, Writer.integer),
    (float, Writer.float),
    (str, lambda writer, x, place: str(x)),
    (fmpq | Fraction, lambda writer, x, place: {"rational": str(x)}),
    (np.ndarray, lambda writer, x, place: writer.array(x, place)),
    (list, Writer.list),
    (tuple, Writer.tuple),
    (Finite, lambda writer, x, place: {"Finite": x.H}),
    (Average, lambda writer, x, place: {"Average": {}}),
    (Total, lambda writer, x, place: {"Total": {}}),
    (Discounted, lambda writer, x, place: {"Discounted": x.gamma if isinstance(x.gamma, float) else str(x.gamma)}),
    (SimpleNamespace, Writer.models),
    (Record, Writer.record),
)
