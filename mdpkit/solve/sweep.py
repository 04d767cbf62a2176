"""Bellman backups in float64, dense or sparse, with error bounds.

Values are kept relative, w = V minus a constant: rounding errors then grow with the spread of V and not with its size.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..base.tolerance import UNIT, gamma
from ..kernels import banded, candidates, discounted, downstream
from ..model.horizon import Finite
from ..model.mdp import as_uint32, at_step, center
from .candidates import SHORT, WIDE, DenseCandidates, SparseCandidates, coarsest

BAND = 2 * 10**7
"""Number of operations, S times the squared half-bandwidth, up to which equations are eliminated in a band."""

PROBE, SPREAD = 2048, 136
"""Number of states after which it is seen whether candidates are too many; three standard deviations of their count."""

PASSES = 2
"""Gauss-Seidel sweeps in both directions before policy iteration, on sparse rows."""

LOOKS, NEAR = 20, 1 / 100
"""Largest number of backups before policy iteration, on dense rows; and the span, relative to w's, that ends them."""


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


class Residual(NamedTuple):
    """R = r + g P w - w at some w, with bounds.

    Attributes:
        R, choice: R[s,a], -inf at missing actions, and the first maximising action.
        wrong: bound on the errors of R[s,:].
        low, high: bounds on max_a R of all states, up to a relative 4u from computing them.
    """

    R: np.ndarray
    choice: np.ndarray
    wrong: np.ndarray
    low: float
    high: float

    @classmethod
    def of(cls, R, wrong) -> "Residual":
        choice = R.argmax(axis=1)
        change = R[np.arange(len(R)), choice]
        return cls(R, choice, wrong, float((change - wrong).min()), float((change + wrong).max()))

    @property
    def error(self) -> float:
        return 4 * UNIT * max(abs(self.low), abs(self.high))

    @property
    def span(self) -> float:
        return self.high - self.low

    @property
    def noise(self) -> float:
        return float(self.wrong.max())

    def of_policy(self, choice) -> np.ndarray:
        return self.R[np.arange(len(choice)), choice]


class Sweep:
    """The Bellman backup of one time step; subclasses differ in the storage of P."""

    def __init__(self, P, r, g, mask, facts, outlook=None):
        self.P, self.g, self.S, self.A, self.facts, self.outlook = P, g, *r.shape, facts, outlook
        longest, off, _ = facts
        defect = off + gamma(longest)
        self.r, self.each = r if mask is None else np.where(mask, r, -np.inf), 1.01 * (gamma(longest + 8) + defect)
        self.tiny = (longest + 16) * np.finfo(float).smallest_subnormal
        self.rounding = Rounding(
            gamma(4) * float(np.abs(r).max()) + self.tiny,
            gamma(longest + 8) + 1.01 * defect,
        )

    def action_values(self, w):
        """r + g P w, -inf at missing actions."""
        return self.r + self.g * (self.rows @ w).reshape(self.S, self.A)

    def solve(self, choice, change):
        """Solve e = change + g P_choice e directly, up to rounding; NaN if the matrix is singular in float64."""
        return self.direct(self.rows[self._row_numbers(choice)], change)

    def residual(self, w) -> Residual:
        return Residual.of(self.action_values(w) - w[:, None], np.full(self.S, self.rounding(w)))

    def leaving(self, seen):
        """Of the actions that rounding does not tell from the best, the one that is least likely to stay."""
        tied = (seen.R.max(axis=1) - 2 * seen.wrong)[:, None] <= seen.R
        return np.where(tied, self.stay, 2.0).argmin(axis=1)

    def look_ahead(self, w):
        """w after a few backups, which propagate distant rewards."""
        for _ in range(LOOKS):
            w, before = self.action_values(w).max(axis=1), w
            if np.ptp(w - before) <= NEAR * np.ptp(w):
                break
        return w

    def evaluate(self, pi, change, sweeps=1000):
        """Solve e = change + g P_pi e for a randomised policy `pi[s,a]`, up to a constant: by sweeps, else directly."""
        law = self.mixture(pi)
        stop = np.ptp(change) / 2**20
        e, used = sweep_until(law * self.g, change, stop, sweeps, patience=sweeps)
        return e if used < sweeps else self.direct(law, change)

    def _row_numbers(self, choice):
        return np.arange(self.S) * self.A + choice

    def start(self):
        """First values: the largest rewards, less the middle of their range."""
        return center(self.r.max(axis=1))

    def forget(self):
        """Release what was kept from the last backup."""

    recentre = staticmethod(center)
    remembers = False
    """Whether candidates are found without another pass over the rows."""
    has_order = False
    """Whether the method `correct_downstream` exists."""


class DenseSweep(Sweep):
    remembers = True
    seen = None, None

    @property
    def rows(self):
        return self.P.reshape(self.S * self.A, self.S)

    @cached_property
    def stay(self):
        """Probability `[s,a]` of staying."""
        return self.P[np.arange(self.S), :, np.arange(self.S)]

    def start(self):
        if self.outlook is None:
            return super().start()
        w, product = self.outlook
        self.seen = w, self.r + self.g * product
        return w

    def _look(self, w):
        """r + g P w; not computed again for the last w."""
        if self.seen[0] is not w:
            self.seen = w, self.action_values(w)
        return self.seen[1]

    def greedy(self, w):
        """change = max_a (r + g P w) - w, and the first maximising choice."""
        Q = self._look(w)
        choice = Q.argmax(axis=1)
        return Q[np.arange(self.S), choice] - w, choice

    def keep(self, w, change, near, most):
        """The candidates near the best at w, or None if they are more than `most`."""
        Q = self._look(w)
        kept = np.flatnonzero((w + change - near.width)[:, None] <= Q)
        if len(kept) > most:
            return None
        return DenseCandidates(self, near, kept, np.searchsorted(kept, np.arange(self.S) * self.A), Q.ravel()[kept])

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
    has_order = True
    taken: tuple | None = None
    """The choice of the last greedy backup, and its rows in float32, if they were stored."""

    @property
    def rows(self):
        return self.P

    @cached_property
    def parts(self):
        return self.P.data, as_uint32(self.P.indices), as_uint32(self.P.indptr)

    @cached_property
    def stay(self):
        """Probability `[s,a]` of staying."""
        row = np.repeat(np.arange(self.S * self.A), np.diff(self.P.indptr))
        own = self.P.data * (self.P.indices == row // self.A)
        return np.bincount(row, own, self.S * self.A).reshape(self.S, self.A)

    def residual(self, w):
        g, rest = self.g, 1 - self.g
        own, pay = 1.01 * UNIT * (g + 5 * rest), 1.01 * gamma(4)
        R, wrong = banded.centred(*self.parts, self.r, w, g, rest, self.each, own, pay)
        return Residual.of(R, wrong + self.tiny)

    def look_ahead(self, w, passes=PASSES):
        return banded.gauss_seidel(*self.parts, self.r, w, self.g, passes)

    def correct_downstream(self, choice, w, change, stop, sweeps):
        """Solve e = change + g P_choice e to residuals of `stop`, by sweeps in the order of decreasing w; their number.

        The values w are absolute: few states then have a residual that is not small.
        """
        order = np.argsort(-w)
        return downstream.correct(*self.parts, choice, order, change, self.A, self.g, 1 - self.g, stop, sweeps)

    def solve(self, choice, change):
        if self.S * self.facts.half**2 <= BAND:
            return banded.eliminate(*self.parts, choice, self.A, self.g, 1 - self.g, change, self.facts.half)
        return super().solve(choice, change)

    def action_values(self, w):
        """r + g P w, -inf at missing actions."""
        return discounted.action_values(*self.parts, self.r, w, self.g)

    def greedy(self, w):
        """change = max_a (r + g P w) - w, and the first maximising choice."""
        self.taken = None
        entries = self.S * self.facts.longest
        if self.S < WIDE or entries > self.P.nnz:
            return discounted.greedy(*self.parts, self.r, w, self.g)
        change, choice, *law = discounted.greedy_rows(*self.parts, self.r, w, self.g, entries, SHORT)
        self.taken = choice, law
        return change, choice

    def forget(self):
        self.taken = None

    def keep(self, w, change, near, most):
        """The candidates near the best at w, or None if they are more than `most`, as the first states may show."""
        least = w + change - near.width
        if self.S > 2 * PROBE and not len(self._near(w, least[:PROBE], int(most * PROBE / self.S) + SPREAD)[0]):
            return None
        self.forget()
        q, rows, *law = self._near(w, least, most)
        return SparseCandidates(self, near, rows, tuple(law), q) if len(q) else None

    def _near(self, w, least, most):
        """The actions of the first len(least) states worth at least `least`, as `kernels.candidates` has them."""
        data, indices, starts = self.parts
        n = len(least)
        given = data, indices, starts[: n * self.A + 1], self.r[:n], w, self.g, least
        return candidates.keep(*given, most, min(self.P.nnz, most * self.facts.longest))

    def correct(self, choice, change, stop, sweeps):
        chosen, law = self.taken or (None, None)
        self.taken, coarse = None, coarsest(change)
        if chosen is choice and coarse:
            return discounted.correct_narrowly(*law, change, self.g, max(stop, coarse), sweeps)
        rows = discounted.take_rows(*self.parts, choice, self.A)
        return discounted.correct(*rows, change, self.g, stop, sweeps)

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


def sweeps(problem):
    """Function t -> Sweep for a float problem, built once if stationary."""
    g = 1.0 if isinstance(problem.horizon, Finite) else problem.horizon.gamma
    kind = SparseSweep if problem.sparse else DenseSweep
    moving = problem.r.ndim == 3 or (not problem.sparse and problem.P.ndim == 4)

    def at(t):
        r = problem.r[t] if problem.r.ndim == 3 else problem.r
        P = at_step(problem.P, t)
        return kind(P, r, g, problem.mask, problem.row_facts, problem.outlook)

    if moving:
        return at
    still = at(0)
    return lambda t: still
