"""Grids on linear-quadratic problems with one control, around the origin."""

import numpy as np

from ...base.arrays import like, objects, rational
from ...instances import grid
from ...instances.instance import Instance
from ...model import LinearQuadratic


def around_zero(n, spacing, pattern):
    """n numbers, evenly spaced around 0."""
    return spacing * (like(2 * np.arange(n) - (n - 1), pattern) / 2)


def laid(cart, n, h, count, delta):
    """The grid with n points per axis, h apart, and `count` controls, delta apart."""
    edge = like(np.ones(len(cart.A), dtype=int), cart.A) * h * (n - 1) / 2
    controls = around_zero(count, delta, cart.A)[:, None]
    return grid(cart.problem(-edge, edge, controls[0], controls[-1]), n, controls)


def serving(cart, n, h, count):
    """The spacing at which one of `count` controls is within half a step of the optimal one at every point."""
    return abs(cart.feedback).sum() * h * (n - 1) / count


def instance(cart, n, h, count, delta=None):
    delta = serving(cart, n, h, count) if delta is None else delta
    return Instance(mdp=laid(cart, n, h, count, delta).finite, cart=cart, n=n, h=h, count=count, delta=delta)


def points(m):
    axes = [around_zero(m.n, m.h, m.cart.A)] * len(m.cart.A)
    return np.stack([each.ravel() for each in np.meshgrid(*axes, indexing="ij")], axis=1)


def dead_beat(h, closer=1):
    """Control is free and could bring the position to 0 in one step; every control leads to the middle of a cell."""
    h = rational(h)
    return instance(LinearQuadratic.from_value([[1]], [[1]], [[2]], [[0]], "9/10"), 5, h, 4, h / closer)


VALUES = {
    "1/10": ([["17/20", "41/100"], ["41/100", "99/100"]], "1/10"),
    "1/2": ([["29/20", "7/20"], ["7/20", "4/5"]], "1/20"),
}
"""P and R for each length of a step: Q is then the identity times it to two digits, and positive semidefinite."""


def double_integrator(n, dt):
    """A cart with a time step of dt seconds, within 1 metre of the origin at up to 1 metre per second."""
    (P, R), step = VALUES[dt], rational(dt)
    cart = LinearQuadratic.from_value([[1, step], [0, 1]], [[step**2 / 2], [step]], P, [[R]], "9/10")
    return instance(cart, n, rational(2) / (n - 1), n - 1).replace(dt=dt)


def undiscounted():
    """P = 2 with Q = 4/3 and R = 1 solves the equation for gamma = 1; the costs are discounted by 1/2."""
    matrices = (objects([[entry]]) for entry in (1, 1, "4/3", 1, 2))
    return instance(LinearQuadratic(*matrices, rational("1/2")), 9, rational("1/4"), 9)
