"""Backward induction for finite horizons."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import zeros
from ..base.interval import Interval
from ..base.tolerance import UNIT
from ..exact.certificate import OptimalityCertificate
from ..kernels import backward
from ..model.horizon import Finite
from ..model.mdp import MDP, stepwise
from ._expects import expects
from .bounds import around, deterministic, down, proof, up
from .solution import Solution, Status, judge
from .sweep import sweeps


@dataclass(frozen=True)
class BackwardInduction:
    """Dynamic programming from the last step to the first; ties are broken by the first action.

    Finite problems, dense, time-varying, masked or sparse. Rational ones are answered exactly. `iterations` counts
    steps.
    Source: Bellman, 1957.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import MDP, Finite
    >>> stay = MDP(objects([[[1], [1]]]), objects([["1/3", "1/2"]]), horizon=Finite(3))
    >>> BackwardInduction().run(stay, tol=0).value[0, 0]
    Interval(3/2, exact)
    """

    def run(self, problem: MDP, tol: float, before: Solution | None = None) -> Solution:
        """The answer; float bounds of width `tol`, or as narrow as float64 allows. `before` is not used."""
        expects(self, problem, MDP, Finite)
        if problem.exact:
            return self._rationals(problem)
        step, H = sweeps(problem), problem.horizon.H
        w, choice = np.zeros((H + 1, problem.S)), np.zeros((H, problem.S), dtype=np.int64)
        below, above = np.zeros((H + 1, 1)), np.zeros((H + 1, 1))
        with np.errstate(over="ignore", invalid="ignore"):
            for t in range(H - 1, -1, -1):
                now = step(t)
                change, choice[t] = now.greedy(w[t + 1])
                w[t], shift, error = recentre(change + w[t + 1])
                error += now.rounding(w[t + 1])
                below[t], above[t] = down(down(below[t + 1] + shift) - error), up(up(above[t + 1] + shift) + error)
        value, policy = around(w, below, above), deterministic(problem, choice)
        with np.errstate(invalid="ignore", over="ignore"):
            computed = w + (above - below)
        status = judge(value, tol, Status.FLOOR_REACHED, computed)
        return Solution(problem, self, status, policy, value, H, proof(problem, policy, value, w, below, above))

    def _rationals(self, problem):
        H = problem.horizon.H
        V, choice = backward.optimal(stepwise(problem.P, 3), stepwise(problem.r, 2), problem.available, H)
        V = V + zeros(V.shape, V)
        policy = deterministic(problem, choice)
        return Solution(
            problem, self, Status.SOLVED, policy, Interval(V), H, OptimalityCertificate(problem, policy, (V,), (V,))
        )


def recentre(v):
    """Centre the range of v at 0; also the shift, and a bound on the rounding of v's last sum and of the shift."""
    middle = v.max() / 2 + v.min() / 2
    return v - middle, middle, 4 * UNIT * np.abs(v).max()
