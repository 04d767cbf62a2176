"""Rows of a draw that affect a result; the others can be omitted from drawings."""

import numpy as np
from flint import fmpq

from ..base.arrays import objects
from ..base.errors import MdpkitError


def matters(family, x, answer) -> dict[str, np.ndarray]:
    """For each block, the rows whose replacement by some vertex changes the answer.

    Args: answer: function of a draw whose values are compared; a row for which it raises counts as relevant.
    Returns: block name -> booleans over its rows.
    """
    before, relevant = answer(x), {}
    for name, block in family.blocks.items():
        array = getattr(x, name)
        relevant[name] = np.zeros(array.shape[: array.ndim - block.row_axes], dtype=bool)
        for index in np.ndindex(relevant[name].shape):
            others = _vertices(block, np.asarray(array[index]), x.sizes)
            relevant[name][index] = any(_changes(family, x, name, index, row, answer, before) for row in others)
    return relevant


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
        return answer(family.to_draw(arrays, x.sizes)) != before
    except (MdpkitError, ArithmeticError, ValueError, IndexError):
        return True
