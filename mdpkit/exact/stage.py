"""One-shot games, solved exactly by linear programs."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from flint import fmpq

from ..base.arrays import objects, rationals, zeros
from .lp import LinearProgram, optimise


@dataclass(frozen=True, eq=False)
class Saddle:
    """Value of a zero-sum game, with an optimal mixed strategy of each player."""

    value: fmpq
    row: np.ndarray
    column: np.ndarray


def matrix_game(payoff) -> Saddle:
    """Solve the zero-sum game in which the row player receives `payoff[a,b]`.

    Args: payoff: rationals.
    Returns: the value, `row[a]` that guarantees at least the value against every b, and `column[b]` that concedes at
        most the value to every a.
    Source: von Neumann, 1928; the program of Dantzig, 1951.

    >>> matrix_game(objects([[2, -1], [-1, 1]])).value
    1/5
    """
    payoff = rationals(payoff)
    A, B = payoff.shape
    shift = 1 - payoff.min()  # with a value of at least 1, the dual variables of the columns sum to 1
    rows = np.concatenate([objects(np.ones((B, 1), dtype=int)), -(payoff + shift).T], axis=1)
    earn, mix = objects(np.eye(1, A + 1, dtype=int)[0]), objects(1 - np.eye(1, A + 1, dtype=int))
    found = optimise(LinearProgram(earn, rows, objects(np.zeros(B, dtype=int)), mix, objects([1])))
    return Saddle(found.value - shift, found.x[1:], found.y)


CONCEPTS = ("swap", "trigger", "coarse")
"""Deviations that leave no gain in an equilibrium: correlated, trigger (extensive-form-like), coarse correlated."""


def deviation_gains(obey, leave, actions, concept):
    """Gains of a player's disobedience as linear functions of the distribution of joint actions, `[row,j]`.

    A distribution under which no row has a positive gain is an equilibrium of the one-shot game. Trivial rows, which
    are 0 for every distribution, are left out.

    Args:
        obey: `[i,j]`, what joint actions are worth to each player as long as it obeys.
        leave: `[i,j]`, what they are worth to a player that has disobeyed; `obey` where nothing changes.
        actions: number of actions per player.
        concept: "swap" or "trigger" (play b where a is recommended), or "coarse" (play b whatever is recommended).
    """
    player, swapped, counts = rows_of(tuple(actions), concept)
    return (np.take_along_axis(leave[player], swapped, axis=1) - obey[player]) * counts


def groups_of_rows(actions, concept):
    """For every row its group, one for each player and, unless "coarse", recommendation; and the number of groups."""
    sizes = [count if concept == "coarse" else count - 1 for count in actions]
    groups = [
        size for size, count in zip(sizes, actions, strict=True) for _ in range(1 if concept == "coarse" else count)
    ]
    return np.repeat(np.arange(len(groups)), groups), len(groups)


def values_alone(sigma, worth, actions):
    """What a player earns that plays its best action whatever is recommended, `[i]`, for `worth[i,j]`."""
    player, swapped, _ = rows_of(tuple(actions), "coarse")
    earned = (np.take_along_axis(worth[player], swapped, axis=1) * sigma).sum(axis=1)
    ends = np.cumsum([0, *actions])
    return np.array([earned[a:b].max() for a, b in pairwise(ends)], dtype=earned.dtype)


@cache
def rows_of(actions, concept):
    """Player, joint action after the deviation, and whether the recommendation occurs in j, of every row."""
    joint = np.arange(int(np.prod(actions)))
    player, swapped, counts = [], [], []
    for i, count in enumerate(actions):
        stride = int(np.prod(actions[i + 1 :], dtype=int))
        own = joint // stride % count
        for a in [None] if concept == "coarse" else range(count):
            for b in range(count):
                if a != b:
                    player.append(i)
                    swapped.append(joint + (b - own) * stride)
                    counts.append(np.ones(len(joint), dtype=int) if a is None else (own == a).astype(int))
    shape = (len(player), len(joint))
    return np.array(player, dtype=int), np.array(swapped, dtype=int).reshape(shape), np.array(counts).reshape(shape)


def select_law(payoff, rows, select="welfare"):
    """The selected distribution of joint actions under which no row has a positive gain, `[j]`.

    Args:
        payoff: rationals `[i,j]`. rows: rationals `[row,j]`.
        select: "welfare" (highest total payoff) or "egalitarian" (highest payoff of the player with the least, then
            highest total). If the maximiser is not unique, the one that the program returns.
    """
    players, J = payoff.shape
    one, b = np.ones((1, J), dtype=int), np.zeros(len(rows), dtype=int)
    total = payoff.sum(axis=0)
    if select == "egalitarian":
        # maximise -z, where z >= 0 is by how much the least payoff falls short of the largest entry
        short = np.concatenate([payoff.max() - payoff, objects(-np.ones((players, 1), dtype=int))], axis=1)
        wide = np.concatenate([np.concatenate([rows, zeros((len(rows), 1), payoff)], axis=1), short])
        ends, cost = zeros(len(wide), payoff), zeros(J + 1, payoff)
        cost[J] = objects(-1)[()]
        least = optimise(LinearProgram(cost, wide, ends, np.append(one, [[0]], axis=1), [1])).value
        rows = np.concatenate([rows, payoff.max() + least - payoff])
        b = np.zeros(len(rows), dtype=int)
    return optimise(LinearProgram(total, rows, b, one, [1])).x
