"""Best actions, and rewards that leave them as they are."""

import numpy as np

from ..base.errors import InvalidModel
from ..base.interval import Interval, stacked
from ..base.mode import proposing
from ..base.replaceable import replaceable
from ..model.horizon import Finite
from ..model.mdp import MDP, stepwise
from ..solve import solve
from ._known import alike, expected_next, given, known, number

TIE = 1e-9
"""While proposing, actions whose values differ by less are tied."""


@replaceable
def shaped_reward(problem: MDP, potential) -> Interval:
    """r + gamma E[potential of the next state] - potential of the state; `[t,s,a]` for Finite, `[s,a]` for Discounted.

    Args: potential: `[t,s]` with t = 0..H for Finite (gamma is then 1), `[s]` for Discounted.
    Raises: InvalidModel where it has another shape.
    Source: adapted from Ng, Harada and Russell, 1999.
    """
    potential, finite = given(potential, problem), isinstance(problem.horizon, Finite)
    wanted = (problem.horizon.H + 1, problem.S) if finite else (problem.S,)
    if potential.shape != wanted:
        raise InvalidModel(f"the potential has shape {potential.shape}; expected {wanted}")
    if not finite:
        return known(problem.r) + expected_next(problem, potential) * number(problem.horizon.gamma, potential) - potential[:, None]
    r = stepwise(problem.r, 2)
    steps = range(problem.horizon.H)
    return stacked([known(r[t % len(r)]) + expected_next(problem, potential[t + 1], t) - potential[t][:, None] for t in steps])


@replaceable
def optimal_action_value(problem: MDP, reward=None) -> Interval:
    """Q*: reward of one action and the best that can follow; `[t,s,a]` for Finite, `[s,a]` for Discounted.

    Args: reward: taken in place of the problem's own, in the shape of Q*; an Interval or numbers.
    """
    if problem.mask is not None:
        raise InvalidModel(f"{problem!r} lacks actions; optimal action values are computed where every action exists")
    reward = known(problem.r) if reward is None else given(reward, problem)
    if not isinstance(problem.horizon, Finite):
        gamma = problem.horizon.gamma
        V = _best_value(problem, reward)
        return reward + expected_next(problem, V) * number(gamma, V)
    reward, Q = reward if reward.ndim == 3 else reward[None], []
    for t in range(problem.horizon.H - 1, -1, -1):
        now = reward[t % len(reward)]
        Q.append(now + expected_next(problem, Q[-1].max(axis=-1), t) if Q else now)
    return stacked(Q[::-1])


@replaceable
def optimal_value(problem: MDP, reward=None) -> Interval:
    """V*: `[t,s]` with t = 0..H and row H zero for Finite, `[s]` for Discounted.

    Args: reward: taken in place of the problem's own, as for `optimal_action_value`.
    """
    V = optimal_action_value(problem, reward).max(axis=-1)
    return stacked([*(V[t] for t in range(len(V))), V[-1] * 0]) if isinstance(problem.horizon, Finite) else V


def _best_value(problem, reward):
    """V* under a reward that may be known by its ends only: no value moves by more than the reward over 1 - gamma."""
    if not isinstance(reward, Interval) or reward.exact:
        numbers = reward.lower if isinstance(reward, Interval) else reward
        value = solve(MDP(problem.P, numbers, problem.rho, horizon=problem.horizon)).value
        return value.mid if proposing() else value
    value = solve(MDP(problem.P, reward.mid, problem.rho, horizon=problem.horizon)).value
    slack = (Interval(0.0, reward.width, "float") / (1 - known(np.asarray(problem.horizon.gamma)))).upper
    return value + Interval(-slack, slack, "float")


@replaceable
def optimal_actions(problem: MDP, reward=None) -> Interval:
    """1 where an action is optimal, 0 where it is not, in the shape of Q*; between them where floats cannot tell.

    Args: reward: taken in place of the problem's own, as for `optimal_action_value`.
    """
    return best_actions(optimal_action_value(problem, reward))


@replaceable
def best_actions(Q) -> Interval:
    """1 where an action has the largest number of its row, 0 where it has not; between them where floats cannot tell.

    >>> best_actions([[1, "1/2", 1]]).lower
    array([[1, 0, 1]], dtype=object)
    """
    (Q,) = alike(Q)
    if not isinstance(Q, Interval):
        return (Q.max(axis=-1, keepdims=True) - Q <= TIE).astype(float)
    if Q.exact:
        return Interval((Q.lower == Q.lower.max(axis=-1)[..., None]).astype(int))
    among = np.eye(Q.shape[-1], dtype=bool)
    rival = np.where(among, -np.inf, Q.upper[..., None, :]).max(axis=-1)
    surely, perhaps = Q.lower >= rival, Q.upper >= Q.lower.max(axis=-1)[..., None]
    return Interval(surely.astype(float), perhaps.astype(float), "float")
