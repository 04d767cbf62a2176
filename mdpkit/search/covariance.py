"""CMA-ES over the blocks of a family, flattened to one vector."""

import warnings

import numpy as np

from .engines import PROGRESS
from .population import members, size_of

LARGE = 120
"""From this dimension on only variances are adapted, since the full covariance would cost more than the evaluations."""
STALLED = 60


def covariance(score, population, rng):
    """CMA-ES from one member, in weights (clipped at 0, to reach vertices) or in logits (to approach limits)."""
    from cmaes import CMA, SepCMA

    start = members(population, int(rng.integers(size_of(population))))
    vector = _Vector(score.family, start, logits=bool(rng.random() < 0.5))
    if vector.dimension < 2:
        return
    kind, width = CMA if vector.dimension < LARGE else SepCMA, float(rng.choice([0.2, 0.5, 1.0]))
    search = kind(vector.of(start), width, seed=int(rng.integers(2**31)), population_size=16 * int(rng.integers(1, 5)))
    best, record, without = score(start), start, 0
    while without < STALLED and not search.should_stop():
        points = [search.ask() for _ in range(search.population_size)]
        found = [vector.member(point) for point in points]
        scores = score.of_population({name: np.stack([member[name] for member in found]) for name in start})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the covariance degenerates once the search has converged
            search.tell(
                [(point, -value if np.isfinite(value) else 1e9) for point, value in zip(points, scores, strict=True)]
            )
        k = int(np.argmax(scores))
        without = 0 if scores[k] > best + PROGRESS * abs(best) else without + 1
        if scores[k] > best:
            best, record = float(scores[k]), found[k]
        yield best, record


class _Vector:
    """Members as vectors: weights or logits of rows, and relative positions of Box entries; choices stay fixed."""

    def __init__(self, family, pattern, logits):
        self.logits, self.pattern = logits, pattern
        self.blocks = {
            name: block for name, block in family.blocks.items() if block.row_axes or hasattr(block, "upper")
        }
        self.dimension = sum(pattern[name].size for name in self.blocks)

    def of(self, member):
        parts = [self._inner(block, member[name]).ravel() for name, block in self.blocks.items()]
        return np.concatenate([*parts, np.empty(0)])

    def member(self, point):
        member, at = dict(self.pattern), 0
        for name, block in self.blocks.items():
            shape = self.pattern[name].shape
            part = point[at : at + self.pattern[name].size].reshape(shape)
            member[name], at = self._outer(block, part), at + part.size
        return member

    def _inner(self, block, array):
        if not block.row_axes:
            return (array - float(block.lower)) / (float(block.upper - block.lower) or 1.0)
        return np.log(np.maximum(array, 1e-2)) if self.logits else array

    def _outer(self, block, part):
        if not block.row_axes:
            return block.repair(float(block.lower) + float(block.upper - block.lower) * part)
        return block.repair(np.exp(part - part.max(axis=-1, keepdims=True)) if self.logits else part)
