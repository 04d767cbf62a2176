"""Named blocks: arrays from which a claim's instances are built.

A block knows its axes by name, so one description gives exact draws from bytes, batches of floats for a search,
rounding to small rationals, and deletion along an axis.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq

from ..base.arrays import bare, like, objects, rational
from ..base.errors import InvalidClaim
from ..base.types import Number

WEIGHTS = 13
"""Exact draws use integer weights 0..12, so denominators are at most 12 times the row length."""


Axis: TypeAlias = str | int | tuple[str | int, ...]
"""The name or the length of an axis; a tuple is a product of axes."""


class Block:
    """An array with named axes; subclasses define the admissible entries."""

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        try:
            return tuple(_length(axis, sizes) for axis in self.axes)
        except KeyError as missing:
            raise InvalidClaim(f"{self} has the axis {missing}; the family's sizes are {', '.join(sizes)}") from None

    def count(self, sizes: Mapping[str, int]) -> int:
        """Number of bytes consumed by an exact draw."""
        return prod(self.shape(sizes))

    def delete(self, array: np.ndarray, axis: str, index: int, sizes: Mapping[str, int]) -> np.ndarray | None:
        """The array without entry `index` of a named axis; None if it would be empty."""
        for place, name in reversed(list(enumerate(self.axes))):
            parts = name if isinstance(name, tuple) else (name,)
            if axis not in parts:
                continue
            split = array.reshape(
                *array.shape[:place], *(_length(part, sizes) for part in parts), *array.shape[place + 1 :]
            )
            for offset, part in reversed(list(enumerate(parts))):
                if part == axis:
                    split = np.delete(split, index, axis=place + offset)
            left = split.shape[place : place + len(parts)]
            array = split.reshape(*array.shape[:place], prod(left), *array.shape[place + 1 :])
            if 0 in array.shape:
                return None
        return self.repair(array)

    def repair(self, array: np.ndarray) -> np.ndarray:
        """Project an edited array back into the block."""
        return array

    continuous = False
    """Whether a row can be anywhere between its corners."""

    def corners(self, sizes: Mapping[str, int]) -> list[Any]:
        """Simple values of one row as floats, the ends first."""
        raise NotImplementedError

    def ends(self, sizes: Mapping[str, int]) -> int:
        """How many of the corners are ends."""
        return len(self.corners(sizes))


def _length(axis, sizes) -> int:
    if isinstance(axis, tuple):
        return prod(_length(part, sizes) for part in axis)
    return axis if isinstance(axis, int) else sizes[axis]


@dataclass(frozen=True, init=False)
class Simplex(Block):
    """Distributions along the last axis: `Simplex("S", "A", to="S")` is a transition law `[s,a,n]`.

    Args:
        axes: named axes of the rows.
        to: axis of the outcomes; a tuple of names is their product, flattened in C order.
        within: name of a boolean array on (rows and) outcomes, of the same last axes; rows stay inside it.
    """

    axes: tuple
    within: str | None

    def __init__(self, *axes: Axis, to: Axis, within: str | None = None) -> None:
        object.__setattr__(self, "axes", (*axes, to))
        object.__setattr__(self, "within", within)

    def from_bytes(self, raw: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
        drawn = raw.reshape(self.shape(sizes)).astype(int)
        return self.repair(objects(np.where(drawn < 96, 0, drawn % WEIGHTS)))

    def random(self, rng: np.random.Generator, sizes: Mapping[str, int], batch: int) -> np.ndarray:
        """Half of the rows are deterministic, half uniform on the simplex."""
        shape = (batch, *self.shape(sizes))
        spread = rng.exponential(size=shape)
        certain = np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])]
        return self.repair(np.where(rng.random(shape[:-1])[..., None] < 0.5, certain, spread))

    def repair(self, array: np.ndarray) -> np.ndarray:
        """Clip negative weights to 0 and normalise the rows; a zero row becomes a point mass on its first outcome."""
        exact = array.dtype == object
        array = np.where(array > 0, array, fmpq(0) if exact else 0.0)
        total = array.sum(axis=-1)
        empty = np.asarray(total == 0)
        array[empty, 0] = fmpq(1) if exact else 1.0
        return array / (objects(np.where(empty, 1, total)) if exact else np.where(empty, 1.0, total))[..., None]

    def restrict(self, array: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        """Restrict rows to outcomes in `allowed` and renormalise; a zero row becomes the first allowed outcome."""
        inside = np.broadcast_to(allowed, array.shape)
        array = np.where(inside, array, array * 0)
        total = array.sum(axis=-1)
        first = like((np.arange(array.shape[-1]) == np.argmax(inside, axis=-1)[..., None]).astype(int), array)
        array = np.where(bare(total == 0)[..., None], first, array)
        return array / array.sum(axis=-1)[..., None]

    def round(self, array: np.ndarray, denominator: int) -> np.ndarray:
        """Round rows to multiples of 1/denominator that sum to 1, by largest remainders."""
        scaled = array * denominator
        floor = np.floor(scaled + 1e-9).astype(int)
        missing = denominator - floor.sum(axis=-1)
        order = np.argsort(np.argsort(-(scaled - floor), axis=-1, kind="stable"), axis=-1, kind="stable")
        return self.repair(objects(floor + (order < missing[..., None])))

    def simpler(self, row: np.ndarray) -> Iterator[np.ndarray]:
        """Simpler candidate rows: point masses, uniform pairs, small weights."""
        m = len(row)
        yield from (objects(np.eye(m, dtype=int)[k]) for k in range(m))
        for k in range(m):
            for l in range(k):
                yield objects(np.eye(m, dtype=int)[k] + np.eye(m, dtype=int)[l]) / 2
        numeric = np.array([float(x) for x in row])
        for denominator in (2, 3, 4, 6, 8, 12, 24):
            yield self.round(numeric, denominator)

    def corners(self, sizes: Mapping[str, int]) -> list[Any]:
        certain = np.eye(_length(self.axes[-1], sizes))
        return [*certain, *((first + second) / 2 for first, second in combinations(certain, 2))]

    def ends(self, sizes: Mapping[str, int]) -> int:
        return _length(self.axes[-1], sizes)

    row_axes = 1
    continuous = True


@dataclass(frozen=True, init=False)
class Box(Block):
    """Numbers in an interval: `Box("S", "A")` is a reward `[s,a]` in [0, 1].

    Args: axes: named axes. lower, upper: integers or fractions.
    """

    axes: tuple
    lower: fmpq
    upper: fmpq

    def __init__(self, *axes: Axis, lower: Number = 0, upper: Number = 1) -> None:
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "lower", rational(lower))
        object.__setattr__(self, "upper", rational(upper))
        if not self.lower <= self.upper:
            raise InvalidClaim(f"the box runs from {lower} to {upper}; its lower end lies above its upper end")

    def from_bytes(self, raw: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
        drawn = raw.reshape(self.shape(sizes)).astype(int)
        twelfths = np.select([drawn < 64, drawn < 80, drawn < 192], [0, WEIGHTS // 2, drawn % WEIGHTS], WEIGHTS - 1)
        return self._at(objects(twelfths) / 12)

    def random(self, rng: np.random.Generator, sizes: Mapping[str, int], batch: int) -> np.ndarray:
        """Each entry is at the lower end, at the upper end or uniform in between, with probability 1/3 each."""
        where = rng.random((batch, *self.shape(sizes)))
        return float(self.lower) + float(self.upper - self.lower) * np.clip(3 * where - 1, 0, 1)

    def repair(self, array: np.ndarray) -> np.ndarray:
        if array.dtype == object:
            return objects(np.minimum(np.maximum(array, self.lower), self.upper))
        return np.clip(array, float(self.lower), float(self.upper))

    def round(self, array: np.ndarray, denominator: int) -> np.ndarray:
        span = float(self.upper - self.lower) or 1.0
        return self._at(objects(np.rint((array - float(self.lower)) / span * denominator).astype(int)) / denominator)

    def simpler(self, entry: np.ndarray) -> Iterator[np.ndarray]:
        """Simpler candidate entries: the ends, 0, the midpoint, small fractions of the range."""
        zero = [fmpq(0)] if self.lower <= 0 <= self.upper else []
        for value in [*zero, self.lower, self.upper, (self.lower + self.upper) / 2]:
            yield objects(value)
        for denominator in (2, 3, 4, 6, 12):
            yield self.round(np.asarray(float(np.asarray(entry)[()])), denominator)

    def _at(self, fraction):
        return objects(self.lower + (self.upper - self.lower) * fraction)

    def corners(self, sizes: Mapping[str, int]) -> list[Any]:
        low, high = float(self.lower), float(self.upper)
        return [low, high, (low + high) / 2, *([0.0] if low < 0 < high and low != -high else [])]

    def ends(self, sizes: Mapping[str, int]) -> int:
        return 2

    row_axes = 0
    continuous = True


@dataclass(frozen=True, init=False)
class Choice(Block):
    """Entries among finitely many values: `Choice("S", of="A")` is an action per state.

    Args: axes: named axes. of: an axis (integers 0..size-1), or a tuple of rational values.
    """

    axes: tuple
    of: str | tuple

    def __init__(self, *axes: Axis, of: str | tuple[Number, ...]) -> None:
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "of", of if isinstance(of, str) else tuple(rational(value) for value in of))

    def from_bytes(self, raw: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
        return self._values(raw.reshape(self.shape(sizes)).astype(int) % self.options(sizes))

    def random(self, rng: np.random.Generator, sizes: Mapping[str, int], batch: int) -> np.ndarray:
        picked = rng.integers(self.options(sizes), size=(batch, *self.shape(sizes)))
        return picked if isinstance(self.of, str) else self._floats()[picked]

    def repair(self, array: np.ndarray) -> np.ndarray:
        """Round floats to the nearest value."""
        return self._floats()[self._nearest(array)] if array.dtype.kind == "f" else array

    def round(self, array: np.ndarray, denominator: int) -> np.ndarray:
        return np.asarray(array) if isinstance(self.of, str) else self._values(self._nearest(array))

    def simpler(self, entry: np.ndarray) -> Iterator[np.ndarray]:
        if not isinstance(self.of, str):
            yield from (objects(value) for value in self.of)

    def options(self, sizes: Mapping[str, int]) -> int:
        return sizes[self.of] if isinstance(self.of, str) else len(self.of)

    def delete(self, array: np.ndarray, axis: str, index: int, sizes: Mapping[str, int]) -> np.ndarray | None:
        if axis == self.of:
            array = np.where(array >= index, np.maximum(array - 1, 0), array)
        return super().delete(array, axis, index, sizes)

    def corners(self, sizes: Mapping[str, int]) -> list[Any]:
        return list(range(self.options(sizes)) if isinstance(self.of, str) else self._floats())

    def _floats(self):
        return np.array([float(value) for value in self.of])

    def _nearest(self, array):
        return np.abs(np.asarray(array)[..., None] - self._floats()).argmin(axis=-1)

    def _values(self, picked):
        return np.asarray(picked) if isinstance(self.of, str) else objects(np.array(self.of, dtype=object)[picked])

    row_axes = 0
