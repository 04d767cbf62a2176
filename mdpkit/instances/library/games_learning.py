"""One-shot games of two players and three actions, on which learning dynamics differ."""

import numpy as np

from ...base.arrays import objects
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

    Args:
        first: the first player's action in the first round.
        second: the second player's.

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
def rock_paper_scissors(
    rock: Exact = 1, paper: Exact = 1, scissors: Exact = 1, first: int = 0, second: int = 0
) -> Instance:
    """Rock, paper, scissors: action a beats action a - 1 (modulo 3); the loser pays the winner.

    The only equilibrium plays each action in proportion to what the one that it beats wins.

    Args:
        rock: what the winner is paid if it wins with rock.
        paper: if it wins with paper.
        scissors: if it wins with scissors.
        first: the first player's action in the first round.
        second: the second player's.

    Returns: `game`, `start`, the first round's strategies, and `equilibrium`, the strategy of both players.
    Source: adapted from Robinson, 1951.

    >>> rock_paper_scissors().game.r[0].reshape(3, 3)
    array([[0, -1, 1],
           [1, 0, -1],
           [-1, 1, 0]], dtype=object)
    """
    for name, action in (("first", first), ("second", second)):
        expect_integer(name, action, 0, 2)
    stakes = objects([rock, paper, scissors])
    ahead = np.roll(np.eye(3, dtype=int), 1, axis=0) * stakes[:, None]
    wins, beaten = ahead - ahead.T, np.roll(stakes, 1)
    start = objects(np.eye(3, dtype=int)[[first, second]])
    return Instance(game=one_shot(wins, -wins), start=start, equilibrium=beaten / beaten.sum())
