"""Backward and forward passes over prefixes: states s with next[s,a] > s, S at the end of a response, -1 if missing."""

import numpy as np

from ..base.compiling import compiled


def _partition(following, reference, weights):
    """Z[s] = sum_a reference[s,a] weights[s,a] Z[next], of length S + 1 with Z[S] = 1."""
    S, A = reference.shape
    Z = np.zeros(S + 1, reference.dtype)
    Z[S] += 1
    for s in range(S - 1, -1, -1):
        for a in range(A):
            if following[s, a] >= 0:
                Z[s] += reference[s, a] * weights[s, a] * Z[following[s, a]]
    return Z


partition = compiled(_partition, "f8[1] (i8[2], f8[2], f8[2])")


def _soft(following, reference, reward, beta):
    """V[s], pi[s,a] and, for rounding bounds, sizes[s] and steps[s]: the largest sums along a path from s.

    V[s] = beta log sum_a reference e^((reward + V[next]) / beta), of length S + 1 with V[S] = 0. A state adds to its
    size the magnitudes that its soft maximum rounds: of its rewards, action values, their spread and its value.
    """
    S, A = reward.shape
    V = np.zeros(S + 1, reward.dtype)
    sizes = np.zeros(S + 1, reward.dtype)
    steps = np.zeros(S + 1, np.int64)
    pi = np.zeros((S, A), reward.dtype)
    for s in range(S - 1, -1, -1):
        found = False
        highest = lowest = largest = reward[s, 0] * 0
        for a in range(A):
            n = following[s, a]
            if n >= 0 and reference[s, a] > 0:
                q = reward[s, a] + V[n]
                pi[s, a] = q
                if not found or q > highest:
                    highest = q
                if not found or q < lowest:
                    lowest = q
                found = True
                largest = max(largest, abs(q) + abs(reward[s, a]))
                sizes[s] = max(sizes[s], sizes[n])
                steps[s] = max(steps[s], steps[n] + 1)
        total = highest * 0
        for a in range(A):
            if following[s, a] >= 0 and reference[s, a] > 0:
                pi[s, a] = reference[s, a] * np.exp((pi[s, a] - highest) / beta)
                total += pi[s, a]
        for a in range(A):
            pi[s, a] /= total
        V[s] = highest + beta * np.log(total)
        sizes[s] += highest - lowest + largest + abs(V[s])
    return V, pi, sizes, steps


soft = compiled(_soft, "f8[1]&f8[2]&f8[1]&i8[1] (i8[2], f8[2], f8[2], f8)")


def _visits(following, table):
    """d[s,a], the probability that a response passes through s and continues with a."""
    S, A = table.shape
    reach = np.zeros(S + 1, table.dtype)
    d = np.zeros((S, A), table.dtype)
    reach[0] += 1
    for s in range(S):
        for a in range(A):
            if following[s, a] >= 0:
                d[s, a] = reach[s] * table[s, a]
                reach[following[s, a]] += d[s, a]
    return d


visits = compiled(_visits, "f8[2] (i8[2], f8[2])")


def _path_sums(following, each):
    """Sum of each[s,a] along the prefix s and its continuation a, on a tree."""
    S, A = each.shape
    before = np.zeros(S + 1, each.dtype)
    total = np.zeros((S, A), each.dtype)
    for s in range(S):
        for a in range(A):
            if following[s, a] >= 0:
                total[s, a] = before[s] + each[s, a]
                before[following[s, a]] = total[s, a]
    return total


path_sums = compiled(_path_sums, "f8[2] (i8[2], f8[2])")


def _longest(following, each):
    """The largest sum of each[s,a] >= 0 along a continuation, `[s]` with an entry 0 for the end."""
    S, A = each.shape
    most = np.zeros(S + 1, each.dtype)
    for s in range(S - 1, -1, -1):
        for a in range(A):
            if following[s, a] >= 0:
                most[s] = max(most[s], each[s, a] + most[following[s, a]])
    return most


longest = compiled(_longest, "f8[1] (i8[2], f8[2])")
