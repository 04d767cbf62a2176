"""Immutable records: validated at construction, compared and hashed by content."""

import hashlib
from dataclasses import fields, replace
from fractions import Fraction
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from flint import fmpq

from .arrays import bare, exactly, floats, freeze, is_exact, like, nearest, rationals
from .errors import ExactnessLost, InvalidModel
from .mode import proposing
from .shown import Shown, tabulate
from .types import Numbers


class Record(Shown):
    """Base class of the frozen dataclasses that represent models.

    Equality and `digest()` depend on content; unpickling calls the constructor, and so validates.
    """

    laws = ()
    """Names of the fields whose last axis is a distribution."""

    axes: ClassVar[dict[str, str]] = {}
    """Index letters of the fields' axes; the leading ones are dropped if an array has fewer."""

    def like(self, array: Numbers) -> np.ndarray:
        """Integers, fractions or "p/q" text as an array of the record's number kind."""
        return like(array, self._pattern())

    @cached_property
    def exact(self) -> bool:
        """Whether the record's numbers are rationals."""
        return is_exact(self._pattern())

    def sizes(self) -> dict:
        """Length of every named axis, such as {"S": 3, "A": 2}."""
        return {}

    def to_float(self) -> Self:
        """The same record with every rational rounded to the nearest float64."""
        return self._map(floats)

    def to_exact(self) -> Self:
        """The rational record represented by the floats: numbers converted exactly, distributions renormalised."""
        return self._map(exactly, lambda law: law / np.where(law.sum(axis=-1) == 0, 1, law.sum(axis=-1))[..., None])

    def _axis_names(self) -> dict:
        """Names of the indices of an axis letter."""
        return {}

    def _tables(self):
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        names = self._axis_names()
        return tuple(
            tabulate(name, array, self.axes.get(name, ""), names)
            for name, array in arrays.items()
            if isinstance(array, np.ndarray)
        )

    def digest(self) -> str:
        """Content digest, 16 hex digits."""
        text = hashlib.sha256(type(self).__name__.encode())
        for field in fields(self):
            text.update(f"|{field.name}:".encode() + _content(getattr(self, field.name)))
        return text.hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.digest() == other.digest()

    def __hash__(self):
        return hash(self.digest())

    def __reduce__(self):
        return _rebuild, (type(self), {field.name: getattr(self, field.name) for field in fields(self)})

    def _pattern(self):
        values = (getattr(self, field.name) for field in fields(self))
        arrays = [value for value in values if isinstance(value, np.ndarray) and value.dtype.kind in "fO"]
        return arrays[0] if arrays else np.empty(0)

    def _map(self, convert, law=lambda array: array):
        changed = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray) and value.dtype.kind in "fO":
                changed[field.name] = law(convert(value)) if field.name in self.laws else convert(value)
            elif isinstance(value, float | fmpq):
                changed[field.name] = convert(np.asarray(value))[()]
            elif hasattr(value, "_map"):
                changed[field.name] = value._map(convert, law)
        return replace(self, **changed)

    def _set(self, **values):
        for name, value in values.items():
            object.__setattr__(
                self, name, freeze(value) if isinstance(value, np.ndarray) and not proposing() else value
            )


def texts(field, names, count) -> tuple[str, ...] | None:
    """One text for each of `count` things, or None.

    Raises: InvalidModel if their number is not `count`, or two are equal.
    """
    if names is None:
        return None
    names = tuple(map(str, names))
    if len(names) != count or len(set(names)) != count:
        raise InvalidModel(
            f"{field} has {len(names)} entries, {len(set(names))} of them different; expected {count} different"
        )
    return names


def _rebuild(kind, values):
    return kind(**values)


def _content(value) -> bytes:
    if isinstance(value, np.ndarray):
        head = f"{'exact' if is_exact(value) else value.dtype.str}{value.shape}".encode()
        return head + (
            " ".join(map(str, value.ravel())).encode() if is_exact(value) else np.ascontiguousarray(value).tobytes()
        )
    if hasattr(value, "tocsr"):
        indices, starts = (
            np.ascontiguousarray(part, dtype=np.int64) for part in (value.indices, value.indptr)
        )  # scipy chooses the width
        return b"csr" + value.data.tobytes() + indices.tobytes() + starts.tobytes()
    if isinstance(value, Record):
        return value.digest().encode()
    return repr(value).encode()


def numbers(name, value, exact, axes):
    """`value` as a float64 or rational array with the named axes.

    Args:
        axes: one index letter per dimension, such as "san"; several alternatives as a tuple.

    Raises: InvalidModel with the actual and expected shapes, or with the entry that is not finite.
    """
    array = field_array(name, value, axes)
    if array.dtype.kind not in "biufO":
        hint = "; make rationals of text with mdpkit.objects" if array.dtype.kind == "U" else ""
        raise InvalidModel(f"{name} holds {array.dtype}, not numbers{hint}")
    if array.ndim not in {len(choice) for choice in _choices(axes)}:
        raise InvalidModel(f"{name} has shape {array.shape}; expected {shape_words(name, axes)}")
    if exact:
        if array.dtype.kind == "f":
            raise InvalidModel(f"{name} holds floats while the rest is rational; write integers, Fractions or 'p/q'")
        try:
            return rationals(array)
        except (ExactnessLost, ValueError, ZeroDivisionError) as error:
            raise InvalidModel(f"{name} is not an array of rationals: {error}") from error
    array = floats(array)
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InvalidModel(f"{at(name, where)} is {array[where]}; every entry must be finite")
    return array


def field_array(name, value, axes) -> np.ndarray:
    """The value of a field as an array.

    Args: axes: as for `numbers`.
    Raises: InvalidModel if nested lists differ in length, naming the first two that do.
    """
    try:
        return np.asarray(value)
    except ValueError as error:
        parts = [
            f"{at(name, index)} {'is not a list' if length is None else f'has length {length}'}"
            for index, length in _uneven(value)
        ]
        raise InvalidModel(
            f"{name} is ragged: {', '.join(parts) or error}; expected {shape_words(name, axes)}"
        ) from error


def _uneven(value) -> list:
    """(index, length) of the first two entries of unequal length at one level of nested lists.

    The length is None for an entry that is not a list.
    """
    level = {(): value}
    while level:
        lengths = {index: _length(part) for index, part in level.items()}
        first = next(iter(lengths.items()))
        other = next((each for each in lengths.items() if each[1] != first[1]), None)
        if other:
            return [first, other]
        level = {(*index, k): entry for index, part in level.items() if lengths[index] for k, entry in enumerate(part)}
    return []


def _length(part):
    return len(part) if isinstance(part, list | tuple) or getattr(part, "ndim", 0) else None


def expect_counts(least=1, **counts):
    """Check that all counts are integers of at least `least`.

    Raises: InvalidModel naming the first that is not.

    >>> expect_counts(rounds=3)
    """
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < least:
            raise InvalidModel(f"{name} is {count!r}; expected an integer of at least {least}")


def expect_confidence(confidence: str | float | Fraction) -> Fraction:
    """The error probability 1 - confidence.

    Raises: InvalidModel unless confidence is a number between 0 and 1, ends excluded.

    >>> expect_confidence("19/20")
    Fraction(1, 20)
    """
    try:
        error = 1 - Fraction(confidence)
    except (TypeError, ValueError, OverflowError):
        error = Fraction(0)
    if not 0 < error < 1:
        raise InvalidModel(f"confidence is {confidence}; expected a number between 0 and 1")
    return error


def any_exact(*values) -> bool:
    """Whether one of the given arrays or numbers is rational, which makes the record rational.

    Integers are neutral: they take the kind of the others, or float64 if all are integers. Ragged lists, which
    `numbers` rejects, are neutral too.
    """
    return any(value is not None and _holds_objects(value) for value in values)


def _holds_objects(value) -> bool:
    try:
        return bare(value).dtype == object
    except ValueError:
        return False


def shape_words(name, axes) -> str:
    """Description of the admissible axes of an array, such as `P[s,a,n] or P[t,s,a,n]`."""
    return " or ".join(f"{name}[{','.join(choice)}]" for choice in _choices(axes))


def _choices(axes):
    return (axes,) if isinstance(axes, str) else axes


def at(name, index) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def distributions(name, array, tolerance, present=None):
    """Check that every row along the last axis is a distribution.

    Args:
        present: boolean array over the rows; rows marked False are skipped.

    Raises: InvalidModel naming the negative entry, or the row and the difference of its sum from 1.
    """
    rows = np.ones(array.shape[:-1], dtype=bool) if present is None else np.broadcast_to(present, array.shape[:-1])
    if array.size == 0:
        raise InvalidModel(f"{name} is empty: its shape is {array.shape}")
    negative = (array < 0) & rows[..., None]
    if negative.any():
        where = tuple(int(i) for i in np.argwhere(negative)[0])
        raise InvalidModel(f"{at(name, where)} is {array[where]}; a probability is at least 0")
    with np.errstate(over="ignore"):
        sums = array.sum(axis=-1)
    off = np.asarray(sums != 1 if is_exact(array) else abs(sums - 1) > tolerance, dtype=bool) & rows
    if off.any():
        where = tuple(int(i) for i in np.argwhere(off)[0])
        total = np.asarray(sums)[where]
        shown, gap = (str(total), nearest(abs(total - 1))) if is_exact(array) else (f"{total:.12g}", abs(total - 1))
        raise InvalidModel(f"{at(name, where)} sums to {shown}, not 1 (off by {gap:.1e})")


def defect(array) -> float:
    """Maximum difference of float row sums from 1, including rounding of the sums; 0 for rationals."""
    if is_exact(array):
        return 0.0
    return float(np.abs(array.sum(axis=-1) - 1).max(initial=0.0)) + array.shape[-1] * 2.0**-52
