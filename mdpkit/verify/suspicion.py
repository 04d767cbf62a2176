"""Float violations judged exactly: rounded to small rationals, or as the instance that the floats represent."""

import numpy as np

from ..base.decision import Decision
from ..base.mode import propose
from ..search.rounding import round_together
from .judge import Kind, as_float, judge_draw

OVER = 1e-6
"""Float ratios that exceed 1 by this much are judged exactly."""
MISMATCH = 1e-7
"""Float differences of an equality that exceed this are judged exactly."""
TRIED = 3
"""Number of float violations judged exactly at one size, each of which exceeds the one before by 5 %."""
LARGER = 1.05


class Suspicion:
    """Judges what floats call a violation at one size.

    Args: part, resolution, tally: the statement, its resolution, and the Tally that takes all judgements.
    """

    def __init__(self, part, resolution, tally):
        self.part, self.resolution, self.tally = part, resolution, tally
        self.tried, self.largest = 0, 0.0

    def confirm(self, score, value, member) -> bool:
        """Whether a member with a violating score violates the statement exactly, if it is judged at all.

        A violation that is lost in the exact world is recorded in the tally.
        """
        if not value > (MISMATCH if score.equality else 1 + OVER):
            return False
        if self.tried >= TRIED or value <= LARGER * self.largest:
            return False
        self.tried, self.largest = self.tried + 1, value
        with propose():
            x = round_together(score, member)
        for candidate in (x, score.family.exactly(member, score.sizes)):
            judgement = self.judge(candidate, score.sizes)
            if violates(judgement):
                return True
        if not score.equality and judgement.kind is not Kind.REFUSED:
            self.tally.lose(value, as_float(judgement.ratio))
        return False

    def judge(self, x, sizes):
        """The exact judgement of a draw, counted."""
        judgement = judge_draw(self.part, x, self.resolution)
        self.tally.add(judgement, sizes, x)
        return judgement


def violates(judgement) -> bool:
    return judgement.kind is not Kind.REFUSED and judgement.decision is Decision.NO


def best(population, scores):
    """Score and member of the best of a population."""
    k = int(np.argmax(scores))
    return float(scores[k]), {name: array[k] for name, array in population.items()}
