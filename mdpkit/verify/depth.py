"""Depth: a search over instances for one at which the bound is tight or violated."""

import numpy as np

from ..base.mode import propose
from ..search.population import POPULATION, climb, members
from ..search.rounding import rationals
from ..search.score import Score
from .judge import judge_draw
from .tally import Tally


def depth(part, evaluations, seed, resolution) -> Tally:
    """Search every size in the family's ladder, smallest first, and judge the final point of each search exactly.

    Each size is searched twice, the second time with the rounded best point of the first in the population: rounding
    is itself a search step, since worst cases mostly consist of small rationals.
    """
    family, tally = part.instances, Tally()
    rng = np.random.default_rng(seed)
    ladder = family.ladder()
    share = max(evaluations // (2 * len(ladder)), 2 * POPULATION)
    for sizes in ladder:
        score, population = Score(part, sizes), family.random(rng, sizes, POPULATION)
        for _ in range(2):
            with propose():
                population, scores = climb(score, population, share, rng)
                x = rationals(score, members(population, int(np.argmax(scores))))
            tally.add(judge_draw(part, x, resolution), sizes, x)
            for name in family.blocks:
                population[name][0] = getattr(x, name)
        tally.evaluations += 2 * share
        if tally.violation:
            break
    return tally
