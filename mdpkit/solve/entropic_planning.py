"""Entropic risk over finite horizons, by ball arithmetic."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..base.arrays import exactly, floats, zeros
from ..base.balls import ends
from ..base.errors import ExactnessLost, InvalidModel
from ..base.interval import Interval
from ..base.mode import proposing
from ..base.types import Number
from ..model.expectation import transition
from ..model.horizon import Finite
from ..model.mdp import MDP, stepwise
from ..model.policy import TabularPolicy
from ._expects import expects
from .solution import Solution, Status, judge

BITS = 192


@dataclass(frozen=True)
class EntropicPlanning:
    """Maximise the entropic certainty equivalent -(1/aversion) log E e^(-aversion G) of the return G.

    Args: aversion: not 0, in units of 1/reward; risk averse above 0, risk seeking below.

    For Finite problems. For small aversion it is E G - aversion Var(G) / 2, up to higher order; for large ones it tends
    to the least possible return. W_t(s) = min_a e^(-aversion r) E W_{t+1} (the maximum for aversion < 0): the policy is
    deterministic and Markov, and optimal over all history-dependent policies. `value` `[t,s]` is the optimal
    certainty equivalent of the reward from step t on. The logarithms are enclosed by ball arithmetic at 192 bits, for
    rational problems too. `iterations` counts steps.
    Source: adapted from Howard and Matheson, 1972.

    >>> from mdpkit.base.arrays import objects
    >>> law, pays = objects([[[0, "1/2", "1/2"]], [[0, 1, 0]], [[0, 0, 1]]]), objects([[0], [0], [1]])
    >>> value = EntropicPlanning(1).run(MDP(law, pays, horizon=Finite(2))).value
    >>> round(value[0, 0].mid, 6) == round(-float(np.log((1 + np.exp(-1)) / 2)), 6)
    True
    """

    aversion: Number

    def __post_init__(self) -> None:
        expect_aversion(self.aversion)

    def run(self, problem: MDP, tol: float = 1e-8, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`, or as narrow as the input's rounding permits. `before` is not used."""
        expects(self, problem, MDP, Finite)
        value, choice = entropic_values(problem, self.aversion)
        policy = TabularPolicy(problem.like((choice[..., None] == np.arange(problem.A)).astype(int)))
        status = judge(value, tol, Status.FLOOR_REACHED, value.mid)
        return Solution(problem, self, status, policy, value, problem.horizon.H)


def expect_aversion(aversion):
    """The aversion as an exact number. Raises: InvalidModel unless it is a finite number other than 0."""
    try:
        number = exactly(np.asarray(aversion, dtype=None if isinstance(aversion, float) else object))[()]
    except (TypeError, ValueError, OverflowError, ExactnessLost):
        number = 0
    if number == 0:
        raise InvalidModel(f"the aversion is {aversion!r}; expected a finite number other than 0")
    return number


def entropic_values(problem: MDP, aversion: Number, table: np.ndarray | None = None) -> tuple[Any, np.ndarray]:
    """Bounds on the certainty equivalents `[t,s]` of a policy, and its actions `[t,s]` where it is deterministic.

    Args: table: the policy `[s,a]` or `[t,s,a]`; None for an optimal one.

    While proposing, plain floats.
    """
    theta, H = expect_aversion(aversion), problem.horizon.H
    if proposing():
        return _propose(problem, float(theta.p) / float(theta.q), table), np.zeros((H, problem.S), dtype=int)
    from flint import arb, ctx

    V, choice = np.zeros((2, H + 1, problem.S)), np.zeros((H, problem.S), dtype=int)
    with ctx.workprec(BITS):
        unit = arb(1) if problem.exact else arb(1, 2.0**-52)
        W = [arb(1)] * problem.S
        for t in range(H - 1, -1, -1):
            law, r = transition(problem, t), stepwise(problem.r, 2)
            law = exactly(law.toarray() if problem.sparse else law).reshape(problem.S, problem.A, problem.S)
            r, now = exactly(r[t % len(r)]), []
            for s in range(problem.S):
                W_a = {
                    int(a): (-theta * (arb(r[s, a]) * unit)).exp() * _mean(law[s, a], W, unit)
                    for a in np.flatnonzero(problem.available[s])
                }
                if table is not None:
                    pi = exactly(stepwise(table, 2)[t % len(stepwise(table, 2)), s])
                    now.append(_mean(pi, W_a, unit))
                    continue
                # the least upper (largest lower) end: the policy's own value is then within the bounds
                choice[t, s] = min(W_a, key=lambda a: W_a[a].upper() if theta > 0 else -W_a[a].lower())
                best = list(W_a.values())
                for other in best[1:]:
                    best[0] = best[0].min(other) if theta > 0 else best[0].max(other)
                now.append(best[0])
            W = now
            V[:, t] = np.transpose([ends(-w.log() / theta) for w in W])
    return Interval(V[0], V[1], "enclosed" if problem.exact else "float"), choice


def _mean(law, W, unit):
    """sum_n law(n) W(n) over the law divided by its sum, with the rounding of its entries."""
    from flint import arb

    total = sum((arb(law[n]) * unit * W[n] for n in np.flatnonzero(law != 0).tolist()), arb(0))
    return total / (sum((arb(p) for p in law[law != 0]), arb(0)) * unit)


def _propose(problem, theta, table):
    """Certainty equivalents in floats, relative to the least of the next step."""
    H, P, r = problem.horizon.H, stepwise(floats(problem.P), 3), stepwise(problem.r, 2)
    V = zeros((H + 1, problem.S), r)
    for t in range(H - 1, -1, -1):
        shift = V[t + 1].min() if theta > 0 else V[t + 1].max()
        Q = r[t % len(r)] + shift - np.log(P[t % len(P)] @ np.exp(-theta * (V[t + 1] - shift))) / theta
        if table is None:
            V[t] = Q.max(axis=1)
        else:
            pi, least = stepwise(table, 2), (Q.min(axis=1) if theta > 0 else Q.max(axis=1))
            V[t] = least - np.log((pi[t % len(pi)] * np.exp(-theta * (Q - least[:, None]))).sum(axis=1)) / theta
    return V
