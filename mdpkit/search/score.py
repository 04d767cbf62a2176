"""The objective of a search."""

from itertools import pairwise

import numpy as np

from ..base.interval import Interval

FLOOR = 0.02
"""Right ends are bounded below by this fraction of their typical size, since large ratios near 0/0 do not survive rounding."""
FIRST = 64
"""Number of evaluations whose median is the typical size of a right end (a maximum would be misleading for unbounded ones)."""
LEAST = 1e-9
"""If all right ends are 0, left ends up to this size are attributed to rounding, and larger ones are violations."""


class Score:
    """Score of a member: the ratio of its sides, or the maximum gap of an equality; -inf if undefined.

    Args:
        part: a statement, with `instances` (a Family) and `check`.
        sizes: length of every axis.
        gates: functions of an instance; if one of them is False, the score is -inf.

    A member is a dictionary, block name -> float or integer array. `scale` is the typical size of a right end.
    """

    def __init__(self, part, sizes, gates=()):
        self.part, self.sizes, self.gates = part, sizes, gates
        self.scale, self.error, self.evaluations = 0.0, None, 0
        self._seen = []

    @property
    def family(self):
        return self.part.instances

    def __call__(self, member) -> float:
        self.evaluations += 1
        try:
            with np.errstate(all="ignore"):
                instance = self.family.build(self.family.to_draw(member, self.sizes))
                if not all(gate(instance) for gate in self.gates):
                    return -np.inf
                return self.of(self.part.check(instance))
        except Exception as error:
            self.error = error
            return -np.inf

    def of(self, sides) -> float:
        """The score of a Bound or an Equal."""
        return self._bound(sides.sides) if hasattr(sides, "sides") else _mismatch(sides.pairs)

    def _bound(self, sides):
        left, right = np.broadcast_arrays(bare(sides[0]), bare(sides[-1]))
        if len(self._seen) < FIRST:
            self._seen.append(float(np.abs(right).max()))
            self.scale = float(np.median(self._seen))
        floor = max(FLOOR * self.scale, LEAST)
        score = (left / np.maximum(right, floor)).max()
        for a, b in pairwise(sides):
            link = bare(a) / np.maximum(bare(b), floor)
            score = (
                max(score, float(link.max())) if link.max() > 1 + 1e-6 else score
            )  # a violated inner inequality counts too
        return float(score) if np.isfinite(score) else -np.inf


def bare(side):
    """A side as plain floats; the midpoint of an Interval."""
    return np.asarray(side.mid if isinstance(side, Interval) else side, dtype=float)


def _mismatch(pairs):
    gaps = [np.abs(bare(a) - bare(b)).max() for a, b in pairs.values()]
    return float(max(gaps)) if np.isfinite(gaps).all() else -np.inf
