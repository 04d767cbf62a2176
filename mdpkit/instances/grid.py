"""Discretise a continuous control problem by multilinear interpolation on a grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..base.arrays import freeze, is_exact, like, objects, zeros
from ..base.errors import InvalidModel
from ..base.interval import Interval, Quantity
from ..base.record import numbers
from ..base.tolerance import UNIT
from ..model.continuous import ContinuousProblem
from ..model.margin import MarginProblem
from ..model.mdp import MDP
from ..model.policy import TabularPolicy

ROUNDINGS = 32
"""Number of roundings within which a successor counts as a grid point."""

LARGEST_DENSE = 2**16
"""Float transition laws with more entries are stored sparse."""


def grid(problem: ContinuousProblem, shape: int | Sequence[int], controls: int | Sequence[Any] | np.ndarray) -> "Grid":
    """The finite problem on the grid points, where a step leads to the corners of the cell that contains its successor.

    Args:
        problem: a ContinuousProblem.
        shape: number of points on each axis, at least 2; both ends are grid points (one, if the axis is periodic).
        controls: `controls[a,j]`, one row per action; or the number of evenly spaced controls on each axis, an integer
            or a tuple.

    The corners' weights are those of multilinear interpolation: products over the axes, so that a step's mean is the
    continuous successor and its coordinates are independent, with variance h_i^2 w_i (1 - w_i) on axis i. The grid's
    Bellman operator is that of an MDP: a contraction with the same discount, whose value interpolates to a function on
    the box. Linear functions are interpolated exactly, convex ones never too low, and a quadratic x'Px too high by
    sum_i P_ii h_i^2 w_i (1 - w_i), whatever its cross terms. Hence the error of the optimal value is of second order in
    the spacing where the value is smooth and the controls are as fine, of first order at its kinks.

    Steps that leave the box are projected onto it; if the problem has an `outside`, they terminate instead, in an
    additional last state (MDP) or by `ended` (MarginProblem).

    Floats within 32 roundings of a grid point, relative to the ends of the box, count as that point: on a decimal
    spacing a step from point to point would else leave a weight of 1e-13 on a neighbour, and no set of points would
    surely be kept.

    Rational if the problem and its functions are; large float laws are stored sparse.

    Raises: InvalidModel for inconsistent sizes, controls outside their box, or functions that return other shapes.
    Source: adapted from Kushner and Dupuis, 1992; Davies, 1996.

    >>> from mdpkit.model import Discounted
    >>> step, reward = lambda x, u: x / 2, lambda x, u: -x[:, 0] ** 2
    >>> half = ContinuousProblem(step, [-1], [1], [0], [0], reward=reward, horizon=Discounted(0.5))
    >>> grid(half, 3, 1).finite.P[0, 0]
    array([0.5, 0.5, 0. ])
    """
    return Grid(problem, shape, controls)


@dataclass(frozen=True, eq=False, repr=False)
class Grid:
    """A grid on a continuous problem, made by `grid`; `finite` is the problem on it."""

    problem: ContinuousProblem
    shape: tuple[int, ...]
    controls: np.ndarray

    def __post_init__(self) -> None:
        low, exact = self.problem.low, self.problem.exact
        object.__setattr__(self, "shape", _counts("shape", self.shape, len(low), 2 - self.problem.periodic.astype(int)))
        controls = self.controls
        if isinstance(controls, int | np.integer | tuple):
            ends = self.problem.control_low, self.problem.control_high
            counts = _counts("controls", controls, len(ends[0]), np.ones(len(ends[0]), dtype=int))
            axes = [_space(a, b, n) for a, b, n in zip(*ends, counts, strict=True)]
            controls = _product(axes)
        controls = numbers("controls", controls, exact, "aj")
        if controls.shape[1:] != self.problem.control_low.shape or len(controls) == 0:
            raise InvalidModel(
                f"controls has shape {controls.shape}; expected at least one row of {len(self.problem.control_low)}"
            )
        outside = np.asarray(
            (controls < self.problem.control_low) | (controls > self.problem.control_high), dtype=bool
        ).any(axis=1)
        if outside.any():
            raise InvalidModel(
                f"controls[{int(np.flatnonzero(outside)[0])}] is {controls[outside][0]}; expected controls inside their box"
            )
        object.__setattr__(self, "controls", freeze(controls))

    @property
    def S(self) -> int:
        """Number of grid points; the MDP has one more state if the problem terminates outside the box."""
        return prod(self.shape)

    @property
    def A(self) -> int:
        return len(self.controls)

    @cached_property
    def spacing(self) -> np.ndarray:
        """h_i, `[i]`."""
        width, cells = self.problem.high - self.problem.low, np.array(self.shape) - ~self.problem.periodic
        return freeze(width / (objects(cells) if self.problem.exact else cells))

    @cached_property
    def points(self) -> np.ndarray:
        """The grid points `[s,i]`, the last axis running fastest."""
        steps = [like(np.arange(n), self.problem.low) for n in self.shape]
        return freeze(_product([a + h * k for a, h, k in zip(self.problem.low, self.spacing, steps, strict=True)]))

    def weights(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Corners of the cells that contain the states `x[b,i]`, and their weights, both `[b,c]` with 2^i corners.

        States outside the box are projected onto it.
        """
        exact = is_exact(self.problem.low)
        at = (self.problem.confine(x) - self.problem.low) / self.spacing
        if not exact:  # a point that differs from a grid point by rounding is that point: surely reached, with weight 1
            slack = ROUNDINGS * UNIT * (np.abs(x) + np.abs(self.problem.low) + np.abs(self.problem.high)) / self.spacing
            at = np.where(np.abs(at - np.rint(at)) <= slack, np.rint(at), at)
        last = np.array(self.shape) - 1 - ~self.problem.periodic
        whole = (
            np.vectorize(lambda number: int(number.floor()), otypes=[np.int64])(at)
            if exact
            else np.floor(at).astype(np.int64)
        )
        cell = np.clip(whole, 0, last)
        part = at - (objects(cell) if exact else cell)
        corners, weights = [], []
        for corner in product((0, 1), repeat=len(self.shape)):
            index = [(cell[:, i] + c) % n for i, (c, n) in enumerate(zip(corner, self.shape, strict=True))]
            corners.append(np.ravel_multi_index(index, self.shape))
            weights.append(prod(part[:, i] if c else 1 - part[:, i] for i, c in enumerate(corner)))
        return np.stack(corners, axis=1), np.stack(weights, axis=1)

    @cached_property
    def finite(self) -> MDP | MarginProblem:
        """The finite problem; its action a is `controls[a]`, its state s is `points[s]`."""
        x = np.repeat(self.points, self.A, axis=0)
        u = np.tile(self.controls, (self.S, 1))
        following = _check_shape("step", self.problem.step(x, u), x.shape)
        gone = np.zeros(len(x), dtype=bool) if self.problem.outside is None else self.problem.leaves(following)
        corners, weights = self.weights(following)
        after = zeros(len(x), following)
        if gone.any():
            after[gone] = _check_shape("outside", self.problem.outside(following[gone]), (int(gone.sum()),))
        if self.problem.margin is not None:
            margin = _check_shape("margin", self.problem.margin(self.points), (self.S,))
            return MarginProblem(margin, self._law(corners, weights, ~gone, self.S), after.reshape(self.S, self.A))
        S, horizon = self.S + gone.any(), self.problem.horizon
        r = _check_shape("reward", self.problem.reward(x, u), (len(x),)) + getattr(horizon, "gamma", 1) * after
        if gone.any():  # one more state, in which nothing is collected
            corners = np.concatenate(
                [np.where(gone[:, None], self.S, corners), np.full((self.A, corners.shape[1]), self.S)]
            )
            weights = np.concatenate([weights, weights[gone][:1].repeat(self.A, axis=0)])
            r = np.concatenate([r, zeros(self.A, r)])
        law = self._law(corners, weights, np.ones(len(corners), dtype=bool), S)
        return MDP(law, r.reshape(S, self.A), self._start(S), horizon=horizon)

    def _law(self, corners, weights, rows, S):
        count = len(corners)
        if is_exact(weights) or count * S <= LARGEST_DENSE:
            P = zeros((count, S), weights)
            np.add.at(P, (np.flatnonzero(rows)[:, None], corners[rows]), weights[rows])
            return P.reshape(S, self.A, S)
        from scipy.sparse import csr_array

        first = np.concatenate([[0], np.cumsum(np.where(rows, corners.shape[1], 0))])
        P = csr_array((weights[rows].ravel(), corners[rows].ravel(), first), shape=(count, S))
        P.sum_duplicates()
        P.eliminate_zeros()
        return P

    def _start(self, S):
        """Initial distribution: each grid point's mean weight over the box of initial states."""
        axes = []
        for i, n in enumerate(self.shape):
            low, high, h = self.problem.start_low[i], self.problem.start_high[i], self.spacing[i]
            at = self.problem.low[i] + h * like(np.arange(n + 1), self.problem.low)
            mean = zeros(n, self.problem.low)
            cells = n if self.problem.periodic[i] else n - 1
            for k in range(cells):
                a, b = max(low, at[k]), min(high, at[k + 1])
                inside = low == high and at[k] <= low and (low < at[k + 1] or k == cells - 1)
                if b > a or inside:
                    share = 1 if inside else (b - a) / (high - low)
                    right = min(max(((a + b) / 2 - at[k]) / h, 0), 1)  # beyond by rounding
                    mean[k] += share * (1 - right)
                    mean[(k + 1) % n] += share * right
            axes.append(mean)
        rho = zeros(S, self.problem.low)
        rho[: self.S] = _product(axes).prod(axis=1)
        return rho

    # ---- back to the box
    def read(self, values: Quantity, x: ArrayLike) -> np.ndarray | Interval:
        """Interpolate values of the grid points at states `x[b,i]`; a value of the outside state is ignored.

        Args: values: `[s]`, or an Interval.
        """
        corners, weights = self.weights(np.asarray(x))
        if isinstance(values, Interval):
            at = values[corners.ravel()].reshape(*corners.shape)
            return (at * (Interval(weights) if at.exact else weights)).sum(axis=1)
        return (np.asarray(values)[corners] * weights).sum(axis=1)

    def law(self, policy: TabularPolicy, x: ArrayLike) -> np.ndarray:
        """Action probabilities `[b,a]` of a grid policy at states `x[b,i]`, averaged over the corners."""
        corners, weights = self.weights(np.asarray(x))
        return (weights[:, :, None] * policy.table[corners]).sum(axis=1)

    def greedy(self, values: np.ndarray, x: ArrayLike) -> np.ndarray:
        """Greedy control `[b,j]` at states `x[b,i]` with respect to the interpolated value.

        Args: values: `[s]`, numbers.
        """
        x, A = np.asarray(x), self.A
        many, u = np.repeat(x, A, axis=0), np.tile(self.controls, (len(x), 1))
        following = self.problem.step(many, u)
        ahead = self.read(values, following)
        if self.problem.outside is not None:
            gone = self.problem.leaves(following)
            ahead[gone] = self.problem.outside(following[gone])
        if self.problem.reward is not None:
            ahead = self.problem.reward(many, u) + getattr(self.problem.horizon, "gamma", 1) * ahead
        return self.controls[ahead.reshape(len(x), A).argmax(axis=1)]

    def __repr__(self):
        return f"Grid({' x '.join(map(str, self.shape))} points, {self.A} controls, {self.problem!r})"


def _counts(name, given, axes, least):
    counts = (given,) * axes if isinstance(given, int | np.integer) else tuple(given)
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in counts)
    if len(counts) != axes or not whole or any(n < m for n, m in zip(counts, least, strict=True)):
        raise InvalidModel(f"{name} is {given!r}; expected {axes} integers, at least {tuple(map(int, least))}")
    return tuple(int(n) for n in counts)


def _space(low, high, n):
    """n evenly spaced numbers from low to high; the midpoint if n = 1."""
    steps = like(np.arange(n), np.asarray(low, dtype=object if not isinstance(low, float) else float))
    return low + (high - low) * steps / (n - 1) if n > 1 else low + (high - low) * (steps + 1) / 2


def _product(axes):
    """Cartesian product of the axes, the last running fastest, `[s,i]`."""
    return np.stack([each.ravel() for each in np.meshgrid(*axes, indexing="ij")], axis=1)


def _check_shape(name, array, shape):
    array = np.asarray(array)
    if array.shape != shape:
        raise InvalidModel(f"{name} returned an array of shape {array.shape}; expected {shape}")
    return array
