"""Depth: a search on the blocks for the instance that makes the two sides meet, or cross."""

import numpy as np

from ..base.mode import propose
from ..search.population import POPULATION, climb, members
from ..search.rounding import rationals
from ..search.score import Score
from .judge import judge_draw
from .tally import Tally


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
