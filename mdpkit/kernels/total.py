"""Total rewards, sparse (CSR): Bellman backups of nodes with any number of rows.

Node s may choose the rows from first[s] on, up to first[s + 1]; row k pays pay[k] and leads where its entries say.
"""

import numpy as np

from ..base.compiling import compiled
from .discounted import expected_row


def _greedy(data, indices, indptr, first, pay, x):
    """best[s] = max (pay + P x) over the rows of s, the first row that attains it, and the values q of all rows."""
    S = len(x)
    q = np.zeros(len(pay), x.dtype)
    best = np.zeros(S, x.dtype)
    choice = np.zeros(S, np.int64)
    k = np.uint64(0)
    row = np.uint64(0)
    for s in range(np.uint64(S)):
        stop = np.uint64(first[s + np.uint64(1)])
        pick = row
        top = x[s]
        starting = True
        while row < stop:
            end = np.uint64(indptr[row + np.uint64(1)])
            value = q[row] = pay[row] + expected_row(data, indices, k, end, x)
            k = end
            if starting or value > top:
                top = value
                pick = row
                starting = False
            row += np.uint64(1)
        best[s] = top
        choice[s] = pick
    return best, choice, q


greedy = compiled(_greedy, "f8[1]&i8[1]&f8[1] (f8[1], u4[1], u4[1], u4[1], f8[1], f8[1])")


def _back_up(data, indices, indptr, first, pay, order, x):
    """x after Gauss-Seidel backups of the nodes in this order and then in the reverse one.

    A row's own transition is solved for; a row that only leads back to its node is left out.
    """
    S = len(order)
    x = x.copy()
    for visit in range(2 * S):
        s = np.uint64(order[visit if visit < S else 2 * S - 1 - visit])
        best = x[s]
        starting = True
        for row in range(np.uint64(first[s]), np.uint64(first[s + np.uint64(1)])):
            total = pay[row]
            leave = total * 0 + 1
            k = np.uint64(indptr[row])
            end = np.uint64(indptr[row + np.uint64(1)])
            while k < end:
                n = np.uint64(indices[k])
                total += data[k] * x[n]
                if n == s:
                    total -= data[k] * x[n]
                    leave -= data[k]
                k += np.uint64(1)
            if leave > 0:
                value = total / leave
                best = value if starting or value > best else best
                starting = False
        x[s] = best
    return x


back_up = compiled(_back_up, "f8[1] (f8[1], u4[1], u4[1], u4[1], f8[1], i8[1], f8[1])")
