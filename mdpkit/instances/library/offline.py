"""Offline problems: a process, a model of it, and bonuses that cover the model's error."""

import numpy as np

from ...base.arrays import objects, rational
from ...model import MDP, Finite, TabularPolicy
from ..catalogue import expect_integer, named_instance
from ..instance import Instance


def play_actions(actions: list[int], S: int, A: int = 2) -> TabularPolicy:
    """The policy that plays `actions[t]` at step t, in each of S states."""
    return TabularPolicy(objects(np.repeat(np.eye(A, dtype=int)[actions][:, None], S, axis=1)))


@named_instance
def wrong_turn(H: int = 3) -> Instance:
    """A model that errs at one action of the first step, and a pessimistic learner that takes a wrong turn there.

    State 0 pays for action 0; action 1 falls to state 1, which pays nothing. In the model action 0 of the first step
    falls too, with probability H / (2 (H-1)), for which both pessimistic action values are 0; the learner takes
    action 1. It loses twice the expected bonus under the comparator's occupancy: the bound is attained, for every H.

    Args: H: horizon, at least 2.

    Returns: `mdp`, `model`, `bonus[t,s,a]`, and the policies `learner` and `rival` (the comparator).
    Source: adapted from Jin, Yang and Wang, 2021.

    >>> wrong_turn(2).model.P[0, 0, 0]
    array([0, 1], dtype=object)
    """
    expect_integer("H", H, 2)
    fear = rational(H) / (2 * (H - 1))
    P = objects(np.broadcast_to([[[1, 0], [0, 1]], [[0, 1], [0, 1]]], (H, 2, 2, 2)))
    guess, bonus = P.copy(), objects(np.zeros((H, 2, 2), dtype=int))
    guess[0, 0, 0], bonus[0, 0, 0] = [1 - fear, fear], fear * (H - 1)
    mdp, model = (MDP(law, objects([[1, 0], [0, 0]]), objects([1, 0]), horizon=Finite(H)) for law in (P, guess))
    learner, rival = play_actions([1] + [0] * (H - 1), 2), play_actions([0] * H, 2)
    return Instance(mdp=mdp, model=model, bonus=bonus, learner=learner, rival=rival)
