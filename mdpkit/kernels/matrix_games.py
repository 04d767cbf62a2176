"""Zero-sum matrix games in batches: optimal strategies, and quantal responses.

Throughout, the row player receives `Q[a,b]` and maximises. `lower[k]` is what its strategy guarantees in game k, and
`upper[k]` what the column player's concedes at most: their difference, the duality gap, is 0 for optimal strategies.
"""

import numpy as np

from ..base.compiling import compiled, inner


@inner
def guarantees(Q, x, y, work):
    """min_b sum_a x[a] Q[a,b] and max_a sum_b Q[a,b] y[b]; `work` has room for B numbers."""
    A, B = Q.shape
    zero = Q[0, 0] * 0
    most = zero
    for b in range(B):
        work[b] = zero
    for a in range(A):
        total = zero
        if x[a] != 0:
            for b in range(B):
                work[b] += x[a] * Q[a, b]
                total += Q[a, b] * y[b]
        else:
            for b in range(B):
                total += Q[a, b] * y[b]
        most = total if a == 0 or total > most else most
    least = work[0]
    for b in range(1, B):
        least = work[b] if work[b] < least else least
    return least, most


@inner
def largest(Q):
    """The largest |Q[a,b]|."""
    size = abs(Q[0, 0])
    for a in range(Q.shape[0]):
        for b in range(Q.shape[1]):
            here = abs(Q[a, b])
            size = here if here > size else size
    return size


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
def pivot(T, row, column):
    """Exchange a basic and a free variable in a condensed tableau."""
    one = T[row, column] / T[row, column]
    scale = one / T[row, column]
    T[row, column] = one
    for j in range(T.shape[1]):
        T[row, j] *= scale
    for i in range(T.shape[0]):
        if i != row:
            factor = T[i, column]
            if factor != 0:
                T[i, column] = one * 0
                for j in range(T.shape[1]):
                    T[i, j] -= factor * T[row, j]


@inner
def climb(T, basis, free, tol, most):
    """Simplex pivots on a feasible condensed tableau: steepest reduced cost first, later Bland's rule.

    Returns: whether no reduced cost is below -tol after at most `most` pivots.
    """
    A, B = T.shape[0] - 1, T.shape[1] - 1
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
        pivot(T, row, column)
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
        total = Q[0, 0] + Q[1, 1] - Q[0, 1] - Q[1, 0]
        x[0] = (Q[1, 1] - Q[1, 0]) / total
        y[0] = (Q[1, 1] - Q[0, 1]) / total
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
    climb(T, basis, free, tol, most)
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
def equalise(Q, x, y, rows, columns, k):
    """As `try_supports` for k <= 3: x and y are proportional to the row and column sums of the cofactors."""
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
    total = x0 + x1 + x2
    if total == 0:
        return False
    scale = one / total
    x[rows[0]], x[rows[1]], x[rows[2]] = x0 * scale, x1 * scale, x2 * scale
    y[columns[0]], y[columns[1]], y[columns[2]] = y0 * scale, y1 * scale, y2 * scale
    return min(min(x0 * scale, x1 * scale), x2 * scale) > 0 and min(min(y0 * scale, y1 * scale), y2 * scale) > 0


@inner
def try_supports(Q, size, x, y, before, other, T, basis, free, tol):
    """Write into x and y the strategies that equalise the payoffs on the supports of two others, if there are any.

    Args: size: the largest |Q|, above 0.
    Returns: whether the supports have equal sizes, and the equations a positive solution.
    """
    A, B = Q.shape
    zero = size * 0
    k = count = 0
    for a in range(A):
        x[a] = zero
        basis[k] = a
        k += 1 if before[a] > 0 else 0
    for b in range(B):
        y[b] = zero
        free[count] = b
        count += 1 if other[b] > 0 else 0
    if k != count or k == 0:
        return False
    if k <= 3:
        return equalise(Q, x, y, basis, free, k)
    for i in range(k):
        for j in range(k):
            T[i, j] = Q[basis[i], free[j]] / size + 2
        T[i, k] = zero + 1
        T[k, i] = zero - 1
    T[k, k] = zero
    small = T[: k + 1, : k + 1]
    for j in range(k):
        # rows not yet exchanged are those whose label is still an action of the row player
        row = -1
        for i in range(k):
            if basis[i] >= 0 and (row < 0 or abs(small[i, j]) > abs(small[row, j])):
                row = i
        if not abs(small[row, j]) > tol:
            return False
        pivot(small, row, j)
        basis[row], free[j] = -1 - free[j], basis[row]
    total = weight = zero
    for i in range(k):
        if not (small[i, k] > 0 and small[k, i] > 0):
            return False
        total += small[i, k]
        weight += small[k, i]
    for i in range(k):
        y[-1 - basis[i]] = small[i, k] / total
        x[free[i]] = small[k, i] / weight
    return True


def _saddles_near(payoff, before, other, tol, accuracy, most):
    """As `saddles`, trying the supports of the strategies before[k,a] and other[k,b] first.

    They are kept where the duality gap is at most `accuracy` times the largest |payoff|, size[k].
    """
    N, A, B = payoff.shape
    lower = np.zeros(N, payoff.dtype)
    upper = np.zeros(N, payoff.dtype)
    row = np.zeros((N, A), payoff.dtype)
    column = np.zeros((N, B), payoff.dtype)
    sizes = np.zeros(N, payoff.dtype)
    longest = max(A, B)
    T = np.zeros((A + 1, B + 1), payoff.dtype)
    square = np.zeros((longest + 1, longest + 1), payoff.dtype)
    basis = np.zeros(longest, np.int64)
    free = np.zeros(longest, np.int64)
    for k in range(N):
        Q = payoff[k]
        size = largest(Q)
        done = size > 0 and try_supports(Q, size, row[k], column[k], before[k], other[k], square, basis, free, tol)
        if done:
            lower[k], upper[k] = guarantees(Q, row[k], column[k], T[0])
            done = upper[k] - lower[k] <= accuracy * size
        if not done:
            solve_game(Q, row[k], column[k], T, basis[:A], free[:B], tol, most)
            lower[k], upper[k] = guarantees(Q, row[k], column[k], T[0])
        sizes[k] = size
    return lower, upper, row, column, sizes


saddles_near = compiled(_saddles_near, "f8[1]&f8[1]&f8[2]&f8[2]&f8[1] (f8[3], f8[2], f8[2], f8, f8, i8)")


def _saddles(payoff, tol, most):
    """Strategies row[k,a] and column[k,b] of the games payoff[k,a,b], and their guarantees lower[k] and upper[k].

    Also the largest |payoff| of each game.

    On rationals with tol = 0 the strategies are optimal, and lower = upper is the value. On floats they are optimal up
    to rounding, unless the simplex method fails, which shows in the duality gap.
    """
    N, A, B = payoff.shape
    lower = np.zeros(N, payoff.dtype)
    upper = np.zeros(N, payoff.dtype)
    row = np.zeros((N, A), payoff.dtype)
    column = np.zeros((N, B), payoff.dtype)
    sizes = np.zeros(N, payoff.dtype)
    T = np.zeros((A + 1, B + 1), payoff.dtype)
    basis = np.zeros(A, np.int64)
    free = np.zeros(B, np.int64)
    for k in range(N):
        solve_game(payoff[k], row[k], column[k], T, basis, free, tol, most)
        lower[k], upper[k] = guarantees(payoff[k], row[k], column[k], T[0])
        sizes[k] = largest(payoff[k])
    return lower, upper, row, column, sizes


saddles = compiled(_saddles, "f8[1]&f8[1]&f8[2]&f8[2]&f8[1] (f8[3], f8, i8)")


@inner
def respond(score, temperature, law):
    """Write the softmax of score / temperature into `law`.

    Returns: temperature log sum exp(score / temperature), and temperature times the entropy of the law.
    """
    highest = score[0]
    for a in range(len(score)):
        highest = max(highest, score[a])
    total = mean = score[0] * 0
    for a in range(len(score)):
        law[a] = np.exp((score[a] - highest) / temperature)
        total += law[a]
    for a in range(len(score)):
        law[a] /= total
        mean += law[a] * (score[a] - highest)
    most = temperature * np.log(total)
    return highest + most, most - mean


@inner
def mirror_descent(Q, temperature, tol, most, x, y, work):
    """Magnetic mirror descent with a uniform magnet, written into x and y.

    Returns: bounds on the regularised value max_x min_y x'Qy + temperature (H(x) - H(y)), and the iterations.

    The scores are temperature times the logarithms of the strategies: a step moves them towards the payoffs by the
    share eta temperature / (1 + eta temperature), with eta = temperature / radius^2
    for payoffs within an interval of this radius. Source: adapted from Sokota et al., 2023.
    """
    A, B = Q.shape
    zero = Q[0, 0] * 0
    scores, replies, spare = work[0, :A], work[1, :B], work[2]
    least = most_paid = Q[0, 0]
    for a in range(A):
        scores[a] = zero
        for b in range(B):
            least = min(least, Q[a, b])
            most_paid = max(most_paid, Q[a, b])
    for b in range(B):
        replies[b] = zero
    radius = (most_paid - least) / 2
    rate = temperature * temperature / (temperature * temperature + radius * radius)
    lower = upper = zero
    for used in range(most + 1):
        _, entropy = respond(scores, temperature, x)
        _, spread = respond(replies, temperature, y)
        for b in range(B):
            spare[b] = zero
            for a in range(A):
                spare[b] -= x[a] * Q[a, b]
            replies[b] += rate * (spare[b] - replies[b])
        soft, _ = respond(spare[:B], temperature, work[3, :B])
        low = entropy - soft
        for a in range(A):
            spare[a] = zero
            for b in range(B):
                spare[a] += Q[a, b] * y[b]
            scores[a] += rate * (spare[a] - scores[a])
        soft, _ = respond(spare[:A], temperature, work[3, :A])
        lower, upper = low, soft - spread
        if upper - lower <= tol or used == most:
            return lower, upper, used
    return lower, upper, most


def _quantal(payoff, temperature, tol, most):
    """Quantal response equilibria row[k,a], column[k,b], bounds on the regularised values, and the iterations."""
    N, A, B = payoff.shape
    lower = np.zeros(N, payoff.dtype)
    upper = np.zeros(N, payoff.dtype)
    row = np.zeros((N, A), payoff.dtype)
    column = np.zeros((N, B), payoff.dtype)
    used = np.zeros(N, np.int64)
    work = np.zeros((4, max(A, B)), payoff.dtype)
    for k in range(N):
        lower[k], upper[k], used[k] = mirror_descent(payoff[k], temperature, tol, most, row[k], column[k], work)
    return lower, upper, row, column, used


quantal = compiled(_quantal, "f8[1]&f8[1]&f8[2]&f8[2]&i8[1] (f8[3], f8, f8, i8)")
