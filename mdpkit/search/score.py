"""The number that a search climbs."""

from itertools import pairwise

import numpy as np

from ..base.interval import Interval

FLOOR = 0.02
"""Right ends below this share of their usual size do not steer: near 0/0 the best ratios do not survive rounding."""
FIRST = 64
"""The usual size of a right end is the median over so many evaluations; a maximum is led astray where right ends are unbounded."""
LEAST = 1e-9
"""Where every right end is 0, left ends of this size are rounding, and larger ones a violation."""


class Score:
    """Score of one member of a population: the ratio of its sides, or the gap of an equality; -inf where there is none.

    Args:
        part: a statement, with `instances` (a Family) and `check`.
        sizes: length of every axis.
        gates: functions of an instance; where one of them is False the score is -inf.

    A member is a dictionary, block name -> float or integer array. `scale` is the usual size of a right end.
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
                instance = self.family.build(self.family.drawn(member, self.sizes))
                if not all(gate(instance) for gate in self.gates):
                    return -np.inf
                return self.of(self.part.check(instance))
        except Exception as error:
            self.error = error
            return -np.inf

    def of(self, sides) -> float:
        """The score of both sides, a Bound or an Equal."""
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
            score = max(score, float(link.max())) if link.max() > 1 + 1e-6 else score  # a broken link inside the chain counts too
        return float(score) if np.isfinite(score) else -np.inf


def bare(side):
    """A side as floats; the middle of what a solver still encloses."""
    return np.asarray(side.mid if isinstance(side, Interval) else side, dtype=float)


def _mismatch(pairs):
    gaps = [np.abs(bare(a) - bare(b)).max() for a, b in pairs.values()]
    return float(max(gaps)) if np.isfinite(gaps).all() else -np.inf
