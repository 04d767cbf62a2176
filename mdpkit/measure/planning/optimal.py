"""Optimal values and actions, and potential-based reward shaping."""

import numpy as np

from ...base.arrays import floats, like
from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity, stack
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...model.horizon import Finite, Total
from ...model.mdp import MDP
from ...solve import Status, solve
from .._known import alike, convert, enclose, expected_next, number
from .._total import total_action_value

RELATIVE = 1e-8
"""Width of the bounds on optimal values over an infinite horizon that is asked for, per unit of the largest reward."""

IMPROVEMENTS = 100
"""While proposing, the largest number of policies tried; more would only exchange tied actions."""

TIE = 1e-9
"""While proposing, actions whose values differ by at most this much are tied."""


@replaceable
def optimal_action_value(problem: MDP, reward: Quantity | None = None) -> Interval:
    """Optimal action values Q*; `[t,s,a]` for Finite, `[s,a]` for Discounted and Total.

    Exact on rationals unless that would take too long. Otherwise the values over an infinite horizon are bounded to
    1e-8 of the largest reward, or as closely as float64 permits. For Total they are optimal over proper policies, and
    -infinity where an action may lead to a state from which no policy is proper; a policy that is greedy for them need
    not be proper.

    Args: reward: replaces the problem's reward, in the shape of Q*; an Interval or numbers, for Total numbers.
    Raises: NotSolved if a value overflows, or a total reward has no finite optimum.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Total
    >>> step = objects([[["3/4", "1/4"], [0, 1]], [[0, 1], [0, 1]]])
    >>> optimal_action_value(MDP(step, objects([[-1, -5], [0, 0]]), horizon=Total())).lower
    array([[-4, -5],
           [0, 0]], dtype=object)
    """
    if problem.mask is not None:
        raise InvalidModel(
            f"{problem!r} has masked actions; optimal action values are computed where every action exists"
        )
    if isinstance(problem.horizon, Total):
        return _best_total(problem, reward)
    reward = enclose(problem.r) if reward is None else convert(reward, problem)
    if not isinstance(problem.horizon, Finite):
        gamma = problem.horizon.gamma
        V = _best_value(problem, reward)
        return reward + expected_next(problem, V) * number(gamma, V)
    reward, Q = reward if reward.ndim == 3 else reward[None], []
    for t in range(problem.horizon.H - 1, -1, -1):
        now = reward[t % len(reward)]
        Q.append(now + expected_next(problem, Q[-1].max(axis=-1), t) if Q else now)
    return stack(Q[::-1])


@replaceable
def optimal_value(problem: MDP, reward: Quantity | None = None) -> Interval:
    """Optimal values V*: `[t,s]` with t = 0..H and row H zero for Finite, `[s]` for Discounted and Total.

    Args: reward: replaces the problem's reward, as for `optimal_action_value`.
    """
    V = optimal_action_value(problem, reward).max(axis=-1)
    return stack([*(V[t] for t in range(len(V))), V[-1] * 0]) if isinstance(problem.horizon, Finite) else V


def _best_total(problem, reward):
    """Q* of a Total problem. Rewards of exactly 0 decide which policies are proper, so they have to be numbers."""
    if isinstance(reward, Interval) and not reward.exact:
        raise InvalidModel(f"the reward of {problem!r} is an Interval of width {reward.width:.1e}; expected numbers")
    if reward is not None:
        reward = like(reward.lower if isinstance(reward, Interval) else reward, problem.r)
        problem = MDP(problem.P, reward, problem.rho, horizon=problem.horizon)
    return total_action_value(problem, _solve(problem, problem.r))


def _best_value(problem, reward):
    """V* for a reward that may be an Interval: V* changes by at most the change of the reward divided by 1 - gamma."""
    if proposing() and not problem.sparse:
        return _propose_value(problem, reward)
    if not isinstance(reward, Interval) or reward.exact:
        value = _solve(problem, reward.lower if isinstance(reward, Interval) else reward)
        return value.mid if proposing() else value
    slack = (Interval(0.0, reward.width, "float") / (1 - enclose(np.asarray(problem.horizon.gamma)))).upper
    return _solve(problem, reward.mid) + Interval(-slack, slack, "float")


def _propose_value(problem, reward):
    """V* in plain floats, by policy iteration."""
    states, gamma, choice = np.arange(problem.S), problem.horizon.gamma, reward.argmax(axis=1)
    for _ in range(IMPROVEMENTS):
        V = np.linalg.solve(np.eye(problem.S) - gamma * problem.P[states, choice], reward[states, choice])
        better = (reward + gamma * (problem.P @ V)).argmax(axis=1)
        if (better == choice).all():
            break
        choice = better
    return V


def _solve(problem, reward):
    """Bounds on V* for a reward of numbers, of width RELATIVE * max|reward| or as narrow as the solver permits.

    Raises: NotSolved if a value overflows.
    """
    tol = RELATIVE * float(np.abs(floats(reward)).max())
    answer = solve(MDP(problem.P, reward, problem.rho, horizon=problem.horizon), tol=tol, throw=False)
    bounded = answer.value is not None and answer.status is not Status.NONFINITE
    return answer.value if bounded else answer.require(tol).value


@replaceable
def optimal_actions(problem: MDP, reward: Quantity | None = None) -> Interval:
    """Indicator of the optimal actions, in the shape of Q*; the Interval [0, 1] where float64 bounds cannot decide.

    Args: reward: replaces the problem's reward, as for `optimal_action_value`.
    """
    return best_actions(optimal_action_value(problem, reward))


@replaceable
def best_actions(Q: Quantity) -> Interval:
    """Indicator of the maximal entries over the last axis; the Interval [0, 1] where float64 bounds cannot decide.

    >>> best_actions([[1, "1/2", 1]]).lower
    array([[1, 0, 1]], dtype=object)
    """
    (Q,) = alike(Q)
    if not isinstance(Q, Interval):
        return (Q.max(axis=-1, keepdims=True) - Q <= TIE).astype(float)
    if Q.exact:
        return Interval((Q.lower == Q.lower.max(axis=-1, keepdims=True)).astype(int))
    among = np.eye(Q.shape[-1], dtype=bool)
    rival = np.where(among, -np.inf, Q.upper[..., None, :]).max(axis=-1)
    surely, perhaps = Q.lower >= rival, Q.upper >= Q.lower.max(axis=-1)[..., None]
    return Interval(surely.astype(float), perhaps.astype(float), "float")
