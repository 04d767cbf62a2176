"""Discounted problems, sparse (CSR), whose transitions stay near: elimination in a band, and Gauss-Seidel sweeps.

Row s*A+a of the matrix is the next-state distribution of action a in state s; `r` is -inf at missing actions.
"""

import numpy as np

from ..base.compiling import compiled


def _eliminate(data, indices, indptr, choice, A, g, rest, b, half):
    """The solution x of x = b + g P_choice x for transitions within `half`, by elimination without pivoting.

    A diagonal entry is kept as the sum of what leaves its state, `rest` = 1 - g included: no two numbers are
    subtracted, so that every entry of I - g P is accurate however close g is to 1.
    Source: Grassmann, Taksar and Heyman, 1985.
    """
    S = len(b)
    width = 2 * half + 1
    M = np.zeros((S, width), b.dtype)
    leave = np.zeros(S, b.dtype)
    x = b.copy()
    for s in range(S):
        leave[s] = rest
        row = s * A + choice[s]
        for k in range(indptr[row], indptr[row + 1]):
            n = np.int64(indices[k])
            if n != s:
                M[s, n - s + half] += g * data[k]
    for s in range(S):
        total = leave[s]
        for q in range(half + 1, width):
            total += M[s, q]
        M[s, half] = total
        for i in range(s + 1, min(S, s + half + 1)):
            share = M[i, s - i + half]
            if share != 0:
                share = share / total
                for q in range(half + 1, min(width, S - s + half)):
                    n = s + q - half
                    if n != i:
                        M[i, n - i + half] += share * M[s, q]
                leave[i] += share * leave[s]
                x[i] += share * x[s]
    for back in range(S):
        s = S - 1 - back
        total = x[s]
        for q in range(half + 1, min(width, S - s + half)):
            total += M[s, q] * x[s + q - half]
        x[s] = total / M[s, half]
    return x


eliminate = compiled(_eliminate, "f8[1] (f8[1], u4[1], u4[1], i8[1], i8, f8, f8, f8[1], i8)")


def _gauss_seidel(data, indices, indptr, r, V, g, passes):
    """V after Bellman backups in the order of the states, then in the reverse order, `passes` times.

    The action's own transition is solved for: V[s] = max_a (r + g sum_{n != s} p V[n]) / (1 - g p_s).
    """
    S, A = r.shape
    V = V.copy()
    least = 1 - g
    for sweep in range(2 * passes):
        for i in range(S):
            s = i if sweep % 2 == 0 else S - 1 - i
            best = V[s]
            first = True
            for a in range(A):
                row = s * A + a
                total = r[s, a]
                stay = V[0] * 0
                for k in range(indptr[row], indptr[row + 1]):
                    if indices[k] == s:
                        stay += data[k]
                    else:
                        total += g * data[k] * V[indices[k]]
                x = total / max(1 - g * stay, least)
                best = x if first or x > best else best
                first = False
            V[s] = best
    return V


gauss_seidel = compiled(_gauss_seidel, "f8[1] (f8[1], u4[1], u4[1], f8[2], f8[1], f8, i8)")


def _centre(data, indices, indptr, r, w, g, rest, each, own, pay):
    """R[s,a] = r - rest w[s] + g sum p (w[n] - w[s]), with rest = 1 - g, and a bound `wrong[s]` on its errors.

    The bound is the largest over a of each sum p |w[n] - w[s]| + own |w[s]| + pay |r|: differences are small where
    values change slowly from a state to its successors, however large they are.
    """
    S, A = r.shape
    R = np.zeros((S, A), w.dtype)
    wrong = np.zeros(S, w.dtype)
    for s in range(S):
        here = w[s]
        for a in range(A):
            paid = r[s, a]
            if paid - paid != 0:  # minus infinity: the action is missing
                R[s, a] = paid
                continue
            row = s * A + a
            total = size = here * 0
            for k in range(indptr[row], indptr[row + 1]):
                term = data[k] * (w[indices[k]] - here)
                total += term
                size += abs(term)
            R[s, a] = (paid - rest * here) + g * total
            wrong[s] = max(wrong[s], each * size + own * abs(here) + pay * abs(paid))
    return R, wrong


centred = compiled(_centre, "f8[2]&f8[1] (f8[1], u4[1], u4[1], f8[2], f8[1], f8, f8, f8, f8, f8)")
