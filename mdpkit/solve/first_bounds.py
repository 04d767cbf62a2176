"""First bounds on total rewards, from the values of a proper policy that no action improves."""

from typing import NamedTuple

import numpy as np

from ..base.tolerance import UNIT
from ..kernels import downstream, total
from ..model.mdp import as_uint32
from .bounds import down, up

ROUGHLY, CLOSELY, FAST = 0.1, 1e-3, 0.3
"""A policy's equations are solved up to 0.1 of the largest change by its improvement, or up to 0.001 of it where that
is at most 0.3 of the one before."""

SWEEPS = 120
"""Largest number of sweeps for the equations of a policy."""

SETTLED = 100
"""Values are backed up between improvements until the largest change is this many times the rounding error."""

IMPROVEMENTS, RAISED, PATIENCE = 100, 10, 5
"""Largest number of improvements, and of those for raised rewards; and how often the largest change may fail to halve
before only rounding is left."""


class Found(NamedTuple):
    """Values `x[node]`, rows `choice[node]` of a proper policy that attain them up to `change`, and the nodes in the
    order of their distance to a stop under it."""

    x: np.ndarray
    choice: np.ndarray
    order: np.ndarray
    change: float


class Improvement:
    """Policy iteration on a `Contraction` without bounds.

    Args: parts: the Contraction. sweeps: largest number of sweeps.

    Policies are evaluated by BiCGStab, preconditioned by a Gauss-Seidel sweep over the nodes in the order of their
    distance to a stop under the policy, and values are backed up in that order between two improvements. `rest` is the
    number of sweeps left.
    """

    def __init__(self, parts, sweeps):
        self.parts, self.rest, rows = parts, sweeps, parts.rows
        self.law = rows.data, as_uint32(rows.indices), as_uint32(rows.indptr)
        self.first = np.append(parts.first, len(parts.pay)).astype(np.uint32)

    def greedy(self, pay, x):
        """The largest pay + P x of each node, the row that attains it, and pay + P x of all rows."""
        return total.greedy(*self.law, self.first, pay, x)

    def correct(self, choice, order, b, stop, most=SWEEPS):
        """e = b + P_choice e, up to residuals of about `stop`, in at most that many sweeps."""
        e, used = downstream.correct(*self.law, choice, order, b, 0, 1.0, UNIT, stop, min(most, self.rest))
        self.rest -= used
        return e

    def start(self):
        """Rows after which the expected length of a shortest path is least, if they are proper; else shortest paths."""
        shortest, length = self.parts.paths()
        nearest = self.greedy(-self.parts.moving.astype(float), -length.astype(float))[1]
        return nearest if self.parts.is_proper(nearest) else shortest

    def run(self) -> Found | None:
        """Values that no row improves, rounding apart.

        None if a policy is improper, a number is not finite, or the sweeps do not suffice.
        """
        parts, choice = self.parts, self.start()
        order, b = parts.order_if_proper(choice), parts.pay[choice]
        x = self.correct(choice, order, b, ROUGHLY * float(np.abs(b).max()))
        found, before, smallest, stalled = None, np.inf, np.inf, 0
        for _ in range(IMPROVEMENTS):
            best, pick, q = self.greedy(parts.pay, x)
            noise, change = 4 * float(parts.error(x).max()), float(np.abs(best - x).max())
            better = best > q[choice] + noise
            if better.any():
                choice = np.where(better, pick, choice)
                order = parts.order_if_proper(choice)
            if order is None or self.rest <= 0 or not np.isfinite(change):
                return None
            stalled = 0 if change <= smallest / 2 else stalled + 1
            if change < smallest:
                found, smallest = Found(x, choice, order, change), change
            if change <= noise or stalled == PATIENCE:
                return found
            share, before = CLOSELY if change <= FAST * before else ROUGHLY, change
            x = x + self.correct(choice, order, q[choice] - x, max(share * change, noise / 8))
            if change > SETTLED * noise:
                x = total.back_up(*self.law, self.first, parts.pay, order, x)
                self.rest -= 2
        return None


def guess_bounds(parts, sweeps):
    """Proved bounds around the values of a policy, the rows that attain the lower one, and the sweeps; None if none.

    Args: parts: a `Contraction`. sweeps: largest number of sweeps.

    With the expected number of moves h = 1 + P h of the policy and a small d, x - d h and x + d h are bounds as soon as
    d exceeds the change of x by a backup, rounding included, unless actions are tied: then rewards raised by d are
    optimised.
    """
    improvement = Improvement(parts, sweeps)
    found = improvement.run() if parts.N else None
    if found is None:
        return None
    x, choice, order, change = found
    d, moving = 2 * change + 8 * float(parts.error(x).max()), parts.moving.astype(float)
    h = improvement.correct(choice, order, moving[choice], ROUGHLY, sweeps)
    low, u = down(x - d * h), up(x + d * h)
    if not parts.is_lower(low, choice):
        return None
    for _ in range(RAISED):
        if parts.is_upper(u):
            return low, u, choice, sweeps - improvement.rest
        best, pick, q = improvement.greedy(parts.pay + d * moving, u)
        raised = np.where(best > q[choice], pick, choice)
        order = parts.order_if_proper(raised)
        if order is None or improvement.rest <= 0:
            return None
        u = up(u + improvement.correct(raised, order, q[raised] - u, ROUGHLY * d, sweeps))
    return None
