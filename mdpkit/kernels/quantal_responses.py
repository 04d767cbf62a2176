"""Quantal response equilibria of zero-sum matrix games in batches; the row player receives `Q[a,b]` and maximises."""

import numpy as np

from ..base.compiling import compiled, inner


@inner
def respond(score, temperature, law):
    """Write the softmax of score / temperature into `law`.

    Returns: temperature log sum exp(score / temperature), and temperature times the entropy of the law.
    """
    highest = score[0]
    for a in range(len(score)):
        highest = max(highest, score[a])
    total = mean = score[0] * 0
    for a in range(len(score)):
        law[a] = np.exp((score[a] - highest) / temperature)
        total += law[a]
    for a in range(len(score)):
        law[a] /= total
        mean += law[a] * (score[a] - highest)
    most = temperature * np.log(total)
    return highest + most, most - mean


@inner
def mirror_descent(Q, temperature, tol, most, x, y, work):
    """Magnetic mirror descent with a uniform magnet, written into x and y.

    Returns: bounds on the regularised value max_x min_y x'Qy + temperature (H(x) - H(y)), and the iterations.

    The scores are temperature times the logarithms of the strategies: a step moves them towards the payoffs by the
    share eta temperature / (1 + eta temperature), with eta = temperature / radius^2
    for payoffs within an interval of this radius. Source: adapted from Sokota et al., 2023.
    """
    A, B = Q.shape
    zero = Q[0, 0] * 0
    scores, replies, spare = work[0, :A], work[1, :B], work[2]
    least = most_paid = Q[0, 0]
    for a in range(A):
        scores[a] = zero
        for b in range(B):
            least = min(least, Q[a, b])
            most_paid = max(most_paid, Q[a, b])
    for b in range(B):
        replies[b] = zero
    radius = (most_paid - least) / 2
    rate = temperature * temperature / (temperature * temperature + radius * radius)
    lower = upper = zero
    for used in range(most + 1):
        _, entropy = respond(scores, temperature, x)
        _, spread = respond(replies, temperature, y)
        for b in range(B):
            spare[b] = zero
            for a in range(A):
                spare[b] -= x[a] * Q[a, b]
            replies[b] += rate * (spare[b] - replies[b])
        soft, _ = respond(spare[:B], temperature, work[3, :B])
        low = entropy - soft
        for a in range(A):
            spare[a] = zero
            for b in range(B):
                spare[a] += Q[a, b] * y[b]
            scores[a] += rate * (spare[a] - scores[a])
        soft, _ = respond(spare[:A], temperature, work[3, :A])
        lower, upper = low, soft - spread
        if upper - lower <= tol or used == most:
            return lower, upper, used
    return lower, upper, most


def _quantal(payoff, temperature, tol, most):
    """Quantal response equilibria row[k,a], column[k,b], bounds on the regularised values, and the iterations."""
    N, A, B = payoff.shape
    lower = np.zeros(N, payoff.dtype)
    upper = np.zeros(N, payoff.dtype)
    row = np.zeros((N, A), payoff.dtype)
    column = np.zeros((N, B), payoff.dtype)
    used = np.zeros(N, np.int64)
    work = np.zeros((4, max(A, B)), payoff.dtype)
    for k in range(N):
        lower[k], upper[k], used[k] = mirror_descent(payoff[k], temperature, tol, most, row[k], column[k], work)
    return lower, upper, row, column, used


quantal = compiled(_quantal, "f8[1]&f8[1]&f8[2]&f8[2]&i8[1] (f8[3], f8, f8, i8)")
