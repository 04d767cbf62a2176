"""Reachability on a graph of states and actions.

Row s*A+a of the graph lists the possible next states of action a in s: reached[first[row] : first[row + 1]].
"""

import numpy as np

from ..base.compiling import compiled
from .finite import expectation


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


def _avoid_probability(P, safe, lost, start, slack, rounds):
    """p[s], the largest probability of avoiding failure, and choice[s], by policy iteration from the actions `start`.

    p is 1 on `safe` states and 0 on `lost` ones; between them every policy leaves, so that I - P is an M-matrix, and
    elimination needs no exchange of rows. An action is replaced by one that is better by more than `slack`.
    """
    S, A = P.shape[0], P.shape[1]
    zero = P[0, 0, 0] * 0
    choice = start.copy()
    p = np.zeros(S, P.dtype)
    for _ in range(rounds):
        M = np.zeros((S, S), P.dtype)
        for s in range(S):
            M[s, s] = zero + 1
            p[s] = zero + 1 if safe[s] else zero
            if not safe[s] and not lost[s]:
                for n in range(S):
                    M[s, n] -= P[s, choice[s], n]
        for k in range(S):
            for s in range(k + 1, S):
                if M[s, k] != 0 and M[k, k] != 0:
                    factor = M[s, k] / M[k, k]
                    for n in range(k, S):
                        M[s, n] -= factor * M[k, n]
                    p[s] -= factor * p[k]
        for s in range(S - 1, -1, -1):
            for n in range(s + 1, S):
                p[s] -= M[s, n] * p[n]
            if M[s, s] != 0:
                p[s] /= M[s, s]
        changed = False
        for s in range(S):
            if not safe[s] and not lost[s]:
                best = expectation(P[s, choice[s]], p) + slack
                for a in range(A):
                    ahead = expectation(P[s, a], p)
                    if ahead > best:
                        best = ahead
                        choice[s] = a
                        changed = True
        if not changed:
            break
    return p, choice


avoid_probability = compiled(_avoid_probability, "f8[1]&i8[1] (f8[3], b1[1], b1[1], i8[1], f8, i8)")


def _shortest_paths(indices, indptr, owner, goal, allowed):
    """The first row `choice[s]` of each state on a shortest path to the goal, -1 without one and in the goal itself.

    The rows belong to the states owner[row]; those that are not allowed are left out. Also the length of each path, -1
    without one, and the states in the order of these lengths, those without a path last.
    """
    S, rows = len(goal), len(owner)
    start = np.zeros(S + 1, np.int64)
    for row in range(rows):
        if allowed[row]:
            for k in range(np.int64(indptr[row]), np.int64(indptr[row + 1])):
                start[indices[k] + 1] += 1
    for n in range(S):
        start[n + 1] += start[n]
    arriving = np.zeros(start[S], np.int64)
    free = start.copy()
    for row in range(rows):
        if allowed[row]:
            for k in range(np.int64(indptr[row]), np.int64(indptr[row + 1])):
                n = indices[k]
                arriving[free[n]] = row
                free[n] += 1
    choice = np.full(S, -1, np.int64)
    distance = np.full(S, -1, np.int64)
    order = np.zeros(S, np.int64)
    end = 0
    for s in range(S):
        if goal[s]:
            order[end] = s
            distance[s] = 0
            end += 1
    begin = 0
    while begin < end:
        n = order[begin]
        begin += 1
        for k in range(start[n], start[n + 1]):
            row = arriving[k]
            s = owner[row]
            if distance[s] < 0:
                distance[s] = distance[n] + 1
                choice[s] = row
                order[end] = s
                end += 1
            elif distance[s] == distance[n] + 1 and row < choice[s]:
                choice[s] = row
    for s in range(S):
        if distance[s] < 0:
            order[end] = s
            end += 1
    return choice, distance, order


shortest_paths = compiled(_shortest_paths, "i8[1]&i8[1]&i8[1] (u4[1], u4[1], i8[1], b1[1], b1[1])")
