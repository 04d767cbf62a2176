"""The linear program of correlated equilibria of a one-shot game, by the dual simplex method."""

import numpy as np

from ..base.compiling import compiled


def _best_law(c, G, tol):
    """Maximise c . x over distributions x with G x <= 0: x[j], multipliers y[row] >= 0, and 0 if solved.

    The start is the best joint action, which is dual feasible; every pivot repairs a violated row. After a pivot for
    each row and column, rows and columns are chosen by the smallest index, which cannot cycle. The flag is 1 if no x is
    feasible, 2 if rounding errors prevent an answer. `tol` is the largest violation regarded as 0.
    """
    m, n = G.shape
    last = n + m
    T = np.zeros((m + 2, n + m + 1), c.dtype)
    zero = c[0] * 0
    one = zero + 1
    best = 0
    for j in range(n):
        if c[j] > c[best]:
            best = j
    basis = np.zeros(m + 1, np.int64)
    for k in range(m):
        for j in range(n):
            T[k, j] = G[k, j] - G[k, best]
        T[k, n + k] = one
        T[k, last] = -G[k, best]
        basis[k] = n + k
    for j in range(n):
        T[m, j] = one
        T[m + 1, j] = c[best] - c[j]
    T[m, last] = one
    basis[m] = best
    flag, pivots = 2, 0
    while pivots < 50 * (m + n):
        cautious = pivots > m + n
        row = -1
        for k in range(m + 1):
            if T[k, last] < -tol:
                if row < 0:
                    row = k
                elif cautious:
                    if basis[k] < basis[row]:
                        row = k
                elif T[k, last] < T[row, last]:
                    row = k
        if row < 0:
            flag = 0
            break
        column = -1
        for j in range(last):
            if T[row, j] < -tol:
                # a smaller ratio, or among equal ones the larger pivot as long as cycling is not in sight
                gap = zero - one if column < 0 else T[m + 1, j] * T[row, column] - T[m + 1, column] * T[row, j]
                if column < 0 or gap > 0 or (gap == 0 and not cautious and T[row, j] < T[row, column]):
                    column = j
        if column < 0:
            flag = 1
            break
        pivot = T[row, column]
        for j in range(last + 1):
            T[row, j] /= pivot
        for k in range(m + 2):
            if k != row and T[k, column] != 0:
                factor = T[k, column]
                for j in range(last + 1):
                    T[k, j] -= factor * T[row, j]
        basis[row] = column
        pivots += 1
    x = np.zeros(n, c.dtype)
    y = np.zeros(m, c.dtype)
    for k in range(m + 1):
        if basis[k] < n and T[k, last] > 0:
            x[basis[k]] = T[k, last]
    for k in range(m):
        y[k] = max(T[m + 1, n + k], zero)
    return x, y, flag


best_law = compiled(_best_law, "f8[1]&f8[1]&i8 (f8[1], f8[2], f8)")
