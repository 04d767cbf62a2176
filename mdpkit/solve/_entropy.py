"""The distribution of highest entropy among the equilibria of a one-shot game, by a convex dual, in floats."""

import numpy as np

BARRIERS = 4.0 ** -np.arange(24)
"""Weights of the logarithmic barrier, one Newton phase each."""


def highest_entropy(rows, slack=1e-10):
    """Maximise the entropy of x subject to rows x <= slack: x[j] and multipliers y[row] >= 0.

    x is proportional to exp(-rows' y), where y minimises log sum exp(-rows' y) + slack sum y. For every y >= 0 that
    logarithm, without the last term, is an upper bound on the entropy of distributions without a positive row.
    """
    scale = max(np.abs(rows).max(initial=0.0), 1e-300)
    G = rows / scale
    m = len(G)
    y = np.ones(m)
    for weight in BARRIERS:
        for _ in range(50):
            x = _law(G, y)
            slope = slack - G @ x - weight / y
            moved = G * x
            curve = moved @ G.T - np.outer(G @ x, G @ x) + np.diag(weight / y**2)
            step = -np.linalg.lstsq(curve, slope, rcond=None)[0]
            size = min(1.0, 0.99 / max(np.max(-step / y, initial=0.0), 1e-300))
            now = _objective(G, y, slack, weight)
            while size > 1e-12 and _objective(G, y + size * step, slack, weight) > now + 1e-4 * size * (slope @ step):
                size /= 2
            y = y + size * step
            if -(slope @ step) < 1e-3 * weight:
                break
    return _law(G, y), y / scale


def _law(G, y):
    score = -(y @ G)
    x = np.exp(score - score.max())
    return x / x.sum()


def _objective(G, y, slack, weight):
    score = -(y @ G)
    return score.max() + np.log(np.exp(score - score.max()).sum()) + slack * y.sum() - weight * np.log(y).sum()
