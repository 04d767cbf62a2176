"""Maximum probability of avoiding failure for ever."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import objects
from ..base.interval import Interval
from ..base.mode import proposing
from ..base.tolerance import UNIT, gamma
from ..exact.linear import solve_linear
from ..kernels import reach
from ..model.policy import TabularPolicy
from ..model.safety import SafetyProblem
from ._expects import expects
from .avoid_tube import hopeful, staying, viable
from .bounds import deterministic, down, up
from .solution import Solution, Status, judge


@dataclass
class _Found:
    """p, the policy, and the problem restricted to the states between the viability kernel and the tube.

    `inside[s,a,n]` stays between, `enter[s,a]` leads to the kernel."""

    p: np.ndarray
    choice: np.ndarray
    tube: np.ndarray
    between: np.ndarray
    inside: np.ndarray
    enter: np.ndarray
    rate: float = 0
    used: int = 0
    ended: bool = True


@dataclass(frozen=True)
class AvoidProbability:
    """Maximum probability of never failing: the greatest fixed point of p = (0 on failure, else max_a P p).

    Args: improvements: largest number of policy improvements.

    Two sets depend only on the graph of possible transitions: the viability kernel, whose states have an action that
    stays in it with probability 1 (p = 1), and the states without a path to it that avoids failure (p = 0; this is
    `tube`). Between them every policy leaves with probability 1, since a closed set without failure would be viable;
    there the fixed point is unique and policy iteration finds it, exactly on rationals. On floats the bounds are w - d
    h and w + d h, with d the residual of the computed w and h at least the time to leave. Iterating from 0 would return
    0, the least fixed point.
    `iterations` counts policy improvements.
    Source: adapted from Abate, Prandini, Lygeros and Sastry, 2008; de Alfaro, 1997.

    >>> slip = SafetyProblem([False, True, False], P=objects([[[0, "1/3", "2/3"]], [[0, 1, 0]], [[0, 0, 1]]]))
    >>> AvoidProbability().run(slip).value[0]
    Interval(2/3, exact)
    """

    improvements: int = 10**4

    def run(self, problem: SafetyProblem, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer; float bounds of width `tol`. `before` is not used."""
        expects(self, problem, SafetyProblem)
        if problem.P is None:
            raise TypeError(
                f"AvoidProbability solves a SafetyProblem with a law P; got {problem!r}, which has successors"
            )
        if proposing():
            p, choice = self.propose(problem)
            policy = TabularPolicy((choice[:, None] == np.arange(problem.A)).astype(float))
            return Solution(problem, self, Status.SOLVED, policy, p, 0)
        found = self.search(problem)
        policy = deterministic(problem, found.choice)
        if problem.exact:
            value, status = (Interval(found.p), Status.SOLVED) if found.ended else (None, Status.CAPPED)
            return Solution(problem, self, status, policy, value, found.used, tube=found.tube)
        error = np.zeros(problem.S)
        if found.between.size:
            error[found.between] = self._error(found)
        value = _around(found.p, error)
        status = judge(value, tol, Status.FLOOR_REACHED if found.ended else Status.CAPPED, value.lower)
        return Solution(problem, self, status, policy, value, found.used, tube=found.tube)

    def propose(self, problem: SafetyProblem) -> tuple[np.ndarray, np.ndarray]:
        """p and the actions in plain floats, without bounds."""
        safe = viable(problem)
        lost, start = ~hopeful(problem, safe), staying(problem, safe)
        return reach.avoid_probability(problem.P, safe, lost, start, gamma(problem.S + 16), self.improvements)

    def search(self, problem: SafetyProblem) -> _Found:
        """Find p (exact on rationals, without bounds on floats), the policy, and the problem between the sets."""
        safe = viable(problem)
        tube = ~hopeful(problem, safe)
        tube.flags.writeable = False
        between, choice = np.flatnonzero(~tube & ~safe), staying(problem, safe)
        p = objects(safe.astype(int)) if problem.exact else safe.astype(float)
        rows = problem.P[between]
        found = _Found(p, choice, tube, between, rows[:, :, between], rows[:, :, safe].sum(axis=2))
        if between.size:
            found.rate = 0 if problem.exact else gamma(problem.S + 16 + 2 * problem.defect / UNIT)
            p[between], choice[between], found.used, found.ended = self._collect_until_exit(
                found.inside, found.enter, found.rate
            )
        return found

    def _collect_until_exit(self, inside, reward, rate):
        """Maximum total reward until exit from the states; also the policy, improvements, and whether it is optimal.

        Args: inside: `[s,a,n]` on transient states. reward: `[s,a]`. rate: relative error of a sum; 0 if exact.
        """
        states, choice, used = np.arange(len(reward)), np.zeros(len(reward), dtype=np.int64), 0
        identity, answer = np.eye(len(reward), dtype=int), solve_linear if rate == 0 else _solve
        while True:
            v = answer(identity - inside[states, choice], reward[states, choice])
            Q = reward + inside @ v
            better = Q.argmax(axis=1)
            rounding = 4 * rate * abs(Q).max() if rate else 0
            strictly = np.asarray(Q[states, better] > Q[states, choice] + rounding, dtype=bool)
            if not strictly.any() or used == self.improvements:
                return v, choice, used, not strictly.any()
            choice, used = np.where(strictly, better, choice), used + 1

    def _error(self, found):
        """e[s] with |p - w| <= e: d h, where T w lies within d of w, and h - P h >= least > 0 under every action.

        w + (d / least) h is then no less than its image under every policy, hence no less than p; the lower bound
        mirrors this for the greedy policy.
        """
        inside, enter, rate, w = found.inside, found.enter, found.rate, found.p[found.between]
        h = self._collect_until_exit(inside, np.ones_like(enter), rate)[0]
        with np.errstate(invalid="ignore", over="ignore"):
            ahead = inside @ h
            least = (h[:, None] - ahead - rate * (2 * ahead + h[:, None])).min()
            Q = enter + inside @ w
            d = np.abs(Q.max(axis=1) - w).max() + rate * (np.abs(Q).max() + np.abs(w).max())
            return (1 + 16 * UNIT) * d / least * h if least > 0 and np.isfinite(h).all() else np.ones(len(w))


def _solve(matrix, right):
    """Solve matrix x = right; NaN if the matrix is singular in float64."""
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return np.full(len(right), np.nan)


def _around(p, error) -> Interval:
    """Interval around p, intersected with [0, 1]; exact where the error is 0."""
    p = np.where(np.isfinite(p), p, 0)
    lower, upper = np.clip(down(p - error), 0, 1), np.clip(up(p + error), 0, 1)
    return Interval(np.where(error == 0, p, lower), np.where(error == 0, p, upper), "float")
