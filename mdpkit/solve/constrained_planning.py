"""Constrained discounted MDPs: maximum reward subject to limits on costs."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import like, objects, zeros
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..base.types import Numbers
from ..exact.lp import LinearProgram, Optimum, ProgramCertificate, optimise
from ..model.horizon import Discounted
from ..model.mdp import MDP
from ..model.policy import TabularPolicy
from ._expects import expects
from .solution import Solution, Status


@dataclass(frozen=True, eq=False)
class ConstrainedPlanning:
    """Maximise J(pi, r) subject to J(pi, costs[m]) <= limits[m] for every m.

    Args: costs: rationals `[m,s,a]`. limits: rationals `[m]`, in units of discounted total cost.

    For rational Discounted problems, solved exactly: a linear program over discounted occupancies d[s,a], its optimum
    certified in exact arithmetic. `value` is the scalar J from the initial distribution; the policy, randomised in at
    most as many states as there are limits (more if optima tie), is d normalised, and the first existing action where d
    is 0. `multipliers[m]` are optimal prices of the limits. The status is INFEASIBLE if no policy satisfies the limits;
    then `certificate.answer` holds Farkas's multipliers, `y[m]` of the limits. `iterations` is 1.
    Source: adapted from Altman, Constrained Markov Decision Processes, 1999.

    >>> pays = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Discounted("1/2"))
    >>> ConstrainedPlanning(objects([[[1, 0]]]), objects(["1/2"])).run(pays).value
    Interval(1/2, exact)
    """

    costs: Numbers
    limits: Numbers

    def run(self, problem: MDP, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer, exact; `tol` and `before` are not used."""
        expects(self, problem, MDP, Discounted)
        if not problem.exact:
            raise TypeError(f"ConstrainedPlanning solves a rational MDP; got {problem!r}, take its .to_exact()")
        costs, limits = objects(self.costs), objects(self.limits)
        if costs.shape != (*limits.shape, *problem.r.shape):
            wanted = f"(m, {problem.S}, {problem.A}) and (m,)"
            raise InvalidModel(f"costs and limits have shapes {costs.shape} and {limits.shape}; expected {wanted}")
        pairs = np.flatnonzero(problem.available.ravel())
        flow = np.repeat(np.eye(problem.S, dtype=int), problem.A, axis=0) - problem.horizon.gamma * problem.P.reshape(
            -1, problem.S
        )
        priced = costs.reshape(len(limits), problem.r.size)[:, pairs]
        program = LinearProgram(problem.r.ravel()[pairs], priced, limits, flow[pairs].T, problem.rho)
        found = optimise(program)
        proof = ProgramCertificate(program, found)
        if not isinstance(found, Optimum):
            return Solution(problem, self, Status.INFEASIBLE, None, None, 1, proof)
        visits = zeros(problem.S * problem.A, problem.P)
        visits[pairs] = found.x
        policy = policy_of_visits(problem, visits.reshape(problem.r.shape))
        return Solution(
            problem, self, Status.SOLVED, policy, Interval(found.value), 1, proof, multipliers=found.y[: len(limits)]
        )


def policy_of_visits(problem: MDP, visits: np.ndarray) -> TabularPolicy:
    """The policy with the occupancy `visits[s,a]`; the first existing action in states that it does not visit."""
    total = visits.sum(axis=1)
    first = np.arange(problem.A) == problem.available.argmax(axis=1)[:, None]
    table = np.where(
        np.asarray(total == 0)[:, None],
        like(first.astype(int), visits),
        visits / np.where(total == 0, 1, total)[:, None],
    )
    return TabularPolicy(table)
