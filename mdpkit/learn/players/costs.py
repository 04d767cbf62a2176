"""Classes of costs for the constraint player: a box over states, and costs that are monotone in a rank of the states.

They have the interface of reward classes; `BoxRewards(0, 1)`, `LinearRewards(features, 0, 1)` and `FiniteRewards` are
classes of costs too.
"""

from typing import Self

import numpy as np

from ...base.arrays import like, zeros
from ...base.errors import InvalidModel
from ...base.types import Array, record
from .rewards import _bound, _check_order, _Linear


@record(eq=False)
class StateCosts(_Linear):
    """All costs of states with lower <= c[s] <= upper, the same for every action and step; a point is `c[s]`.

    Args: lower, upper: numbers, or `[s]`.

    >>> StateCosts().sup(np.array([[0.25, 0.25], [0.25, -0.75]]))
    np.float64(0.5)
    """

    lower: Array = 0
    upper: Array = 1
    shape: tuple[int, ...] = ()

    def like(self, d: np.ndarray) -> Self:
        states = zeros(d.shape[-2], d)
        lower, upper = (_bound(name, getattr(self, name), states, states.shape) for name in ("lower", "upper"))
        _check_order(lower, upper)
        return type(self)(lower, upper, d.shape)

    def start(self) -> np.ndarray:
        return self.project(zeros(self.lower.shape, self.lower))

    def reward(self, point: np.ndarray) -> np.ndarray:
        return np.broadcast_to(point[:, None], self.shape).copy()

    def moments(self, difference: np.ndarray) -> np.ndarray:
        by_state = difference.sum(axis=-1)
        return by_state.sum(axis=0) if by_state.ndim == 2 else by_state

    def best(self, moments: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(moments > 0), self.upper, self.lower)

    def project(self, point: np.ndarray) -> np.ndarray:
        return np.minimum(np.maximum(point, self.lower), self.upper)


@record(eq=False)
class MonotoneCosts(_Linear):
    """All costs in [0, 1] of states that do not decrease with a rank, such as a speed; a point is `c[s]`.

    Args: rank: numbers `[s]`; states of equal rank have equal costs.

    The extreme points are thresholds: cost 1 from some rank on. Projection is isotonic regression by pooling adjacent
    violators, then clipping, exact on rationals.
    Source: adapted from Best and Chakravarti, 1990.

    >>> slow_to_fast = MonotoneCosts([0, 1, 2]).like(np.zeros((3, 1)))
    >>> slow_to_fast.best(np.array([-1.0, 0.5, 0.25])), slow_to_fast.project(np.array([0.5, 1.0, 0.0]))
    (array([0., 1., 1.]), array([0.5, 0.5, 0.5]))
    """

    rank: Array
    shape: tuple[int, ...] = ()
    pattern: Array = 0

    def like(self, d: np.ndarray) -> Self:
        rank = np.asarray(self.rank)
        if rank.shape != (d.shape[-2],) or rank.dtype.kind not in "iuf" or not np.isfinite(rank).all():
            raise InvalidModel(
                f"rank has shape {rank.shape}; expected a finite number for each of {d.shape[-2]} states"
            )
        return type(self)(rank, d.shape, zeros(1, d))

    def start(self) -> np.ndarray:
        return zeros(len(self.rank), self.pattern)

    reward, moments = StateCosts.reward, StateCosts.moments

    def best(self, moments: np.ndarray) -> np.ndarray:
        levels = np.unique(self.rank)
        gains = [moments[self.rank >= level].sum() for level in levels]
        best = max(range(len(levels)), key=gains.__getitem__)
        chosen = np.asarray(self.rank >= levels[best]) & bool(gains[best] > 0)
        return like(chosen.astype(int), moments)

    def project(self, point: np.ndarray) -> np.ndarray:
        blocks = []  # sum, number of states and levels of each block of equal costs, means increasing
        for level in np.unique(self.rank):
            members = np.flatnonzero(self.rank == level)
            blocks.append([point[members].sum(), len(members), [level]])
            while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
                total, count, levels = blocks.pop()
                blocks[-1] = [blocks[-1][0] + total, blocks[-1][1] + count, blocks[-1][2] + levels]
        fitted = zeros(len(point), point)
        for total, count, levels in blocks:
            fitted[np.isin(self.rank, levels)] = total / count
        return np.minimum(np.maximum(fitted, like(0, point)[()]), like(1, point)[()])
