"""Values, action values and advantages of a policy."""

import numpy as np

from ...base.enclosure import settle
from ...base.interval import Interval, stack
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...exact.linear import solve_linear
from ...kernels import finite
from ...model.game import MarkovGame
from ...model.horizon import Average, Finite, Total
from ...model.mdp import MDP, stepwise
from ...model.policy import Policy, tabular
from ...model.preference import PreferenceProblem
from ...model.tokens import TokenProblem
from .._known import enclose, expected_next, law, number, step_roundings
from .._long_run import average_gain, chain_matrix, gain_and_bias
from .._total import expect_finite, total_action_value, total_return, total_state_value
from ..preference.problem import preference_value
from ..preference.tokens import token_value


@replaceable
def value(problem: MDP | MarkovGame | PreferenceProblem | TokenProblem, policy: Policy) -> Interval:
    """Value J of a policy: expected (discounted) return from the initial distribution; for Average the gain.

    The gain is the long-run mean reward. For Total, J is infinite if an improper policy may have a long-run mean reward
    of one sign; it is undefined, which is an error, if that mean is 0 or both signs are possible. Returns are not
    normalised by the horizon or by 1 - gamma.

    Args: problem: an MDP, a MarkovGame (then `policy` recommends joint actions), or a PreferenceProblem or TokenProblem
        (then J includes the KL penalty relative to the reference). policy: a record with a `table`.
    Returns: a scalar Interval; `[i]` for a game.
    Raises: InvalidModel if the policy belongs to a different problem.

    >>> from mdpkit.model import MDP, Finite, TabularPolicy
    >>> from mdpkit.base.arrays import objects
    >>> pays_half = MDP(objects([[[1]]]), objects([["1/2"]]), horizon=Finite(3))
    >>> value(pays_half, TabularPolicy(objects([[1]])))
    Interval(3/2, exact)
    """
    if isinstance(problem, MarkovGame):
        return stack([value(problem.player(i), policy) for i in range(problem.players)])
    if isinstance(problem, PreferenceProblem):
        return preference_value(problem, policy)
    if isinstance(problem, TokenProblem):
        return token_value(problem, policy)
    if isinstance(problem.horizon, Average):
        return average_gain(problem, policy)
    V = state_value(problem, policy)
    if isinstance(problem.horizon, Total):
        return total_return(problem, V)
    first = V[0] if isinstance(problem.horizon, Finite) else V
    return (law(problem, "rho") * first).sum()


@replaceable
def state_value(problem: MDP, policy: Policy) -> Interval:
    """State values V of a policy; `[t,s]` with t = 0..H (row H zero) for Finite, `[s]` for Discounted.

    For Total the expected total reward `[s]`, infinite where the policy may have a long-run mean reward other than 0.
    For Average the bias `[s]`, the expected total (Cesàro limit) of reward minus gain, with stationary mean 0 in every
    recurrent class.
    """
    policy = tabular(problem, policy)
    table = policy.table
    if isinstance(problem.horizon, Average):
        return gain_and_bias(problem, policy)[1]
    if isinstance(problem.horizon, Total):
        return total_state_value(problem, policy)
    if not isinstance(problem.horizon, Finite):
        return _discounted_value(problem, policy, table)
    if problem.sparse:
        return _sparse_value(problem, policy, table)
    P, r, pi, H = stepwise(problem.P, 3), stepwise(problem.r, 2), stepwise(table, 2), problem.horizon.H
    V = finite.policy_value(P, r, pi, H)
    return settle(V, lambda: finite.policy_value(P, np.abs(r), pi, H), H * step_roundings(problem, policy))


@replaceable
def action_value(problem: MDP, policy: Policy) -> Interval:
    """Action values Q of a policy; `[t,s,a]` for Finite, `[s,a]` for Discounted and Total.

    Average: `[s,a]`, reward plus expected bias of the next state minus the gain of the state.
    """
    if isinstance(problem.horizon, Average):
        gain, bias = gain_and_bias(problem, policy)
        return enclose(problem.r) + expected_next(problem, bias) - gain[:, None]
    V = state_value(problem, policy)
    if isinstance(problem.horizon, Total):
        return total_action_value(problem, V)
    if not isinstance(problem.horizon, Finite):
        return enclose(problem.r) + expected_next(problem, V) * number(problem.horizon.gamma, V)
    r = stepwise(problem.r, 2)
    return stack([enclose(r[t % len(r)]) + expected_next(problem, V[t + 1], t) for t in range(problem.horizon.H)])


@replaceable
def advantage(problem: MDP, policy: Policy) -> Interval:
    """Advantages Q - V of a policy; `[t,s,a]` for Finite, `[s,a]` for an infinite horizon."""
    Q, V = action_value(problem, policy), state_value(problem, policy)
    if isinstance(problem.horizon, Total):
        expect_finite(problem, V)
    first = V[:-1] if isinstance(problem.horizon, Finite) else V
    return Q - first[..., None]


def _discounted_value(problem, policy, table):
    gamma = problem.horizon.gamma
    if problem.exact:
        chain = (table[:, :, None] * problem.P).sum(axis=1)
        return Interval(solve_linear(np.eye(problem.S, dtype=int) - gamma * chain, (table * problem.r).sum(axis=1)))
    V = _float_solve(problem, table, (table * problem.r).sum(axis=1), transpose=False)
    if proposing():
        return V
    V = np.where(np.isfinite(V), V, 0.0)  # any V gives bounds, which are infinite if they overflow
    Q = enclose(problem.r) + expected_next(problem, Interval(V, V, "float")) * enclose(gamma)
    residual = (law(policy, "table") * Q).sum(axis=1) - V
    # the rows of P_pi sum to 1, so |V^pi - V| <= max |residual| / (1 - gamma) in every state
    error = (abs(residual).max() / (1 - enclose(gamma))).upper
    return Interval(V, V, "float") + Interval(-error, error, "float")


def _float_solve(problem, table, right, transpose):
    """Float64 solution of (I - gamma P_pi) x = right, or of the transposed system; callers bound its error."""
    chain = chain_matrix(problem, table, problem.P)
    chain = chain.T if transpose else chain
    if problem.sparse:
        import scipy.sparse
        from scipy.sparse.linalg import spsolve

        return spsolve((scipy.sparse.eye_array(problem.S) - problem.horizon.gamma * chain).tocsc(), right)
    return np.linalg.solve(np.eye(problem.S) - problem.horizon.gamma * chain, right)


def _sparse_value(problem, policy, table):
    H, r, pi = problem.horizon.H, stepwise(problem.r, 2), stepwise(table, 2)

    def run(r):
        V = np.zeros((H + 1, problem.S))
        for t in range(H - 1, -1, -1):
            following = (problem.P @ V[t + 1]).reshape(problem.S, problem.A)
            V[t] = (pi[t % len(pi)] * (r[t % len(r)] + following)).sum(axis=1)
        return V

    return settle(run(r), lambda: run(np.abs(r)), H * step_roundings(problem, policy))
