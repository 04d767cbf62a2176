"""Quantal response equilibria of zero-sum Markov games, by magnetic mirror descent."""

from dataclasses import dataclass

import numpy as np

from ..base.tolerance import UNIT, gamma
from ..kernels import quantal_responses as kernels
from ..model.game import MarkovGame
from ..model.horizon import Discounted, Finite
from ._expects import expect_temperature, expects_all_actions
from .bounds import around, down, judge_shifted, shifts, up
from .modified_policy_iteration import PATIENCE
from .solution import Solution, Status, judge
from .zero_sum import Play, Stages, expects_zero_sum, for_both

NOISE = 64
"""A regularised duality gap within 64 roundings of the largest payoff cannot be reduced in float64."""


@dataclass(frozen=True)
class MagneticMirrorDescent:
    """The quantal response equilibrium of a zero-sum Markov game with entropy regularisation.

    Args:
        temperature: above 0, in units of reward per nat.
        steps: largest number of mirror descent steps in one stage game.

    Player 0 maximises and player 1 minimises E sum_t gamma^t (r_t + temperature (H(x(s_t)) - H(y(s_t)))), H the
    entropy. There is one equilibrium: in every state both policies are softmaxes of their expected payoffs, later
    regularised values included. Each stage game is solved by magnetic mirror descent, which converges linearly; the
    stage values are swept as in `ShapleyIteration`. `value[0]` bounds the regularised value (there is no certificate),
    `policy` is the product of the players' policies. In the game without entropies their gains from deviating sum to at
    most temperature (log A + log B) / (1 - gamma), or H times the numerator, up to the width of the bounds.
    The answer is transcendental: rational games too get float bounds. `iterations` counts mirror descent steps of the
    slowest state.
    Source: McKelvey and Palfrey, 1995; the algorithm adapted from Sokota et al., 2023.

    >>> pay = np.array([[1.0, 0.0, 0.0, 1.0]])
    >>> game = MarkovGame(np.ones((1, 4, 1)), np.stack([pay, -pay]), horizon=Finite(1), actions=(2, 2))
    >>> MagneticMirrorDescent(temperature=0.1).run(game, tol=1e-9).policy.table
    array([[[0.25, 0.25, 0.25, 0.25]]])
    """

    temperature: float
    steps: int = 10**5

    def __post_init__(self) -> None:
        expect_temperature(self.temperature)

    def run(self, problem: MarkovGame, tol: float, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`; `before` is not used."""
        expects_zero_sum(self, problem, Finite, Discounted)
        expects_all_actions(self, problem)
        with np.errstate(over="ignore", invalid="ignore"):
            return (self._finite if isinstance(problem.horizon, Finite) else self._iterate)(problem, tol)

    def _stage(self, stages, w, tol, t=0):
        """Bounds on T w, the strategies, the slowest state's steps, and a bound on all rounding errors."""
        payoff, error = stages.payoffs(w, t)
        temperature = float(self.temperature)
        sizes = sum(payoff.shape[1:])
        spread = np.ptp(payoff) + np.abs(payoff).max() + temperature * np.log(sizes)
        tol = max(tol, NOISE * UNIT * float(spread))
        low, high, row, column, used = kernels.quantal(payoff, temperature, tol, self.steps)
        error += 32 * UNIT * spread + (temperature + spread) * gamma(2 * sizes + 32)
        return low, np.maximum(low, high), Play(row, column), int(used.max()), error

    def _finite(self, problem, tol):
        stages, H, S = Stages(problem), problem.horizon.H, problem.S
        w, below, above = np.zeros((H + 1, S)), np.zeros((H + 1, 1)), np.zeros((H + 1, 1))
        rows, used = [], 0
        for t in range(H - 1, -1, -1):
            low, high, play, steps, error = self._stage(stages, w[t + 1], tol / (4 * H), t)
            rows.append(play)
            mid, used = (low + high) / 2, max(used, steps)
            w[t] = mid - (mid.max() / 2 + mid.min() / 2)
            below[t] = down(down(below[t + 1] + down(low - w[t]).min()) - error)
            above[t] = up(up(above[t + 1] + up(high - w[t]).max()) + error)
        play = Play(*(np.stack([getattr(one, side) for one in rows[::-1]]) for side in ("row", "column")))
        value = around(w, below, above)
        otherwise = Status.CAPPED if used >= self.steps else Status.FLOOR_REACHED
        return self._answer(problem, value, judge(value, tol, otherwise, w + (above - below)), play, used)

    def _iterate(self, problem, tol):
        stages, w, best, quiet, used = Stages(problem), np.zeros(problem.S), None, 0, 0
        rest = 1 - stages.g
        while quiet < PATIENCE:
            goal = tol if best is None else max(tol, best[0] / 8)
            low, high, play, steps, error = self._stage(stages, w, goal * rest / 4)
            ends = shifts(float(down(low - w).min()), float(up(high - w).max()), error, stages.g)
            width, used = ends[1] - ends[0], max(used, steps)
            best, quiet = ((width, w, ends, play), 0) if best is None or width < best[0] else (best, quiet + 1)
            if not width > tol / 2:
                break
            mid = (low + high) / 2
            w = mid - (mid.max() / 2 + mid.min() / 2)
        _, w, ends, play = best
        value = around(w, *ends)
        otherwise = Status.CAPPED if used >= self.steps else Status.FLOOR_REACHED
        return self._answer(problem, value, judge_shifted(value, tol, otherwise, w, stages.g), play, used)

    def _answer(self, problem, value, status, play, used):
        return Solution(problem, self, status, play.joint, for_both(value), used)
