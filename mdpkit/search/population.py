"""Populations of block arrays with a leading batch axis; the score of every member is nondecreasing."""

import numpy as np

POPULATION = 32


def members(population, k):
    """Member k, block name -> array."""
    return {name: array[k] for name, array in population.items()}


def size_of(population) -> int:
    return len(next(iter(population.values())))


def repeat(member, count):
    """A population of copies of one member."""
    return {name: np.repeat(np.asarray(array)[None], count, axis=0) for name, array in member.items()}


def evaluate(score, population):
    """The scores of all members."""
    return score.of_population(population)


def generations(score, population, rng, steps=0.4):
    """Yield (population, scores) at the start and after every generation, without end.

    Args: steps: fraction of children from differential evolution steps; the others replace whole rows by fresh ones or
        by copies from another block with the same outcomes.
    """
    scores = evaluate(score, population)
    yield population, scores
    while True:
        children = children_of(score.family, population, scores, score.sizes, rng, steps)
        found = evaluate(score, children)
        better = found > scores
        scores = np.where(better, found, scores)
        population = {name: np.where(_over(better, array), children[name], array) for name, array in population.items()}
        yield population, scores


def _over(flags, array):
    return flags.reshape(-1, *[1] * (array.ndim - 1))


def children_of(family, population, scores, sizes, rng, steps=0.4):
    """One child per member: differential evolution, fresh rows, or rows copied from a block of the same outcomes."""
    count, best = len(scores), int(np.argmax(scores))
    fresh = family.random(rng, sizes, count)
    others = rng.integers(count, size=(2, count))
    step = rng.choice([0.3, 0.6, 0.9], size=count)
    kind = rng.random(count)
    children = {}
    for name, block in family.blocks.items():
        array = population[name]
        rows = array.shape[: array.ndim - block.row_axes]
        if array.dtype.kind == "f":
            from_best = np.where(_over(rng.random(count) < 0.5, array), array[best], array)
            moved = block.repair(from_best + _over(step, array) * (array[others[0]] - array[others[1]]))
        else:
            moved = np.where(rng.random(array.shape) < 0.5, array[others[0]], array[best])
        rate = rng.choice([1, 2, 4], size=count) / max(1, np.prod(rows[1:], dtype=int))
        touched = (rng.random(rows) < _over(rate, np.empty(rows))).reshape(*rows, *[1] * block.row_axes)
        twin = _twin(family, population, name, rng)
        source = np.where(_over(rng.random(count) < 0.25, array), twin, fresh[name])
        base = np.where(_over(rng.random(count) < 0.5, array), array[best], array)
        children[name] = np.where(_over(kind < steps, array), moved, np.where(touched, source, base))
    return children


def _twin(family, population, name, rng):
    """A block of the same shape, possibly itself; equalities such as learner = expert otherwise have measure zero."""
    laws = [
        other
        for other, block in family.blocks.items()
        if block.row_axes and population[other].shape == population[name].shape
    ]
    return population[laws[int(rng.integers(len(laws)))]] if name in laws else population[name]
