"""One-shot games, solved exactly by linear programs."""

from dataclasses import dataclass

import numpy as np
from flint import fmpq

from ..base.arrays import objects, rationals
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


def obedience(payoff, actions):
    """Gains of all deviations "play b when a is recommended", as linear functions of the distribution of joint actions.

    Args: payoff: rationals `[i,j]`, j flattened in C order. actions: number of actions per player.
    Returns: `[row,j]`; a distribution under which no row has a positive gain is a correlated equilibrium.
    Source: Aumann, 1974.
    """
    return np.stack(
        [gain * (own == a) for own, gains in _swaps(payoff, actions) for gain in gains for a in range(own.max() + 1)]
    )


def commitment(payoff, actions):
    """Gains of playing b whatever is recommended, `[row,j]`, one row per player and b.

    A distribution under which no row has a positive gain is a coarse correlated equilibrium.
    Source: Moulin and Vial, 1978.
    """
    return np.stack([gain for _, gains in _swaps(payoff, actions) for gain in gains])


def best_law(payoff, rows):
    """The distribution of joint actions with maximum total payoff subject to no row having a positive gain, `[j]`.

    Every Nash equilibrium is feasible. If the maximiser is not unique, the one returned by the linear program.
    """
    program = LinearProgram(
        payoff.sum(axis=0), rows, np.zeros(len(rows), dtype=int), np.ones((1, payoff.shape[1]), dtype=int), [1]
    )
    return optimise(program).x


def _swaps(payoff, actions):
    """Per player, its component of every joint action, `own[j]`, and its gains from playing b instead, `gains[b,j]`."""
    joint = np.arange(payoff.shape[1])
    for i, count in enumerate(actions):
        stride = int(np.prod(actions[i + 1 :], dtype=int))
        own = joint // stride % count
        yield own, np.stack([payoff[i, joint + (b - own) * stride] - payoff[i] for b in range(count)])
