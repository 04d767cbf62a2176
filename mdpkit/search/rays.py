"""Rays towards the boundary of a family, which reveal an unbounded ratio at exponentially small distances.

A bound with the right constant but the wrong exponent holds wherever errors are moderate. On a ray
x(u) = (1 - u) y + u x, where some blocks of y lie on a boundary (certain outcomes, ends of a box) or equal another
block (a learner equal to the expert), its ratio grows as u -> 0. Floats propose down to u = 2^-20; the same ray is
judged exactly at much smaller u.
"""

from dataclasses import dataclass

import numpy as np
from flint import fmpq

from ..base.arrays import objects
from .population import members, size_of

DENOMINATOR = 64
"""Bases and targets consist of multiples of 1/64, so that floats and rationals describe the same points."""
OCTAVES = (3, 8, 14, 20)
"""Distances u = 2^-k at which floats score a ray."""
GROWTH = 1.5
"""Factor from one distance to the next from which a score is extrapolated."""
MARGIN = 0.05
"""Excess over 1 from which a score is not attributed to rounding.

Right ends are bounded below by 2^-44 of a typical left end, of which 12 units in the last place are 5 % of that bound.
A wrong exponent exceeds every constant, so none is missed.
"""
BEYOND = 40
"""The smallest distance judged, 2^-40."""


@dataclass(frozen=True)
class Ray:
    """The points (1 - u) target + u base, of the blocks in `targets`; the other blocks stay at the base.

    Attributes: base, targets: block name -> array; targets are full blocks.
    """

    base: dict
    targets: dict

    def at(self, u) -> dict:
        """The member at distance u, in floats."""
        moved = {name: (1 - u) * target + u * self.base[name] for name, target in self.targets.items()}
        return {**self.base, **moved}

    def exactly(self, family, sizes, u):
        """The draw at a rational distance u."""
        arrays = {name: block.round(self.base[name], DENOMINATOR) for name, block in family.blocks.items()}
        for name, target in self.targets.items():
            exact = family.blocks[name].round(target, DENOMINATOR)
            arrays[name] = objects(exact * (1 - u) + arrays[name] * u)
        return family.to_draw(arrays, sizes)


def rays_from(family, member, rng) -> list[Ray]:
    """Rays from a member: a block moves to its nearest boundary, to others, or to another block of the same shape.

    Each ray moves the whole block or one of its rows alone; the last ray moves all blocks to their nearest boundary.
    """
    base = {
        name: np.asarray(block.round(member[name], DENOMINATOR), dtype=float) if block.continuous else member[name]
        for name, block in family.blocks.items()
    }
    every = {name: _boundaries(family, base, name, rng) for name, block in family.blocks.items() if block.continuous}
    rays = [Ray(base, {name: target}) for name, targets in every.items() for target in targets]
    rays += [
        Ray(base, {name: _one_row(family.blocks[name], base[name], target, rng)})
        for name, targets in every.items()
        for target in targets
        if base[name].ndim > family.blocks[name].row_axes
    ]
    nearest = {name: targets[0] for name, targets in every.items() if targets}
    return [*rays, Ray(base, nearest)] if len(nearest) > 1 else rays


def _boundaries(family, base, name, rng):
    """Targets for one block, the nearest boundary first."""
    block, array = family.blocks[name], base[name]
    twins = [
        base[other]
        for other, each in family.blocks.items()
        if other != name and each.continuous and each.row_axes == block.row_axes and base[other].shape == array.shape
    ]
    if block.row_axes:
        outcomes = np.eye(array.shape[-1])
        picked = rng.integers(array.shape[-1], size=array.shape[:-1])
        return [outcomes[array.argmax(axis=-1)], outcomes[picked], *twins]
    low, high = float(block.lower), float(block.upper)
    ends = [np.where(array - low < high - array, low, high), np.full_like(array, low), np.full_like(array, high)]
    return [*ends, *([np.zeros_like(array)] if low < 0 < high else []), *(block.repair(twin) for twin in twins)]


def _one_row(block, array, target, rng):
    """The block with one random row on the target."""
    row = tuple(rng.integers(length) for length in array.shape[: array.ndim - block.row_axes])
    moved = np.array(array)
    moved[row] = target[row]
    return moved


def promising(score, rays, most) -> list[tuple[Ray, float]]:
    """The rays whose scores, extrapolated to u = 2^-40, exceed 1 + `MARGIN` most, with the largest score seen on each.

    Args: score: one near the boundary, in which tiny right ends count. most: number of rays returned at most.
    """
    if not rays:
        return []
    points = [ray.at(2.0**-k) for ray in rays for k in OCTAVES]
    population = {name: np.stack([point[name] for point in points]) for name in points[0]}
    found = score.of_population(population).reshape(len(rays), len(OCTAVES))
    with np.errstate(all="ignore"):
        growth = np.where((found[:, -2] > 0) & (found[:, -1] > GROWTH * found[:, -2]), found[:, -1] / found[:, -2], 1.0)
        steps = (BEYOND - OCTAVES[-1]) / (OCTAVES[-1] - OCTAVES[-2])
        expected = np.maximum(found.max(axis=1), found[:, -1] * growth**steps)
    order = np.argsort(-np.where(np.isfinite(expected), expected, -np.inf), kind="stable")[:most]
    return [(rays[k], float(found[k].max())) for k in order if expected[k] > 1 + MARGIN]


def suspects(ray, family, sizes):
    """Draws on the ray, judged in this order: at the distances of the floats, and at 2^-30 and 2^-40."""
    for k in (*OCTAVES[::-1], 30, BEYOND):
        yield ray.exactly(family, sizes, fmpq(1, 2**k))


def bases(population, scores, rng, count):
    """Members to start from: the best, and random ones."""
    order = [int(np.argmax(scores)), *rng.integers(len(scores), size=max(count - 1, 0)).tolist()]
    return [members(population, k) for k in dict.fromkeys(order[:count])]


def members_of(population) -> list[dict]:
    """All members of a population."""
    return [members(population, k) for k in range(size_of(population))]
