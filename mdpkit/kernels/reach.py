"""Reachability on a graph of states and actions."""

import numpy as np

from ..base.compiling import compiled


def _avoid_tube(failure, successors):
    """tube[s]: whatever is done, failure comes. The least set that holds the failures and each state all of whose
    actions lead into it; a worklist looks at every edge once.
    """
    S, A = successors.shape
    first = np.zeros(S + 1, np.int64)
    for s in range(S):
        for a in range(A):
            first[successors[s, a] + 1] += 1
    for n in range(S):
        first[n + 1] += first[n]
    comes_from = np.zeros(S * A, np.int64)
    free = first.copy()
    for s in range(S):
        for a in range(A):
            n = successors[s, a]
            comes_from[free[n]] = s
            free[n] += 1
    escapes = np.full(S, A)
    tube = failure.copy()
    waiting = np.zeros(S, np.int64)
    end = 0
    for s in range(S):
        if tube[s]:
            waiting[end] = s
            end += 1
    begin = 0
    while begin < end:
        n = waiting[begin]
        begin += 1
        for k in range(first[n], first[n + 1]):
            s = comes_from[k]
            escapes[s] -= 1
            if escapes[s] == 0 and not tube[s]:
                tube[s] = True
                waiting[end] = s
                end += 1
    return tube


avoid_tube = compiled(_avoid_tube, "b1[1] (b1[1], i8[2])")
