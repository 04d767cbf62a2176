"""Rounding of floats to small rationals."""

import numpy as np

FINE = (60, 1000, 2**20)
KEPT = 0.995


def rationals(score, member, kept=KEPT):
    """Round float blocks to small rationals: every row takes the simplest nearby value that keeps the fraction `kept` of the score.

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
                if found >= kept * record:
                    break
            exact[name][index] = row if row.ndim else row[()]
            record = max(record, found)
    return family.to_draw(exact, sizes)
