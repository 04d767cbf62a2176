"""Grids on linear-quadratic problems with one control, around the origin."""

import numpy as np

from ....base.arrays import like, objects, rational
from ....base.errors import InvalidModel
from ....model import LinearQuadratic
from ...catalogue import Exact, expect_integer, named_instance
from ...grid import Grid, grid
from ...instance import Instance

VALUES = {
    "1/10": ([["17/20", "41/100"], ["41/100", "99/100"]], "1/10"),
    "1/2": ([["29/20", "7/20"], ["7/20", "4/5"]], "1/20"),
}
"""P and R of the cart by step length: Q is the step length times the identity to two digits, positive semidefinite."""


def around_zero(n, spacing, pattern) -> np.ndarray:
    """n numbers, evenly spaced around 0."""
    return spacing * (like(2 * np.arange(n) - (n - 1), pattern) / 2)


def controls_apart(cart, n, h, count):
    """The spacing at which one of `count` controls is within half a step of the optimal one at every point."""
    return abs(cart.feedback).sum() * h * (n - 1) / count


def grid_of(cart, n, h, count, delta) -> Grid:
    """The grid with n points per axis, h apart, and `count` controls, delta apart."""
    edge = like(np.ones(len(cart.A), dtype=int), cart.A) * h * (n - 1) / 2
    controls = around_zero(count, delta, cart.A)[:, None]
    return grid(cart.problem(-edge, edge, controls[0], controls[-1]), n, controls)


def points_of(m) -> np.ndarray:
    """The points `[s,k]` of an instance's grid."""
    axes = [around_zero(m.n, m.h, m.cart.A)] * len(m.cart.A)
    return np.stack([each.ravel() for each in np.meshgrid(*axes, indexing="ij")], axis=1)


def _instance(cart, n, h, count, delta=None):
    delta = controls_apart(cart, n, h, count) if delta is None else delta
    return Instance(mdp=grid_of(cart, n, h, count, delta).finite, cart=cart, n=n, h=h, count=count, delta=delta)


@named_instance
def dead_beat(h: Exact = 1, closer: Exact = 1) -> Instance:
    """A linear-quadratic problem on five points in which every control leads to the middle of a cell.

    Control is free and could bring the position to 0 in one step. The error of the grid's value is
    gamma h^2 tr P / (4 (1-gamma)) for the points, and as much for the controls: the bound of order h^2 is attained.

    Args:
        h: spacing of the points.
        closer: factor by which the controls are closer together than half a step from the best one allows.

    Returns: `mdp` on the grid, `cart` (the LinearQuadratic), and its sizes `n`, `h`, `count`, `delta`.
    Source: adapted from Kushner and Dupuis, 1992.

    >>> dead_beat("1/2").cart.gamma
    9/10
    """
    h = rational(h)
    cart = LinearQuadratic.from_value([[1]], [[1]], [[2]], [[0]], "9/10")
    return _instance(cart, 5, h, 4, h / rational(closer))


@named_instance
def lqr_cart(n: int = 3, dt: str = "1/2") -> Instance:
    """A double integrator with quadratic cost, on a grid of 1 metre and 1 metre per second around rest.

    Args:
        n: number of points per axis.
        dt: seconds per step, "1/2" or "1/10".

    Returns: `mdp` on the grid, `cart` (the LinearQuadratic), its sizes `n`, `h`, `count`, `delta`, and `dt`.
    Source: adapted from Kushner and Dupuis, 1992.

    >>> lqr_cart(3).mdp.A
    2
    """
    expect_integer("n", n, 2)
    if str(dt) not in VALUES:
        raise InvalidModel(f"dt is {dt!r}; expected {' or '.join(map(repr, VALUES))}")
    (P, R), step = VALUES[str(dt)], rational(dt)
    cart = LinearQuadratic.from_value([[1, step], [0, 1]], [[step**2 / 2], [step]], P, [[R]], "9/10")
    return _instance(cart, n, rational(2) / (n - 1), n - 1).replace(dt=str(dt))


@named_instance
def undiscounted_riccati() -> Instance:
    """A linear-quadratic problem whose P solves the Riccati equation without discount; its costs are discounted by 1/2.

    P = 2 with Q = 4/3 and R = 1 solves the equation for gamma = 1. The value of the grid is not near x'Px: the
    equation must be discounted.

    Returns: `mdp` on the grid, `cart` (the LinearQuadratic), and its sizes `n`, `h`, `count`, `delta`.
    Source: adapted from Kushner and Dupuis, 1992.

    >>> undiscounted_riccati().cart.P
    array([[2]], dtype=object)
    """
    matrices = (objects([[entry]]) for entry in (1, 1, "4/3", 1, 2))
    return _instance(LinearQuadratic(*matrices, rational("1/2")), 9, rational("1/4"), 9)
