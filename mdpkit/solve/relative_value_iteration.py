"""Relative value iteration for average reward."""

from dataclasses import dataclass

import numpy as np

from ..kernels import average
from ..model.horizon import Average
from ..model.mdp import MDP
from ._expects import expects
from .components import Components
from .gains import answer
from .solution import Solution, Status

DAMPING = 0.75
"""Damping factor of a sweep: 1/2 is best for long periods, 1 for aperiodic chains."""

ROUND = 500
"""Number of sweeps between two checks of float64's precision."""

NOISE, PATIENCE = 100, 3
"""float64 is exhausted after this many rounds without a smaller span, all within 100 times the rounding bound."""


@dataclass(frozen=True)
class RelativeValueIteration:
    """Damped relative value iteration in each end component, until the span of the change is small.

    Args: sweeps: largest number of sweeps.

    Average problems, dense or sparse, unichain or multichain: the gain of every state is returned. Rational problems
    are solved in float64; the bounds then hold for the rational problem. `iterations` counts sweeps.
    Source: White, 1963; the bounds: Odoni, 1969; the damping: Schweitzer, 1971.

    >>> from mdpkit.model import MDP, Average
    >>> from mdpkit.base.arrays import objects
    >>> turn = MDP([[[0.0, 1.0]], [[1.0, 0.0]]], [[0.0], [1.0]], horizon=Average())
    >>> RelativeValueIteration().run(turn, tol=1e-9).value.contains(objects("1/2"))
    True
    """

    sweeps: int = 10**6

    def run(self, problem: MDP, tol: float, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`; `before` is not used."""
        expects(self, problem, MDP, Average)
        parts = Components(problem.to_float() if problem.exact else problem)
        step, w, used, smallest, quiet = parts.step, np.zeros(len(parts.members)), 0, np.inf, 0
        with np.errstate(over="ignore", invalid="ignore"):
            while True:
                slack = 2 * step.rounding(w)
                enough = max(tol * (1 - 1e-3) - slack, slack / 8)
                w, swept = average.relative(
                    *step.parts, step.r, w, parts.own, DAMPING, enough, min(ROUND, self.sweeps - used)
                )
                used += swept
                low, high = parts.extremes(step.greedy(w)[0])
                span, slack = float((high - low).max()), 2 * step.rounding(w)
                quiet = quiet + 1 if span >= smallest and span <= NOISE * slack else 0
                smallest = min(span, smallest)
                done = not span + slack > tol * (1 - 1e-3) or not span > slack / 8
                if done or quiet == PATIENCE or used >= self.sweeps:
                    break
            otherwise = Status.FLOOR_REACHED if done or quiet == PATIENCE else Status.CAPPED
            return answer(problem, parts, self, w, tol, otherwise, used)
