"""One-shot games, answered exactly by linear programs."""

from dataclasses import dataclass

import numpy as np
from flint import fmpq

from ..base.arrays import objects, rationals
from .lp import LinearProgram, optimise


@dataclass(frozen=True, eq=False)
class Saddle:
    """Value of a zero-sum game, with a mixture of each player that secures it."""

    value: fmpq
    row: np.ndarray
    column: np.ndarray


def matrix_game(payoff) -> Saddle:
    """The value of the zero-sum game in which the row player receives `payoff[a,b]`.

    Args: payoff: rationals.
    Returns: value, `row[a]` that earns at least the value against every b, `column[b]` that yields at most it to every a.
    Source: von Neumann, 1928; the program of Dantzig, 1951.

    >>> matrix_game(objects([[2, -1], [-1, 1]])).value
    1/5
    """
    payoff = rationals(payoff)
    A, B = payoff.shape
    shift = 1 - payoff.min()  # a value of at least 1 makes the prices of the columns sum to 1
    rows = np.concatenate([objects(np.ones((B, 1), dtype=int)), -(payoff + shift).T], axis=1)
    earn, mix = objects(np.eye(1, A + 1, dtype=int)[0]), objects(1 - np.eye(1, A + 1, dtype=int))
    found = optimise(LinearProgram(earn, rows, objects(np.zeros(B, dtype=int)), mix, objects([1])))
    return Saddle(found.value - shift, found.x[1:], found.y)


def obedience(payoff, actions):
    """Gains of every modification "told a, play b", each a linear function of the law of joint actions.

    Args: payoff: rationals `[i,j]`, j flattened in C order. actions: how many each player has.
    Returns: `[row,j]`; a law under which no row gains is a correlated equilibrium.
    Source: Aumann, 1974.
    """
    return np.stack([gain * (own == a) for own, gains in _swaps(payoff, actions) for gain in gains for a in range(own.max() + 1)])


def commitment(payoff, actions):
    """Gains of playing b whatever is told, `[row,j]`; a law under which none gains is a coarse correlated equilibrium.

    Source: Moulin and Vial, 1978.
    """
    return np.stack([gain for _, gains in _swaps(payoff, actions) for gain in gains])


def best_law(payoff, rows):
    """The law of joint actions with the highest total payoff among those under which no row gains, `[j]`.

    Every Nash equilibrium is such a law. Where several are best, the one at which the program ends.
    """
    program = LinearProgram(payoff.sum(axis=0), rows, np.zeros(len(rows), dtype=int), np.ones((1, payoff.shape[1]), dtype=int), [1])
    return optimise(program).x


def _swaps(payoff, actions):
    """For each player its part of every joint action, `own[j]`, and what it gains by playing b instead, `gains[b,j]`."""
    joint = np.arange(payoff.shape[1])
    for i, count in enumerate(actions):
        stride = int(np.prod(actions[i + 1 :], dtype=int))
        own = joint // stride % count
        yield own, np.stack([payoff[i, joint + (b - own) * stride] - payoff[i] for b in range(count)])
