"""Pessimistic (lower-confidence) values."""

from ...base.interval import Interval, Quantity
from ...base.replaceable import replaceable
from ...model.horizon import Finite
from ...model.mdp import MDP, stepwise
from .._known import convert, enclose
from ..planning.optimal import optimal_action_value, optimal_value


@replaceable
def pessimistic_action_value(model: MDP, bonus: Quantity) -> Interval:
    """Q-: optimal action values of the model with reward r - bonus; `[t,s,a]` for Finite, `[s,a]` for Discounted.

    Args: bonus: `[t,s,a]` or `[s,a]`; numbers, or an Interval.
    Source: adapted from Jin, Yang and Wang, 2021, and Rashidinejad, Zhu, Ma, Jiao and Russell, 2021.

    >>> from mdpkit.model import MDP
    >>> from mdpkit.base.arrays import objects
    >>> arms = MDP(objects([[[1], [1]]]), objects([[1, 0]]), horizon=Finite(1))
    >>> pessimistic_action_value(arms, objects([["3/2", 0]])).lower
    array([[[-1/2, 0]]], dtype=object)
    """
    return optimal_action_value(model, _pessimistic_reward(model, bonus))


@replaceable
def pessimistic_value(model: MDP, bonus: Quantity) -> Interval:
    """V- = max_a Q-: `[t,s]` with t = 0..H and row H zero for Finite, `[s]` for Discounted.

    If the bonus is at least the `backup_error` of V-, every policy greedy for Q- has value at least V- in the true MDP.

    Args: bonus: as for `pessimistic_action_value`.
    """
    return optimal_value(model, _pessimistic_reward(model, bonus))


def _pessimistic_reward(model, bonus):
    reward = stepwise(model.r, 2) if isinstance(model.horizon, Finite) else model.r
    return enclose(reward) - convert(bonus, model)
