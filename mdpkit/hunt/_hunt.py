"""Hunt: search for an instance at which a universal inequality is tight or violated."""

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from os import PathLike
from typing import Any

import numpy as np

from ..base.errors import InvalidClaim
from ..base.markup import abbreviate
from ..base.parallel import each_result
from ..base.versions import versions
from ..instances.instance import Instance
from ..verify import register
from ..verify.claim import STATEMENT, Claim, in_seeds
from ..verify.run.parcel import pack_claim, unpack_claim
from ._reading import formula, slope
from ._row import Row, hunt_row
from ._target import Target, target

LEAST_SECONDS = 0.5
"""Minimum seconds per row, needed to try every search engine once."""


@dataclass(frozen=True)
class Hunt:
    """Result of a hunt: lower bounds on the best constant of a claim.

    Attributes:
        claim: its id. part, control: the hunted part or control. target: the hunted statement.
        records: one Row per value of the fixed axes. seed: random seed.
    """

    claim: str
    part: str
    control: str
    target: Target
    records: tuple[Row, ...]
    seed: int

    @property
    def formulas(self) -> dict[str, str]:
        """Axis -> a formula that fits its exact records; only if exactly one axis is fixed."""
        return {name: text for name, points in self._series() if (text := formula(points, name))}

    @property
    def slopes(self) -> dict[str, float]:
        """Axis -> fitted exponent of the growth of the best ratio."""
        found = {
            name: slope([(h, float(_fraction(value))) for h, value in points])
            for name, points in self._series(exact=False)
        }
        return {name: value for name, value in found.items() if value is not None}

    def _series(self, exact=True):
        names = {tuple(row.fixed) for row in self.records}
        if len(names) != 1 or len(next(iter(names))) != 1:
            return
        (name,) = next(iter(names))
        rows = [
            (row.fixed[name], row.exact if exact else row.exact or row.best)
            for row in self.records
            if row.verdict != "SPURIOUS"
        ]
        if all(value is not None for _, value in rows):
            yield name, rows

    @property
    def smallest(self) -> Row | None:
        """The row with the best record; among refuted rows, the one with the smallest violating instance."""
        rows = [row for row in self.records if row.worth is not None]
        refuted = [row for row in rows if row.verdict == "REFUTED"]
        if refuted:
            return min(refuted, key=lambda row: (np.prod(list(row.smallest.x.sizes.values())), -row.best))
        return max(rows, key=lambda row: row.best, default=None)

    @property
    def largest(self) -> Row | None:
        """The row with the largest exactly judged ratio, violations before all others; its `worth` is the record."""
        rows = [row for row in self.records if row.worth is not None]
        return max(rows, key=lambda row: (row.verdict == "REFUTED", row.best), default=None)

    def record(self) -> Instance | None:
        """The instance with the largest ratio, as the claim's check sees it; None where there is none.

        Of a refuted statement it need not be the witness, which is the violation of the smallest size.
        """
        row = self.largest
        return None if row is None else self.target.at(row.fixed).instances.build(row.worth.x)

    def witness(self, row: Row | None = None) -> Instance | None:
        """The smallest instance that witnesses a row's verdict, as the claim's check sees it; None if there is none."""
        row = row or self.smallest
        return None if row is None else self.target.at(row.fixed).instances.build(row.smallest.x)

    def to_data(self) -> dict:
        """JSON data."""
        return {
            "claim": self.claim,
            "part": self.part,
            "control": self.control,
            "records": [row.to_data() for row in self.records],
            "formulas": self.formulas,
            "slopes": {name: round(value, 4) for name, value in self.slopes.items()},
            "seed": self.seed,
            "versions": versions(),
        }

    def __repr__(self):
        lines = [
            f"hunt of {self.claim}{'' if self.part == STATEMENT else f', {self.part}'}{f', with {self.control}' if self.control else ''}"
        ]
        for row in self.records[:7]:
            fixed = " ".join(f"{name}={value}" for name, value in row.fixed.items())
            lines.append(
                f"  {fixed or 'free'}: {row.verdict} {abbreviate(row.exact) if row.exact else f'{row.best:.6g}'}"
            )
        return "\n".join(lines)


def hunt(
    claim: Claim | str | PathLike[str],
    seconds: float = 20,
    *,
    counted: bool = False,
    grid: Mapping[str, Iterable[Any]] | None = None,
    seed: int = 0,
    part: str | None = None,
    control: str | None = None,
    scheduler: Any = None,
    notice: Callable[[str], Any] = lambda words: None,
    progress: Callable[[Row], Any] = lambda row: None,
) -> Hunt:
    """Search for an instance at which a claim is tight or violated; round it, verify it exactly, and shrink it.

    Args:
        claim: a Claim, the id of a registered one, or the path of a claim file.
        seconds: total CPU seconds, shared evenly by the rows.
        counted: replace each second by 2000 evaluations of the check: the result does not depend on machine speed.
        grid: axis or scalar block -> values; one row per combination.
        seed: random seed.
        part: name of the Part to hunt. control: name of a control whose altered statement is hunted instead.
        scheduler: a Dask cluster that hunts the rows in parallel: the address of its scheduler, or a
            `distributed.Client`. The claim is then given by its id or file.
        notice: called with progress sentences. progress: called with every finished Row.

    Returns: a Hunt. Its ratios are lower bounds on the best constant; they do not prove optimality.
    Raises: InvalidClaim for a claim that cannot be hunted (with the reason), an infeasible grid or too small a budget.

    >>> found = hunt("regret_gap_is_bounded_by_recoverability", 3, counted=True, grid={"H": [1]})
    >>> found.records[0].verdict, found.records[0].exact
    ('TIGHT', '1')
    """
    aimed = target(claim if isinstance(claim, Claim) else register.find(claim), part, control)
    cells = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())] if grid else [{}]
    aims = [aimed.at(fixed) for fixed in cells]
    if not aims:
        raise InvalidClaim("the grid is empty; expected at least one value per axis")
    if not seconds / len(aims) >= LEAST_SECONDS:
        raise InvalidClaim(
            f"{seconds} CPU seconds for {len(aims)} rows; each needs {LEAST_SECONDS} to try every search once"
        )
    rows = {}
    if scheduler is None:
        for k, aim in enumerate(aims):
            notice(_words(aim))
            rows[k] = _row(aim, seconds / len(aims), counted, seed, notice)
            progress(rows[k])
    else:
        packed = pack_claim(claim)
        calls = {
            f"{aimed.claim.id}.{_words(aim)}.{k}": (
                packed,
                part,
                control,
                aim.fixed,
                seconds / len(aims),
                counted,
                seed,
            )
            for k, aim in enumerate(aims)
        }
        for name, row in each_result(_hunt_there, calls, scheduler=scheduler, notice=notice):
            rows[int(name.rpartition(".")[2])] = row
            progress(row)
    return Hunt(aimed.claim.id, aimed.part, aimed.control, aimed, tuple(rows[k] for k in range(len(aims))), seed)


def _words(aim):
    return " ".join(f"{name}={value}" for name, value in aim.fixed.items()) or "free"


def _row(aim, seconds, counted, seed, notice):
    name = f"{aim.claim.id}/{in_seeds(aim.part)}/{aim.control}/{sorted(aim.fixed.items())}/{seed}"
    return hunt_row(aim, seconds, np.random.default_rng(zlib.crc32(name.encode())), notice, counted)


def _hunt_there(packed, part, control, fixed, seconds, counted, seed):
    """One row, on a worker."""
    aim = target(unpack_claim(packed), part, control).at(fixed)
    return _row(aim, seconds, counted, seed, lambda words: None)


def _fraction(value):
    from fractions import Fraction

    return Fraction(value) if isinstance(value, str) else value
