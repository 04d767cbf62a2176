"""Variance of the return, and of one step of it."""

import numpy as np

from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity, stack
from ...base.replaceable import replaceable
from ...model.horizon import Discounted, Finite
from ...model.mdp import MDP, stepwise
from ...model.policy import Policy, tabular
from .._known import enclose, expected_next, law, number
from .value import state_value


@replaceable
def return_variance(problem: MDP, policy: Policy) -> Interval:
    """Variance of the return sum_t gamma^t r_t of an episode, start, actions and transitions being random.

    By the second moment of the return, E[(r + gamma G')^2] backwards in time.
    Args: problem: a finite-horizon or discounted MDP.
    Raises: InvalidModel for another horizon.
    Source: adapted from Sobel, 1982.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import TabularPolicy
    >>> coin = MDP(objects([[[1, 0]] * 2, [[0, 1]] * 2]), objects([[0, 1], [0, 0]]), objects([1, 0]), horizon=Finite(2))
    >>> return_variance(coin, TabularPolicy(objects([["1/2", "1/2"], [1, 0]])))
    Interval(1/2, exact)
    """
    V, pi = state_value(problem, policy), law(tabular(problem, policy), "table")
    rho, r, gamma = law(problem, "rho"), stepwise(problem.r, 2), _discount(problem, V)
    if isinstance(problem.horizon, Finite):
        pi = pi if pi.ndim == 3 else pi[None]
        moment = V[-1] * 0
        for t in range(problem.horizon.H - 1, -1, -1):
            pay = enclose(r[t % len(r)])
            twice = pay * pay + pay * expected_next(problem, V[t + 1], t) * 2 + expected_next(problem, moment, t)
            moment = (pi[t % len(pi)] * twice).sum(axis=1)
        V = V[0]
    else:
        pay = enclose(problem.r)
        moment = _discounted_total(problem, policy, pay * pay + pay * expected_next(problem, V) * gamma * 2)
    mean = (rho * V).sum()
    return (rho * moment).sum() - mean * mean


@replaceable
def step_variance(problem: MDP, policy: Policy, V: Quantity | None = None) -> Interval:
    """Variance of r(s, a) + gamma V(n) over the action and the next state, `[t,s]`; `[s]` for Discounted.

    Args: V: state values, by default those of the policy, in the shape of `state_value`.
    Raises: InvalidModel for another horizon.
    """
    V = state_value(problem, policy) if V is None else V
    pi, r, gamma = law(tabular(problem, policy), "table"), stepwise(problem.r, 2), _discount(problem, V)

    def variance(pi, pay, V, t):
        next_mean, next_square = expected_next(problem, V, t) * gamma, expected_next(problem, V * V, t) * gamma * gamma
        mean = (pi * (pay + next_mean)).sum(axis=1)
        return (pi * (pay * pay + pay * next_mean * 2 + next_square)).sum(axis=1) - mean * mean

    if not isinstance(problem.horizon, Finite):
        return variance(pi, enclose(problem.r), V, 0)
    pi = pi if pi.ndim == 3 else pi[None]
    steps = range(problem.horizon.H)
    return stack([variance(pi[t % len(pi)], enclose(r[t % len(r)]), V[t + 1], t) for t in steps])


def _discount(problem, pattern):
    if isinstance(problem.horizon, Finite):
        return 1
    if not isinstance(problem.horizon, Discounted):
        raise InvalidModel(f"the horizon is {problem.horizon!r}; expected Finite(H) or Discounted(gamma)")
    return number(problem.horizon.gamma, pattern)


def _discounted_total(problem, policy, reward):
    """The value of the policy for the reward, an Interval `[s,a]`, at the discount gamma^2."""
    gamma = problem.horizon.gamma

    def total(pay):
        return state_value(
            MDP(problem.P, pay, problem.rho, horizon=Discounted(gamma * gamma), mask=problem.mask), policy
        )

    if not isinstance(reward, Interval):
        return total(reward)
    if reward.exact:
        return total(reward.lower)
    if not np.isfinite(reward.width):  # the squares overflow
        return Interval(np.full(problem.S, -np.inf), np.full(problem.S, np.inf), "float")
    least, most = total(reward.lower), total(reward.upper)
    # gamma^2 rounded to float64 is off by a relative 2^-53 beyond what the discount itself is
    slack = np.maximum(abs(least.lower), abs(most.upper)).max() * 2.0**-51 / (1 - gamma * gamma)
    return Interval(least.lower, most.upper, "float") + Interval(-slack, slack, "float")
