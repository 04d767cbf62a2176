"""Projection onto probability simplices."""

import numpy as np

from ...base.arrays import is_exact, like


def onto_simplex(points, exists=None) -> np.ndarray:
    """Euclidean projection of every row of `points[...,k]` onto the distributions, by thresholding.

    Args: exists: boolean, broadcast against `points`; False at entries that stay 0.

    Source: Held, Wolfe and Crowder, 1974.

    >>> onto_simplex(np.array([0.75, 0.25, -1.0])), onto_simplex(np.array([3.0, 2.5]), np.array([False, True]))
    (array([0.75, 0.25, 0.  ]), array([0., 1.]))
    """
    if exists is not None:
        exists = np.broadcast_to(exists, points.shape)
        lowest = np.where(exists, points, points.min(axis=-1, keepdims=True)).max(axis=-1, keepdims=True) - 2
        points = np.where(exists, points, lowest)  # below every threshold, which is at least the largest entry minus 1
    falling = np.flip(np.sort(points, axis=-1), axis=-1)
    ranks = np.arange(1, points.shape[-1] + 1)
    thresholds = (np.cumsum(falling, axis=-1) - 1) / (ranks if not is_exact(points) else like(ranks, points))
    above = np.asarray(falling > thresholds, dtype=bool)
    kept = points.shape[-1] - 1 - np.argmax(above[..., ::-1], axis=-1)
    threshold = np.take_along_axis(thresholds, kept[..., None], axis=-1)
    return np.maximum(points - threshold, like(0, points)[()])
