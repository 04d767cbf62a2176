"""Multichain policy iteration for average reward, on floats and on rationals."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import objects
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..exact.chain import chain
from ..exact.gain_certificate import GainCertificate
from ..exact.linear import matrix
from ..model.horizon import Average
from ..model.mdp import MDP
from ._expects import expects
from .bounds import deterministic
from .components import Components
from .gains import answer
from .relative_value_iteration import RelativeValueIteration
from .solution import Solution, Status

SWEEPS = 1000
"""Number of float sweeps that find an initial policy: a poor one may be too ill-conditioned for float64."""


@dataclass(frozen=True)
class MultichainPolicyIteration:
    """Evaluate gain and bias by linear solves; improve the gain, then the bias, until neither improves.

    Args: improvements: largest number of improvements.

    Rational problems are solved exactly: an action changes only if another has a strictly larger gain or, if none has
    in any state, a larger value among those of equal gain; then gain and bias increase lexicographically, no policy
    recurs and the gain has zero width. On floats this is done in the end components, for changes beyond rounding, until
    a policy recurs, and the bounds come from the residual. `iterations` counts improvements.
    Source: Howard, 1960; Puterman, 1994, section 9.2.

    >>> from mdpkit.model import MDP, Average
    >>> two = MDP(objects([[[1, 0], [0, 1]], [[0, 1], [0, 1]]]), objects([[1, 0], [3, 0]]), horizon=Average())
    >>> MultichainPolicyIteration().run(two, tol=0).gain.lower
    array([3, 3], dtype=object)
    """

    improvements: int = 10**4

    def run(self, problem: MDP, tol: float, before: Solution | None = None) -> Solution:
        """Solve; float bounds have width `tol`. `before`, a Solution of the problem, gives the initial policy."""
        expects(self, problem, MDP, Average)
        return self._rationals(problem, before) if problem.exact else self._floats(problem, tol, before)

    def _rationals(self, problem, before):
        choice = _near_optimal(problem) if before is None else before.policy.table.argmax(axis=1)
        rows, states, used = problem.P.reshape(-1, problem.S), np.arange(problem.S), 0
        whole = matrix(rows)

        def ahead(x):
            return np.array((whole * matrix(x[:, None])).entries(), dtype=object).reshape(problem.r.shape)

        going = True
        while going and used < self.improvements:
            law, pay = problem.P[states, choice], Interval(problem.r[states, choice])
            states_chain = chain(law, law != 0)
            g, h = states_chain.gain(pay).lower, states_chain.bias(pay).lower
            G, Q = ahead(g), problem.r + ahead(h)
            used += 1
            going, choice = _improve(np.where(problem.available, G, g.min() - 1), Q, problem.available, choice)
        policy = deterministic(problem, choice)
        if going:
            return Solution(problem, self, Status.CAPPED, policy, None, used)
        value, proof = Interval(objects(problem.rho @ g)), _proof(problem, policy, g, h, G, Q)
        return Solution(problem, self, Status.SOLVED, policy, value, used, proof, gain=Interval(g), bias=Interval(h))

    def _floats(self, problem, tol, before):
        parts = Components(problem)
        step, available = parts.step, np.isfinite(parts.step.r)
        states, before = (
            np.arange(len(parts.members)),
            before or RelativeValueIteration(sweeps=SWEEPS).run(problem, tol),
        )
        previous = before.policy.table.argmax(axis=1)[parts.members]
        choice = np.where(available[states, previous], previous, available.argmax(axis=1))
        best, smallest, met, used, going = np.zeros(len(states)), np.inf, set(), 0, True
        with np.errstate(over="ignore", invalid="ignore"):
            while going and used < self.improvements and choice.tobytes() not in met:
                met.add(choice.tobytes())
                g, h = self._evaluate(step, choice, parts.rate)
                used += 1
                if not (np.isfinite(g).all() and np.isfinite(h).all()):
                    break
                low, high = parts.extremes(step.greedy(h)[0])
                span = float((high - low).max())
                best, smallest = (h, span) if span < smallest else (best, smallest)
                noise = 4 * parts.rate * np.abs(g).max(), 2 * step.rounding(h)
                G, Q = (step.rows @ g).reshape(available.shape), np.where(available, step.action_values(h), -np.inf)
                going, choice = _improve(np.where(available, G, -np.inf), Q, available, choice, *noise)
            capped = going and used >= self.improvements
            return answer(problem, parts, self, best, tol, Status.CAPPED if capped else Status.FLOOR_REACHED, used)

    def _evaluate(self, step, choice, rate):
        """Gain and relative values of a policy, the latter as midpoints of their bounds."""
        rows = np.arange(step.S) * step.A + choice
        law = step.rows[rows]
        pay = step.r[np.arange(step.S), choice]
        states_chain = chain(law, law != 0, rate)
        pay = Interval(pay, pay, "float")
        gain = states_chain.gain(pay)
        return gain.mid, states_chain.bias(pay).mid


def _improve(G, Q, available, choice, gain_noise=0, value_noise=0):
    """Policy improvement by the expected gain G, then by Q; also whether some action is strictly better."""
    states = np.arange(len(choice))
    better, top = G.argmax(axis=1), G.max(axis=1)
    strictly = np.asarray(top > G[states, choice] + gain_noise, dtype=bool)
    if not strictly.any():
        among = available & np.asarray((top - gain_noise)[:, None] <= G, dtype=bool)
        Q = np.where(among, Q, Q[states, choice][:, None])
        better = Q.argmax(axis=1)
        strictly = np.asarray(Q[states, better] > Q[states, choice] + value_noise, dtype=bool)
    return bool(strictly.any()), np.where(strictly, better, choice)


def _proof(problem, policy, g, h, G, Q):
    """The certificate with upper bias h + K g, where K compensates any value of actions that lose gain."""
    given_up = problem.available & np.asarray(g[:, None] > G, dtype=bool)
    lack, price = (Q - (g + h)[:, None])[given_up], (g[:, None] - G)[given_up]
    K = max([0, *(lack / price)])
    return GainCertificate(problem, policy, ((g,), (h,)), ((g,), (h, K * g)))


def _near_optimal(problem):
    """A good deterministic policy found on floats; the first existing actions if floats do not suffice."""
    try:
        return RelativeValueIteration(sweeps=10**4).run(problem, tol=0).policy.table.argmax(axis=1)
    except InvalidModel:
        return problem.available.argmax(axis=1)
