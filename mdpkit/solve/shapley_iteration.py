"""Shapley iteration for zero-sum Markov games."""

from dataclasses import dataclass
from math import inf, nextafter

import numpy as np

from ..kernels import matrix_games as kernels
from ..model.game import MarkovGame
from ..model.horizon import Discounted, Finite
from .bounds import around, judge_shifted, shifts
from .matrix_games import Saddles, certified_sparse, matrix_games
from .modified_policy_iteration import PATIENCE
from .solution import Solution, Status
from .sweep import SparseSweep
from .zero_sum import Play, Stages, answer, exact_answer, expects_zero_sum, induct


@dataclass(frozen=True)
class ShapleyIteration:
    """Value iteration on the stage games of a zero-sum Markov game: optimal policies of both players.

    Args: sweeps: largest number of sweeps over the states of a discounted game.

    Two players, player 0 maximises and the rewards sum to 0; they choose among the actions that they have in a state. A
    sweep replaces w(s) by the value of the matrix game r(s) + gamma P(s) w, each one certified by its duality gap.
    `policy` is the product of two optimal policies, and the certificate holds them as `row` and `column`. `value[0]`
    bounds the value of player 0, `value[1]` is minus it.
    Finite: backward induction, exact on rationals. Discounted: the bounds come from the span of the last sweep. The
    value of a rational game may be irrational; it is answered exactly if policies with denominators up to 1000 turn out
    to be optimal, else by float bounds on the value of the rational game. `iterations` counts steps or sweeps.
    Source: Shapley, 1953.

    >>> from mdpkit.base.arrays import objects
    >>> pay = objects([[2, -1, -1, 1]])
    >>> game = MarkovGame(objects([[[1]] * 4]), [pay, -pay], horizon=Discounted("9/10"), actions=(2, 2))
    >>> found = ShapleyIteration().run(game, tol=1e-6)
    >>> found.value[0, 0], found.certificate.row.table
    (Interval(2, exact), array([[2/5, 3/5]], dtype=object))
    """

    sweeps: int = 10**6

    def run(self, problem: MarkovGame, tol: float, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`; `before` is not used."""
        expects_zero_sum(self, problem, Finite, Discounted)
        if isinstance(problem.horizon, Finite):
            return induct(self, problem, tol)
        return exact_answer(self._iterate(problem, tol))

    def _iterate(self, problem, tol):
        stages, w, used, best, near, quiet = Stages(problem), np.zeros(problem.S), 0, None, None, 0
        with np.errstate(over="ignore", invalid="ignore"):
            while True:
                residual = examine(stages, w, near)
                if residual is None:
                    break
                near, used = residual.found, used + 1
                best, quiet = (residual, 0) if best is None or residual.width < best.width else (best, quiet + 1)
                if not residual.width > tol / 2 or quiet >= PATIENCE or used >= self.sweeps:
                    break
                w = residual.following
        return conclude(self, problem, best, tol, used, capped=used >= self.sweeps and quiet < PATIENCE)


@dataclass(frozen=True, eq=False)
class Residual:
    """One sweep: bounds on the value from w, the solutions of its stage games, and their values centred."""

    w: np.ndarray
    ends: tuple[float, float]
    found: Saddles
    following: np.ndarray

    @property
    def play(self):
        return Play(self.found.row, self.found.column)

    @property
    def width(self):
        return self.ends[1] - self.ends[0]


OVERFLOW = 2.0**971
"""Four roundings of a number of size 2^1023, below which no sum of a reward and a value overflows."""


def examine(stages, w, near=None) -> Residual | None:
    """Solve the stage games of w, trying the supports of the solutions `near` first; None if a payoff overflows.

    The Shapley operator T is monotone and moves constants by gamma, so that the extremes of T w - w bound the value as
    in an MDP; a strategy that is optimal at every stage guarantees the bound of its player.
    """
    if not np.isfinite(w).all():
        return None
    now, found = stages.step(0), None
    if isinstance(now, SparseSweep):
        found, changes, size = certified_sparse(now, stages.tables[1:], w, near)
        error = now.rounding.of(size)  # at least four roundings of the largest reward, and of the largest value
    if found is None or not error < OVERFLOW:
        payoff, error = stages.payoffs(w)
        if not np.isfinite(payoff).all():
            return None
        found = matrix_games(payoff, near)
        changes = kernels.changes(found.lower, found.upper, w)
    low, high, centred = changes
    return Residual(w, shifts(nextafter(low, -inf), nextafter(high, inf), error, stages.g), found, centred)


def conclude(method, problem, residual, tol, used, capped) -> Solution:
    """The Solution of a discounted game from its best sweep."""
    below, above = residual.ends
    otherwise = Status.CAPPED if capped else Status.FLOOR_REACHED
    value, g = around(residual.w, below, above), float(problem.horizon.gamma)
    status = judge_shifted(value, tol, otherwise, residual.w, g)
    return answer(method, problem, residual.play, (residual.w, below, above), status, used)
