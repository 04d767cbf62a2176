"""Occupancy measures."""

import numpy as np

from ...base.enclosure import settle
from ...base.interval import Interval
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...exact.linear import solve_linear
from ...kernels import finite
from ...model.game import MarkovGame
from ...model.horizon import Average, Finite, Total
from ...model.mdp import MDP, stepwise
from ...model.policy import Policy, tabular
from .._known import dynamics, enclose, law, start_roundings, step_roundings
from .._long_run import stationary_law
from .._total import total_occupancy
from .value import _float_solve


@replaceable
def occupancy(problem: MDP | MarkovGame, policy: Policy) -> Interval:
    """State-action occupancy measure of a policy.

    Args: problem: an MDP, or a MarkovGame, whose actions are the joint ones that a mediator recommends.
        policy: a record with a `table`.
    Returns: Finite: `[t,s,a]`, each step sums to 1. Discounted: `[s,a]`, sum_t gamma^t times the distribution at
        step t, of total mass 1/(1-gamma). Average: `[s,a]`, the long-run fraction of time, which sums to 1. Total:
        `[s,a]`, expected visits before all further rewards are 0; infinite where an improper policy returns
        infinitely often.
    Raises: InvalidModel if the policy belongs to a different problem.

    >>> from mdpkit.model import MDP, Finite, TabularPolicy
    >>> from mdpkit.base.arrays import objects
    >>> flip = MDP(objects([[[0, 1]], [[1, 0]]]), objects([[0], [1]]), objects([1, 0]), horizon=Finite(2))
    >>> occupancy(flip, TabularPolicy(objects([[1], [1]]))).lower[:, :, 0]
    array([[1, 0],
           [0, 1]], dtype=object)
    """
    problem = dynamics(problem)
    policy = tabular(problem, policy)
    table = policy.table
    if isinstance(problem.horizon, Average):
        return stationary_law(problem, policy)[:, None] * law(policy, "table")
    if isinstance(problem.horizon, Total):
        return total_occupancy(problem, policy)
    if not isinstance(problem.horizon, Finite):
        return _discounted_occupancy(problem, policy, table)
    H, pi = problem.horizon.H, stepwise(table, 2)
    d = _sparse(problem, pi, H) if problem.sparse else finite.occupancy(stepwise(problem.P, 3), problem.rho, pi, H)
    return settle(
        d, lambda: d, (H + 1) * (step_roundings(problem, policy) + problem.S * problem.A) + start_roundings(problem)
    )


def _discounted_occupancy(problem, policy, table):
    gamma = problem.horizon.gamma
    if problem.exact:
        chain = (table[:, :, None] * problem.P).sum(axis=1)
        states = solve_linear((np.eye(problem.S, dtype=int) - gamma * chain).T, problem.rho)
        return Interval(states[:, None] * table)
    states = _float_solve(problem, table, problem.rho, transpose=True)
    if proposing():
        return states[:, None] * table
    pairs = np.abs(states)[:, None] * table
    matrix = problem.P if problem.sparse else problem.P.reshape(-1, problem.S)
    arriving = matrix.T @ (states[:, None] * table).ravel()
    arriving = settle(
        arriving, lambda: matrix.T @ pairs.ravel(), step_roundings(problem, policy) + problem.S * problem.A
    )
    residual = law(problem, "rho") + arriving * enclose(gamma) - states
    # P_pi is stochastic, so the l1 norm of the error is at most that of the residual divided by 1 - gamma
    error = (abs(residual).sum() / (1 - enclose(gamma))).upper
    near = Interval(np.maximum(np.nextafter(states - error, -np.inf), 0), np.nextafter(states + error, np.inf), "float")
    return near[:, None] * law(policy, "table")


def _sparse(problem, pi, H):
    d, state = np.zeros((H, problem.S, problem.A)), problem.rho
    for t in range(H):
        d[t] = state[:, None] * pi[t % len(pi)]
        state = problem.P.T @ d[t].ravel()
    return d
