"""Search engines: generators of (score, member), the best so far, after every short unit of work.

Each takes a Score, an initial population and a Generator, but no record of another engine. It ends when it stalls, and
is meant to be restarted: many short searches outperform a long one.
"""

import numpy as np

from .population import evaluate, generations, members, repeat, size_of

STALLED = 40
"""Generations without progress after which a search ends."""
PROGRESS = 1e-4
LEAST = 1e-9


def differential(score, population, rng):
    """Differential evolution: steps along differences of members, on whole instances."""
    yield from _populations(score, population, rng, steps=1.0)


def block_moves(score, population, rng):
    """Replace one to four whole rows at a time by fresh ones or by copies from another block of the same outcomes."""
    yield from _populations(score, population, rng, steps=0.0)


def mix(score, population, rng):
    """Differential evolution steps and row replacements in one population."""
    yield from _populations(score, population, rng, steps=0.4)


def sparse_random(score, population, rng):
    """Random draws, half of whose rows are deterministic."""
    best, record, without = -np.inf, members(population, 0), 0
    while without < STALLED:
        scores = evaluate(score, population)
        k = int(np.argmax(scores))
        without += 1
        if scores[k] > best:
            best, record, without = float(scores[k]), members(population, k), 0
        yield best, record
        population = score.family.random(rng, score.sizes, size_of(population))


def row_by_row(score, population, rng):
    """Coordinate ascent: set each row in turn to its best simple value (vertices, halves, small denominators)."""
    scores = evaluate(score, population)
    k = int(np.argmax(scores))
    member = {name: np.array(array[k]) for name, array in population.items()}
    best, improved = float(scores[k]), True
    while improved:
        improved = False
        rows = [(name, index) for name, block in score.family.blocks.items() for index in _rows(block, member[name])]
        for place in rng.permutation(len(rows)):
            name, index = rows[place]
            array = member[name]
            kept = np.array(array[index])
            simple = list(score.family.blocks[name].simpler(kept))
            population = repeat(member, len(simple))
            for k, row in enumerate(simple):
                population[name][(k, *index)] = row
            found = evaluate(score, population) if simple else np.array([-np.inf])
            k = int(np.argmax(found))
            if found[k] > best + LEAST * abs(best):
                best, improved = float(found[k]), True
                array[index] = population[name][(k, *index)]
            yield best, {each: np.array(value) for each, value in member.items()}


def _rows(block, array):
    return np.ndindex(array.shape[: array.ndim - block.row_axes])


def _populations(score, start, rng, steps):
    last, without = -np.inf, 0
    for population, scores in generations(score, start, rng, steps):
        k = int(np.argmax(scores))
        without = 0 if scores[k] > last + PROGRESS * abs(last) or not np.isfinite(last) else without + 1
        last = float(scores[k])
        yield last, members(population, k)
        if without >= STALLED:
            return
