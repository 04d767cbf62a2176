"""A decision process put together from its rows."""

import numpy as np
from flint import fmpq

from ..base.arrays import nearest, objects, zeros


def assembled(cls, sizes, law, pay, rho, *, exact, sparse, horizon, **names):
    """A record from laws `{(s, a): {n: p}}`, rewards `{(s, a): r}` and a start law `{s: p}` or None; what is absent is masked."""
    S, A = sizes
    number, pattern = (fmpq, objects(0)) if exact else (double, np.zeros(0))
    r, mask = zeros((S, A), pattern), np.zeros((S, A), dtype=bool)
    for where, paid in pay.items():
        r[where], mask[where] = number(paid), True
    if rho is not None:
        rho, starts = zeros(S, pattern), rho
        for s, p in starts.items():
            rho[s] = number(p)
    P = (_csr if sparse else _dense)(S, A, law, number, pattern)
    return cls(P, r, rho, horizon=horizon, mask=mask, **{name: tuple(given) for name, given in names.items()})


def _dense(S, A, law, number, pattern):
    P = zeros((S, A, S), pattern)
    for (s, a), row in law.items():
        for n, p in row.items():
            P[s, a, n] = number(p)
    return P


def _csr(S, A, law, number, _):
    from scipy.sparse import csr_array

    entries = [(s * A + a, n, number(p)) for (s, a), row in law.items() for n, p in row.items()]
    rows, columns, data = zip(*entries, strict=True)
    return csr_array((np.array(data, dtype=float), (rows, columns)), shape=(S * A, S))


def double(x) -> float:
    """A number of either kind as float64."""
    return x if isinstance(x, float) else nearest(x)
