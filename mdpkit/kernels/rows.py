"""Laws in sparse rows (CSR) and in dense ones: one pass that checks them."""

import numpy as np

from ..base.compiling import compiled


def _examine(data, indices, indptr, columns):
    """Whether the rows are canonical, their greatest length, the largest |sum - 1|, and the half-bandwidth.

    Canonical: in a row the columns increase and lie below `columns`, and the entries are positive and finite.
    Each state has the same number of rows; the half-bandwidth is the largest |n - s| of an entry in column n.
    """
    each = max(1, (len(indptr) - 1) // columns)
    longest = half = np.int64(0)
    worst = zero = data[:1].sum() * 0
    fits = (indptr[0] == 0) & (indptr[-1] == len(data))
    for row in range(len(indptr) - 1):
        fits = fits & (indptr[row] <= indptr[row + 1])
    if not fits:
        return fits, longest, worst, half
    for row in range(len(indptr) - 1):
        first, last = np.uint64(indptr[row]), np.uint64(indptr[row + 1])
        total = zero
        before = np.int64(-1)
        k = first
        while k < last:
            column = np.int64(indices[k])
            fits = fits & (data[k] > 0) & (column > before)
            total += data[k]
            before = column
            k += np.uint64(1)
        s = row // each
        if first < last:
            fits = fits & (before < columns)
            half = max(half, max(abs(np.int64(indices[first]) - s), abs(before - s)))
        longest = max(longest, np.int64(last - first))
        worst = max(worst, abs(total - 1))
    return fits & (worst < 1), longest, worst, half


examine = compiled(_examine, "b1&i8&f8&i8 (f8[1], u4[1], u4[1], i8)")


def _narrow(indices, bound):
    """The integers in 32 bits, and whether all are at least 0 and less than `bound`, at most 2^31."""
    narrow = np.zeros(len(indices), np.uint32)
    fits = bound > 0
    for k in range(len(indices)):
        fits = fits & (indices[k] >= 0) & (indices[k] < bound)
        narrow[k] = np.uint32(indices[k])
    return narrow, fits


narrow = compiled(_narrow, "u4[1]&b1 (i8[1], i8)")


def _examine_dense(P, w):
    """The sums of the rows of P, their products with w, and the sum of |p| - p, which is 0 if and only if no p < 0."""
    zero = w[0] * 0
    sums = np.zeros(len(P), P.dtype)
    products = np.zeros(len(P), P.dtype)
    negative = zero
    for row in range(len(P)):
        total = product = excess = zero
        for n in range(len(w)):
            p = P[row, n]
            total += p
            product += p * w[n]
            excess += abs(p) - p
        sums[row] = total
        products[row] = product
        negative += excess
    return sums, products, negative


examine_dense = compiled(_examine_dense, "f8[1]&f8[1]&f8 (f8[2], f8[1])", any_order=True)
