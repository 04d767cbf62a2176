"""Zero-sum matrix games in batches: optimal strategies.

Throughout, the row player receives `Q[a,b]` and maximises. `lower[k]` is what its strategy guarantees in game k, and
`upper[k]` what the column player's concedes at most: their difference, the duality gap, is 0 for optimal strategies.
"""

import numpy as np

from ..base.compiling import compiled, inner
from .discounted import expected_values


@inner
def load(payoff, k, Q):
    """Copy payoff[k] into Q; return the largest |Q[a,b]|."""
    size = payoff[k, 0, 0] * 0
    for a in range(Q.shape[0]):
        for b in range(Q.shape[1]):
            here = payoff[k, a, b]
            Q[a, b] = here
            here = abs(here)
            size = here if here > size else size
    return size


@inner
def support(laws, k, law, actions):
    """Write the actions of positive probability under laws[k] into `actions`, and 0 into `law`; return their number."""
    n = 0
    for a in range(len(law)):
        law[a] = laws[k, a] * 0
        actions[n] = a
        n += 1 if laws[k, a] > 0 else 0
    return n


@inner
def guarantees(Q, x, y, rows, n, columns, m, work):
    """min_b sum_a x[a] Q[a,b] and max_a sum_b Q[a,b] y[b].

    Args: rows, columns: the first n and m entries contain the supports of x and y. work: room for B numbers.
    """
    A, B = Q.shape
    zero = Q[0, 0] * 0
    for b in range(B):
        work[b] = zero
    for i in range(n):
        a = rows[i]
        p = x[a]
        for b in range(B):
            work[b] += p * Q[a, b]
    least = work[0]
    for b in range(1, B):
        least = work[b] if work[b] < least else least
    most = zero
    for a in range(A):
        total = zero
        for j in range(m):
            total += Q[a, columns[j]] * y[columns[j]]
        most = total if a == 0 or total > most else most
    return least, most


@inner
def pure_saddle(Q):
    """The pure maximin row and minimax column, and their security levels; a saddle point if these are equal."""
    A, B = Q.shape
    row, highest = 0, Q[0, 0]
    for a in range(A):
        least = Q[a, 0]
        for b in range(1, B):
            least = Q[a, b] if Q[a, b] < least else least
        if a == 0 or least > highest:
            row, highest = a, least
    column, lowest = 0, Q[0, 0]
    for b in range(B):
        most = Q[0, b]
        for a in range(1, A):
            most = Q[a, b] if Q[a, b] > most else most
        if b == 0 or most < lowest:
            column, lowest = b, most
    return row, column, highest, lowest


@inner
def pivot(T, rows, columns, row, column):
    """Exchange a basic and a free variable in the condensed tableau T[:rows, :columns]."""
    one = T[row, column] / T[row, column]
    scale = one / T[row, column]
    T[row, column] = one
    for j in range(columns):
        T[row, j] *= scale
    for i in range(rows):
        if i != row:
            factor = T[i, column]
            if factor != 0:
                T[i, column] = one * 0
                for j in range(columns):
                    T[i, j] -= factor * T[row, j]


@inner
def climb(T, A, B, basis, free, tol, most):
    """Simplex pivots on a feasible condensed tableau T[:A+1, :B+1]: steepest reduced cost first, later Bland's rule.

    Returns: whether no reduced cost is below -tol after at most `most` pivots.
    """
    for used in range(most):
        column = -1
        for j in range(B):
            if T[A, j] < -tol:
                if column < 0:
                    column = j
                elif used < 5 * (A + B):
                    column = j if T[A, j] < T[A, column] else column
                else:
                    column = j if free[j] < free[column] else column
        if column < 0:
            return True
        row = -1
        for i in range(A):
            if T[i, column] > tol:
                if row < 0:
                    row = i
                else:
                    left, right = T[i, B] * T[row, column], T[row, B] * T[i, column]
                    if left < right or (left == right and basis[i] < basis[row]):
                        row = i
        if row < 0:
            return False
        pivot(T, A + 1, B + 1, row, column)
        basis[row], free[column] = free[column], basis[row]
    return False


@inner
def solve_game(Q, x, y, T, basis, free, tol, most):
    """Write optimal strategies of one game into x and y: a saddle point, the closed form of 2 x 2, or the simplex.

    The program is to maximise sum_b w[b] over w >= 0 with Q w <= 1, for payoffs moved and scaled into [1, 2]: y is w
    and x are the dual prices, each divided by its sum. Source: Dantzig, 1951.
    """
    A, B = Q.shape
    zero = Q[0, 0] * 0
    for a in range(A):
        x[a] = zero
    for b in range(B):
        y[b] = zero
    row, column, low, high = pure_saddle(Q)
    if low >= high:
        x[row] = zero + 1
        y[column] = zero + 1
        return
    if A == 2 and B == 2:
        # without a saddle point the differences in a sum have the same sign, so that no rounded quotient exceeds 1
        x[0] = (Q[1, 1] - Q[1, 0]) / ((Q[0, 0] - Q[0, 1]) + (Q[1, 1] - Q[1, 0]))
        y[0] = (Q[1, 1] - Q[0, 1]) / ((Q[0, 0] - Q[1, 0]) + (Q[1, 1] - Q[0, 1]))
        x[1] = 1 - x[0]
        y[1] = 1 - y[0]
        return
    least = span = Q[0, 0]
    for a in range(A):
        for b in range(B):
            least = Q[a, b] if Q[a, b] < least else least
            span = Q[a, b] if Q[a, b] > span else span
    span -= least
    for a in range(A):
        for b in range(B):
            T[a, b] = (Q[a, b] - least) / span + 1
        T[a, B] = zero + 1
        basis[a] = B + a
    for b in range(B):
        T[A, b] = zero - 1
        free[b] = b
    T[A, B] = zero
    climb(T, A, B, basis, free, tol, most)
    total = weight = zero
    for a in range(A):
        if basis[a] < B and T[a, B] > 0:
            y[basis[a]] = T[a, B]
            total += T[a, B]
    for b in range(B):
        if free[b] >= B and T[A, b] > 0:
            x[free[b] - B] = T[A, b]
            weight += T[A, b]
    for b in range(B):
        y[b] = y[b] / total if total > 0 else (zero + 1) / B
    for a in range(A):
        x[a] = x[a] / weight if weight > 0 else (zero + 1) / A


@inner
def equalise_few(Q, x, y, rows, columns, k):
    """As `equalise_many` for k <= 3: x and y are proportional to the row and column sums of the cofactors."""
    one = Q[0, 0] * 0 + 1
    if k == 1:
        x[rows[0]] = one
        y[columns[0]] = one
        return True
    if k == 2:
        a, b = Q[rows[0], columns[0]], Q[rows[0], columns[1]]
        c, d = Q[rows[1], columns[0]], Q[rows[1], columns[1]]
        total = a + d - b - c
        if total == 0:
            return False
        first, left = (d - c) / total, (d - b) / total
        x[rows[0]] = first
        x[rows[1]] = one - first
        y[columns[0]] = left
        y[columns[1]] = one - left
        return min(first, left) > 0 and max(first, left) < 1
    shift = Q[rows[0], columns[0]]
    b, c = Q[rows[0], columns[1]] - shift, Q[rows[0], columns[2]] - shift
    d, e, f = Q[rows[1], columns[0]] - shift, Q[rows[1], columns[1]] - shift, Q[rows[1], columns[2]] - shift
    g, h, i = Q[rows[2], columns[0]] - shift, Q[rows[2], columns[1]] - shift, Q[rows[2], columns[2]] - shift
    x0, x1, x2 = (
        e * i - f * h + f * g - d * i + d * h - e * g,
        c * h - b * i - c * g + b * g,
        b * f - c * e + c * d - b * d,
    )
    y0, y1, y2 = (
        e * i - f * h + c * h - b * i + b * f - c * e,
        f * g - d * i - c * g + c * d,
        d * h - e * g + b * g - b * d,
    )
    # equal but for rounding errors, which cancellation can make large: each law is divided by its own sum
    total, weight = x0 + x1 + x2, y0 + y1 + y2
    if total == 0 or weight == 0:
        return False
    total, weight = one / total, one / weight
    x0, x1, x2 = x0 * total, x1 * total, x2 * total
    y0, y1, y2 = y0 * weight, y1 * weight, y2 * weight
    x[rows[0]], x[rows[1]], x[rows[2]] = x0, x1, x2
    y[columns[0]], y[columns[1]], y[columns[2]] = y0, y1, y2
    return min(min(x0, x1), x2) > 0 and min(min(y0, y1), y2) > 0


@inner
def equalise_many(Q, size, x, y, rows, columns, k, T, tol):
    """Write into x and y the strategies on supports of k rows and k columns that equalise the payoffs there.

    By elimination with row exchanges, which reorder `rows`: M y = 1 and x M = 1 for the payoffs moved and scaled to
    M >= 1, then both are divided by their sums.

    Args: size: the largest |Q|, above 0. T: room for a matrix of k + 1 rows and columns.
    Returns: whether the equations have a positive solution.
    """
    scale = 1 / size
    one = size * 0 + 1
    for i in range(k):
        for j in range(k):
            T[i, j] = Q[rows[i], columns[j]] * scale + 2
    for j in range(k):
        row = j
        for i in range(j + 1, k):
            row = i if abs(T[i, j]) > abs(T[row, j]) else row
        if not abs(T[row, j]) > tol:
            return False
        if row != j:
            rows[j], rows[row] = rows[row], rows[j]
            for i in range(k):
                T[j, i], T[row, i] = T[row, i], T[j, i]
        T[j, j] = 1 / T[j, j]
        for i in range(j + 1, k):
            factor = T[i, j] * T[j, j]
            T[i, j] = factor
            for n in range(j + 1, k):
                T[i, n] -= factor * T[j, n]
    # forward, then backward: column k holds L^-1 1 and y, row k holds 1 U^-1 and x
    for i in range(k):
        left, right = one, one
        for j in range(i):
            left -= T[i, j] * T[j, k]
            right -= T[k, j] * T[j, i]
        T[i, k] = left
        T[k, i] = right * T[i, i]
    total = weight = one * 0
    for i in range(k - 1, -1, -1):
        left, right = T[i, k], T[k, i]
        for j in range(i + 1, k):
            left -= T[i, j] * T[j, k]
            right -= T[k, j] * T[j, i]
        left *= T[i, i]
        if not (left > 0 and right > 0):
            return False
        T[i, k] = left
        T[k, i] = right
        total += left
        weight += right
    total, weight = 1 / total, 1 / weight
    for i in range(k):
        y[columns[i]] = T[i, k] * total
        x[rows[i]] = T[k, i] * weight
    return True


@inner
def solve_games(payoff, before, other, tol, close, accuracy, each, tiny, most):
    """As `saddles` and `certified_saddles`; `before` and `other` may have no rows.

    Every game is copied: in the compiled loop, slices of arrays take longer than the copies.
    """
    N, A, B = payoff.shape
    lower = np.zeros(N, payoff.dtype)
    upper = np.zeros(N, payoff.dtype)
    row = np.zeros((N, A), payoff.dtype)
    column = np.zeros((N, B), payoff.dtype)
    poor = np.zeros(N, np.bool_)
    Q = np.zeros((A, B), payoff.dtype)
    x = np.zeros(A, payoff.dtype)
    y = np.zeros(B, payoff.dtype)
    work = np.zeros(B, payoff.dtype)
    longest = max(A, B)
    T = np.zeros((longest + 1, longest + 1), payoff.dtype)
    basis = np.zeros(A, np.int64)
    free = np.zeros(B, np.int64)
    rows = np.zeros(A, np.int64)
    columns = np.zeros(B, np.int64)
    for k in range(N):
        size = load(payoff, k, Q)
        low = high = size
        done = False
        if k < len(before) and size > 0:
            n, m = support(before, k, x, rows), support(other, k, y, columns)
            # two functions, as the compiled call of the larger one takes longer than the smaller one
            if n == m and 0 < n <= 3:
                done = equalise_few(Q, x, y, rows, columns, n)
            elif n == m and n > 3:
                done = equalise_many(Q, size, x, y, rows, columns, n, T, tol)
            if done:
                low, high = guarantees(Q, x, y, rows, n, columns, n, work)
                done = high - low <= close * size
        if not done:
            solve_game(Q, x, y, T, basis, free, tol, most)
            for a in range(A):
                rows[a] = a
            for b in range(B):
                columns[b] = b
            low, high = guarantees(Q, x, y, rows, A, columns, B, work)
        poor[k] = not high - low <= accuracy * size
        rounding = each * size + tiny
        lower[k], upper[k] = low - rounding, high + rounding
        for a in range(A):
            row[k, a] = x[a]
        for b in range(B):
            column[k, b] = y[b]
    return lower, upper, row, column, poor


def _saddles(payoff, tol, most):
    """Strategies row[k,a] and column[k,b] of the games payoff[k,a,b], and their guarantees lower[k] and upper[k].

    On rationals with tol = 0 the strategies are optimal, and lower = upper is the value. On floats they are optimal up
    to rounding, unless the simplex method fails, which shows in the duality gap.
    """
    none, zero = np.zeros((0, 0), payoff.dtype), tol * 0
    lower, upper, row, column, _ = solve_games(payoff, none, none, tol, zero, zero, zero, zero, most)
    return lower, upper, row, column


saddles = compiled(_saddles, "f8[1]&f8[1]&f8[2]&f8[2] (f8[3], f8, i8)")


def _certified_saddles(payoff, before, other, tol, close, accuracy, each, tiny, most):
    """As `saddles` on floats, with lower[k] and upper[k] moved outwards by each * size[k] + tiny.

    Here size[k] is the largest |payoff|. The supports of the strategies before[k,a] and other[k,b], if there are any
    rows, are tried first, and kept where the duality gap is at most `close` times size[k].

    Returns: also poor[k], whether the duality gap exceeds `accuracy` times size[k].
    """
    return solve_games(payoff, before, other, tol, close, accuracy, each, tiny, most)


certified_saddles = compiled(
    _certified_saddles, "f8[1]&f8[1]&f8[2]&f8[2]&b1[1] (f8[3], f8[2], f8[2], f8, f8, f8, f8, f8, i8)"
)


@inner
def extremes_of_change(lower, upper, w):
    """The least lower[k] - w[k], the largest upper[k] - w[k], and the midpoints, with their range centred at 0."""
    middle = np.zeros(len(w), w.dtype)
    low, high = lower[0] - w[0], upper[0] - w[0]
    least = most = (lower[0] + upper[0]) / 2
    for k in range(len(w)):
        fall, rise, mid = lower[k] - w[k], upper[k] - w[k], (lower[k] + upper[k]) / 2
        low = fall if fall < low else low
        high = rise if rise > high else high
        least = mid if mid < least else least
        most = mid if mid > most else most
        middle[k] = mid
    centre = most / 2 + least / 2
    for k in range(len(w)):
        middle[k] -= centre
    return low, high, middle


changes = compiled(extremes_of_change, "f8&f8&f8[1] (f8[1], f8[1], f8[1])")


def _sparse_sweep(data, indices, indptr, r, g, A, w, before, other, tol, close, accuracy, each, tiny, most):
    """`certified_saddles` of the games r + g P w with A rows, for sparse P as in `discounted`, and their `changes`.

    Returns: also the largest |w[s]|.
    """
    S, J = r.shape
    payoff = expected_values(data, indices, indptr, r, w, g).reshape(S, A, J // A)
    lower, upper, row, column, poor = solve_games(payoff, before, other, tol, close, accuracy, each, tiny, most)
    low, high, middle = extremes_of_change(lower, upper, w)
    size = abs(w[0])
    for s in range(S):
        here = abs(w[s])
        size = size if here <= size else here  # so that NaN is kept
    return lower, upper, row, column, poor, low, high, middle, size


sparse_sweep = compiled(
    _sparse_sweep,
    "f8[1]&f8[1]&f8[2]&f8[2]&b1[1]&f8&f8&f8[1]&f8"
    " (f8[1], u4[1], u4[1], f8[2], f8, i8, f8[1], f8[2], f8[2], f8, f8, f8, f8, f8, i8)",
)
