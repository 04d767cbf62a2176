"""Bellman backups in float64, dense or sparse, with error bounds.

Values are kept relative, w = V minus a constant: rounding errors then grow with the spread of V and not with its size.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..base.tolerance import UNIT, gamma
from ..kernels import discounted
from ..model.horizon import Finite
from ..model.mdp import at_step


@dataclass(frozen=True)
class Rounding:
    """Bound `constant + each * max|w|` on the error of a computed r + g P w - w, for any order of summation.

    Errors of the input (relative 2^-53 an entry, rows divided by their sums) and of the computation are both counted: a
    term p w meets one rounding for each entry of its row, one in p, one in the row's sum, two in and by g, one when r
    is added and two when w is taken off; r meets one of its own and the last two. Derivation:
    proofs/lemmas/rounding.md.
    """

    constant: float
    each: float

    def __call__(self, w) -> float:
        return self.of(np.abs(w).max())

    def of(self, size) -> float:
        """The bound for the largest |w|."""
        return (self.constant + self.each * size) * (1 + 4 * UNIT)


class Sweep:
    """The Bellman backup of one time step; subclasses differ in the storage of P."""

    def __init__(self, P, r, g, mask, longest):
        self.P, self.g, self.S, self.A = P, g, *r.shape
        sums = self.rows @ np.ones(self.S)
        off = np.abs(sums - 1) if mask is None else np.abs(sums - 1)[mask.ravel()]
        defect = float(off.max()) + gamma(longest)
        self.r = r if mask is None else np.where(mask, r, -np.inf)
        self.rounding = Rounding(
            gamma(4) * float(np.abs(r).max()) + (longest + 16) * np.finfo(float).smallest_subnormal,
            gamma(longest + 8) + 1.01 * defect,
        )

    def action_values(self, w):
        """r + g P w, -inf at missing actions."""
        return self.r + self.g * (self.rows @ w).reshape(self.S, self.A)

    def solve(self, choice, change):
        """Solve e = change + g P_choice e directly, up to rounding; NaN if the matrix is singular in float64."""
        return self.direct(self.rows[self._row_numbers(choice)], change)

    def evaluate(self, pi, change, sweeps=1000):
        """Solve e = change + g P_pi e for a randomised policy `pi[s,a]`, up to a constant: by sweeps, else directly."""
        law = self.mixture(pi)
        stop = np.ptp(change) / 2**20
        e, used = sweep_until(law * self.g, change, stop, sweeps, patience=sweeps)
        return e if used < sweeps else self.direct(law, change)

    def _row_numbers(self, choice):
        return np.arange(self.S) * self.A + choice

    def recentre(self, w):
        """Centre the range of w at 0."""
        return w - (w.max() / 2 + w.min() / 2)


class DenseSweep(Sweep):
    @property
    def rows(self):
        return self.P.reshape(self.S * self.A, self.S)

    def greedy(self, w):
        """change = max_a (r + g P w) - w, and the first maximising choice."""
        Q = self.action_values(w)
        choice = Q.argmax(axis=1)
        return Q[np.arange(self.S), choice] - w, choice

    def correct(self, choice, change, stop, sweeps):
        """Solve e = change + g P_choice e up to a constant, by sweeps until the span meets `stop` or stalls.

        Returns: e, and the number of sweeps.
        """
        return sweep_until(self.rows[self._row_numbers(choice)] * self.g, change, stop, sweeps)

    def mixture(self, pi):
        return np.matmul(pi[:, None, :], self.P)[:, 0]

    def direct(self, law, change):
        try:
            return np.linalg.solve(np.eye(self.S) - self.g * law, change)
        except np.linalg.LinAlgError:
            return np.full(self.S, np.nan)


class SparseSweep(Sweep):
    @property
    def rows(self):
        return self.P

    @cached_property
    def parts(self):
        return self.P.data, *(_to_uint32(part) for part in (self.P.indices, self.P.indptr))

    def action_values(self, w):
        """r + g P w, -inf at missing actions."""
        return discounted.action_values(*self.parts, self.r, w, self.g)

    def greedy(self, w):
        return discounted.greedy(*self.parts, self.r, w, self.g)

    def correct(self, choice, change, stop, sweeps):
        return discounted.correct(*self.parts, choice, change, self.A, self.g, stop, sweeps)

    def mixture(self, pi):
        from scipy.sparse import csr_array

        first = np.arange(self.S + 1) * self.A
        return csr_array((pi.ravel(), np.arange(self.S * self.A), first), shape=(self.S, self.S * self.A)) @ self.P

    def direct(self, law, change):
        from scipy.sparse import eye_array
        from scipy.sparse.linalg import splu

        try:
            return splu((eye_array(self.S) - self.g * law).tocsc()).solve(change)
        except RuntimeError:  # exactly singular
            return np.full(self.S, np.nan)


def sweep_until(law, change, stop, sweeps, patience=discounted.STALLED):
    """Solve e = change + law e up to a constant, by sweeps; also their number.

    Stops when the span of a step is at most `stop`, or has not decreased for `patience` sweeps, which is due to
    rounding."""
    e, used, smallest, stalled = change, 0, np.inf, 0
    while used < sweeps:
        before, e = e, change + law @ e
        span, used = np.ptp(e - before), used + 1
        smallest, stalled = (span, 0) if span < smallest else (smallest, stalled + 1)
        if not span > stop or stalled == patience:
            break
    return e, used


def _to_uint32(indices):
    same = indices.dtype.itemsize == 4 and indices.flags.c_contiguous
    return indices.view(np.uint32) if same else indices.astype(np.uint32)


def sweeps(problem):
    """Function t -> Sweep for a float problem, built once if stationary."""
    g = 1.0 if isinstance(problem.horizon, Finite) else problem.horizon.gamma
    kind = SparseSweep if problem.sparse else DenseSweep
    longest = int(np.diff(problem.P.indptr).max(initial=1)) if problem.sparse else problem.S
    moving = problem.r.ndim == 3 or (not problem.sparse and problem.P.ndim == 4)

    def at(t):
        r = problem.r[t] if problem.r.ndim == 3 else problem.r
        return kind(at_step(problem.P, t), r, g, problem.mask, longest)

    if moving:
        return at
    still = at(0)
    return lambda t: still
