"""Depth: a search over instances for one at which the bound is tight or violated."""

import numpy as np

from ..base.errors import ClaimBroken
from ..base.mode import propose
from ..search import rays
from ..search.moves import MOST, polish, simplify
from ..search.population import generations
from ..search.rounding import round_together
from ..search.score import Score
from .suspicion import Suspicion, best, violates
from .tally import Tally

POPULATION = 64
STALLED = 12
"""Generations without a gain of `GAIN` after which the search of a size ends."""
GAIN = 1e-3
SIMPLIFIED = 2
"""Number of times that the best point of a search is simplified and polished again."""
SHARE, LEAST = 10, 64
"""Of the evaluations at a size, the share that are moves of single rows scored at once, `LEAST` of them at least."""
NOISE = 1e-9
"""Differences of an equality up to which a search would climb rounding errors only."""
BASES, RAYS = 4, 4
"""Number of members from which rays to the boundary start, and number of rays judged exactly."""


def depth(part, evaluations, seed, resolution, most=6) -> Tally:
    """Search every size in the family's ladder, smallest first, and judge the final point of each search exactly.

    Args: evaluations: float evaluations of all populations, shared by the sizes. most: the number of sizes.
    Raises: ClaimBroken if no instance of a size can be evaluated in floats.
    """
    tally, rng = Tally(), np.random.default_rng(seed)
    ladder = part.instances.ladder(most)
    for sizes in ladder:
        if _search(part, sizes, evaluations // len(ladder), rng, resolution, tally):
            break
    return tally


def _search(part, sizes, evaluations, rng, resolution, tally) -> bool:
    """Search one size; whether the statement was refuted."""
    score, suspicion = Score(part, sizes), Suspicion(part, resolution, tally)
    record, without = -np.inf, 0
    with propose():
        running = generations(score, part.instances.random(rng, sizes, POPULATION), rng)
        while True:
            population, scores = next(running)
            value, member = best(population, scores)
            if _outside(suspicion, score, value, member):
                tally.evaluations += score.evaluations
                return True
            without = 0 if value > record + GAIN * abs(record) or not np.isfinite(record) else without + 1
            record = max(record, value)
            if without >= STALLED or score.evaluations + POPULATION > evaluations // score.price:
                break
            if score.equality and value < NOISE and score.evaluations >= 2 * POPULATION:
                break
        if score.error is not None and not np.isfinite(scores).any():
            why = f"{type(score.error).__name__}: {score.error}"
            raise ClaimBroken(f"no instance of size {sizes} can be searched on plain floats: {why}") from score.error
        if not score.equality:
            value, member = _refine(score, member, rng, min(MOST, max(evaluations // SHARE, LEAST)))
        x = round_together(score, member)
    refuted = (
        suspicion.confirm(score, value, member)
        or violates(suspicion.judge(x, sizes))
        or (not score.equality and _near_the_boundary(suspicion, score, population, scores, member, rng))
    )
    tally.evaluations += score.evaluations
    return refuted


def _outside(suspicion, score, value, member):
    """The exact judgement of a suspect, which must not run in the proposing mode of the search."""
    with propose(False):
        return suspicion.confirm(score, value, member)


def _refine(score, member, rng, most):
    """Score and member after single-row moves, and after simplifications as long as these open up further gains."""
    member, value = polish(score, member, rng, most=most)
    for _ in range(SIMPLIFIED):
        simpler, _ = simplify(score, member, rng, most=most)
        better, reached = polish(score, simpler, rng, most=most)
        if not reached > value + GAIN * abs(value):
            break
        member, value = better, reached
    return value, member


def _near_the_boundary(suspicion, score, population, scores, member, rng):
    """Whether an exact violation lies on a ray from one of the best members to the boundary."""
    family, sizes = score.family, score.sizes
    near = score.near_the_boundary()
    starts = [member, *rays.bases(population, scores, rng, max(BASES // score.price - 1, 0))]
    with propose():
        found = rays.promising(near, [ray for start in starts for ray in rays.rays_from(family, start, rng)], RAYS)
    suspicion.tally.evaluations += near.evaluations
    for ray, _ in found:
        for x in rays.suspects(ray, family, sizes):
            if violates(suspicion.judge(x, sizes)):
                return True
    return False
