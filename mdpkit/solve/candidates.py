"""Bellman backups over the actions that can be optimal near some values, with the bounds of a sweep over all."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..base.tolerance import UNIT
from ..kernels import candidates as kernels

KEPT = 3
"""An action is kept if its value is within 3 spans of the best; 2 spans are needed for the next values to be near."""

CROWD = 1.15
"""Largest number of candidates per state: with more of them a policy's sweeps cost less."""

FEW = 1 / 4
"""The largest share of the actions that are candidates where a few sweeps suffice."""

SETTLED = 1 / 100
"""Candidates are looked for once an improvement changes the policy at no more than this share of the states."""


WIDE, COARSE, FITS = 20_000, 1e-5, 1e30
"""From this number of states on, whose values do not fit into a small cache, policies on sparse rows are evaluated
in float32, up to 1e-5 of the span of the residual, if that and its inverse are at most 1e30. The next residual is in
float64."""

SHORT = np.zeros(0, np.float32)
"""The kind of numbers of such sweeps."""


def coarsest(residual) -> float:
    """The smallest stop for sweeps in float32 that correct this residual, 0 if they are to be swept in float64.

    >>> coarsest(np.zeros(WIDE - 1)), coarsest(np.linspace(0, 1, WIDE))
    (0.0, 1e-05)
    """
    span = float(np.ptp(residual)) if len(residual) >= WIDE else 0.0
    return COARSE * span if 1 / FITS < span < FITS else 0.0


@dataclass(frozen=True)
class Near:
    """Values `w` at which every action further than `width` below the best was set aside.

    Args: error: bound on the rounding error of the action values at w.

    The value of an action less that of the best one changes by at most g span(v - w) from w to v, since both laws are
    distributions. Where that and the rounding errors are at most `width`, no action set aside is best at v: the errors
    of both actions' values at w and at v, and once more that at w for the comparison itself.
    """

    w: np.ndarray
    width: float
    error: float
    g: float

    def covers(self, v, error: float) -> bool:
        """Whether the candidates suffice at v, whose action values have rounding errors of at most `error`."""
        moved = np.ptp(v - self.w) * self.g * (1 + 8 * UNIT)
        return bool((moved + 3 * self.error + 2 * error) * (1 + 8 * UNIT) <= self.width)


@dataclass
class SparseCandidates:
    """Candidates stored as sparse rows, see `kernels.candidates`."""

    step: Any
    near: Near
    rows: np.ndarray
    law: tuple[np.ndarray, ...]
    q: np.ndarray

    @cached_property
    def r(self):
        return self.step.r.ravel()[self.rows]

    def greedy(self, w):
        """change = max q - w over the candidates, and the first maximising action."""
        self.q, change, best = kernels.greedy(*self.law, self.r, w, self.step.g)
        return change, self.rows[best] % self.step.A

    def correct(self, w, change, middle, stop, sweeps):
        """Solve e = max (q - w - middle + g P e) up to a constant by sweeps; also their number."""
        owner = np.repeat(np.arange(self.step.S), np.diff(self.law[0]))
        return kernels.correct(*self.law, self.q - w[owner] - middle, change - middle, self.step.g, stop, sweeps)


@dataclass
class DenseCandidates:
    """Candidates stored as rows of a matrix; those of state s from first[s] on."""

    step: Any
    near: Near
    rows: np.ndarray
    first: np.ndarray
    q: np.ndarray

    @cached_property
    def law(self):
        return self.step.rows[self.rows]

    @cached_property
    def r(self):
        return self.step.r.ravel()[self.rows]

    def _best(self, q):
        return q if len(q) == self.step.S else np.maximum.reduceat(q, self.first)

    def greedy(self, w):
        self.q = self.r + self.step.g * (self.law @ w)
        best = self._best(self.q)
        taken = self.q == np.repeat(best, np.diff(self.first, append=len(self.q)))
        where = np.minimum.reduceat(np.where(taken, np.arange(len(self.q)), len(self.q)), self.first)
        return best - w, self.rows[where] % self.step.A

    def correct(self, w, change, middle, stop, sweeps):
        residual = self.q - w[self.rows // self.step.A] - middle
        e, used = change - middle, 0
        smallest = np.inf
        while used < sweeps:
            before, e = e, self._best(residual + self.step.g * (self.law @ e))
            span, used = np.ptp(e - before), used + 1
            if not stop < span < smallest:
                break
            smallest = span
        return e, used
