"""Policy iteration for discounted problems, on floats and on rationals."""

from dataclasses import dataclass

import numpy as np

from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..exact.certificate import OptimalityCertificate
from ..exact.linear import matrix, solve_linear
from ..model.horizon import Discounted
from ..model.mdp import MDP
from ._expects import expects
from .bounds import around, deterministic, judge_shifted, proof, shifts
from .modified_policy_iteration import PATIENCE, ModifiedPolicyIteration
from .solution import Solution, Status
from .sweep import sweeps


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
        """Solve; float bounds have width `tol`. `before`, a Solution of the problem, gives the initial policy.

        On floats that is the greedy one for its value, which leaves a state where rounding does not settle a tie.
        """
        expects(self, problem, MDP, Discounted)
        if problem.exact:
            return self._rationals(problem, before)
        return self._floats(problem, tol, before)

    def _floats(self, problem, tol, before):
        step, g = sweeps(problem)(0), problem.horizon.gamma
        used, quiet, going, met = 0, 0, True, set()
        goal = tol * (1 - g) * (1 - 1e-3)
        with np.errstate(over="ignore", invalid="ignore"):
            if before is None or before.value is None or not np.isfinite(before.value.width):
                V = step.look_ahead(np.zeros(problem.S))  # small values are not yet lost beside large ones
            else:
                V = before.value.mid
            choice = step.leaving(step.residual(V))
            w = most = step.recentre(V)
            best = step.residual(w)
            while going and used < self.improvements:
                w = self._evaluate(step, choice, w)
                used += 1
                now, last = step.residual(w), choice
                refined = now.span < best.span / 2
                policy = hash(choice.tobytes())
                again = policy in met  # the values of new policies increase, but the bounds need not narrow
                met.add(policy)
                best, most, quiet = (now, w, 0) if now.span < best.span else (best, most, quiet + again)
                better = now.of_policy(now.choice) > now.of_policy(choice) + 2 * now.wrong
                choice = np.where(better, now.choice, choice)
                going = best.span > goal and quiet < PATIENCE and (refined or not np.array_equal(choice, last))
        below, above = shifts(best.low, best.high, best.error, g)
        value, policy = around(most, below, above), deterministic(problem, best.choice)
        status = judge_shifted(value, tol, Status.CAPPED if going else Status.FLOOR_REACHED, most, g)
        return Solution(problem, self, status, policy, value, used, proof(problem, policy, value, most, below, above))

    def _evaluate(self, step, choice, w):
        """Relative values of a policy: a linear solve and one step of iterative refinement."""
        for _ in range(2):
            change = step.residual(w).of_policy(choice)
            w = step.recentre(w + step.solve(choice, change - (change.max() / 2 + change.min() / 2)))
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


def _near_optimal(problem):
    """A good deterministic policy found on floats; the first existing actions if floats do not suffice."""
    try:
        return ModifiedPolicyIteration(sweeps=10**4).run(problem, tol=0).policy.table.argmax(axis=1)
    except InvalidModel:
        return problem.available.argmax(axis=1)
