"""Bounds on total rewards of many steps, from values of twice the precision of float64."""

from typing import NamedTuple

import numpy as np

from ..base.tolerance import UNDERFLOW
from .transient import TransientChain

REFINEMENTS, IMPROVEMENTS = 4, 10
"""Largest number of corrections of the values of a policy, and of improvements for raised rewards."""

MARGIN = 2.25
"""Bounds are moved by this many times the rounding error of one step; a proof needs twice that error."""


class Pair(NamedTuple):
    """Values `[node]`, the exact sum of two arrays of floats."""

    high: np.ndarray
    low: np.ndarray

    def move(self, step):
        """A pair near high + low + step; its high part is their sum in float64."""
        low = self.low + step
        high = self.high + low
        back = high - self.high
        return Pair(high, (self.high - (high - back)) + (low - back))


def refine_bounds(parts, choice, x):
    """Lower and upper bounds as Pairs around the values x of a proper policy; None if they are not proved.

    Args: parts: a `Contraction`. choice: `[node]`, rows of a policy that is nearly optimal. x: `[node]`, its values.

    What a row gains over the value of its node, pay + sum p[n] (x[n] - x[node]), is computed from differences: its
    rounding error is relative to the pay and to the differences of successors, not to the values, which are larger by
    the length of the way. Bounds are x - h and x + h, where h is the total reward if a step pays 2.25 times this error,
    with what it gains beyond.
    """
    gains = Gains(parts)
    chain = TransientChain(parts.rows[choice], parts.is_direct)
    values, smallest = Pair(x, np.zeros(len(x))), np.inf
    for _ in range(REFINEMENTS):
        gained, _ = gains.of(values)
        off = float(np.abs(gained[choice]).max(initial=0))
        if not off < smallest / 2:
            break
        best, smallest = values, off
        values = values.move(chain.solve(gained[choice]))
    if not np.isfinite(smallest):
        return None
    gained, error = gains.of(best)
    below = best.move(-chain.solve(np.maximum(MARGIN * error - gained, 0)[choice]))
    gained = gained + MARGIN * error
    above = best.move(_raise(parts, chain, choice, gained))
    lost, error = gains.of(below)
    if not ((lost - 2 * error)[choice] >= 0).all() or not parts.is_proper(choice):
        return None
    gained, error = gains.of(above)
    return (below, above) if (gained + 2 * error <= 0).all() else None


def _raise(parts, chain, choice, pay):
    """The largest total reward of all proper policies if rows pay `pay`, all of it small."""
    for _ in range(IMPROVEMENTS):
        h = chain.solve(pay[choice])
        q = pay + parts.rows @ h
        better = parts.best(q) > q[choice] + 1e-12 * np.abs(h).max(initial=0)
        improved = np.where(better, parts.pick(q), choice)
        if not better.any() or not parts.is_proper(improved):
            break
        choice = improved
        chain = TransientChain(parts.rows[choice], parts.is_direct)
    return h


class Gains:
    """What each row gains over the value of its node, and a bound on the error, rounding of the input included."""

    def __init__(self, parts):
        self.parts, rows = parts, parts.rows
        self.owner = np.repeat(parts.owner, np.diff(rows.indptr))
        self.stops = ~parts.moving

    def of(self, values):
        """`gain[row]`, and `error[row]`."""
        from scipy.sparse import csr_array

        parts, rows = self.parts, self.parts.rows
        high, low = (end[rows.indices] - end[self.owner] for end in values)

        def total(differences):
            return csr_array((rows.data * differences, rows.indices, rows.indptr), rows.shape) @ np.ones(parts.N)

        sizes = np.abs(parts.pay) + total(np.abs(high) + np.abs(low))
        stopped = -(values.high + values.low)[parts.owner]
        gain = np.where(self.stops, stopped, parts.pay + total(high + low))
        return gain, parts.rate * np.where(self.stops, np.abs(stopped), sizes) + UNDERFLOW
