"""Tasks that share a safety constraint: a slippery grid with pits."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...base.arrays import objects, rational, zeros
from ...base.errors import InvalidModel
from ...model import MDP, Discounted
from ..catalogue import Exact, expect_integer, named_instance
from ..instance import Instance

MOVES = ((0, 1), (1, 0), (0, -1), (-1, 0))


@named_instance
def slip_grid(
    goals: Sequence[int] = (3, 12, 15), side: int = 4, slip: Exact = "1/5", pits: Sequence[int] = (5, 6)
) -> Instance:
    """A slippery square grid with pits, walked from the first cell; each task pays for being in its goal.

    A move succeeds with probability 1 - slip, and turns left or right with slip / 2 each; walls hold. Pits can be
    crossed, at a true cost of 1 per visit, which is what the experts of all tasks limit. Played by gradient ascent, the
    constraint game of the three corners keeps a bounded regret: the violation falls as 1/T.

    Args:
        goals: the goal of each task; cells are numbered row by row. side: cells in a row.
        slip: probability of a turn. pits: cells of cost 1.

    Returns: `mdp` with the reward of the first task, `rewards[k,s,a]` of all tasks, and the true `cost[s]`; `tasks_of`
        makes an MDP of each task.
    Source: adapted from Kim, Swamy, Liu, Zhao, Choudhury and Wu, 2023.

    >>> tasks_of(slip_grid())[2]
    MDP(S=16, A=4, Discounted(9/10), rational, 184 transitions)
    """
    expect_integer("side", side, 2)
    S, turn = side * side, rational(slip) / 2
    for name, cells in (("goals", goals), ("pits", pits)):
        for cell in cells:
            expect_integer(name, cell, 0, S - 1)
    if not len(goals) or not 0 <= turn <= rational("1/2"):
        raise InvalidModel(f"goals is {goals!r} and slip {slip!r}; expected at least one goal and a probability")
    P = zeros((S, len(MOVES), S), objects([0]))
    for s in range(S):
        for a in range(len(MOVES)):
            for way, chance in ((a, 1 - 2 * turn), (a + 1, turn), (a - 1, turn)):
                P[s, a, _after(s, MOVES[way % len(MOVES)], side)] += chance
    at_goal = np.arange(S) == np.array(goals)[:, None]
    rewards = objects(np.repeat(at_goal.astype(int)[..., None], len(MOVES), axis=-1))
    start = objects((np.arange(S) == 0).astype(int))
    mdp = MDP(P, rewards[0], start, horizon=Discounted("9/10"))
    return Instance(mdp=mdp, rewards=rewards, cost=objects(np.isin(np.arange(S), list(pits)).astype(int)))


def tasks_of(instance: Instance) -> list[MDP]:
    """The MDP of each task: the instance's `mdp` with `rewards[k]`."""
    return [replace(instance.mdp, r=reward) for reward in instance.rewards]


def _after(s, move, side):
    """The cell after a move; walls hold."""
    row, column = s // side + move[0], s % side + move[1]
    return row * side + column if 0 <= row < side and 0 <= column < side else s
