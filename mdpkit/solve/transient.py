"""Total rewards of a transient chain: x = c + Q x with sparse Q, by factors where they are cheap, else iteratively."""

from functools import cached_property

import numpy as np

from ..base.tolerance import UNIT
from ..exact.chain import factorise
from ..kernels import downstream
from ..model.mdp import as_uint32
from .cost import LARGEST_FACTOR, envelope

CHEAP = 10**9
"""Largest number of operations of a factorisation, estimated by its envelope, that is not first tried to avoid."""

SWEEPS, REFINEMENTS, SHARE = 600, 8, 1e-4
"""Largest number of sweeps for one correction, of corrections, and by what each is to reduce the largest residual."""

CLOSE = 64 * UNIT
"""A residual of at most this, relative to the solution, is due to rounding; a larger one is not accepted."""


class TransientChain:
    """Solver of x = c + Q x, up to rounding.

    Args: Q: CSR `[s,n]`, nonnegative and substochastic, from each of whose states the chain is left with probability 1.
        direct: whether it is factorised unless that is too large; it is set where iterations were too slow.

    Iterations are those of discounted problems: BiCGStab, preconditioned by a Gauss-Seidel sweep, whose corrections are
    repeated on the residual (iterative refinement). States are ordered so that every strongly connected component
    precedes those from which it is entered, and within one by decreasing value: a sweep solves all equations but those
    within components. Where few eigenvalues of Q are near 1, as where every policy mixes quickly and stops rarely, a
    few dozen sweeps suffice, however long the chain lasts.
    Source: van der Vorst, 1992.

    >>> from scipy.sparse import csr_array
    >>> TransientChain(csr_array([[0.5, 0.25], [0.0, 0.5]])).solve(np.ones(2)).round(12).tolist()
    [3.0, 2.0]
    """

    def __init__(self, Q, direct=False):
        self.Q, self.N = Q, Q.shape[0]
        self.entries = envelope(Q) if self.N else 0
        self.direct = self.entries**2 <= CHEAP * self.N or (direct and not self.is_large)
        self._factors = None

    @property
    def is_large(self) -> bool:
        """Whether only iterations solve it."""
        return self.entries > LARGEST_FACTOR

    def solve(self, c, guess=None) -> np.ndarray:
        """x, from an initial guess; NaN if neither iterations nor a factorisation of at most LARGEST_FACTOR do."""
        if not self.direct:
            x = self._iterate(c, np.zeros(self.N) if guess is None else guess)
            if x is not None:
                return x
            if self.is_large:
                return np.full(self.N, np.nan)
            self.direct = True
        if self._factors is None:
            self._factors = factorise(self.Q)
        return self._factors(c)

    @cached_property
    def _component(self):
        """The strongly connected component of each state, numbered such that none is entered from one before it."""
        from scipy.sparse.csgraph import connected_components

        return connected_components(self.Q, directed=True, connection="strong")[1]

    def _iterate(self, c, guess):
        Q, states = self.Q, np.arange(self.N)
        order = np.lexsort((-guess, self._component))
        rows = Q.data, as_uint32(Q.indices), as_uint32(Q.indptr)
        best = x = guess
        smallest = np.inf
        for _ in range(REFINEMENTS):
            residual = c - x + Q @ x
            off = float(np.abs(residual).max())
            if not off < smallest / 2:
                break
            best, smallest = x, off
            if off == 0:
                break
            step, used = downstream.correct(*rows, states, order, residual, 0, 1.0, UNIT, SHARE * off, SWEEPS)
            x = x + step
            if used >= SWEEPS and not self.is_large:
                return None
        close = smallest <= CLOSE * float(np.abs(best).max() + np.abs(c).max())
        return best if close else None
