"""Breadth: exact draws of varied structure at all sizes: sparse rows, ties, and tiny probabilities."""

import numpy as np
from flint import fmpq

from ..search.rays import rays_from
from .judge import Kind, judge_draw
from .proposals import combinations
from .suspicion import violates
from .tally import Tally

SMALLEST = 40
"""Draws near a boundary lie at a distance between 1/2 and 2^-40."""


def breadth(part, draws, seed, resolution, keep, enough=None):
    """Judge exact draws of a part's family; the sizes take turns.

    Args:
        draws: their number, or less if `enough` of them have been admitted.
        keep: number of draws to return, for the differential run.
    Returns: the Tally, and the kept (draw, judgement) pairs.
    """
    family, tally, kept, rng = part.instances, Tally(), [], np.random.default_rng(seed)
    every = combinations(family)
    first, *others = every
    order = [first, *(others[k] for k in rng.permutation(len(others)))]
    while tally.drawn < draws and (enough is None or tally.instances < enough):
        sizes = order[tally.drawn % len(order)]
        x = draw(family, sizes, rng)
        judgement = judge_draw(part, x, resolution)
        tally.add(judgement, sizes, x)
        tally.drawn += 1
        tally.turned_away += judgement.kind is Kind.REFUSED
        tally.evaluations += 1
        if judgement.kind is not Kind.REFUSED and judgement.sides and len(kept) < keep:
            kept.append((x, judgement))
        if violates(judgement):
            break
    return tally, kept


def draw(family, sizes, rng):
    """An exact draw with small weights, many zeros, few different weights (which gives ties), or near a boundary."""
    style, count = rng.choice(["plain", "zeros", "ties", "near"], p=[0.4, 0.2, 0.2, 0.2]), family.byte_count(sizes)
    if style == "near":
        member = {name: array[0] for name, array in family.random(rng, sizes, 1).items()}
        rays = rays_from(family, member, rng)
        if rays:
            ray = rays[int(rng.integers(len(rays)))]
            return ray.exactly(family, sizes, fmpq(1, 2 ** int(rng.integers(1, SMALLEST + 1))))
    raw = rng.integers(256, size=count, dtype=np.uint8)
    if style == "zeros":
        raw[rng.random(count) < rng.random()] = 0
    if style == "ties":
        few = rng.integers(256, size=int(rng.integers(1, 4)), dtype=np.uint8)
        raw = few[rng.integers(len(few), size=count)]
    return family.from_bytes(raw.tobytes(), sizes)
