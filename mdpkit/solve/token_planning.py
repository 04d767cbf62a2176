"""Optimal token policies: soft dynamic programming over prefixes."""

from dataclasses import dataclass

import numpy as np

from ..base.interval import Interval
from ..base.tolerance import UNIT, gamma
from ..exact.logs import log
from ..kernels import tokens
from ..model.policy import TabularPolicy
from ..model.tokens import TokenProblem
from ._expects import expects
from .bounds import around
from .solution import Solution, Status, judge


@dataclass(frozen=True)
class TokenPlanning:
    """The token policy that maximises E sum_t [r - beta KL(pi || reference)], by one backward pass over the prefixes.

    V(s) = beta log sum_a reference(a|s) e^((r(s,a) + V(next)) / beta), 0 at the end of a response, and the policy is
    reference e^((r + V(next) - V(s)) / beta). With rational weights e^(r/beta) the policy is rational and values are
    exact logarithms; with rational rewards values are enclosed by balls; float problems are solved by a compiled pass
    with a bound on its rounding. `value[s]` is V; `iterations` counts states.
    Source: adapted from Rafailov, Hejna, Park and Finn, 2024; Ziebart, 2010.

    >>> from mdpkit.base.arrays import objects
    >>> halves = objects([["1/2", "1/2"]] * 2)
    >>> answer = TokenPlanning().run(TokenProblem([[1, 2], [2, 2]], halves, weights=objects([[1, 1], [1, 3]])))
    >>> answer.policy.table[0], answer.value[1]
    (array([2/3, 1/3], dtype=object), Interval(log(2), exact))
    """

    def run(self, problem: TokenProblem, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`; `before` is not used."""
        expects(self, problem, TokenProblem)
        if not problem.exact:
            return self._float(problem, tol)
        if problem.weights is None:
            return self._by_balls(problem, tol)
        Z = tokens.partition(problem.next, problem.reference, problem.weights)
        value = Interval(log(Z[:-1])) * problem.beta
        return Solution(problem, self, Status.SOLVED, tilted_tokens(problem), value, problem.S)

    def _float(self, problem, tol):
        with np.errstate(all="ignore"):
            reward = problem.reward if problem.weights is None else problem.beta * np.log(problem.weights)
            V, pi, sizes, steps = tokens.soft(problem.next, problem.reference, reward, problem.beta)
            # each soft maximum rounds its magnitudes 16 times at most, and beta times a sum of A weights
            a_step = problem.beta * (gamma(problem.A + 32) + 2 * problem.defect)
            error = (16 * UNIT * sizes + a_step * steps)[:-1] * (1 + problem.S * UNIT)
            value = around(V[:-1], -3 * error, error)  # the policy is rounded as well, which costs at most twice that
        policy = TabularPolicy(pi / pi.sum(axis=1)[:, None]) if np.isfinite(pi).all() else None
        return Solution(problem, self, judge(value, tol, Status.FLOOR_REACHED, V), policy, value, problem.S)

    def _by_balls(self, problem, tol):
        """Bounds by balls; a policy within e^(2m) of the optimal one at every token loses beta 2m per step."""
        from flint import arb, ctx

        with ctx.workprec(256):
            beta, Z = arb(problem.beta), [arb(1)] * (problem.S + 1)
            rounded, spread = np.zeros(problem.reference.shape), arb(0)
            steps = np.zeros(problem.S + 1, dtype=int)
            for s in range(problem.S - 1, -1, -1):
                played = np.flatnonzero(problem.reference[s] != 0)
                after = problem.next[s, played]
                reward = (problem.reward[s, a] for a in played)
                joint = [
                    arb(problem.reference[s, a]) * (arb(r) / beta).exp() * Z[n]
                    for a, r, n in zip(played, reward, after, strict=True)
                ]
                Z[s], steps[s] = sum(joint, arb(0)), steps[after].max() + 1
                rounded[s, played] = [float((ball / Z[s]).mid()) for ball in joint]
                for a, ball in zip(played, joint, strict=True):
                    if rounded[s, a] > 0:  # an entry that underflows has next to no mass
                        spread = spread.max(abs((arb(rounded[s, a]) * Z[s] / ball).log()).upper())
            ends = [((beta * ball.log()).lower(), (beta * ball.log()).upper()) for ball in Z[:-1]]
            lost = [2 * beta * (spread + 8 * UNIT) * int(k) for k in steps[:-1]]
            lower = [float((low - cost).lower()) for (low, _), cost in zip(ends, lost, strict=True)]
            upper = [float(high) for _, high in ends]
        value = Interval(np.nextafter(lower, -np.inf), np.nextafter(upper, np.inf), "enclosed")
        policy = TabularPolicy(rounded / rounded.sum(axis=1)[:, None]).to_exact()
        return Solution(problem, self, judge(value, tol, Status.FLOOR_REACHED, value.mid), policy, value, problem.S)


def tilted_tokens(problem: TokenProblem) -> TabularPolicy:
    """The optimal token policy reference * weights * Z(next) / Z(s) of a problem with weights, in its number kind."""
    Z = tokens.partition(problem.next, problem.reference, problem.weights)
    after = np.where(problem.available, problem.next, problem.S)
    joint = problem.reference * problem.weights * Z[after]
    return TabularPolicy(joint / Z[:-1][:, None])
