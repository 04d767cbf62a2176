"""Discounted problems, sparse (CSR): one Bellman sweep, and the policy evaluation correction.

Row s*A+a of the matrix is the next-state distribution of action a in state s. Positions are running unsigned integers,
which spare the compiled loop the test for negative subscripts.
"""

import numpy as np

from ..base.compiling import compiled, inner

STALLED = 30
"""Number of sweeps without a smaller span after which only rounding is left."""


@inner
def expected_row(data, indices, first, last, values):
    """Inner product of one sparse row with `values`."""
    total = values[0] * 0
    k = first
    while k < last:
        total += data[k] * values[indices[k]]
        k += np.uint64(1)
    return total


@inner
def expected_values(data, indices, indptr, r, w, g):
    """r + g P w, `[s,a]`."""
    Q = r.copy()
    values = Q.ravel()
    k = indptr[0]
    for row in range(len(values)):
        # four entries at a time, in two sums, which takes two thirds of the time of the plain loop
        total = rest = w[0] * 0
        last = indptr[row + 1]
        while k + 4 <= last:
            total += data[k] * w[indices[k]] + data[k + 1] * w[indices[k + 1]]
            rest += data[k + 2] * w[indices[k + 2]] + data[k + 3] * w[indices[k + 3]]
            k += 4
        while k < last:
            total += data[k] * w[indices[k]]
            k += 1
        values[row] += g * (total + rest)
    return Q


action_values = compiled(expected_values, "f8[2] (f8[1], u4[1], u4[1], f8[2], f8[1], f8)")


@inner
def copy_row(data, indices, first, last, weights, reached, n):
    """Copy one sparse row to position n of `weights` and `reached`; returns the position after it."""
    k = first
    while k < last:
        weights[n] = data[k]
        reached[n] = indices[k]
        n += np.uint64(1)
        k += np.uint64(1)
    return n


@inner
def bellman_change(data, indices, indptr, r, w, g):
    """change[s] = max_a (r + g P w)[s,a] - w[s], and the first maximising choice[s]; r is -inf at missing actions."""
    S, A = r.shape
    change = np.zeros(S, w.dtype)
    choice = np.zeros(S, np.int64)
    k = np.uint64(0)
    row = np.uint64(0)
    for s in range(np.uint64(S)):
        row += np.uint64(1)
        end = np.uint64(indptr[row])
        best = r[s, np.uint64(0)] + g * expected_row(data, indices, k, end, w)
        k = end
        pick = np.int64(0)
        for a in range(np.uint64(1), np.uint64(A)):
            row += np.uint64(1)
            end = np.uint64(indptr[row])
            q = r[s, a] + g * expected_row(data, indices, k, end, w)
            k = end
            pick = np.int64(a) if q > best else pick
            best = max(q, best)
        change[s] = best - w[s]
        choice[s] = pick
    return change, choice


greedy = compiled(bellman_change, "f8[1]&i8[1] (f8[1], u4[1], u4[1], f8[2], f8[1], f8)")


def _greedy_rows(data, indices, indptr, r, w, g, entries, like):
    """As `bellman_change`, with the rows of the choice stored contiguously: starts, weights, reached.

    They have at most that many entries, and the weights are numbers of the kind of the empty array `like`. A row is
    copied while it is in the cache, which takes a fraction of the time of looking it up again.
    """
    S, A = r.shape
    change = np.zeros(S, w.dtype)
    choice = np.zeros(S, np.int64)
    starts = np.zeros(S + 1, np.uint32)
    weights = np.empty(entries, like.dtype)
    reached = np.empty(entries, np.uint32)
    n = np.uint64(0)
    k = np.uint64(0)
    row = np.uint64(0)
    for s in range(np.uint64(S)):
        row += np.uint64(1)
        first, last = k, np.uint64(indptr[row])
        best = r[s, np.uint64(0)] + g * expected_row(data, indices, k, last, w)
        k = last
        pick = np.int64(0)
        for a in range(np.uint64(1), np.uint64(A)):
            row += np.uint64(1)
            end = np.uint64(indptr[row])
            q = r[s, a] + g * expected_row(data, indices, k, end, w)
            first = k if q > best else first
            last = end if q > best else last
            pick = np.int64(a) if q > best else pick
            best = max(q, best)
            k = end
        change[s] = best - w[s]
        choice[s] = pick
        n = copy_row(data, indices, first, last, weights, reached, n)
        starts[s + np.uint64(1)] = n
    return change, choice, starts, weights[:n], reached[:n]


greedy_rows = compiled(_greedy_rows, "f8[1]&i8[1]&u4[1]&f4[1]&u4[1] (f8[1], u4[1], u4[1], f8[2], f8[1], f8, i8, f4[1])")


def _take_rows(data, indices, indptr, choice, A):
    """The rows of a choice, stored contiguously: starts, weights, reached."""
    S = len(choice)
    starts = np.zeros(S + 1, np.uint32)
    for s in range(S):
        row = s * A + choice[s]
        starts[s + 1] = starts[s] + (indptr[row + 1] - indptr[row])
    weights = np.zeros(starts[S], data.dtype)
    reached = np.zeros(starts[S], np.uint32)
    n = np.uint64(0)
    for s in range(S):
        row = np.uint64(s * A + choice[s])
        first, last = np.uint64(indptr[row]), np.uint64(indptr[row + np.uint64(1)])
        n = copy_row(data, indices, first, last, weights, reached, n)
    return starts, weights, reached


take_rows = compiled(_take_rows, "u4[1]&f8[1]&u4[1] (f8[1], u4[1], u4[1], i8[1], i8)")


def _correct(starts, weights, reached, change, g, stop, sweeps):
    """Approximate solution e of e = change + g P e up to a constant, and the number of sweeps.

    P has the rows `weights` and `reached` from starts[s] on; the iterates have the kind of numbers of the weights.
    Sweeps stop once the span of a step is at most `stop`, or has not decreased for `STALLED` sweeps.
    """
    S = len(change)
    e = np.zeros(S, weights.dtype)
    e[:] = change
    following = np.zeros(S, weights.dtype)
    used = 0
    smallest = change[0]
    stalled = 0
    while used < sweeps:
        low = high = change[0] + g * expected_row(weights, reached, np.uint64(0), np.uint64(starts[1]), e) - e[0]
        k = np.uint64(0)
        for s in range(np.uint64(S)):
            end = np.uint64(starts[s + np.uint64(1)])
            x = change[s] + g * expected_row(weights, reached, k, end, e)
            k = end
            following[s] = x
            low = min(x - e[s], low)
            high = max(x - e[s], high)
        e, following = following, e
        used += 1
        stalled = 0 if used == 1 or high - low < smallest else stalled + 1
        smallest = high - low if stalled == 0 else smallest
        if not high - low > stop or stalled == STALLED:
            break
    solution = np.zeros(S, change.dtype)
    solution[:] = e
    return solution, used


CORRECT = "f8[1]&i8 (u4[1], {}[1], u4[1], f8[1], f8, f8, i8)"
correct, correct_narrowly = (compiled(_correct, CORRECT.format(kind)) for kind in ("f8", "f4"))
