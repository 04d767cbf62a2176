"""Assemble a decision process from its rows."""

from functools import partial

import numpy as np
from flint import fmpq

from ..base.arrays import nearest, objects, zeros


def assemble(cls, sizes, law, pay, rho, *, exact, sparse, horizon, **names):
    """Assemble a record from `{(s, a): {n: p}}`, `{(s, a): r}` and `{s: p}` or None; absent actions are masked."""
    S, A = sizes
    number, filled = array_kind(exact)
    r, mask = filled((S, A)), np.zeros((S, A), dtype=bool)
    for where, paid in pay.items():
        r[where], mask[where] = number(paid), True
    if rho is not None:
        rho, starts = filled(S), rho
        for s, p in starts.items():
            rho[s] = number(p)
    P = (_csr if sparse else dense)(S, A, law, exact)
    return cls(P, r, rho, horizon=horizon, mask=mask, **{name: tuple(given) for name, given in names.items()})


def array_kind(exact):
    """Constructors of numbers and of zero arrays of a number kind."""
    return (fmpq, partial(zeros, pattern=objects(0))) if exact else (double, np.zeros)


def dense(S, A, law, exact) -> np.ndarray:
    """Dense `P[s,a,n]` from `{(s, a): {n: p}}`."""
    number, filled = array_kind(exact)
    P = filled((S, A, S))
    for (s, a), row in law.items():
        for n, p in row.items():
            P[s, a, n] = number(p)
    return P


def _csr(S, A, law, exact):
    from scipy.sparse import csr_array

    number, _ = array_kind(exact)
    entries = [(s * A + a, n, number(p)) for (s, a), row in law.items() for n, p in row.items()]
    rows, columns, data = zip(*entries, strict=True)
    return csr_array((np.array(data, dtype=float), (rows, columns)), shape=(S * A, S))


def double(x) -> float:
    """A number of either kind as float64."""
    return x if isinstance(x, float) else nearest(x)
