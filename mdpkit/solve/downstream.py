"""Evaluation of policies under which states mix slowly, for policy iteration on sparse rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

ROUGHLY, CLOSELY, WORTHWHILE = (0.1, 60), (1e-3, 120), 0.3
"""The policy's equations are solved up to 0.1 of the span of its improvement, in at most 60 sweeps; or up to 0.001 in
at most 120 sweeps if that span is at most 0.3 of the one before."""

LOOKS = 2
"""Number of backups in both orders of the states that find the first values."""


@dataclass
class Downstream:
    """Policies are evaluated by a Krylov method, and values backed up by Gauss-Seidel sweeps before each improvement.

    Args:
        step: the backup of a problem with sparse rows.
        level: the values are w + level.

    Values are absolute, level = 0, until only rounding is left: where a state's value is 0, as it is where no reward is
    reached, ties between actions are then not broken by rounding. Relative values have smaller errors.
    """

    step: Any
    level: float = 0.0

    def start(self):
        """First values w, and the number of sweeps."""
        return self.step.look_ahead(np.zeros(self.step.S), LOOKS), 2 * LOOKS

    def improve(self, w, change, choice, span, before, floor, noise, rest):
        """The next w, the number of sweeps, and whether the policy was evaluated up to rounding.

        Args:
            change, choice: of the greedy backup of w. span, before: of this change, and of the one before.
            floor: residuals below it are due to rounding. noise: only rounding is left where the span is below it.
            rest: the largest number of sweeps.
        """
        step = self.step
        share, most = CLOSELY if span <= before * WORTHWHILE else ROUGHLY
        stop = max(span * share, floor)
        e, swept = step.correct_downstream(choice, w, change - (1 - step.g) * self.level, stop, min(most, rest))
        if self.level == 0 and span > noise:
            return step.look_ahead(w + e, 1), swept + 2, stop == floor
        following = step.recentre(w + e)
        self.level += float(w[0] + e[0] - following[0])
        return following, swept, stop == floor
