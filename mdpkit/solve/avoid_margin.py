"""Optimal minimum margin: avoid value iteration with lower and upper bounds."""

from dataclasses import dataclass

import numpy as np

from ..base.interval import Interval
from ..base.tolerance import UNIT, gamma
from ..kernels import safety
from ..model.margin import MarginProblem
from ._expects import expects
from .bounds import deterministic, down, up
from .solution import Solution, Status, judge

LONGEST = 4096
"""Largest number of bits of a denominator in exact sweeps; longer ones indicate convergence only in the limit."""


@dataclass(frozen=True)
class AvoidMargin:
    """Greatest solution of V = min(margin, max_a E V(next)), by decreasing sweeps from the margin.

    Args: sweeps: largest number of sweeps.

    Every sweep is an upper bound: the value over as many steps. On rationals the answer is exact once a sweep changes
    nothing. If the sweeps decrease for ever, the fractions grow; beyond 4096 bits, or after `sweeps` sweeps, the
    problem is solved on floats, whose bounds hold for it too, and the status is CAPPED unless the bounds meet `tol`.
    On floats W = V - d h is a lower bound if W <= min(margin, E W(next)) under one policy, which is checked at every
    state with rounding; h counts the steps until that policy has slack, and d is the last change plus rounding. If none
    is found, as on a closed set of equal margins up to rounding, the smallest margin is the lower bound. `iterations`
    counts sweeps.
    Source: adapted from Fisac, Chen, Tomlin and Sastry, 2015; greatest fixed point: Tarski, 1955.

    >>> from mdpkit.base.arrays import objects
    >>> P = objects([[[0, 0, 1], [0, 1, 0]], [[0, "1/2", "1/2"], [1, 0, 0]], [[0, 0, 1]] * 2])
    >>> brake = MarginProblem(objects([1, 2, -1]), P)
    >>> AvoidMargin().run(brake, tol=0).value.lower
    array([1, 1, -1], dtype=object)
    """

    sweeps: int = 10**5

    def run(self, problem: MarginProblem, tol: float, before: Solution | None = None) -> Solution:
        """The answer; float bounds of width `tol`. `before` is not used."""
        expects(self, problem, MarginProblem)
        return self._rationals(problem, tol) if problem.exact else self._floats(problem, tol)

    def _rationals(self, problem, tol):
        arrays, w, used, change = (problem.margin, problem.ended, *problem.rows), problem.margin, 0, 1
        while change != 0 and used < self.sweeps and max(int(x.q).bit_length() for x in w) <= LONGEST:
            V, choice = safety.keep_margin(*arrays, w)
            change, w, used = (w - V).max(), V, used + 1
        if change == 0:
            return Solution(problem, self, Status.SOLVED, deterministic(problem, choice), Interval(w), used)
        near = self._floats(problem.to_float(), tol)
        upper = np.minimum(near.value.upper, Interval(w).enclose().upper)
        value = Interval(near.value.lower, upper, "float")
        policy = deterministic(problem, near.policy.table.argmax(axis=1))
        return Solution(problem, self, judge(value, tol, Status.CAPPED, upper), policy, value, used + near.iterations)

    def _floats(self, problem, tol):
        arrays = problem.margin, problem.ended, *problem.rows
        w, used, goal = problem.margin, 0, tol / 8
        while True:
            V, choice = safety.keep_margin(*arrays, w)
            used += 1
            change, w = (w - V).max(), V
            if change == 0 or used >= self.sweeps:
                break
            if change <= goal:
                value, choice = self._bounds(problem, w, used, choice)
                if value.width <= tol:
                    break
                goal = change / 8
        value, choice = self._bounds(problem, w, used, choice)
        status = judge(value, tol, Status.FLOOR_REACHED if change == 0 else Status.CAPPED, w)
        return Solution(problem, self, status, deterministic(problem, choice), value, used)

    def _bounds(self, problem, w, used, choice):
        """Upper bound w and a lower bound W that one policy attains, or the smallest margin."""
        rows, states = _Rows(problem), np.arange(problem.S)
        upper = up(w + used * rows.error(np.abs(problem.margin).max() + np.abs(problem.ended).max()))
        Q, error = rows.ahead(w)
        choice = (Q - error).argmax(axis=1)
        slack = (Q - error)[states, choice] - problem.margin
        settled = (slack > np.ptp(w) * 2.0**-20) | rows.stays(choice)
        h = rows.steps(choice, settled)
        d = (w - np.minimum(problem.margin, (Q - error)[states, choice])).max() + 4 * UNIT * np.abs(w).max()
        for _ in range(8):
            W = down(w - d * h)
            after, error = (each[states, choice] for each in rows.ahead(W))
            ahead = np.where(error == 0, after, down(after - error))
            if (np.minimum(down(problem.margin - UNIT * np.abs(problem.margin)), ahead) >= W).all():
                return Interval(np.minimum(W, upper), upper, "float"), choice
            d *= 2
        least = min(problem.margin.min(), problem.ended[problem.ends].min(initial=np.inf))
        return Interval(np.full(problem.S, down(least - UNIT * abs(least))), upper, "float"), choice


class _Rows:
    """E w(next) of every action, with its rounding error."""

    def __init__(self, problem):
        from scipy.sparse import csr_array

        data, indices, first = problem.rows
        S, A = problem.S, problem.A
        self.P, self.problem = csr_array((data, indices, first), shape=(S * A, S)), problem
        lengths = np.diff(first)
        self.sure = (lengths == 1) & (problem.sums == 1)
        longest = int(lengths.max(initial=1))
        self.rate = gamma(longest + 8) + 2 * float(np.abs(problem.sums - 1)[lengths > 0].max(initial=0.0))

    def error(self, size):
        """Rounding error of one sweep, for values up to `size`."""
        return self.rate * size

    def ahead(self, w):
        """E w(next), `[s,a]`, and its error, 0 for deterministic transitions."""
        shape, ends = self.problem.ended.shape, self.problem.ends
        Q = np.where(ends, self.problem.ended, (self.P @ w).reshape(shape))
        error = self.rate * np.where(ends, np.abs(self.problem.ended), (self.P @ np.abs(w)).reshape(shape))
        return Q, np.where(self.sure.reshape(shape), 0.0, error)

    def stays(self, choice):
        """`[s]`, True where the chosen action stays with probability 1."""
        rows = np.arange(len(choice)) * self.problem.A + choice
        return self.sure[rows] & (self.P[rows].diagonal() == 1)

    def steps(self, choice, settled, most=10**4):
        """h = 1 where settled, else 1 plus the expected h of the successor; after `most` sweeps."""
        law = self.P[np.arange(len(choice)) * self.problem.A + choice]
        h = np.ones(len(choice))
        for _ in range(most):
            following = np.where(settled, 1.0, 1 + law @ h)
            if np.abs(following - h).max() < 2.0**-20:
                break
            h = following
        return h * (1 + 2.0**-10)
