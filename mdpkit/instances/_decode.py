"""Decode JSON data into records, arrays and numbers; errors name the offending place."""

import re
from dataclasses import MISSING, fields
from inspect import formatannotation
from itertools import chain
from math import isfinite
from types import SimpleNamespace, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from flint import fmpq, fmpz

from ..base.arrays import objects, zeros
from ..base.errors import InvalidModel
from ..base.record import at
from ..model import Average, Discounted, Finite, Total
from ._form import DIMENSIONS, HEADER, RECORDS, Budget, below, root
from .instance import Instance


class Refused:
    """Placeholder in parsed JSON for a forbidden value, until its place is known."""

    def __init__(self, words):
        self.words = words


def decode(data: Any, reader: Any = None) -> Any:
    """Inverse of `encode`.

    Args:
        data: parsed JSON with the header `{"mdpkit": "instance", "version": 1, "content": ...}`.
        reader: converts each part of the content; file formats subclass it.
    Raises: InvalidModel naming the place, such as `mdp.P[3]`, what stands there and what was expected. Nothing is
        repaired.

    >>> table = {"rational": [["1/3", "2/3"]]}
    >>> decode({"mdpkit": "instance", "version": 1, "content": {"TabularPolicy": {"table": table}}})
    TabularPolicy(S=1, A=2, stationary, rational)
    """
    wanted = [*HEADER, "content"]
    if not isinstance(data, dict):
        _refuse("the file", data, f"an object with {', '.join(wanted)}")
    for name, expected in HEADER.items():
        if name not in data:
            raise InvalidModel(f"{name} is missing from the header; expected {expected!r}")
        if type(data[name]) is not type(expected) or data[name] != expected:
            _refuse(name, data[name], repr(expected))
    _exactly_keys(data, wanted, "")
    try:
        thing = (reader or Reader()).node(data["content"], "")
    except RecursionError as error:
        raise InvalidModel("content is nested too deeply") from error
    if not isinstance(thing, (SimpleNamespace, *RECORDS.values())):
        _refuse("content", data["content"], f"one of {', '.join(RECORDS)}, or models")
    return thing


class Reader:
    """One method for each kind of part: (data, place) -> part."""

    def __init__(self):
        self.budget = Budget()

    def node(self, node, place):
        if isinstance(node, list):
            return [self.node(part, at(root(place), (k,))) for k, part in enumerate(node)]
        if isinstance(node, bool | int | str):
            return node
        if isinstance(node, float) and isfinite(node):
            return node
        if not isinstance(node, dict):
            _refuse(root(place), node, "a finite number, a text, true, false, a list or an object")
        if len(node) != 1:
            _refuse(root(place), node, "an object whose one key says what it is")
        ((tag, inside),) = node.items()
        if tag in RECORDS:
            return self.record(RECORDS[tag], inside, place)
        readers = self.readers()
        if tag not in readers:
            raise InvalidModel(
                f"{root(place)} is of unknown type {tag!r}; expected one of {', '.join((*RECORDS, *readers))}"
            )
        return readers[tag](self, inside, place)

    def readers(self):
        return READERS

    def models(self, node, place):
        if not isinstance(node, dict):
            _refuse(root(place), node, "an object of named models")
        for name in node:
            if not name.isidentifier() or name.startswith("_"):
                raise InvalidModel(
                    f"{root(place)} has a part named {name!r}; expected a Python name without a leading underscore"
                )
        return Instance(**{name: self.node(part, below(place, name)) for name, part in node.items()})

    def record(self, kind, node, place):
        known = fields(kind)
        _exactly_keys(
            node,
            [field.name for field in known],
            place,
            {field.name for field in known if field.default is not MISSING},
        )
        hints = get_type_hints(kind)
        values = {name: self.node(part, below(place, name)) for name, part in node.items()}
        for name, value in values.items():
            if not _fits(value, hints[name]):
                _refuse(below(place, name), node[name], formatannotation(hints[name]))
        self.budget.spend_on(kind.__name__, values, place)
        return _make(kind, values, place)

    def tuple(self, node, place):
        if not isinstance(node, list):
            _refuse(root(place), node, "a list")
        return tuple(self.node(node, place))

    def finite(self, node, place):
        return _make(Finite, {"H": _leaf(whole, node, place)}, place)

    def read_discounted_horizon(self, node, place):
        return _make(Discounted, {"gamma": node if isinstance(node, float) else _leaf(rational, node, place)}, place)

    def average(self, node, place):
        return self.endless(Average, node, place)

    def total(self, node, place):
        return self.endless(Total, node, place)

    def endless(self, kind, node, place):
        """A horizon without fields."""
        if node != {}:
            _refuse(root(place), node, "an empty object")
        return kind()

    def array(self, read, dtype, node, place):
        if isinstance(node, dict):
            return self.read_list(read, dtype, node, place)
        if not isinstance(node, list):
            _refuse(root(place), node, "nested lists, or an object with shape, entries")
        shape, level = (), [node]
        while level and isinstance(level[0], list):
            length = len(level[0])
            for k, row in enumerate(level):
                if not isinstance(row, list) or len(row) != length:
                    _refuse(_entry(place, k, shape), row, f"a list of {length}, as long as the first")
            shape, level = (*shape, length), list(chain.from_iterable(level))
            if len(shape) > DIMENSIONS:
                raise InvalidModel(f"{root(place)} has more than {DIMENSIONS} axes")
        self.budget.spend(shape, root(place))
        out = np.empty(len(level), dtype=dtype)
        for k, leaf in enumerate(level):
            entry = read(leaf)
            if entry is None:
                _refuse(_entry(place, k, shape), leaf, read.__doc__)
            out[k] = entry
        return out.reshape(shape)

    def rational(self, node, place):
        return (
            self.array(rational, object, node, place) if isinstance(node, list | dict) else _leaf(rational, node, place)
        )

    def read_list(self, read, dtype, node, place):
        shape, rows = self.shape_and_rows(node, place)
        self.budget.spend(shape, root(place))
        out = zeros(shape, objects(0)) if dtype is object else np.zeros(shape, dtype)
        for index, entry in self.entries(read, shape, rows, place):
            out[index] = entry
        return out

    def csr(self, node, place):
        from scipy.sparse import csr_array

        shape, rows = self.shape_and_rows(node, place)
        if len(shape) != 2:
            _refuse(below(place, "shape"), node["shape"], "a list of 2")
        self.budget.spend((sum(shape),), root(place))
        entries = list(self.entries(double, shape, rows, place))
        # the budget keeps every index below 2^31, where scipy itself takes the narrow width
        index = np.array([index for index, _ in entries], dtype=np.int32).reshape(-1, 2)
        return csr_array((np.array([entry for _, entry in entries], dtype=float), tuple(index.T)), shape=shape)

    def shape_and_rows(self, node, place):
        _exactly_keys(node, ["shape", "entries"], place)
        shape, rows = node["shape"], node["entries"]
        if not isinstance(shape, list) or len(shape) > DIMENSIONS:
            _refuse(below(place, "shape"), shape, f"a list of at most {DIMENSIONS} lengths")
        for k, length in enumerate(shape):
            if type(length) is not int or length < 0:
                _refuse(at(below(place, "shape"), (k,)), length, "an integer of at least 0")
        if not isinstance(rows, list):
            _refuse(below(place, "entries"), rows, "a list of rows [*index, entry]")
        return tuple(shape), rows

    def entries(self, read, shape, rows, place):
        seen = set()
        for k, row in enumerate(rows):
            here = at(below(place, "entries"), (k,))
            if not isinstance(row, list) or len(row) != len(shape) + 1:
                _refuse(here, row, f"a list of {len(shape) + 1}: an index of {len(shape)} and the entry")
            for i, length in zip(row, shape, strict=False):
                if type(i) is not int or not 0 <= i < length:
                    _refuse(f"{here}: an index", i, f"an integer from 0 to {length - 1}")
            *index, leaf = row
            if tuple(index) in seen:
                raise InvalidModel(f"{here} gives entry {tuple(index)} a second time; expected every index once")
            seen.add(tuple(index))
            yield tuple(index), _leaf(read, leaf, here)


# ---- leaves: the number, or None where it is none; the docstring says what was expected
def rational(x):
    """an integer or a text "p/q" with q above 0"""
    if type(x) is int:
        return fmpq(x)
    parts = re.fullmatch("(-?[0-9]+)(?:/([0-9]+))?", x) if isinstance(x, str) else None
    if parts is None:
        return None
    p, q = fmpz(parts[1]), fmpz(parts[2] or "1")
    return None if q == 0 else fmpq(p, q)


def double(x):
    """a finite number that float64 holds"""
    if isinstance(x, float):
        return x if isfinite(x) else None
    return float(x) if type(x) is int and abs(x) <= 2**53 else None


def whole(x):
    """an integer of 64 bits"""
    return x if type(x) is int and -(2**63) <= x < 2**63 else None


def truth(x):
    """true or false"""
    return x if isinstance(x, bool) else None


READERS = {
    "models": Reader.models,
    "tuple": Reader.tuple,
    "rational": Reader.rational,
    "float": lambda reader, node, place: reader.array(double, np.float64, node, place),
    "int": lambda reader, node, place: reader.array(whole, np.int64, node, place),
    "bool": lambda reader, node, place: reader.array(truth, bool, node, place),
    "csr": Reader.csr,
    "Finite": Reader.finite,
    "Discounted": Reader.read_discounted_horizon,
    "Average": Reader.average,
    "Total": Reader.total,
}


def _leaf(read, node, place):
    entry = read(node)
    if entry is None:
        _refuse(root(place), node, read.__doc__)
    return entry


def _make(kind, values, place):
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:  # InvalidModel and ExactnessLost are among them
        raise InvalidModel(f"{root(place)}: {error}") from error


def _fits(value, hint):
    if get_origin(hint) is tuple:
        return isinstance(value, list | tuple) and all(_fits(part, get_args(hint)[0]) for part in value)
    if isinstance(hint, UnionType):
        return any(_fits(value, part) for part in get_args(hint))
    if hint is int:
        return type(value) is int
    return isinstance(value, hint) or (hint is np.ndarray and hasattr(value, "tocsr"))


def _exactly_keys(node, names, place, optional=frozenset()):
    if not isinstance(node, dict):
        _refuse(root(place), node, f"an object with {', '.join(names)}")
    for name in node:
        if name not in names:
            raise InvalidModel(f"{below(place, name)} is unknown; expected {', '.join(names)}")
    for name in names:
        if name not in node and name not in optional:
            raise InvalidModel(f"{below(place, name)} is missing; expected {', '.join(names)}")


def _entry(place, k, shape):
    return at(root(place), tuple(int(i) for i in np.unravel_index(k, shape)) if shape else ())


def _refuse(place, found, expected):
    raise InvalidModel(f"{place} is {_abbreviate(found)}; expected {expected}")


def _abbreviate(found):
    if isinstance(found, Refused):
        return found.words
    if isinstance(found, list):
        return f"a list of {len(found)}"
    if isinstance(found, dict):
        return f"an object with {', '.join(map(str, found))}" if found else "an empty object"
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:57]}..."
