"""Which rows of a record matter: the rest is clutter in every drawing."""

import numpy as np
from flint import fmpq

from ..base.arrays import objects
from ._certify import worth


def matters(target, found) -> dict[str, np.ndarray]:
    """For each block, which of its rows change the ratio where they are replaced by some vertex of their own.

    Args: found: the Worth of a draw. Returns: block name -> booleans over its rows.
    """
    told = {}
    for name, block in target.instances.blocks.items():
        array = getattr(found.x, name)
        shape = array.shape[: array.ndim - block.row_axes]
        told[name] = np.zeros(shape, dtype=bool)
        for index in np.ndindex(shape):
            others = _vertices(block, np.asarray(array[index]), found.x.sizes)
            told[name][index] = any(_changes(target, found, name, index, row) for row in others)
    return told


def _vertices(block, row, sizes):
    if block.row_axes:
        return list(objects(np.eye(len(row), dtype=int)))
    if hasattr(block, "upper"):
        return [objects(block.lower), objects(block.upper)]
    values = range(block.options(sizes)) if isinstance(block.of, str) else block.of
    return [objects(value) if isinstance(value, fmpq) else np.asarray(value) for value in values]


def _changes(target, found, name, index, row):
    arrays = {each: np.array(getattr(found.x, each), copy=True) for each in target.instances.blocks}
    arrays[name][index] = row if row.ndim else row[()]
    other = worth(target, target.instances.drawn(arrays, found.x.sizes))
    return (other.exact, other.violates) != (found.exact, found.violates) or (found.exact is None and other.least != found.least)
