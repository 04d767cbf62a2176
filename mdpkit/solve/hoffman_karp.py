"""Policy iteration of Hoffman and Karp for zero-sum Markov games."""

from dataclasses import dataclass

import numpy as np

from ..model.game import MarkovGame
from ..model.horizon import Discounted
from .modified_policy_iteration import PATIENCE, ModifiedPolicyIteration
from .shapley_iteration import conclude, examine
from .solution import Solution
from .zero_sum import Stages, exact_answer, expects_zero_sum


@dataclass(frozen=True)
class HoffmanKarp:
    """Policy iteration for discounted zero-sum games: player 0 answers optimally to player 1's stage strategies.

    Args: improvements: largest number of policies of player 1.

    From w, player 1 takes the optimal strategies of the stage games r + gamma P w, and the next w is the value of
    player 0's optimal policy against them. The iterates decrease to the value at least as fast as those of Shapley
    iteration (up to rounding). Evaluating the pair of stage strategies instead, as Pollatschek and Avi-Itzhak do, may
    cycle. As for `ShapleyIteration`, actions may be missing in some states, bounds come from one sweep at the last w,
    and simple rational answers are found exactly. `iterations` counts improvements.
    Source: Hoffman and Karp, 1966.

    >>> from mdpkit.base.arrays import objects
    >>> pay = objects([[2, -1, -1, 1]])
    >>> game = MarkovGame(objects([[[1]] * 4]), [pay, -pay], horizon=Discounted("9/10"), actions=(2, 2))
    >>> HoffmanKarp().run(game, tol=1e-6).value[0, 0]
    Interval(2, exact)
    """

    improvements: int = 10**4

    def run(self, problem: MarkovGame, tol: float, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`; `before` is not used."""
        expects_zero_sum(self, problem, Discounted)
        stages, w, used, best, near, quiet = Stages(problem), np.zeros(problem.S), 0, None, None, 0
        inner, last, falls = ModifiedPolicyIteration(), np.full(problem.S, np.inf), False
        with np.errstate(over="ignore", invalid="ignore"):
            while True:
                residual = examine(stages, w, near)
                if residual is None:
                    break
                near = residual.found
                narrower = best is None or residual.width < best.width
                best, quiet = (residual, 0) if narrower else (best, quiet if falls else quiet + 1)
                if not residual.width > tol / 2 or quiet >= PATIENCE or used >= self.improvements:
                    break
                response = inner.run(stages.against(residual.play.column), max(residual.width / 2**10, tol / 2**4))
                mid = response.value.mid  # which may fall for long before the bounds narrow
                last, falls = mid, bool((last - mid > 4 * response.value.width).any())
                w, used = mid - (mid.max() / 2 + mid.min() / 2), used + 1
        capped = used >= self.improvements and quiet < PATIENCE
        return exact_answer(conclude(self, problem, best, tol, used, capped))
