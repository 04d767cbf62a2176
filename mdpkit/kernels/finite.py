"""Policy evaluation and occupancy measures over H steps."""

import numpy as np

from ..base.compiling import compiled, inner


@inner
def expectation(law, values):
    """sum_n law[n] values[n], without outcomes of probability 0."""
    total = law[0] * 0
    for n in range(len(law)):
        if law[n] != 0:
            total += law[n] * values[n]
    return total


def _policy_value(P, r, pi, H):
    """State values V[t,s] of a policy, t = 0..H with row H zero."""
    S, A = r.shape[1], r.shape[2]
    V = np.zeros((H + 1, S), r.dtype)
    for t in range(H - 1, -1, -1):
        for s in range(S):
            total = r[0, 0, 0] * 0
            for a in range(A):
                p = pi[t % len(pi), s, a]
                if p != 0:
                    total += p * (r[t % len(r), s, a] + expectation(P[t % len(P), s, a], V[t + 1]))
            V[t, s] = total
    return V


policy_value = compiled(_policy_value, "f8[2] (f8[4], f8[3], f8[3], i8)")


def _occupancy(P, rho, pi, H):
    """Occupancy d[t,s,a], the distribution of state and action at step t."""
    S, A = pi.shape[1], pi.shape[2]
    d = np.zeros((H, S, A), rho.dtype)
    state = rho.copy()
    for t in range(H):
        following = np.zeros(S, rho.dtype)
        for s in range(S):
            for a in range(A):
                d[t, s, a] = state[s] * pi[t % len(pi), s, a]
                if d[t, s, a] != 0:
                    law = P[t % len(P), s, a]
                    for n in range(S):
                        if law[n] != 0:
                            following[n] += d[t, s, a] * law[n]
        state = following
    return d


occupancy = compiled(_occupancy, "f8[3] (f8[4], f8[1], f8[3], i8)")
