"""Policy iteration for discounted problems, on floats and on rationals."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..exact.certificate import OptimalityCertificate
from ..exact.linear import matrix, solve_linear
from ..model.horizon import Discounted
from ..model.mdp import MDP
from ._expects import expects
from .bounds import around, deterministic, proof, shifts
from .modified_policy_iteration import NOISE, PATIENCE, ModifiedPolicyIteration
from .solution import Solution, Status, judge
from .sweep import sweeps

LOOKS = 100
"""Largest number of sweeps between two linear solves; they end when the greedy policy is stable."""


@dataclass(frozen=True)
class PolicyIteration:
    """Evaluate by a linear solve, improve greedily, until no action is better.

    Args: improvements: largest number of improvements.

    Rational problems are solved exactly: starting from the float optimum, each policy is evaluated and improved in
    rational arithmetic, and an action changes only if another is strictly better, so no policy recurs and the value has
    zero width. On floats an action changes only if another is better by more than rounding; the bounds come from the
    residual. `iterations` counts improvements.
    Source: Howard, 1960.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import MDP, Discounted
    >>> stay = MDP(objects([[[1]]]), objects([["1/3"]]), horizon=Discounted("9/10"))
    >>> PolicyIteration().run(stay, tol=0).value[0]
    Interval(10/3, exact)
    """

    improvements: int = 10**4

    def run(self, problem: MDP, tol: float, before: Solution | None = None) -> Solution:
        """Solve; float bounds have width `tol`. `before`, a Solution of the problem, gives the initial policy."""
        expects(self, problem, MDP, Discounted)
        if problem.exact:
            return self._rationals(problem, before)
        return self._floats(problem, tol, before)

    def _floats(self, problem, tol, before):
        step, g, states = sweeps(problem)(0), problem.horizon.gamma, np.arange(problem.S)
        w, used, quiet, going = np.zeros(problem.S), 0, 0, True
        best = _residual(step, w)
        choice = best.choice if before is None else before.policy.table.argmax(axis=1)
        with np.errstate(over="ignore", invalid="ignore"):
            while going and used < self.improvements:
                w = self._evaluate(step, choice, w)
                used += 1
                Q, now, last = step.action_values(w), _residual(step, w), choice
                best, quiet = (now, 0) if now.span < best.span else (best, quiet + 1)
                going = bool((Q[states, now.choice] > Q[states, choice] + 2 * now.error).any())
                if going:
                    choice = self._looking_ahead(step, choice, w, now.choice)
                    going = not np.array_equal(choice, last) and (quiet < PATIENCE or now.span > NOISE * now.error)
        below, above = shifts(best.low, best.high, best.error, g)
        value, policy = around(best.w, below, above), deterministic(problem, best.choice)
        status = judge(value, tol, Status.CAPPED if going else Status.FLOOR_REACHED, best.w + best.high)
        return Solution(problem, self, status, policy, value, used, proof(problem, policy, value, best.w, below, above))

    def _looking_ahead(self, step, choice, w, better):
        """The next policy, greedy after further sweeps that propagate distant improvements."""
        states, change = np.arange(step.S), step.greedy(w)[0]
        for _ in range(LOOKS):
            w, last = w + change, better
            change, better = step.greedy(w)
            if np.array_equal(better, last):
                break
        w = step.recentre(w)
        Q = step.action_values(w)
        return np.where(Q[states, better] > Q[states, choice] + 2 * step.rounding(w), better, choice)

    def _evaluate(self, step, choice, w):
        """Relative values of a policy: a linear solve and one step of iterative refinement."""
        states = np.arange(step.S)
        for _ in range(2):
            w = step.recentre(w + step.solve(choice, step.recentre(step.action_values(w)[states, choice] - w)))
        return w

    def _rationals(self, problem, before):
        choice = _near_optimal(problem) if before is None else before.policy.table.argmax(axis=1)
        P, g = matrix(problem.P.reshape(-1, problem.S)), problem.horizon.gamma
        rows, states = problem.P.reshape(-1, problem.S), np.arange(problem.S)
        used, strictly = 0, np.ones(1, dtype=bool)
        while strictly.any() and used < self.improvements:
            used += 1
            equations = rows[states * problem.A + choice] * -g
            equations[states, states] += 1
            V = solve_linear(equations, problem.r[states, choice])
            following = np.array((P * matrix(V[:, None])).entries(), dtype=object).reshape(problem.r.shape)
            Q = np.where(problem.available, problem.r + g * following, V[:, None])
            better = np.argmax(Q, axis=1)
            strictly = (Q[states, better] > V).astype(bool)
            choice = np.where(strictly, better, choice)
        policy = deterministic(problem, choice)
        if strictly.any():
            return Solution(problem, self, Status.CAPPED, policy, None, used)
        return Solution(
            problem, self, Status.SOLVED, policy, Interval(V), used, OptimalityCertificate(problem, policy, (V,), (V,))
        )


class _Residual(NamedTuple):
    low: float
    high: float
    error: float
    w: np.ndarray
    choice: np.ndarray

    @property
    def span(self):
        return self.high - self.low


def _residual(step, w):
    """Extremes of T w - w, a bound on their error, and the greedy policy."""
    change, choice = step.greedy(w)
    return _Residual(float(change.min()), float(change.max()), step.rounding(w), w, choice)


def _near_optimal(problem):
    """A good deterministic policy found on floats; the first existing actions if floats do not suffice."""
    try:
        return ModifiedPolicyIteration(sweeps=10**4).run(problem, tol=0).policy.table.argmax(axis=1)
    except InvalidModel:
        return problem.available.argmax(axis=1)
