"""Backward induction over H steps: optimal policies, without and with KL regularisation towards a reference policy."""

import numpy as np

from ..base.compiling import compiled, inner
from .finite import expectation


def _optimal(P, r, mask, H):
    """Optimal values V[t,s], t = 0..H with row H zero, and the first maximising existing action choice[t,s]."""
    S, A = r.shape[1], r.shape[2]
    V = np.zeros((H + 1, S), r.dtype)
    choice = np.zeros((H, S), np.int64)
    for t in range(H - 1, -1, -1):
        for s in range(S):
            found = False
            for a in range(A):
                if mask[s, a]:
                    q = r[t % len(r), s, a] + expectation(P[t % len(P), s, a], V[t + 1])
                    if not found or q > V[t, s]:
                        V[t, s] = q
                        choice[t, s] = a
                        found = True
    return V, choice


optimal = compiled(_optimal, "f8[2]&i8[2] (f8[4], f8[3], b1[2], i8)")


@inner
def tilt(Q, reference, temperature, pi):
    """Soft maximum temperature log sum_a reference[a] e^(Q[a] / temperature); writes its policy into `pi`."""
    highest, found = Q[0], False
    for a in range(len(Q)):
        if reference[a] > 0 and (not found or Q[a] > highest):
            highest, found = Q[a], True
    total = highest * 0
    for a in range(len(Q)):
        pi[a] = total * 0
        if reference[a] > 0:
            pi[a] = reference[a] * np.exp((Q[a] - highest) / temperature)
    for a in range(len(Q)):
        total += pi[a]
    for a in range(len(Q)):
        pi[a] /= total
    return highest + temperature * np.log(total)


def _soft_step(Q, reference, temperature):
    """Soft values v[s] and policy pi[s,a] for action values Q[s,a], on the support of reference[s,a]."""
    v = np.zeros(len(Q), Q.dtype)
    pi = np.zeros(Q.shape, Q.dtype)
    for s in range(len(Q)):
        v[s] = tilt(Q[s], reference[s], temperature, pi[s])
    return v, pi


soft_step = compiled(_soft_step, "f8[1]&f8[2] (f8[2], f8[2], f8)")


def _soft(P, r, reference, temperature, H):
    """V[t,s] and pi[t,s,a] that maximise E sum_t [ r - temperature KL(pi || reference) ]."""
    S, A = r.shape[1], r.shape[2]
    V = np.zeros((H + 1, S), r.dtype)
    pi = np.zeros((H, S, A), r.dtype)
    Q = np.zeros(A, r.dtype)
    for t in range(H - 1, -1, -1):
        for s in range(S):
            for a in range(A):
                Q[a] = r[t % len(r), s, a] + expectation(P[t % len(P), s, a], V[t + 1])
            V[t, s] = tilt(Q, reference[t % len(reference), s], temperature, pi[t, s])
    return V, pi


soft = compiled(_soft, "f8[2]&f8[3] (f8[4], f8[3], f8[3], f8, i8)")
