"""A family of instances: named blocks, size ranges, and the records built from them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from types import SimpleNamespace
from typing import Self

import numpy as np

from ..base.arrays import exactly, floats, is_exact, like
from ..base.errors import InvalidClaim
from ..base.record import Record
from ..base.types import Numbers
from .blocks import Block, Choice, Simplex
from .instance import Instance


class Drawn(SimpleNamespace):
    """One draw: the blocks by name, and `sizes`."""

    def like(self, array: Numbers) -> np.ndarray:
        """Integers, fractions or "p/q" text in the number kind of this draw."""
        return like(array, next(_numeric(self), np.empty(0, dtype=object)))


def _numeric(x):
    """Arrays of a draw that hold floats or rationals."""
    return (
        value for value in vars(x).values() if getattr(value, "dtype", None) is not None and value.dtype.kind in "fO"
    )


@dataclass(frozen=True)
class Family:
    """The instances over which a statement is quantified.

    Args:
        blocks: name -> Simplex, Box or Choice.
        sizes: axis name -> (smallest, largest). An axis may be carried by no block; models read it from `x.sizes`.
        models: name -> function of the draw `x` that builds a record (or any value the check wants).
        fixed: axes that belong to the statement and are never shrunk.
        repair: function that maps a draw to one that satisfies the assumptions.

    >>> from mdpkit.model import TabularPolicy
    >>> sizes, build = dict(S=(1, 2), A=(2, 2)), dict(policy=lambda x: TabularPolicy(x.pi))
    >>> family = Family(dict(pi=Simplex("S", to="A")), sizes, build)
    >>> family.build(family.from_bytes(bytes(4), dict(S=2, A=2))).policy
    TabularPolicy(S=2, A=2, stationary, rational)
    """

    blocks: dict[str, Block]
    sizes: dict[str, tuple[int, int]]
    models: dict[str, Callable]
    fixed: tuple[str, ...] = ()
    repair: Callable | None = None
    given: dict[str, Record] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for axis, ends in self.sizes.items():
            low, high = ends
            if not 1 <= low <= high:
                raise InvalidClaim(
                    f"sizes[{axis!r}] is {ends}; expected (smallest, largest) with 1 <= smallest <= largest"
                )
        for name, block in self.blocks.items():
            if not isinstance(block, Block):
                raise InvalidClaim(f"blocks[{name!r}] is {block!r}; expected a Simplex, Box or Choice")

    @property
    def exact(self) -> bool:
        """Whether draws are rational, i.e. unless a given problem holds floats."""
        return not any(model._pattern().size and not model.exact for model in self.given.values())

    # ---- drawing
    def from_bytes(self, raw: bytes, sizes: Mapping[str, int]) -> Drawn:
        """Decode bytes into an exact draw; zero bytes give the simplest one."""
        data, arrays, at = np.frombuffer(raw, dtype=np.uint8), {}, 0
        for name, block in self.blocks.items():
            count = block.count(sizes)
            arrays[name] = block.from_bytes(data[at : at + count], sizes)
            at += count
        return self.to_draw(arrays, sizes)

    def byte_count(self, sizes: Mapping[str, int]) -> int:
        return sum(block.count(sizes) for block in self.blocks.values())

    def random(self, rng: np.random.Generator, sizes: Mapping[str, int], batch: int) -> dict[str, np.ndarray]:
        """Random float blocks with a leading batch axis."""
        return {name: block.random(rng, sizes, batch) for name, block in self.blocks.items()}

    def to_draw(self, arrays: Mapping[str, np.ndarray], sizes: Mapping[str, int]) -> Drawn:
        """Make a draw from arrays, restricted to masks and repaired to satisfy the assumptions."""
        arrays = dict(arrays)
        for name, block in self.blocks.items():
            if isinstance(block, Simplex) and block.within:
                for model in self.given.values():
                    allowed = getattr(model, block.within, None)
                    if allowed is not None:
                        arrays[name] = block.restrict(arrays[name], allowed)
        x = Drawn(**arrays, sizes=dict(sizes))
        return self.repair(x) if self.repair else x

    def round_draw(self, arrays: Mapping[str, np.ndarray], denominator: int, sizes: Mapping[str, int]) -> Drawn:
        """Round float blocks to a draw of small rationals."""
        return self.to_draw(
            {name: block.round(arrays[name], denominator) for name, block in self.blocks.items()}, sizes
        )

    def exactly(self, arrays: Mapping[str, np.ndarray], sizes: Mapping[str, int]) -> Drawn:
        """The draw that float blocks represent: entries as dyadic rationals, distributions divided by their sums."""
        exact = {
            name: block.repair(exactly(arrays[name])) if arrays[name].dtype.kind == "f" else arrays[name]
            for name, block in self.blocks.items()
        }
        return self.to_draw(exact, sizes)

    # ---- building
    def build(self, x: Drawn) -> Instance:
        """Build the records that checks, assumptions and controls receive."""
        exact = is_exact(next(_numeric(x), np.empty(0, dtype=object)))
        built = {}
        for name, make in self.models.items():
            if name in self.given:
                built[name] = self.given[name] if exact else self._float_constant(name)
            else:
                built[name] = make(x)
        return Instance(**built)

    def _float_constant(self, name):
        cached = self.__dict__.setdefault("_floats", {})
        if name not in cached:
            cached[name] = self.given[name].to_float()
        return cached[name]

    def to_float(self, x: Drawn) -> Drawn:
        """The same draw in float64."""
        arrays = {name: floats(value) if is_exact(value) else value for name, value in vars(x).items()}
        return Drawn(**arrays)

    def on(self, name: str, problem: Record, replaced: Iterable[str]) -> Self | None:
        """The family with one model fixed to a given problem; None if a block needs an axis that the problem lacks."""
        blocks = {key: block for key, block in self.blocks.items() if key not in replaced}
        known = problem.sizes()
        needed = {
            part
            for block in blocks.values()
            for axis in _axes(block)
            for part in (axis if isinstance(axis, tuple) else (axis,))
        }
        if "H" in needed and "H" not in known:
            return None
        sizes = {axis: (known[axis],) * 2 if axis in known else ends for axis, ends in self.sizes.items()}
        return replace(self, blocks=blocks, sizes=sizes, given={name: problem}, fixed=(*self.fixed, *known))

    # ---- sizes
    def ladder(self, most: int = 6) -> list[dict[str, int]]:
        """Up to `most` combinations of sizes from the smallest to the largest, both included."""
        ranges = [range(low, high + 1) for low, high in self.sizes.values()]
        every = [dict(zip(self.sizes, values, strict=True)) for values in product(*ranges)]
        every.sort(key=lambda sizes: (self.byte_count(sizes), prod(sizes.values()), tuple(sizes.values())))
        steps = np.unique(np.linspace(0, len(every) - 1, min(most, len(every))).round().astype(int))
        return [every[k] for k in steps]


def _axes(block):
    return (*block.axes, block.of) if isinstance(block, Choice) and isinstance(block.of, str) else block.axes
