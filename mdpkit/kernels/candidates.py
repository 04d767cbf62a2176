"""Discounted problems, sparse (CSR): Bellman sweeps over the few actions that can be optimal, stored apart.

Candidate m of state s, first[s] <= m < first[s + 1], is row `rows[m]` of the problem; its entries are those of
`weights` and `reached` from starts[m] on. Positions are running unsigned integers, which spare the loop a test for
negative subscripts.
"""

import numpy as np

from ..base.compiling import compiled
from .discounted import copy_row, expected_row


def _keep(data, indices, indptr, r, w, g, least, most, entries):
    """The actions whose q = r + g P w is at least least[s]: q, rows, first, starts, weights, reached.

    Empty arrays if they are more than `most`, or have more than that many entries.
    """
    S, A = r.shape
    q = np.empty(most + 1, w.dtype)
    rows = np.empty(most + 1, np.uint32)
    first = np.zeros(S + 1, np.uint32)
    starts = np.zeros(most + 2, np.uint32)
    weights = np.empty(entries, data.dtype)
    reached = np.empty(entries, np.uint32)
    k = np.uint64(0)
    row = np.uint64(0)
    m = np.uint64(0)
    n = np.uint64(0)
    for s in range(np.uint64(S)):
        for a in range(np.uint64(A)):
            end = np.uint64(indptr[row + np.uint64(1)])
            value = r[s, a] + g * expected_row(data, indices, k, end, w)
            if value >= least[s]:
                if m == most or n + (end - k) > np.uint64(entries):
                    return q[:0], rows[:0], first[:1], starts[:1], weights[:0], reached[:0]
                q[m] = value
                rows[m] = row
                n = copy_row(data, indices, k, end, weights, reached, n)
                m += np.uint64(1)
                starts[m] = n
            k = end
            row += np.uint64(1)
        first[s + np.uint64(1)] = m
    return q[:m], rows[:m], first, starts[: m + np.uint64(1)], weights[:n], reached[:n]


keep = compiled(_keep, "f8[1]&u4[1]&u4[1]&u4[1]&f8[1]&u4[1] (f8[1], u4[1], u4[1], f8[2], f8[1], f8, f8[1], i8, i8)")


def _greedy(first, starts, weights, reached, r, w, g):
    """q[m] = r[m] + g P w of the candidates, change[s] = max q - w, and the first maximising candidate best[s]."""
    S = len(first) - 1
    q = np.zeros(len(r), w.dtype)
    change = np.zeros(S, w.dtype)
    best = np.zeros(S, np.int64)
    k = np.uint64(0)
    m = np.uint64(0)
    for s in range(np.uint64(S)):
        stop = np.uint64(first[s + np.uint64(1)])
        end = np.uint64(starts[m + np.uint64(1)])
        top = q[m] = r[m] + g * expected_row(weights, reached, k, end, w)
        pick = m
        k = end
        m += np.uint64(1)
        while m < stop:
            end = np.uint64(starts[m + np.uint64(1)])
            x = q[m] = r[m] + g * expected_row(weights, reached, k, end, w)
            pick = m if x > top else pick
            top = max(x, top)
            k = end
            m += np.uint64(1)
        change[s] = top - w[s]
        best[s] = pick
    return q, change, best


greedy = compiled(_greedy, "f8[1]&f8[1]&i8[1] (u4[1], u4[1], f8[1], u4[1], f8[1], f8[1], f8)")


def _correct(first, starts, weights, reached, residual, change, g, stop, sweeps):
    """Approximate solution e of e[s] = max_m (residual[m] + g P e) up to a constant, from e = change; and the sweeps.

    They end once the span of a step is at most `stop`, or does not decrease.
    """
    S = len(first) - 1
    e = change.copy()
    following = np.zeros(S, change.dtype)
    used = 0
    smallest = change[0]
    while used < sweeps:
        k = np.uint64(0)
        m = np.uint64(0)
        for s in range(np.uint64(S)):
            stops = np.uint64(first[s + np.uint64(1)])
            end = np.uint64(starts[m + np.uint64(1)])
            best = residual[m] + g * expected_row(weights, reached, k, end, e)
            k = end
            m += np.uint64(1)
            while m < stops:
                end = np.uint64(starts[m + np.uint64(1)])
                best = max(residual[m] + g * expected_row(weights, reached, k, end, e), best)
                k = end
                m += np.uint64(1)
            following[s] = best
        low = high = following[0] - e[0]
        for s in range(np.uint64(S)):
            low = min(following[s] - e[s], low)
            high = max(following[s] - e[s], high)
        e, following = following, e
        used += 1
        if not high - low > stop or (used > 1 and not high - low < smallest):
            break
        smallest = high - low
    return e, used


correct = compiled(_correct, "f8[1]&i8 (u4[1], u4[1], f8[1], u4[1], f8[1], f8[1], f8, f8, i8)")
