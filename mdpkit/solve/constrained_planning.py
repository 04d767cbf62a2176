"""Constrained MDPs, discounted or over a finite horizon: maximum reward subject to limits on costs."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import like, objects, zeros
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..base.types import Numbers
from ..exact.lp import LinearProgram, Optimum, ProgramCertificate, optimise
from ..model.horizon import Discounted, Finite
from ..model.mdp import MDP, at_step
from ..model.policy import TabularPolicy
from ._expects import expects
from .solution import Solution, Status


@dataclass(frozen=True, eq=False)
class ConstrainedPlanning:
    """Maximise J(pi, r) subject to J(pi, costs[m]) <= limits[m] for every m.

    Args: costs: rationals `[m,s,a]`, or `[m,t,s,a]` over a finite horizon. limits: rationals `[m]`, in units of J.

    For rational problems over Discounted or Finite, solved exactly: a linear program over occupancies d[s,a] or
    d[t,s,a], its optimum certified in exact arithmetic. `value` is the scalar J from the initial distribution; the
    policy, randomised in at most as many states (and steps) as there are limits (more if optima tie), is d normalised,
    and the first existing action where d is 0. `multipliers[m]` are optimal prices of the limits. The status is
    INFEASIBLE if no policy satisfies the limits; then `certificate.answer` holds Farkas's multipliers, `y[m]` of the
    limits. `iterations` is 1.
    Source: adapted from Altman, Constrained Markov Decision Processes, 1999.

    >>> pays = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Discounted("1/2"))
    >>> ConstrainedPlanning(objects([[[1, 0]]]), objects(["1/2"])).run(pays).value
    Interval(1/2, exact)
    """

    costs: Numbers
    limits: Numbers

    def run(self, problem: MDP, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer, exact; `tol` and `before` are not used."""
        expects(self, problem, MDP)
        if not isinstance(problem.horizon, Discounted | Finite):
            raise TypeError(f"ConstrainedPlanning solves a Discounted or a Finite MDP; got {problem!r}")
        if not problem.exact:
            raise TypeError(f"ConstrainedPlanning solves a rational MDP; got {problem!r}, take its .to_exact()")
        costs, limits = objects(self.costs), objects(self.limits)
        still, shape = (problem.S, problem.A), shape_of_visits(problem)
        if limits.ndim != 1 or costs.shape not in ((*limits.shape, *still), (*limits.shape, *shape)):
            wanted = " or ".join(f"(m, {', '.join(map(str, each))})" for each in dict.fromkeys((still, shape)))
            raise InvalidModel(
                f"costs and limits have shapes {costs.shape} and {limits.shape}; expected {wanted} and (m,)"
            )
        flow, start, pairs = occupancy_equations(problem)
        costs = costs if costs.shape[1:] == shape else costs[:, None]
        priced = np.broadcast_to(costs, (*limits.shape, *shape)).reshape(len(limits), flow.shape[1])[:, pairs]
        reward = at_all_steps(problem, problem.r).ravel()[pairs]
        program = LinearProgram(reward, priced, limits, flow[:, pairs], start)
        found = optimise(program)
        proof = ProgramCertificate(program, found)
        if not isinstance(found, Optimum):
            return Solution(problem, self, Status.INFEASIBLE, None, None, 1, proof)
        visits = zeros(shape, problem.rho)
        visits.ravel()[pairs] = found.x
        policy = policy_of_visits(problem, visits)
        return Solution(
            problem, self, Status.SOLVED, policy, Interval(found.value), 1, proof, multipliers=found.y[: len(limits)]
        )


def shape_of_visits(problem: MDP) -> tuple[int, ...]:
    """The shape of an occupancy: (S, A), or (H, S, A) over a finite horizon."""
    steps = (problem.horizon.H,) if isinstance(problem.horizon, Finite) else ()
    return (*steps, problem.S, problem.A)


def at_all_steps(problem: MDP, cost: np.ndarray) -> np.ndarray:
    """A cost `[s,a]` in the shape of an occupancy, the same at every step."""
    return np.broadcast_to(cost, shape_of_visits(problem))


def occupancy_equations(problem: MDP) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The equations flow @ d = start of the occupancies d, flattened, and the places of available actions in d.

    Over Discounted there is one for each state n: sum_a d[n,a] = rho[n] + gamma sum_{s,a} d[s,a] P[s,a,n]. Over Finite
    for each step and state: sum_a d[0,n,a] = rho[n], sum_a d[t+1,n,a] = sum_{s,a} d[t,s,a] P_t[s,a,n].
    """
    S, A, rho = problem.S, problem.A, problem.rho
    stays = like(np.repeat(np.eye(S, dtype=int), A, axis=1), rho)
    if not isinstance(problem.horizon, Finite):
        flow = stays - problem.horizon.gamma * transitions(problem, 0).reshape(-1, S).T
        return flow, rho, np.flatnonzero(problem.available)
    H = problem.horizon.H
    flow, start = zeros((H, S, H, S * A), rho), zeros((H, S), rho)
    start[0] = rho
    for t in range(H):
        flow[t, :, t] = stays
        if t > 0:
            flow[t, :, t - 1] = -transitions(problem, t - 1).reshape(-1, S).T
    return flow.reshape(H * S, -1), start.ravel(), np.flatnonzero(at_all_steps(problem, problem.available))


def transitions(problem: MDP, t: int) -> np.ndarray:
    """The law of step t as a dense array `[s,a,n]`."""
    P = at_step(problem.P, t)
    return np.asarray(P.todense() if problem.sparse else P).reshape(problem.S, problem.A, problem.S)


def policy_of_visits(problem: MDP, visits: np.ndarray) -> TabularPolicy:
    """The policy with the occupancy `visits[(t,)s,a]`; the first existing action in states that it does not visit."""
    total = visits.sum(axis=-1)[..., None]
    unvisited = np.asarray(total == 0)
    first = np.arange(problem.A) == problem.available.argmax(axis=1)[:, None]
    return TabularPolicy(np.where(unvisited, like(first.astype(int), visits), visits / np.where(unvisited, 1, total)))
