"""Safety margins: the largest achievable minimum margin over time."""

from functools import cached_property
from typing import ClassVar

import numpy as np

from ..base.errors import InvalidModel
from ..base.record import Record, any_exact, at, numbers
from ..base.tolerance import ROW_SUM
from ..base.types import Array, FilledArray, record


@record(eq=False, repr=False)
class MarginProblem(Record):
    """The greatest solution of V = min(margin, max_a E V(next)); for deterministic dynamics the optimal minimum margin.

    For stochastic dynamics, as made by interpolation on a grid, V is this recursion and not an expected minimum margin.

    Args:
        margin: `margin[s]`, negative on failure.
        P: transition law `P[s,a,n]`, rational or float64, or a scipy CSR matrix of shape (S*A, S), row s*A+a. A zero
            row is an action that terminates. Float rows may sum to 1 within 1e-9 and then mean the row divided by its
            sum.
        ended: `ended[s,a]`, the margin from there on after an action that terminates; ignored elsewhere.

    Raises: InvalidModel for inconsistent shapes, or a row that is neither a distribution nor zero.

    >>> MarginProblem([1, 2, -1], [[[0, 1, 0], [0, 0, 1]], [[0, 1, 0], [0, 1, 0]], [[0, 0, 1], [0, 0, 1]]])
    MarginProblem(S=3, A=2, float, 6 transitions)
    """

    laws = ("P",)
    axes: ClassVar = {"margin": "s", "P": "san", "ended": "sa"}

    margin: Array
    P: Array
    ended: FilledArray = None

    def __post_init__(self) -> None:
        sparse = hasattr(self.P, "tocsr")
        exact = any_exact(self.margin, None if sparse else self.P, self.ended)
        if sparse and exact:
            raise InvalidModel(
                "P is sparse, so float64, while margin or ended is rational; give a dense rational P or floats"
            )
        margin = numbers("margin", self.margin, exact, "s")
        P = _csr(self.P, len(margin)) if sparse else numbers("P", self.P, exact, "san")
        S = len(margin)
        if S == 0 or 0 in P.shape or (not sparse and P.shape != (S, P.shape[1], S)):
            raise InvalidModel(f"P has shape {P.shape}; expected ({S}, actions, {S}) beside margin of {S} states")
        A = P.shape[0] // S if sparse else P.shape[1]
        ended = numbers("ended", np.zeros((S, A), dtype=int) if self.ended is None else self.ended, exact, "sa")
        if ended.shape != (S, A):
            raise InvalidModel(f"ended has shape {ended.shape}; expected ({S}, {A})")
        self._set(margin=margin, P=P, ended=ended)
        self._expect_laws()

    def _expect_laws(self):
        data = self.rows[0]
        if (data < 0).any():
            raise InvalidModel(f"P has an entry {data.min()}; a probability is at least 0")
        sums = self.sums
        off = np.asarray((abs(sums - 1) > (0 if self.exact else ROW_SUM)) & ~self.ends.ravel(), dtype=bool)
        if off.any():
            k = int(np.flatnonzero(off)[0])
            raise InvalidModel(
                f"{at('P', divmod(k, self.A))} sums to {sums[k]}, not 1; a row of zeros would end the problem"
            )

    @property
    def S(self) -> int:
        return len(self.margin)

    @property
    def A(self) -> int:
        return self.ended.shape[1]

    @property
    def failure(self) -> np.ndarray:
        """`[s]`, True on failure: where the margin is negative."""
        return np.asarray(self.margin < 0, dtype=bool)

    @property
    def sparse(self) -> bool:
        return hasattr(self.P, "tocsr")

    @property
    def ends(self) -> np.ndarray:
        """`[s,a]`, True where an action terminates."""
        return (np.diff(self.rows[2]) == 0).reshape(self.S, self.A)

    @cached_property
    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(data, indices, first): row s*A+a holds data[first[s*A+a] : first[s*A+a+1]] at the states `indices`."""
        if self.sparse:
            return self.P.data, self.P.indices.astype(np.int64), self.P.indptr.astype(np.int64)
        dense = self.P.reshape(-1, self.S)
        row, indices = np.nonzero(dense)
        return dense[row, indices], np.ascontiguousarray(indices), np.searchsorted(row, np.arange(len(dense) + 1))

    @cached_property
    def sums(self) -> np.ndarray:
        """Row sums of P, `[s*A+a]`."""
        return np.asarray(self.P.sum(axis=1) if self.sparse else self.P.reshape(-1, self.S).sum(axis=1)).ravel()

    def sizes(self) -> dict:
        return {"S": self.S, "A": self.A}

    def __repr__(self):
        kind = "rational" if self.exact else "float"
        return f"MarginProblem(S={self.S}, A={self.A}, {'sparse ' if self.sparse else ''}{kind}, {len(self.rows[0])} transitions)"


def _csr(P, S):
    import scipy.sparse

    P = scipy.sparse.csr_array(P, dtype=np.float64, copy=True)
    P.sum_duplicates()
    P.eliminate_zeros()
    if P.shape[1] != S or P.shape[0] % max(S, 1):
        raise InvalidModel(f"P has shape {P.shape}; expected (S*A, S), row s*A+a, beside margin of {S} states")
    if not np.isfinite(P.data).all():
        raise InvalidModel("P has an entry that is not finite")
    for part in (P.data, P.indices, P.indptr):
        part.flags.writeable = False
    return P
