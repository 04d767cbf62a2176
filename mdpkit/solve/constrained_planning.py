"""Constrained MDPs: maximum reward subject to limits on costs."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..base.arrays import floats, like, zeros
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..base.lifting import enclose
from ..base.types import Numbers
from ..exact.lp import LinearProgram, Optimum, ProgramCertificate, optimise
from ..model.horizon import Discounted, Finite
from ..model.mdp import MDP
from ..model.policy import TabularPolicy
from ._expects import expects
from .occupancies import (
    best_return,
    flow_equations,
    per_visit,
    policy_of_visits,
    policy_return,
    possible_visits,
    visit_shape,
)
from .solution import Solution, Status, judge

ROUNDS = 6
"""Largest number of times that limits are tightened, on floats, until the policy's costs are proved to keep them."""

RELAXED = 1e-6
"""Share by which limits are relaxed to find prices, where those at the limits themselves prove too little."""

POLISHED = 2000
"""Largest number of unknowns of a degenerate vertex whose equations are solved by dense least squares."""


@dataclass(frozen=True, eq=False)
class ConstrainedPlanning:
    """Maximise J(pi, r) subject to J(pi, costs[m]) <= limits[m] for every m.

    Args: costs: `[m,s,a]`, or `[m,t,s,a]` for Finite. limits: `[m]`, in units of (discounted) total cost.

    For Discounted and Finite problems. The optimum is over all policies, history-dependent ones included: a linear
    program over occupancies. `value` is the scalar J from the initial distribution; the policy is the occupancy
    normalised, with the first existing action where it is 0. A basic optimal occupancy randomises in at most as many
    (time and) states as there are limits. `multipliers[m]` are optimal prices of the limits. `iterations` is the number
    of linear programs.

    The status is INFEASIBLE if no policy satisfies the limits. This is proved by `multipliers[m]` >= 0 that sum to 1
    and for which every policy costs more than the limits, so weighted.

    Rational problems are solved exactly, with a certificate.

    On floats HiGHS proposes, and both bounds are rigorous: the lower one is the return of a policy whose costs are
    proved to keep the limits, which are tightened until it does; the upper one is weak duality at any multipliers,
    max_pi J(pi, r - multipliers . costs) + multipliers . limits, from an unconstrained solve. If the limits can be kept
    only with equality, rounding decides whether they can be kept at all: then the status is FLOOR_REACHED, the lower
    bound -inf, and the policy exceeds the limits by rounding. A limit of 0 that is kept at no cost is no such case.
    Source: adapted from Altman, Constrained Markov Decision Processes, 1999.

    >>> from mdpkit.base.arrays import objects
    >>> pays = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Discounted("1/2"))
    >>> ConstrainedPlanning(objects([[[1, 0]]]), objects(["1/2"])).run(pays).value
    Interval(1/2, exact)
    >>> ConstrainedPlanning([[[1.0, 0.0]]], [0.5]).run(pays.to_float()).value.contains("1/2")
    True
    """

    costs: Numbers
    limits: Numbers

    def run(self, problem: MDP, tol: float = 1e-8, before: Solution | None = None) -> Solution:
        """The answer; on floats to bounds of width `tol`. `before` is not used.

        Raises: InvalidModel for costs and limits of the wrong shape, or with an entry that is not finite.
        """
        expects(self, problem, MDP, Discounted | Finite)
        costs, limits = self._numbers(problem)
        if problem.exact:
            return self._rationals(problem, costs, limits)
        with np.errstate(over="ignore", invalid="ignore"):
            return self._floats(problem, costs, limits, tol)

    @np.errstate(over="ignore", invalid="ignore")
    def shortfall(self, problem: MDP) -> str:
        """Advice for limits that no policy keeps: by how much the best policy exceeds them."""
        costs, limits = self._numbers(problem)
        program = LimitedOccupancies(problem.to_float() if problem.exact else problem, floats(costs), floats(limits))
        least = program.violate_least()
        if least is None:
            return ""
        return f"; every policy exceeds some limit by at least about {least.multipliers @ least.excess:.3g}"

    def _numbers(self, problem):
        costs, limits = per_visit("costs", self.costs, problem, leading=1), like(self.limits, problem.r)
        if limits.shape != costs.shape[:1]:
            raise InvalidModel(
                f"limits has shape {limits.shape}; expected {costs.shape[:1]}, one for each of the costs"
            )
        if not problem.exact and not np.isfinite(limits).all():
            raise InvalidModel(f"limits are {limits}; expected finite numbers")
        return costs, limits

    def _rationals(self, problem, costs, limits):
        E, f, pairs = flow_equations(problem)
        reward, shape = per_visit("r", problem.r, problem), visit_shape(problem)
        priced = costs.reshape(len(limits), reward.size)[:, pairs]
        program = LinearProgram(reward.ravel()[pairs], priced, limits, E, f)
        found = optimise(program)
        proof = ProgramCertificate(program, found)
        if not isinstance(found, Optimum):
            prices = found.y[: len(limits)]
            return Solution(problem, self, Status.INFEASIBLE, None, None, 1, proof, multipliers=prices / prices.sum())
        visits = zeros(reward.size, problem.P)
        visits[pairs] = found.x
        policy = policy_of_visits(problem, visits.reshape(shape))
        return Solution(
            problem, self, Status.SOLVED, policy, Interval(found.value), 1, proof, multipliers=found.y[: len(limits)]
        )

    def _floats(self, problem, costs, limits, tol):
        program = LimitedOccupancies(problem, costs, limits)
        reward, priced, allowed = (enclose(part) for part in (program.reward, costs, limits))
        vertex = program.optimise(limits)
        if vertex is None:
            least = program.violate_least()
            if least is None:
                return self._without_a_vertex(program, priced, allowed, tol)
            excess = -best_return(problem, -_weigh(least.multipliers, priced))[0] - _weigh(least.multipliers, allowed)
            if excess.lower > 0:
                return Solution(problem, self, Status.INFEASIBLE, None, None, 2, multipliers=least.multipliers)
            slack = 2 * np.maximum(least.excess, 0) + 1e-9 * (program.units + np.abs(limits))
            vertex = program.optimise(limits + slack) or least
        policy, lower = self._keep_limits(program, vertex, priced, allowed)
        multipliers = program.polish_prices(vertex)

        def bound(prices):
            """Weak duality: an upper bound at any prices."""
            return (best_return(problem, reward - _weigh(prices, priced))[0] + _weigh(prices, allowed)).upper

        upper = bound(multipliers)
        if upper - lower > tol:
            # at a limit such as 0, which fixes some visits, HiGHS may report the price 0
            relaxed = program.optimise(limits + RELAXED * (program.units + np.abs(limits)))
            if relaxed is not None:
                others = program.polish_prices(relaxed)
                multipliers, upper = min((multipliers, upper), (others, bound(others)), key=lambda pair: pair[1])
        value = Interval(np.asarray(lower), upper, "float")
        status = judge(value, tol, Status.FLOOR_REACHED, value.upper)
        return Solution(problem, self, status, policy, value, program.solved, multipliers=multipliers)

    def _without_a_vertex(self, program, priced, allowed, tol):
        """Bounds from the policy that ignores the limits, where HiGHS finds no vertex for numerical reasons."""
        problem = program.problem
        best, policy = best_return(problem, enclose(program.reward))
        kept = (bound_costs(problem, policy, priced, allowed.lower) <= allowed.lower).all()
        lower = policy_return(problem, policy, program.reward).lower if kept else -np.inf
        value = Interval(np.asarray(lower), best.upper, "float")
        status = judge(value, tol, Status.FLOOR_REACHED, value.upper)
        return Solution(problem, self, status, policy, value, program.solved, multipliers=np.zeros(len(program.limits)))

    def _keep_limits(self, program, vertex, priced, allowed):
        """The policy of a vertex whose costs are proved to keep the limits, and its return; else -inf for that."""
        problem, tight = program.problem, np.zeros(len(allowed))
        for _ in range(ROUNDS):
            x = program.move(vertex, program.limits - tight)
            policy = program.policy(x)
            over = bound_costs(problem, policy, priced, allowed.lower) - allowed.lower
            if (over <= 0).all():
                return policy, policy_return(problem, policy, program.reward).lower
            tight = tight + np.where(over > 0, 2 * over, 0)
            if program.is_off(vertex, x):
                vertex = program.optimise(program.limits - tight) or vertex
        return policy, -np.inf


def bound_costs(problem: MDP, policy: TabularPolicy, priced: Interval, limits: np.ndarray) -> np.ndarray:
    """Upper bounds on the total costs `[m]` of a policy; exactly 0 for costs that are 0 wherever it can go."""
    paid = np.array([policy_return(problem, policy, cost).upper for cost in priced])
    if (paid <= limits).all():
        return paid
    visited = possible_visits(problem, policy)
    free = [not (visited & ((cost.lower != 0) | (cost.upper != 0))).any() for cost in priced]
    return np.where(free, 0.0, paid)


class Vertex(NamedTuple):
    """A solution of a linear program: occupancy x of the existing pairs, dual prices of the limits, active limits.

    `excess[m]` is by how much the limits are exceeded where none can be exceeded by less, relative to its largest cost.
    """

    x: np.ndarray
    multipliers: np.ndarray
    support: np.ndarray
    active: np.ndarray
    excess: np.ndarray | float = 0.0


class LimitedOccupancies:
    """The linear program over occupancies, on floats.

    Rewards, and each limit with its costs, are divided by a power of 2 so that the largest of them is about 1: what
    HiGHS takes for 0 or for infinite does not depend on their units.
    """

    def __init__(self, problem, costs, limits):
        from scipy.sparse import csr_array

        self.problem, self.limits = problem, limits
        self.E, self.f, self.pairs = flow_equations(problem)
        self.reward = per_visit("r", problem.r, problem)
        costs = costs.reshape(len(limits), self.reward.size)[:, self.pairs]
        self.r, self.unit = _divide(self.reward.ravel()[self.pairs])
        costs, self.units = _divide(costs, axis=1, otherwise=np.abs(limits))
        self.C = csr_array(costs)
        # HiGHS drops coefficients below 1e-9, and 1 - gamma is the coefficient of a state that is never left
        self.stays = 1.0 if isinstance(problem.horizon, Finite) else 1 - float(problem.horizon.gamma)
        self.scale = 2.0 ** max(-10 - np.frexp(self.stays)[1], 0)
        self.solved = 0

    def optimise(self, limits) -> Vertex | None:
        """An optimal vertex; None if HiGHS finds none."""
        found = self._solve(-self.r, self.C, limits / self.units, self.E)
        if found.x is None:
            return None
        # of a discounted occupancy, which may sum to 2^30, a state that is soon left has visits of about 1
        support = np.flatnonzero(found.x > 1e-9 * min(found.x.max(), 1.0))
        active = np.flatnonzero(-found.ineqlin.marginals > 1e-9)
        return Vertex(found.x, self._price(-found.ineqlin.marginals), support, active)

    def polish_prices(self, vertex) -> np.ndarray:
        """The prices of the limits from the equations of the vertex, to full precision, if these determine them."""
        prices = self._solve_vertex(vertex, self.r[vertex.support], transposed=True)
        if prices is None:
            return vertex.multipliers
        found = np.zeros(len(self.limits))
        found[vertex.active] = prices[self.E.shape[0] :]
        return self._price(found)

    def _price(self, scaled) -> np.ndarray:
        """Prices of the limits in the units of rewards and costs, from those of the scaled program."""
        return np.nan_to_num(np.maximum(scaled, 0) * (self.unit / self.units))

    def violate_least(self) -> Vertex | None:
        """The least z such that some policy exceeds no limit by more than z of its units; the prices sum to 1.

        None if HiGHS finds no solution.
        """
        from scipy.sparse import csr_array, hstack

        k = len(self.pairs)
        objective = np.append(np.zeros(k), 1.0)
        A, E = hstack([self.C, -np.ones((len(self.limits), 1))]), hstack([self.E, csr_array((self.E.shape[0], 1))])
        found = self._solve(objective, A, self.limits / self.units, E, [(0, None)] * k + [(None, None)])
        if found.x is None:
            return None
        prices = np.maximum(-found.ineqlin.marginals, 0) * (self.units.min() / self.units)
        prices = prices / max(prices.sum(), np.finfo(float).tiny)
        return Vertex(found.x[:k], prices, np.arange(k), np.arange(len(self.limits)), found.x[k] * self.units)

    def move(self, vertex, limits) -> np.ndarray:
        """The occupancy of the same support and active limits for other limits, if these determine one."""
        right = np.concatenate([self.f, (limits / self.units)[vertex.active]])
        found = self._solve_vertex(vertex, right, transposed=False)
        if found is None:
            return np.maximum(vertex.x, 0)
        x = np.zeros(len(self.pairs))
        x[vertex.support] = found
        return x

    def is_off(self, vertex, x) -> bool:
        """Whether moving failed, so that the linear program has to be solved again."""
        return bool((x < -1e-12 * np.abs(x).max()).any()) or np.array_equal(x, np.maximum(vertex.x, 0))

    def spread(self, x) -> np.ndarray:
        """An occupancy of existing pairs as `[(t),s,a]`, without negative entries."""
        visits = np.zeros(self.reward.size)
        visits[self.pairs] = np.maximum(x, 0)
        return visits.reshape(self.reward.shape)

    def policy(self, x) -> TabularPolicy:
        return policy_of_visits(self.problem, self.spread(x))

    def _solve_vertex(self, vertex, right, transposed):
        from scipy.sparse import vstack
        from scipy.sparse.linalg import splu

        equations = vstack([self.E, self.C[vertex.active]]).tocsc()[:, vertex.support]
        rows, columns = equations.shape
        if rows == columns:
            try:
                found = splu(equations.tocsc()).solve(right, trans="T" if transposed else "N")
                return found if np.isfinite(found).all() else None
            except RuntimeError:  # exactly singular
                return None
        if max(rows, columns) > POLISHED:
            return None
        dense = equations.toarray()
        return np.linalg.lstsq(dense.T if transposed else dense, right, rcond=None)[0]

    def _solve(self, objective, A, limits, E, bounds=(0, None)) -> Any:
        from scipy.optimize import linprog
        from scipy.sparse import vstack

        self.solved += 1
        options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
        A, limits = (A, np.nan_to_num(limits)) if A.shape[0] else (None, None)
        E, f = E * self.scale, self.f * self.scale
        if self.scale > 1:
            # the last equation is replaced by the sum of all, (1 - gamma) sum x = 1, since they are nearly dependent
            whole = np.where(np.arange(E.shape[1]) < len(self.pairs), self.stays * self.scale, 0.0)
            E, f = vstack([E.tocsr()[:-1], whole[None]]), np.append(f[:-1], self.scale)
        return linprog(objective, A, limits, E, f, bounds=bounds, method="highs", options=options)


def _divide(numbers, axis=None, otherwise=0.0):
    """The numbers divided by a power of 2 near the largest, over all of them or along an axis; and that power.

    Where they are all 0 it is a power of 2 near `otherwise`.
    """
    most = np.abs(numbers).max(axis=axis, initial=0)
    most = np.where(most == 0, otherwise, most)
    unit = 2.0 ** np.clip(np.frexp(most)[1], -1022, 1023)
    return numbers / (unit if axis is None else unit[:, None]), unit


def _weigh(multipliers, priced):
    """multipliers . priced over the first axis, an Interval."""
    if not len(multipliers):
        return Interval(np.zeros(priced.shape[1:]), None, "float")
    weights = Interval(multipliers.reshape(-1, *[1] * (priced.ndim - 1)), None, "float")
    return (weights * priced).sum(axis=0)
