"""Reachability on a graph of states and actions.

Row s*A+a of the graph lists the possible next states of action a in s: reached[first[row] : first[row + 1]].
"""

import numpy as np

from ..base.compiling import compiled


def _attractor(target, barred, first, reached, A, needed):
    """Attractor inside[s]: the least set that contains the target and every non-barred state with at least `needed`
    actions that can lead into the set. A worklist visits every edge once.

    needed = A: every action can lead into the set. needed = 1: there is a path into it.
    """
    S, rows = len(target), len(first) - 1
    start = np.zeros(S + 1, np.int64)
    for k in range(len(reached)):
        start[reached[k] + 1] += 1
    for n in range(S):
        start[n + 1] += start[n]
    comes_from = np.zeros(len(reached), np.int64)
    free = start.copy()
    for row in range(rows):
        for k in range(first[row], first[row + 1]):
            n = reached[k]
            comes_from[free[n]] = row
            free[n] += 1
    missing = np.full(S, needed)
    counted = np.zeros(rows, np.bool_)
    inside = target.copy()
    waiting = np.zeros(S, np.int64)
    end = 0
    for s in range(S):
        if inside[s]:
            waiting[end] = s
            end += 1
    begin = 0
    while begin < end:
        n = waiting[begin]
        begin += 1
        for k in range(start[n], start[n + 1]):
            row = comes_from[k]
            s = row // A
            if counted[row] or barred[s]:
                continue
            counted[row] = True
            missing[s] -= 1
            if missing[s] == 0 and not inside[s]:
                inside[s] = True
                waiting[end] = s
                end += 1
    return inside


attractor = compiled(_attractor, "b1[1] (b1[1], b1[1], i8[1], i8[1], i8, i8)")
