"""Dense transition laws in float64: one pass over memory that copies and checks them."""

import numpy as np

from ..base.arrays import is_frozen, seal
from ..base.tolerance import ROW_SUM
from ..kernels.rows import examine_dense

LARGE = 2**16
"""Number of entries from which a law is checked by compiled code."""

BLOCK = 2**17
"""Number of entries that are copied and then checked while they are in the cache."""


def copy_law(P, mask, w):
    """A read-only copy of the law `P[..,s,a,n]`, the largest |sum - 1| of a row, and the products P w `[..,s,a]`.

    Args:
        mask: `mask[s,a]`, False for rows that are zero instead of distributions; or None.
        w: numbers `w[n]`.

    None if a row is no distribution, or an entry not finite. A frozen law is not copied.
    """
    copied = P if is_frozen(P) else np.empty(P.shape)
    *_, A, S = P.shape
    given, kept = np.ascontiguousarray(P).reshape(-1, A, S), copied.reshape(-1, A, S)
    sums, products = np.empty(kept.shape[:2]), np.empty(kept.shape[:2])
    each = max(1, BLOCK // (A * S))
    for first in range(0, len(kept), each):
        block = slice(first, first + each)
        if copied is not P:
            kept[block] = given[block]
        of_rows, of_products, negative = examine_dense(kept[block].reshape(-1, S), w)
        sums[block], products[block] = of_rows.reshape(-1, A), of_products.reshape(-1, A)
        if negative != 0:
            return None
    worst = _largest(np.abs(sums - 1).reshape(P.shape[:-1]), mask)
    return (seal(copied), worst, products.reshape(P.shape[:-1])) if worst <= ROW_SUM else None


def largest_defect(P, mask) -> float:
    """The largest |sum - 1| of the rows of `P[..,s,a,n]` that exist, up to rounding."""
    off = np.abs(P.reshape(-1, P.shape[-1]) @ np.ones(P.shape[-1]) - 1)
    return _largest(off.reshape(P.shape[:-1]), mask)


def _largest(off, mask) -> float:
    return float((off if mask is None else off[..., mask]).max())
