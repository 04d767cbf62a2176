"""The objective of a search."""

from contextlib import contextmanager
from itertools import pairwise

import numpy as np

from ..base.interval import Interval
from .batched import Batched, Diverged
from .batched.array import full

FLOOR = 0.02
"""Lower bound on right ends, as a fraction of their typical size: large ratios near 0/0 do not survive rounding."""
FIRST = 64
"""Number of evaluations whose median is the typical size of a right end; a maximum would mislead if unbounded."""
LEAST = 1e-9
"""If all right ends are 0, left ends up to this size are attributed to rounding, and larger ones are violations."""
ROUNDING, TINIEST = 2.0**-44, 2.0**-900
"""Near a boundary, left ends up to this fraction of their typical size are attributed to rounding."""
LINK = 1e-6
"""Inner inequalities of a chain count if they are violated by more than this."""
ALONE = 2
"""Populations up to this size are scored one by one."""
MANY = 16
"""Populations from this size on count as failures if most members take branches of their own."""
SINGLY = 8
"""Price of an evaluation of a statement whose populations cannot be scored at once; it takes 10 to 20 times as long."""
FAILURES = 3
"""Number of populations that could not be scored at once, after which members are scored one by one."""


class Score:
    """Score of a member or population: ratio of the two sides, or maximum gap of an equality; -inf if undefined.

    Args:
        part: a statement, with `instances` (a Family) and `check`.
        sizes: length of every axis.
        gates: functions of an instance; if one of them is False, the score is -inf.
        floor: right ends are bounded below by this fraction of their typical size, or by `LEAST`.

    A member is a dictionary of float or integer arrays by block name; in a population they have a leading batch axis.

    Attributes:
        scale: typical sizes of the left and of the right end.
        evaluations: number of members scored. runs: number of runs of the check.
        unbatched: reasons why populations were scored one by one.
    """

    def __init__(self, part, sizes, gates=(), floor=FLOOR):
        self.part, self.sizes, self.gates, self.floor = part, sizes, gates, floor
        self.scale, self.error, self.evaluations, self.runs = (0.0, 0.0), None, 0, 0
        self.unbatched = []
        self.equality = False
        self._seen, self._fixed = [], False

    @property
    def family(self):
        return self.part.instances

    def near_the_boundary(self):
        """The same score for right ends that tend to 0: its only floor covers the rounding errors of the left ends."""
        other = Score(self.part, self.sizes, self.gates, floor=None)
        other.take_scale(self)
        return other

    def take_scale(self, other):
        """Take the typical sizes of the ends from another score of the same statement."""
        self.scale, self._seen = other.scale, list(other._seen)

    @property
    def settled(self) -> bool:
        """Whether the typical sizes are estimated, and no longer change."""
        return len(self._seen) >= FIRST

    @property
    def price(self) -> int:
        """Cost of an evaluation relative to one scored in a population: `SINGLY` if members are scored one by one."""
        return SINGLY if self.unbatched else 1

    # ---- one member
    def __call__(self, member) -> float:
        self.evaluations += 1
        self.runs += 1
        try:
            with np.errstate(all="ignore"):
                sides = self._sides(member)
                return -np.inf if sides is None else float(self._of(sides, 1)[0])
        except Exception as error:
            self.error = error
            return -np.inf

    def of(self, sides) -> float:
        """The score of a Bound or an Equal of plain numbers."""
        return float(self._of(sides, 1)[0])

    def _sides(self, blocks):
        """The two sides, or None where a gate is closed."""
        instance = self.family.build(self.family.to_draw(blocks, self.sizes))
        return self.part.check(instance) if all(gate(instance) for gate in self.gates) else None

    # ---- a population
    def of_population(self, population) -> np.ndarray:
        """The scores of all members, `[b]`, by as few runs of the check as its branches on values allow."""
        n, runs, settled = len(next(iter(population.values()))), self.runs, self.settled
        scores = np.full(n, -np.inf)
        self._score(population, np.arange(n), scores)
        if not settled and self.runs > runs + 1:  # the parts of the population were scored by different typical sizes
            with self.estimate():
                self._score(population, np.arange(n), scores)
        return scores

    @contextmanager
    def estimate(self):
        """Context in which typical sizes stay as they are."""
        self._fixed = True
        try:
            yield
        finally:
            self._fixed = False

    def _score(self, population, index, scores):
        if len(index) <= ALONE or len(self.unbatched) >= FAILURES:
            self._one_by_one(population, index, scores)
            return
        part = {name: Batched(array[index]) for name, array in population.items()}
        try:
            with np.errstate(all="ignore"):
                self.runs += 1
                sides = self._sides(part)
                if sides is not None:
                    scores[index] = self._of(sides, len(index))
            self.evaluations += len(index)
        except Diverged as branch:
            _, inverse = np.unique(branch.keys, return_inverse=True)
            groups = inverse.max() + 1
            if groups > len(index) // 2:
                if len(index) >= MANY:
                    self.unbatched.append(f"{len(index)} members take {groups} branches")
                self._one_by_one(population, index, scores)
                return
            for k in range(groups):
                self._score(population, index[inverse == k], scores)
        except Exception as error:  # the members themselves say which of them cannot be evaluated
            self.unbatched.append(f"{type(error).__name__}: {error}")
            self._one_by_one(population, index, scores)

    def _one_by_one(self, population, index, scores):
        for k in index:
            scores[k] = self({name: array[k] for name, array in population.items()})

    # ---- sides
    def _of(self, sides, n):
        """Scores `[n]` of sides that are populations, or plain numbers of one member."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            self.equality = hasattr(sides, "pairs")
            found = _mismatch(sides.pairs, n) if self.equality else self._ratio(sides.sides, n)
        return np.where(np.isfinite(found), found, -np.inf)

    def _ratio(self, sides, n):
        ends = [bare(side) for side in sides]
        left, right = _rows((ends[0], ends[-1]), n)
        if not self.settled and not self._fixed:
            both = np.stack([np.abs(end).max(axis=1) for end in (left, right)], axis=1)
            self._seen.extend(both[: FIRST - len(self._seen)].tolist())
            self.scale = tuple(np.median(self._seen, axis=0).tolist())
        floor = ROUNDING * self.scale[0] + TINIEST if self.floor is None else max(self.floor * self.scale[1], LEAST)
        score = (left / np.maximum(right, floor)).max(axis=1)
        for a, b in pairwise(ends) if len(ends) > 2 else ():
            left, right = _rows((a, b), n)
            link = (left / np.maximum(right, floor)).max(axis=1)
            score = np.where(link > 1 + LINK, np.maximum(score, link), score)  # a violated inner inequality counts too
        return score


def bare(side):
    """A side as plain floats, or as a population of them; the midpoint of an Interval."""
    side = side.mid if isinstance(side, Interval) else side
    return side if isinstance(side, Batched) else np.asarray(side, dtype=float)


def _rows(sides, n):
    """Sides that broadcast against each other, as `[b, entry]`."""
    shape = np.broadcast_shapes(*(side.shape for side in sides))
    return [_spread(side, shape, n).reshape(n, -1) for side in sides]


def _spread(side, shape, n):
    values = full(side, n)
    values = values.reshape(n, *[1] * (len(shape) - values.ndim + 1), *values.shape[1:])
    return np.broadcast_to(values, (n, *shape))


def _mismatch(pairs, n):
    gaps = []
    for a, b in pairs.values():
        left, right = _rows((bare(a), bare(b)), n)
        gaps.append(np.abs(left - right).max(axis=1))
    return np.max(gaps, axis=0)
