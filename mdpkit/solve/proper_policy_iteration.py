"""Policy iteration over proper policies for total reward, on floats and on rationals."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import floats
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..exact.certificate import OptimalityCertificate
from ..exact.linear import matrix, solve_linear
from ..model.horizon import Total
from ..model.mdp import MDP
from ._expects import expects
from .bounds import deterministic, down, up
from .fine_bounds import refine_bounds
from .interval_iteration import IntervalIteration
from .solution import Solution, Status
from .total import Contraction, TotalReward, minus_infinity_outside

SWEEPS = 300
"""Largest number of float sweeps that find an initial policy; four for each state of a smaller problem."""

FEW, NEAR = 20, 1e-6
"""Rational problems of more states start from a policy found on floats, of this accuracy per unit of reward."""

WIDER, TRIES = 4, 20
"""Factor by which the perturbation of the rewards grows until the bounds are proved, and how often."""


@dataclass(frozen=True)
class ProperPolicyIteration:
    """Evaluate a proper policy by a linear solve, improve greedily, until no action is better.

    Args:
        improvements: largest number of improvements.
        target: states in which a policy must end, which must be absorbing and pay 0; by default a policy may end
            anywhere where it collects no more reward.

    The first policy is proper, and an action changes only if another is strictly better. Every policy met is then
    proper: on a recurrent class that pays, the values V <= r + P V would have a gain of at least 0, hence exactly 0 if
    no end component has a positive gain, so no action changed there. Rational problems are solved exactly. On floats
    the end components that pay nothing are contracted, and the bounds are optimal values for rewards moved by more than
    the rounding error, with T u <= u and T l >= l checked. Where these are too wide, values of twice the precision of
    float64 are bounded, with rounding errors relative to differences of values. A policy's equations are factorised
    where that is cheap, and else solved by preconditioned iterations. `iterations` counts improvements. States without
    a proper policy have the value -infinity, the supremum over no policy, and the status is INFEASIBLE; where an end
    component has a positive gain it is UNBOUNDED.
    Source: adapted from Bertsekas and Tsitsiklis, 1991.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import MDP, Total
    >>> P, r = objects([[[0, 1], ["2/3", "1/3"]], [[0, 1], [0, 1]]]), objects([[-4, -1], [0, 0]])
    >>> ProperPolicyIteration().run(MDP(P, r, horizon=Total()), tol=0).value.lower
    array([-3, 0], dtype=object)
    """

    improvements: int = 10**4
    target: tuple | np.ndarray | None = None

    def run(self, problem: MDP, tol: float, before: Solution | None = None) -> Solution:
        """Solve; float bounds have width `tol`. On rationals `before` gives the initial policy if that is proper."""
        expects(self, problem, MDP, Total)
        total = TotalReward(problem, self.target)
        refused = total.refusal(self)
        if refused is not None:
            return refused
        if problem.exact:
            return self._rationals(problem, total, before)
        with np.errstate(over="ignore", invalid="ignore"):
            return self._floats(problem, Contraction(total), tol)

    def shortfall(self, problem: MDP) -> str:
        """Sentence that names the states without a finite optimum."""
        return TotalReward(problem, self.target).shortfall()

    def _rationals(self, problem, total, before):
        choice, used = self._start(problem, total, before), 0
        law, states = matrix(problem.P.reshape(-1, problem.S)), np.arange(problem.S)
        going = True
        while going and used < self.improvements:
            V = _evaluate(problem, total, choice)
            ahead = np.array((law * matrix(V[:, None])).entries(), dtype=object).reshape(problem.r.shape)
            Q = np.where(total.allowed, problem.r + ahead, V[:, None])
            better = Q.argmax(axis=1)
            strictly = np.asarray(Q[states, better] > V, dtype=bool)
            choice, used, going = np.where(strictly, better, choice), used + 1, bool(strictly.any())
        policy = deterministic(problem, choice)
        if going:
            return Solution(problem, self, Status.CAPPED, policy, None, used)
        if not total.proper.all():
            value = minus_infinity_outside(V[total.proper], total.proper)
            return Solution(problem, self, Status.INFEASIBLE, policy, value, used)
        proof = OptimalityCertificate(problem, policy, (V,), (V,)) if self.target is None else None
        return Solution(problem, self, Status.SOLVED, policy, Interval(V), used, proof)

    def _start(self, problem, total, before):
        """A proper policy that rests in the goal; elsewhere the one given, the float optimum, or shortest paths."""
        first = total.a_proper_choice()
        if before is None and problem.S <= FEW:
            return first
        try:
            near = NEAR * float(np.abs(floats(problem.r)).max())
            before = before or IntervalIteration(SWEEPS, self.target).run(problem, near)
        except InvalidModel:  # a number that float64 cannot carry
            return first
        choice = np.where(total.goal, first, before.policy.table.argmax(axis=1))
        return choice if total.has_rest(choice)[1] else first

    def _floats(self, problem, parts, tol):
        x = np.zeros(parts.N)
        for _ in range(min(SWEEPS, 4 * parts.N)):
            x = parts.best(parts.values(x))
        greedy = parts.pick(parts.values(x))
        choice, used, capped = self._improve(parts, greedy if parts.is_proper(greedy) else parts.shortest(), 0.0, 0, x)
        x = parts.evaluate(choice, guess=x)
        low, high = np.full(parts.N, -np.inf), np.full(parts.N, np.inf)
        e = 4 * parts.error(x)
        for _ in range(TRIES if np.isfinite(e).all() and not capped else 0):
            lower = down(parts.evaluate(choice, -e, x))
            raised, used, capped = self._improve(parts, choice, e, used, x)
            upper = up(parts.evaluate(raised, e, x))
            if parts.is_lower(lower, choice) and parts.is_upper(upper):
                low, high = lower, upper
                break
            e = e * WIDER
        sums = None
        if float((high - low).max(initial=0)) > tol and np.isfinite(x).all() and not capped:
            sums = refine_bounds(parts, choice, x)
            if sums is not None:
                low, high = down(sum(sums[0])), up(sum(sums[1]))
        given_up = parts.is_large and not np.isfinite(x).all()
        otherwise = Status.CAPPED if capped or given_up else Status.FLOOR_REACHED
        return parts.conclude(self, low, high, choice, tol, otherwise, used, problem, sums)

    def _improve(self, parts, choice, shift, used, x):
        """Improve the rows `choice[node]` for rewards moved by `shift`, until rounding hides what is better.

        Args: x: values near those of the first rows, from which their evaluation starts.
        """
        met = set()
        while used < self.improvements:
            used += 1
            x = parts.evaluate(choice, shift, x)
            met.add(choice.tobytes())
            q = parts.values(x, shift)
            noise = 4 * parts.error(x).max(initial=0)
            improved = np.where(parts.best(q) > q[choice] + noise, parts.pick(q), choice)
            if not np.isfinite(x).all() or improved.tobytes() in met or not parts.is_proper(improved):
                return choice, used, False
            choice = improved
        return choice, used, True


def _evaluate(problem, total, choice):
    """V of a deterministic policy, exactly; 0 where it rests and where no policy is proper."""
    rest, _ = total.has_rest(choice)
    moving = np.flatnonzero(~rest & total.proper)
    V = problem.r[np.arange(problem.S), choice] * 0
    if len(moving):
        law = problem.P[moving, choice[moving]][:, moving]
        V[moving] = solve_linear(np.eye(len(moving), dtype=int) - law, problem.r[moving, choice[moving]])
    return V
