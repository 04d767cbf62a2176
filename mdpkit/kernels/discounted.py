"""Discounted problems, sparse (CSR): one Bellman sweep, and the policy evaluation correction.

Row s*A+a of the matrix is the next-state distribution of action a in state s. Indices are unsigned, which saves the
compiled loop the test for negative subscripts; they are used as subscripts only.
"""

import numpy as np

from ..base.compiling import compiled, inner

STALLED = 30
"""Number of sweeps without a smaller span after which only rounding is left."""


@inner
def expected_row(data, indices, first, last, values):
    """Inner product of one sparse row with `values`."""
    total = values[0] * 0
    for k in range(first, last):
        total += data[k] * values[indices[k]]
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
def bellman_change(data, indices, indptr, r, w, g):
    """change[s] = max_a (r + g P w)[s,a] - w[s], and the first maximising choice[s]; r is -inf at missing actions."""
    S, A = r.shape
    change = np.zeros(S, w.dtype)
    choice = np.zeros(S, np.int64)
    for s in range(S):
        row = s * A
        best = r[s, 0] + g * expected_row(data, indices, indptr[row], indptr[row + 1], w)
        pick = 0
        for a in range(1, A):
            q = r[s, a] + g * expected_row(data, indices, indptr[row + a], indptr[row + a + 1], w)
            pick = a if q > best else pick
            best = q if q > best else best
        change[s] = best - w[s]
        choice[s] = pick
    return change, choice


greedy = compiled(bellman_change, "f8[1]&i8[1] (f8[1], u4[1], u4[1], f8[2], f8[1], f8)")


def _correct(data, indices, indptr, choice, change, A, g, stop, sweeps):
    """Approximate solution e of e = change + g P_choice e up to a constant, and the number of sweeps.

    Sweeps stop once the span of a step is at most `stop`, or has not decreased for `STALLED` sweeps. The policy's rows
    are first stored contiguously.
    """
    S = len(choice)
    starts = np.zeros(S + 1, np.uint32)
    for s in range(S):
        row = s * A + choice[s]
        starts[s + 1] = starts[s] + (indptr[row + 1] - indptr[row])
    weights = np.zeros(starts[S], data.dtype)
    reached = np.zeros(starts[S], np.uint32)
    for s in range(S):
        row = s * A + choice[s]
        first, length = indptr[row], indptr[row + 1] - indptr[row]
        for k in range(length):
            weights[starts[s] + k] = data[first + k]
            reached[starts[s] + k] = indices[first + k]
    e = change.copy()
    following = np.zeros(S, change.dtype)
    used = 0
    smallest = change[0]
    stalled = 0
    while used < sweeps:
        low = high = change[0] + g * expected_row(weights, reached, starts[0], starts[1], e) - e[0]
        for s in range(S):
            x = change[s] + g * expected_row(weights, reached, starts[s], starts[s + 1], e)
            step = x - e[s]
            low = step if step < low else low
            high = step if step > high else high
            following[s] = x
        e, following = following, e
        used += 1
        stalled = 0 if used == 1 or high - low < smallest else stalled + 1
        smallest = high - low if stalled == 0 else smallest
        if not high - low > stop or stalled == STALLED:
            break
    return e, used


correct = compiled(_correct, "f8[1]&i8 (f8[1], u4[1], u4[1], i8[1], f8[1], i8, f8, f8, i8)")
