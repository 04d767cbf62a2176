"""One-shot games of two players and three actions, on which learning dynamics differ."""

import numpy as np

from ...base.arrays import objects, rational
from ...model import Finite, MarkovGame
from ..catalogue import Exact, expect_integer, named_instance
from ..instance import Instance


def one_shot(first, second) -> MarkovGame:
    """The one-shot game of two players with payoffs `first[a,b]` and `second[a,b]`."""
    payoffs = np.stack([objects(first).ravel(), objects(second).ravel()])[:, None]
    once = objects(np.ones((1, payoffs.shape[-1], 1), dtype=int))
    return MarkovGame(once, payoffs, horizon=Finite(1), actions=np.shape(first))


@named_instance
def shapley_cycle(first: int = 0, second: int = 1) -> Instance:
    """Shapley's game: each player wants to be one step of a three-cycle ahead of the other, and both cannot be.

    Row a pays the row player 1 against column a - 1 (modulo 3), and column b the column player 1 against row b - 1;
    equal actions pay nothing. The only equilibrium is uniform.

    Args: first, second: the actions of the first round.

    Returns: `game`, and `start`, the first round's strategies.
    Source: adapted from Shapley, 1964.

    >>> shapley_cycle().game.r[0].reshape(3, 3)
    array([[0, 0, 1],
           [1, 0, 0],
           [0, 1, 0]], dtype=object)
    """
    for name, action in (("first", first), ("second", second)):
        expect_integer(name, action, 0, 2)
    ahead = np.roll(np.eye(3, dtype=int), 1, axis=0)
    return Instance(game=one_shot(ahead, ahead.T), start=objects(np.eye(3, dtype=int)[[first, second]]))


@named_instance
def rock_paper_scissors(stake: Exact = 1, first: int = 0, second: int = 0) -> Instance:
    """Rock, paper, scissors: action a beats action a - 1 (modulo 3); the loser pays the winner.

    Args: stake: what the loser pays. first, second: the actions of the first round.

    Returns: `game`, and `start`, the first round's strategies.

    >>> rock_paper_scissors().game.r[0].reshape(3, 3)
    array([[0, -1, 1],
           [1, 0, -1],
           [-1, 1, 0]], dtype=object)
    """
    for name, action in (("first", first), ("second", second)):
        expect_integer(name, action, 0, 2)
    ahead = np.roll(np.eye(3, dtype=int), 1, axis=0)
    wins = objects(ahead - ahead.T) * rational(stake)
    return Instance(game=one_shot(wins, -wins), start=objects(np.eye(3, dtype=int)[[first, second]]))
