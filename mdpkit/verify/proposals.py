"""Proposals: many float instances of every size, of which a violation is judged exactly."""

from itertools import product

import numpy as np

from ..base.mode import propose
from ..search.score import Score
from .suspicion import Suspicion, best
from .tally import Tally

LEAST = 3
"""Sizes are left out, evenly spaced ones kept, where fewer instances than this would be drawn of each."""


def proposals(part, count, seed, resolution) -> Tally:
    """Score about `count` float instances over all sizes of the family, and judge apparent violations exactly."""
    family, tally, rng = part.instances, Tally(), np.random.default_rng(seed)
    every = combinations(family)
    every = [every[k] for k in np.unique(np.linspace(0, len(every) - 1, max(count // LEAST, 1)).round().astype(int))]
    share = max(count // len(every), 1)
    for sizes in every:
        score, population = Score(part, sizes), family.random(rng, sizes, share)
        with propose():
            scores = score.of_population(population)
        tally.proposed += int(np.isfinite(scores).sum())
        tally.evaluations += share
        if Suspicion(part, resolution, tally).confirm(score, *best(population, scores)):
            break
    return tally


def combinations(family) -> list[dict]:
    """All sizes of a family, the largest first."""
    ranges = [range(high, low - 1, -1) for low, high in family.sizes.values()]
    return [dict(zip(family.sizes, values, strict=True)) for values in product(*ranges)]
