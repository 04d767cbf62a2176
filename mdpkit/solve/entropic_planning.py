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
    certainty equivalent of the reward from step t on. The logarithms are enclosed by ball arithmetic at 192 bits or
    more, for rational problems too. `iterations` counts steps.
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
    from flint import ctx

    V, choice = np.zeros((2, H + 1, problem.S)), np.zeros((H, problem.S), dtype=int)
    with ctx.workprec(BITS + _lost_bits(theta, problem.r)):
        low, high = [[_thin(0)] * problem.S for _ in range(2)]
        for t in range(H - 1, -1, -1):
            step = _Step(problem, theta, t, None if table is None else stepwise(table, 2))
            low, choice[t] = step.back_up(low, -1)
            high, _ = step.back_up(high, 1)
            V[0, t], V[1, t] = [ends(v)[0] for v in low], [ends(v)[1] for v in high]
    return Interval(V[0], V[1], "enclosed" if problem.exact else "float"), choice


def _thin(x):
    from flint import arb

    return arb(x)


def _lost_bits(theta, r) -> int:
    """Bits that the logarithm of 1 - aversion * reward loses where that product is small."""
    product = float(abs(theta)) * float(np.abs(floats(r)).max(initial=0))
    return int(max(0, -np.log2(product))) if product > 0 else 0


class _Step:
    """One step of the recursion on ends of the certainty equivalents, balls of radius 0.

    The certainty equivalent increases with every reward and next value, so that the ends are backed up apart: the
    uncertainty of large rewards is then added to the value, and is not the exponent of a ball. Exponentials are taken
    relative to the least next value (the largest for aversion < 0), and do not overflow.
    """

    def __init__(self, problem, theta, t, table):
        from flint import arb

        self.theta, self.available, self.table = theta, problem.available, None
        self.unit = arb(1) if problem.exact else arb(1, 2.0**-52)
        law, r = transition(problem, t), stepwise(problem.r, 2)
        law = exactly(law.toarray() if problem.sparse else law).reshape(problem.S, problem.A, problem.S)
        self.r = exactly(r[t % len(r)])
        self.laws = [
            [self._weights(row) if here else None for row, here in zip(*each, strict=True)]
            for each in zip(law, problem.available, strict=True)
        ]
        if table is not None:
            self.table = [self._weights(pi) for pi in exactly(table[t % len(table)])]

    def _weights(self, law):
        """The positive entries of a law as pairs (index, ball), divided by their sum."""
        from flint import arb

        entries = [(n, arb(law[n])) for n in np.flatnonzero(law != 0).tolist()]
        total = sum((p for _, p in entries), arb(0))
        return [(n, p * self.unit / (total * self.unit)) for n, p in entries]

    def back_up(self, V, side):
        """The lower (side -1) or upper (side 1) ends of the values one step before V, and the best actions."""
        values, choice, known = [], [], {}
        for s, laws in enumerate(self.laws):
            Q = {
                a: _end(self._certain(laws[a], V, known) + _thin(self.r[s, a]) * self.unit, side)
                for a in np.flatnonzero(self.available[s]).tolist()
            }
            best = max(Q, key=Q.get)
            values.append(Q[best] if self.table is None else _end(self._certain(self.table[s], Q, {}), side))
            choice.append(best)
        return values, choice

    def _certain(self, law, V, known):
        """-(1/aversion) log sum_n p(n) e^(-aversion V(n)); `known` holds exponentials."""
        from flint import arb

        first = (min if self.theta > 0 else max)((n for n, _ in law), key=lambda n: V[n])
        mean = arb(0)
        for n, p in law:
            if (n, first) not in known:
                known[n, first] = (-self.theta * (V[n] - V[first])).exp()
            mean += p * known[n, first]
        return V[first] - mean.log() / self.theta


def _end(ball, side):
    return ball.upper() if side > 0 else ball.lower()


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
