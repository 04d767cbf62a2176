"""Discounted and total rewards of a sparse policy (CSR) by a Krylov method, preconditioned by a Gauss-Seidel sweep.

States are visited in a given order. Where most transitions lead to states that were visited before, as under a policy
that climbs towards larger values if states are ordered by decreasing value, one sweep propagates them all.
"""

import numpy as np

from ..base.compiling import compiled, inner

GROWTH = 10
"""A solution whose largest residual is more than 10 times that of 0 is dropped for the best one before."""


@inner
def split_rows(data, indices, indptr, choice, order, b, A, g, rest):
    """The policy's equations, state i of the order divided by its 1 - g p_i: b, and rows of states before and after i.

    Returns: b, and for both kinds of successors their starts, weights g p / (1 - g p_i) and places in the order.
    """
    S = len(choice)
    place = np.zeros(S, np.uint32)
    entries = 1  # what is not of its kind is overwritten by the next entry
    for i in range(S):
        place[order[i]] = i
        row = i * A + choice[i]
        entries += np.int64(indptr[row + 1]) - np.int64(indptr[row])
    scaled = np.zeros(S, b.dtype)
    starts_before, starts_after = np.zeros(S + 1, np.uint32), np.zeros(S + 1, np.uint32)
    before, after = np.zeros(entries, b.dtype), np.zeros(entries, b.dtype)
    reached_before, reached_after = np.zeros(entries, np.uint32), np.zeros(entries, np.uint32)
    m = np.uint64(0)
    n = np.uint64(0)
    for i in range(S):
        s = order[i]
        row = np.uint64(s * A + choice[s])
        stay = b[0] * 0
        first_before, first_after = m, n
        for k in range(np.uint64(indptr[row]), np.uint64(indptr[row + np.uint64(1)])):
            there = np.int64(place[indices[k]])
            weight = g * data[k]
            before[m] = after[n] = weight
            reached_before[m] = reached_after[n] = there
            m += np.uint64(there < i)
            n += np.uint64(there > i)
            stay += weight if there == i else b[0] * 0
        leave = max(1 - stay, rest)
        for k in range(first_before, m):
            before[k] = before[k] / leave
        for k in range(first_after, n):
            after[k] = after[k] / leave
        scaled[i] = b[s] / leave
        starts_before[i + 1] = m
        starts_after[i + 1] = n
    return scaled, (starts_before, before, reached_before, starts_after, after, reached_after)


@inner
def sweep_once(starts_before, before, reached_before, starts_after, after, reached_after, p, x, y):
    """x with (I - L) x = p, one Gauss-Seidel sweep from 0, and y = (I - L - U) x; L and U are the rows split above."""
    S = len(p)
    k = np.uint64(0)
    for i in range(np.uint64(S)):
        total = p[i]
        end = np.uint64(starts_before[i + np.uint64(1)])
        while k < end:
            total += before[k] * x[reached_before[k]]
            k += np.uint64(1)
        x[i] = total
    k = np.uint64(0)
    for i in range(np.uint64(S)):
        total = p[i]
        end = np.uint64(starts_after[i + np.uint64(1)])
        while k < end:
            total -= after[k] * x[reached_after[k]]
            k += np.uint64(1)
        y[i] = total


@inner
def is_unusable(number):
    """Whether this is 0, infinite or NaN."""
    return number == 0 or number - number != 0


def _correct(data, indices, indptr, choice, order, b, A, g, rest, stop, sweeps):
    """Approximate solution e of e = b + g P_choice e by BiCGStab, and the number of sweeps, at most `sweeps`.

    Sweeps stop once every residual is at most `stop`, each divided by its state's 1 - g p of staying.
    `rest` is the least of these: 1 - g, or for total rewards, g = 1, what float64 resolves. A state s plays the row
    s A + choice[s]; A = 0 where the policy's own rows are given by their numbers.
    Source: van der Vorst, 1992.
    """
    S = len(b)
    residual, rows = split_rows(data, indices, indptr, choice, order, b, A, g, rest)
    e, best = np.zeros(S, b.dtype), np.zeros(S, b.dtype)
    shadow, p = residual.copy(), residual.copy()
    x, v, t = np.zeros(S, b.dtype), np.zeros(S, b.dtype), np.zeros(S, b.dtype)
    smallest = size = rho = b[0] * 0
    for i in range(S):
        smallest = max(smallest, abs(residual[i]))
        rho += residual[i] * residual[i]
    most = smallest * GROWTH
    used = 0
    while used < sweeps and smallest > stop:
        sweep_once(*rows, p, x, v)
        slope = b[0] * 0
        for i in range(S):
            slope += shadow[i] * v[i]
        if is_unusable(slope):
            break
        step = rho / slope
        for i in range(S):
            e[i] += step * x[i]
            residual[i] -= step * v[i]
        sweep_once(*rows, residual, x, t)
        along = square = b[0] * 0
        for i in range(S):
            along += t[i] * residual[i]
            square += t[i] * t[i]
        used += 2
        if is_unusable(square) or is_unusable(along):
            break
        damping = along / square
        size = following = b[0] * 0
        for i in range(S):
            e[i] += damping * x[i]
            residual[i] -= damping * t[i]
            size = max(size, abs(residual[i]))
            following += shadow[i] * residual[i]
        if size < smallest:
            smallest = size
            best[:] = e
        if is_unusable(following):
            break
        turn = following / rho * step / damping
        rho = following
        for i in range(S):
            p[i] = residual[i] + turn * (p[i] - damping * v[i])
    solution = np.zeros(S, b.dtype)
    last = e if size <= most else best
    for i in range(S):
        solution[order[i]] = last[i]
    return solution, used


correct = compiled(_correct, "f8[1]&i8 (f8[1], u4[1], u4[1], i8[1], i8[1], f8[1], i8, f8, f8, f8, i8)", any_order=True)
