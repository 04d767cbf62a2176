"""Depth: a search on the blocks for the instance that makes the two sides meet, or cross.

The search proposes on bare floats; what it finds is rounded row by row to small rationals and judged exactly.
"""

from dataclasses import dataclass

import numpy as np

from ..base.errors import ClaimBroken
from ..base.interval import Interval
from ..base.mode import propose
from ._breadth import judge_draw
from ._claim import Bound
from ._tally import Tally

POPULATION = 32
FINE = (60, 1000, 2**20)
KEPT = 0.995
FLOOR = 0.02
"""Right ends below this share of their usual size do not steer: near 0/0 the best ratios do not survive rounding."""
LEAST = 1e-9
"""Where every right end is 0, left ends of this size are rounding, and larger ones a violation."""


def depth(part, evaluations, seed, resolution) -> Tally:
    """Search every rung of the family's ladder of sizes, smallest first, and judge what each climb ends at exactly.

    A rung is climbed twice, the second time with the rounded best of the first among the population: rounding is
    itself a step of the search, since worst cases are mostly made of small rationals.
    """
    family, tally = part.instances, Tally()
    rng = np.random.default_rng(seed)
    ladder = family.ladder()
    share = max(evaluations // (2 * len(ladder)), 2 * POPULATION)
    for sizes in ladder:
        score, population = _Score(part, sizes), family.random(rng, sizes, POPULATION)
        for _ in range(2):
            with propose():
                population, scores = _climb(score, population, share, rng)
                best = int(np.argmax(scores))
                x = _rationals(score, {name: array[best] for name, array in population.items()})
            tally.add(judge_draw(part, x, resolution), sizes, x)
            for name in family.blocks:
                population[name][0] = getattr(x, name)
        tally.evaluations += 2 * share
        if tally.violation:
            break
    return tally


# ---- climbing on floats
@dataclass
class _Score:
    """Score of one member: the ratio of its sides, or the gap of an equality."""

    part: object
    sizes: dict
    scale: float = 0.0
    error: Exception | None = None

    def __call__(self, arrays) -> float:
        family = self.part.instances
        try:
            with np.errstate(all="ignore"):
                sides = self.part.check(family.build(family.drawn(arrays, self.sizes)))
                return self._bound(sides) if isinstance(sides, Bound) else _mismatch(sides)
        except Exception as error:
            self.error = error
            return -np.inf

    def _bound(self, bound):
        left, right = np.broadcast_arrays(_bare(bound.sides[0]), _bare(bound.sides[-1]))
        self.scale = max(self.scale, float(np.abs(right).max()))
        floor = max(FLOOR * self.scale, LEAST)
        score = (left / np.maximum(right, floor)).max()
        for a, b in zip(bound.sides, bound.sides[1:], strict=False):
            link = _bare(a) / np.maximum(_bare(b), floor)
            score = max(score, float(link.max())) if link.max() > 1 + 1e-6 else score  # a broken link inside the chain counts too
        return float(score) if np.isfinite(score) else -np.inf


def _bare(side):
    """A side as floats; the middle of what a solver still encloses."""
    return np.asarray(side.mid if isinstance(side, Interval) else side, dtype=float)


def _mismatch(equal):
    gaps = [np.abs(_bare(a) - _bare(b)).max() for a, b in equal.pairs.values()]
    return float(max(gaps)) if np.isfinite(gaps).all() else -np.inf


def _climb(score, population, evaluations, rng):
    """The population and its scores after a number of evaluations; every member only ever improves."""
    family, sizes = score.part.instances, score.sizes
    scores = _evaluate(score, population)
    for _ in range(max(1, evaluations // POPULATION - 1)):
        children = _children(family, population, scores, sizes, rng)
        found = _evaluate(score, children)
        better = found > scores
        scores = np.where(better, found, scores)
        population = {name: np.where(_over(better, array), children[name], array) for name, array in population.items()}
    if score.error is not None and not np.isfinite(scores).any():
        why = f"{type(score.error).__name__}: {score.error}"
        raise ClaimBroken(f"no instance of size {sizes} can be searched on bare floats: {why}") from score.error
    return population, scores


def _evaluate(score, population):
    return np.array([score({name: array[k] for name, array in population.items()}) for k in range(POPULATION)])


def _over(flags, array):
    return flags.reshape(-1, *[1] * (array.ndim - 1))


def _children(family, population, scores, sizes, rng):
    """One child a member: steps between members, fresh rows, rows copied from a block of the same outcomes."""
    best = int(np.argmax(scores))
    fresh = family.random(rng, sizes, POPULATION)
    others = rng.integers(POPULATION, size=(2, POPULATION))
    step = rng.choice([0.3, 0.6, 0.9], size=POPULATION)
    kind = rng.random(POPULATION)
    children = {}
    for name, block in family.blocks.items():
        array = population[name]
        rows = array.shape[: array.ndim - block.row_axes]
        if array.dtype.kind == "f":
            from_best = np.where(_over(rng.random(POPULATION) < 0.5, array), array[best], array)
            moved = block.mended(from_best + _over(step, array) * (array[others[0]] - array[others[1]]))
        else:
            moved = np.where(rng.random(array.shape) < 0.5, array[others[0]], array[best])
        rate = rng.choice([1, 2, 4], size=POPULATION) / max(1, np.prod(rows[1:], dtype=int))
        touched = (rng.random(rows) < _over(rate, np.empty(rows))).reshape(*rows, *[1] * block.row_axes)
        twin = _twin(family, population, name, rng)
        source = np.where(_over(rng.random(POPULATION) < 0.25, array), twin, fresh[name])
        base = np.where(_over(rng.random(POPULATION) < 0.5, array), array[best], array)
        children[name] = np.where(_over(kind < 0.4, array), moved, np.where(touched, source, base))
    return children


def _twin(family, population, name, rng):
    """Another block of the same shape (ties such as learner = expert have measure zero otherwise), or the block itself."""
    laws = [other for other, block in family.blocks.items() if block.row_axes and population[other].shape == population[name].shape]
    return population[laws[int(rng.integers(len(laws)))]] if name in laws else population[name]


# ---- from floats to rationals
def _rationals(score, arrays):
    """A draw of small rationals near float blocks, almost as good: every row takes the simplest value that keeps the score."""
    family, sizes = score.part.instances, score.sizes
    arrays = {name: np.array(array, dtype=float if array.dtype.kind == "f" else None) for name, array in arrays.items()}
    exact = {name: np.empty(array.shape, dtype=object) if array.dtype.kind == "f" else array for name, array in arrays.items()}
    record = score(arrays)
    for name, block in family.blocks.items():
        array = arrays[name]
        if array.dtype.kind != "f":
            continue
        for index in np.ndindex(array.shape[: array.ndim - block.row_axes]):
            before = np.array(array[index])
            for row in (*block.simpler(before), *(block.rounded(before, denominator) for denominator in FINE)):
                array[index] = row
                found = score(arrays)
                if found >= KEPT * record:
                    break
            exact[name][index] = row if row.ndim else row[()]
            record = max(record, found)
    return family.drawn(exact, sizes)
