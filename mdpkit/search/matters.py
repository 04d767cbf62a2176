"""Which rows of a draw matter: the rest is clutter in every drawing."""

import numpy as np
from flint import fmpq

from ..base.arrays import objects
from ..base.errors import MdpkitError


def matters(family, x, answer) -> dict[str, np.ndarray]:
    """For each block, which of its rows change the answer where they are replaced by some vertex of their own.

    Args: answer: function of a draw, of which answers are compared; where it raises, the row matters.
    Returns: block name -> booleans over its rows.
    """
    before, told = answer(x), {}
    for name, block in family.blocks.items():
        array = getattr(x, name)
        told[name] = np.zeros(array.shape[: array.ndim - block.row_axes], dtype=bool)
        for index in np.ndindex(told[name].shape):
            others = _vertices(block, np.asarray(array[index]), x.sizes)
            told[name][index] = any(_changes(family, x, name, index, row, answer, before) for row in others)
    return told


def _vertices(block, row, sizes):
    if block.row_axes:
        return list(objects(np.eye(len(row), dtype=int)))
    if hasattr(block, "upper"):
        return [objects(block.lower), objects(block.upper)]
    values = range(block.options(sizes)) if isinstance(block.of, str) else block.of
    return [objects(value) if isinstance(value, fmpq) else np.asarray(value) for value in values]


def _changes(family, x, name, index, row, answer, before):
    arrays = {each: np.array(getattr(x, each), copy=True) for each in family.blocks}
    arrays[name][index] = row if row.ndim else row[()]
    try:
        return answer(family.drawn(arrays, x.sizes)) != before
    except (MdpkitError, ArithmeticError, ValueError, IndexError):
        return True
