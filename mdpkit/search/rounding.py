"""Rounding of floats to small rationals."""

import numpy as np

FINE = (60, 1000, 2**20)
COARSE = (1, 2, 3, 4, 5, 6, 8, 10, 12, 24, *FINE)
KEPT = 0.995
ABOVE = 1 + 1e-9
"""A score above 1, which refutes a bound, is not rounded down to this or below."""


def rationals(score, member, kept=KEPT):
    """Round float blocks to small rationals: each row to the simplest nearby value that keeps `kept` of the score.

    Rounding is itself a search step, since worst cases mostly consist of small rationals: it often improves the score.
    """
    family, sizes = score.family, score.sizes
    arrays = {name: np.array(array, dtype=float if array.dtype.kind == "f" else None) for name, array in member.items()}
    exact = {
        name: np.empty(array.shape, dtype=object) if array.dtype.kind == "f" else array
        for name, array in arrays.items()
    }
    record = score(arrays)
    for name, block in family.blocks.items():
        array = arrays[name]
        if array.dtype.kind != "f":
            continue
        for index in np.ndindex(array.shape[: array.ndim - block.row_axes]):
            before = np.array(array[index])
            for row in (*block.simpler(before), *(block.round(before, denominator) for denominator in FINE)):
                array[index] = row
                found = score(arrays)
                if found >= _least(score, record, kept):
                    break
            exact[name][index] = row if row.ndim else row[()]
            record = max(record, found)
    return family.to_draw(exact, sizes)


def round_together(score, member, kept=KEPT):
    """The draw with all rows rounded to the smallest common denominator that keeps the fraction `kept` of the score."""
    family = score.family
    choices = [
        {name: block.round(member[name], denominator) for name, block in family.blocks.items()}
        for denominator in COARSE
    ]
    columns = {name: [*(choice[name] for choice in choices), member[name]] for name in member}
    population = {
        name: np.array([np.asarray(array, dtype=member[name].dtype) for array in column])
        for name, column in columns.items()
    }
    found = score.of_population(population)
    keeping = np.flatnonzero(found[:-1] >= _least(score, found[-1], kept))
    return family.to_draw(choices[keeping[0] if len(keeping) else -1], score.sizes)


def _least(score, record, kept):
    """The smallest score that a rounding may have."""
    return max(kept * record, ABOVE) if record > ABOVE and not score.equality else kept * record
