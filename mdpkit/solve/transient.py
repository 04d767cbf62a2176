"""Total rewards of a transient chain: x = c + Q x with sparse Q, by factors where they are cheap, else iteratively."""

from functools import cached_property

import numpy as np

from ..base.tolerance import UNIT
from ..exact.chain import factorise
from .cost import LARGEST_FACTOR, envelope

CHEAP = 10**9
"""Largest number of operations of a factorisation, estimated by its envelope, that is not first tried to avoid."""

RESTART, CYCLES, REFINEMENTS = 60, 5, 8
"""Dimension of the Krylov spaces, how many of them for one correction, and the largest number of corrections."""

CLOSE = 64 * UNIT
"""A residual of at most this, relative to the solution, is due to rounding; a larger one is not accepted."""


class TransientChain:
    """Solver of x = c + Q x, up to rounding.

    Args: Q: CSR `[s,n]`, nonnegative and substochastic, from each of whose states the chain is left with probability 1.
        direct: whether it is factorised unless that is too large; it is set where iterations were too slow.

    States are ordered so that every strongly connected component precedes those from which it is entered. The triangle
    of I - Q on and below the diagonal then holds all of it but what lies within components: it preconditions GMRES,
    whose corrections are repeated on the residual (iterative refinement). Where few eigenvalues of Q are near 1, as
    where every policy mixes quickly and stops rarely, a few dozen products with Q suffice, however long the chain
    lasts.
    Source: Saad and Schultz, 1986.

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
    def _preconditioned(self):
        """The order of the states, I - Q in that order, and the factors of its triangle."""
        from scipy.sparse import eye_array, tril
        from scipy.sparse.csgraph import connected_components
        from scipy.sparse.linalg import splu

        component = connected_components(self.Q, directed=True, connection="strong")[1]
        order = np.argsort(component, kind="stable")
        matrix = (eye_array(self.N) - self.Q).tocsr()[order][:, order]
        return order, matrix, splu(tril(matrix).tocsc(), permc_spec="NATURAL", diag_pivot_thresh=0)

    def _iterate(self, c, guess):
        from scipy.sparse.linalg import LinearOperator, gmres

        order, matrix, triangle = self._preconditioned
        inverse = LinearOperator(matrix.shape, triangle.solve, dtype=float)
        b, x, smallest = c[order], guess[order], np.inf
        best = x
        for _ in range(REFINEMENTS):
            residual = b - matrix @ x
            off = float(np.abs(residual).max())
            if not off < smallest / 2:
                break
            best, smallest = x, off
            if off == 0:
                break
            step, slow = gmres(matrix, residual / off, rtol=1e-4, restart=RESTART, maxiter=CYCLES, M=inverse)
            x = x + off * step
            if slow and not self.is_large:
                return None
        if not smallest <= CLOSE * float(np.abs(best).max() + np.abs(b).max()):
            return None
        found = np.empty(self.N)
        found[order] = best
        return found
