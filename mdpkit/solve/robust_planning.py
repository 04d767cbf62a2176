"""Robust MDPs: the best policy against the worst transition laws of rectangular sets."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..base.arrays import floats, zeros
from ..base.interval import Interval
from ..base.mode import proposing
from ..base.tolerance import gamma
from ..exact.linear import solve_linear
from ..model.horizon import Discounted, Finite
from ..model.mdp import MDP, stepwise
from ..model.policy import TabularPolicy
from ._expects import expects
from .ambiguity import Ambiguity
from .bounds import around, down, shifts, up
from .solution import Solution, Status, judge

PATIENCE = 4
"""Number of policies met before, without narrower bounds, after which floats are at their floor."""

ANSWERS = 100
"""Largest number of improvements of nature, on floats, against one policy."""


@dataclass(frozen=True, eq=False)
class RobustPlanning:
    """Maximise the return in the worst MDP whose transition laws lie in given sets, one for each state and action.

    Args: ambiguity: an `L1Ball`, a `KLBall` or an `IntervalSet`.

    For Discounted and Finite problems; rewards are known. Nature may choose the law of every state and action (and
    step) by itself: (s,a)-rectangular sets. Then V = max_a min_p r + gamma p . V, a deterministic Markov policy is
    optimal over all history-dependent ones, against nature's history-dependent choices too, and the order of maximum
    and minimum does not matter. In `model` the law of every state and action minimises p . V: the policy is optimal in
    it, with the same value, so that `measure.value(answer.model, answer.policy)` gives the value again.

    On rationals, L1 balls and intervals are solved exactly: nature's policies are improved until none is worse, then
    the policy is, in rational arithmetic, so that no pair recurs. On floats, and for KL balls, both bounds come from
    one robust backup; the policy's robust value lies within them, and so does its value in `model`. `iterations` counts
    improvements of the policy, or steps.
    Source: adapted from Iyengar, 2005; Nilim and El Ghaoui, 2005.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.solve import L1Ball
    >>> work = MDP(objects([[[1, 0]], [[0, 1]]]), objects([[1], [0]]), objects([1, 0]), horizon=Discounted("1/2"))
    >>> answer = RobustPlanning(L1Ball("1/2")).run(work)
    >>> answer.value[0], answer.model.P[0, 0]
    (Interval(8/5, exact), array([3/4, 1/4], dtype=object))
    """

    ambiguity: Ambiguity

    def advice(self, problem: MDP) -> str | None:
        """No advice in a KL ball, where rational problems too are answered by floats; None for the usual one."""
        return None if self.ambiguity.exact else ""

    def run(self, problem: MDP, tol: float = 1e-8, before: Solution | None = None) -> Solution:
        """The answer; on floats to bounds of width `tol`. `before` is not used.

        Raises: InvalidModel if the sets do not fit the problem.
        """
        expects(self, problem, MDP, Discounted | Finite)
        value, model, table, used = play_against_nature(problem, self.ambiguity, None, tol)
        status = Status.SOLVED if value.exact else judge(value, tol, Status.FLOOR_REACHED, value.mid)
        policy = TabularPolicy(table)
        return Solution(problem, self, status, policy, value, used, model=model)


def robust_values(problem: MDP, policy: TabularPolicy, ambiguity: Ambiguity, tol: float = 0) -> tuple[Any, MDP]:
    """Bounds on the values of a policy in the worst MDP of rectangular sets, `[s]` or `[t,s]`; and such an MDP.

    V(s) = sum_a pi(a|s) min_p r + gamma p . V: nature knows the state and the action. While proposing, plain floats.
    """
    value, model, *_ = play_against_nature(problem, ambiguity, policy.table, tol)
    return value, model


def play_against_nature(problem, ambiguity, table, tol):
    """The robust values, a worst model, the policy `[s,a]` or `[t,s,a]`, and the number of its improvements.

    Args: table: the policy; None for an optimal one.
    """
    if not isinstance(ambiguity, Ambiguity):
        raise TypeError(f"the ambiguity is {ambiguity!r}; expected an L1Ball, a KLBall or an IntervalSet")
    exact = problem.exact and ambiguity.exact
    meant = problem.to_float() if problem.exact and not exact else problem
    nature = ambiguity.around(problem if exact else meant)
    table = table if table is None or exact else floats(table)
    game = _Game(meant, nature, table)
    if isinstance(problem.horizon, Finite):
        value, laws, table, used = game.induce_backwards()
    elif exact:
        value, laws, table, used = game.improve_exactly()
    else:
        value, laws, table, used = game.improve_on_floats(tol)
    if proposing():
        return value, laws, table, used
    laws = laws / np.where(laws.sum(axis=-1) == 0, 1, laws.sum(axis=-1))[..., None]
    return value, replace(meant, P=laws), table, used


class _Game:
    """A decision maker, or a fixed policy, against nature."""

    def __init__(self, problem, nature, table):
        self.problem, self.nature, self.fixed = problem, nature, table
        self.r, self.here = stepwise(problem.r, 2), problem.available

    def act(self, Q, t=0):
        """The policy `[s,a]` of one step, and its mean of Q: the fixed one, or the first best action."""
        if self.fixed is not None:
            pi = stepwise(self.fixed, 2)
            pi = pi[t % len(pi)]
        else:
            pi = self.choose(np.where(self.here, Q, self.least(Q)).argmax(axis=1))
        return pi, np.where(pi != 0, pi * Q, zeros((), Q)).sum(axis=1)

    def choose(self, choice):
        return self.problem.like((choice[:, None] == np.arange(self.problem.A)).astype(int))

    def least(self, Q):
        return -np.inf if Q.dtype == float else Q.min() - 1

    def rounding(self, r, w):
        """Bound on the error of sum_a pi (r + g p . w) for the p found, rows that do not sum to 1 included."""
        if self.problem.exact or proposing():
            return 0
        policy = 0.0 if self.fixed is None else 2 * abs(self.fixed.sum(axis=-1) - 1).max() + gamma(self.problem.A + 4)
        size = np.abs(w).max()
        return (gamma(self.problem.S + 12) + policy) * (np.abs(r).max() + size) + self.nature.share * size

    def induce_backwards(self):
        H, S = self.problem.horizon.H, self.problem.S
        w, laws, tables = [zeros(S, self.r)], [], []
        below, above = [0.0], [0.0]
        for t in range(H - 1, -1, -1):
            with np.errstate(over="ignore", invalid="ignore"):
                p, gap = self.nature.worst(t, w[-1])
                r = self.r[t % len(self.r)]
                pi, v = self.act(r + p @ w[-1], t)
                error = self.rounding(r, w[-1])
            if not (self.problem.exact or np.isfinite(v).all()):  # any values do beside an unbounded error
                v, error = np.zeros(S), np.inf
            below.append(below[-1] + (np.max(gap) + error) * (1 + 2**-40))
            above.append(above[-1] + error * (1 + 2**-40))
            w.append(v)
            laws.append(p)
            tables.append(pi)
        w, laws, tables = (np.stack(part[::-1]) for part in (w, laws, tables))
        if proposing():
            return w, laws, tables, H
        if self.problem.exact:
            return Interval(w), laws, tables, H
        below, above = (np.array(part[::-1])[:, None] for part in (below, above))
        return Interval(down(w - below), up(w + above), "float"), laws, tables, H

    def evaluate(self, pi, p):
        """V of a policy in an MDP, as computed."""
        g, S = self.problem.horizon.gamma, self.problem.S
        chain, reward = (pi[:, :, None] * p).sum(axis=1), (pi * self.r[0]).sum(axis=1)
        if self.problem.exact:
            return solve_linear(np.eye(S, dtype=int) - g * chain, reward)
        return np.linalg.solve(np.eye(S) - g * chain, reward)

    def answer(self, pi, p):
        """Nature's best answer to a policy, from the laws p on: V, and the worst laws for V."""
        played = pi != 0
        for _ in range(ANSWERS) if not self.problem.exact else iter(int, 1):
            V = self.evaluate(pi, p)
            q, _ = self.nature.worst(0, V)
            worse = np.asarray(p @ V - q @ V > (0 if self.problem.exact else 1e-15 * np.abs(V).max()))
            if not (worse & played).any():
                break
            p = np.where(worse[..., None], q, p)
        return V, np.where((worse | ~played)[..., None], q, p)

    def improve_exactly(self):
        g, used, p = self.problem.horizon.gamma, 0, stepwise(self.problem.P, 3)[0]
        pi, _ = self.act(self.r[0])
        while True:
            used += 1
            V, p = self.answer(pi, p)
            Q = np.where(self.here, self.r[0] + g * (p @ V), V[:, None])
            better = Q.argmax(axis=1)
            strictly = np.asarray(Q[np.arange(len(V)), better] > V)
            if self.fixed is not None or not strictly.any():
                return Interval(V), p, pi, used
            pi = np.where(strictly[:, None], self.choose(better), pi)

    def improve_on_floats(self, tol):
        g, r, w = self.problem.horizon.gamma, self.r[0], np.zeros(self.problem.S)
        best, quiet, used, met = None, 0, 0, set()
        with np.errstate(over="ignore", invalid="ignore"):
            while quiet < PATIENCE:
                p, gap = self.nature.worst(0, w)
                Q, used = r + g * (p @ w), used + 1
                pi, top = self.act(Q)
                policy = hash(pi.tobytes())
                again = policy in met  # the values of new policies increase, but the bounds need not narrow
                met.add(policy)
                low = np.where(pi != 0, pi * (Q - g * gap), 0).sum(axis=1) if self.fixed is not None else None
                low = np.where(self.here, Q - g * gap, -np.inf).max(axis=1) if low is None else low
                error = self.rounding(r, w)
                ends = shifts((low - w).min() - error, (top - w).max() + error, 0.0, g) if not proposing() else (0, 0)
                width = ends[1] - ends[0] if not proposing() else np.abs(top - w).max()
                narrower = best is None or width < best[0]
                best, quiet = ((width, w, ends, p, pi), 0) if narrower else (best, quiet + again)
                if not width > tol / 2:
                    break
                w, _ = self.answer(pi, p)
                if not proposing():
                    w = w - (w.max() / 2 + w.min() / 2)
        _, w, ends, p, pi = best
        return w if proposing() else around(w, *ends), p, pi, used
