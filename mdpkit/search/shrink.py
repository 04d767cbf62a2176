"""Shrink a draw to a small one with the same property, which a reader can check by hand."""

import numpy as np
from flint import fmpq

from ..base.errors import MdpkitError

MOST_JUDGED = 4000


def shrink(family, x, still, most=MOST_JUDGED):
    """A simpler draw for which `still` is true.

    Axes are shortened entry by entry, then rows are replaced by simpler ones. A change is kept only if `still` holds
    and it reduces the number of entries or the `complexity` of a row.

    Args: still: function of a draw; arithmetic, value, index and mdpkit errors count as False. most: limit on calls.
    """
    search = _Shrinking(family, still, most)
    changed = True
    while changed and search.left > 0:
        x, shorter = search.shorten(x)
        x, simpler = search.simplify(x)
        changed = shorter or simpler
    return x


class _Shrinking:
    def __init__(self, family, still, most):
        self.family, self.still, self.left = family, still, most

    def holds(self, x) -> bool:
        if self.left <= 0:
            return False
        self.left -= 1
        try:
            return self.still(x)
        except (MdpkitError, ArithmeticError, ValueError, IndexError):
            return False  # after a deletion, no instance of the family may remain

    def shorten(self, x):
        """Delete entries along every axis that the statement does not fix."""
        changed = False
        for axis in self.family.sizes:
            if axis in self.family.fixed:
                continue
            index = 0
            while index < x.sizes[axis] and x.sizes[axis] > self.family.sizes[axis][0]:
                candidate = self.without(x, axis, index)
                if candidate is not None and self.holds(candidate):
                    x, changed = candidate, True
                else:
                    index += 1
        return x, changed

    def without(self, x, axis, index):
        arrays = {}
        for name, block in self.family.blocks.items():
            arrays[name] = block.delete(getattr(x, name), axis, index, x.sizes)
            if arrays[name] is None:
                return None
        return self.family.to_draw(arrays, {**x.sizes, axis: x.sizes[axis] - 1})

    def simplify(self, x):
        changed = False
        for name, block in self.family.blocks.items():
            shape = getattr(x, name).shape
            for index in np.ndindex(shape[: len(shape) - block.row_axes]):
                current = np.asarray(getattr(x, name)[index])
                for row in block.simpler(current):
                    if complexity(row) >= complexity(current):
                        continue
                    array = np.array(getattr(x, name), copy=True)
                    array[index] = row if row.ndim else row[()]
                    candidate = self.family.to_draw({**self.arrays(x), name: array}, x.sizes)
                    if self.holds(candidate):
                        x, changed = candidate, True
                        break
        return x, changed

    def arrays(self, x):
        return {name: getattr(x, name) for name in self.family.blocks}


def complexity(row):
    """Well-founded order on rows: (max denominator, nonzeros, sum of |numerators|, index of the first nonzero)."""
    entries = [entry for entry in np.asarray(row).ravel() if isinstance(entry, fmpq)]
    nonzero = [k for k, entry in enumerate(entries) if entry != 0]
    return (
        max((int(entry.q) for entry in entries), default=1),
        len(nonzero),
        sum(abs(int(entry.p)) for entry in entries),
        nonzero[0] if nonzero else 0,
    )
