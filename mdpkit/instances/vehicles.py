"""Vehicles with a safety margin in continuous time: a braking cart, a turning car, and an inverted rod."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..model.continuous import ContinuousProblem


class Vehicle(NamedTuple):
    """A problem with a margin, and its closed forms in continuous time.

    Args:
        problem: a ContinuousProblem.
        value: `value(x)`, the largest achievable minimum margin `[b]` at states `x[b,i]`; None if unknown.
        doomed: `doomed(x)`, `[b]`, True where failure is inevitable; None if unknown.
    """

    problem: ContinuousProblem
    value: Callable[[np.ndarray], np.ndarray] | None
    doomed: Callable[[np.ndarray], np.ndarray] | None


def braking_cart(dt: float = 0.02, brake: float = 1.0) -> Vehicle:
    """Double integrator that must keep p >= 0 m, acceleration at most `brake` m/s^2.

    The safety value is p - min(v, 0)^2 / (2 brake): failure is inevitable exactly if that is negative.

    >>> braking_cart().value(np.array([[0.5, -1.0]]))
    array([0.])
    """

    def step(x, u):
        return np.stack([x[:, 0] + x[:, 1] * dt + u[:, 0] * dt**2 / 2, x[:, 1] + u[:, 0] * dt], axis=1)

    def value(x):
        return x[:, 0] - np.minimum(x[:, 1], 0) ** 2 / (2 * brake)

    box = [-0.5, -1.5], [1.5, 1.5], [-brake], [brake]
    problem = ContinuousProblem(step, *box, margin=lambda x: x[:, 0], outside=value, dt=dt)
    return Vehicle(problem, value, lambda x: value(x) < 0)


def dubins_car(dt: float = 0.05) -> Vehicle:
    """Dubins car at 1 m/s, turn rate up to 1 rad/s, to stay 1 m away from the origin; position and periodic heading.

    Moving away from the origin it is safe, and its value is the current margin. Approaching, it is optimal to
    turn in one direction at the maximum rate until it moves away: the value is then the maximum over both directions of
    |d - 1| - 1, d the distance from the origin to the turn's centre. Failure is inevitable exactly if this is negative.
    """

    def step(x, u):
        turn, angle = u[:, 0] * dt, x[:, 2]
        along = dt * np.sinc(turn / (2 * np.pi))  # the chord of an arc of length dt
        middle = angle + turn / 2
        return np.stack([x[:, 0] + along * np.cos(middle), x[:, 1] + along * np.sin(middle), angle + turn], axis=1)

    def margin(x):
        return np.hypot(x[:, 0], x[:, 1]) - 1

    def value(x):
        east, north = np.cos(x[:, 2]), np.sin(x[:, 2])
        left, right = (np.hypot(x[:, 0] - side * north, x[:, 1] + side * east) for side in (1, -1))
        turning = np.maximum(np.abs(left - 1), np.abs(right - 1)) - 1
        return np.where(x[:, 0] * east + x[:, 1] * north >= 0, margin(x), turning)

    problem = ContinuousProblem(
        step,
        [-3.0, -3.0, -np.pi],
        [3.0, 3.0, np.pi],
        [-1.0],
        [1.0],
        margin=margin,
        outside=value,
        periodic=[False, False, True],
        dt=dt,
    )
    return Vehicle(problem, value, lambda x: value(x) < 0)


def inverted_rod(dt: float = 0.05, torque: float = 2.0) -> Vehicle:
    """Rod of gymnasium's Pendulum near its upright position, angle'' = 15 sin(angle) + 3 u, to keep |angle| <= 1 rad.

    Gravity exceeds the torque beyond angle c, 15 sin(c) = 3 torque. Against a fall to the right full torque to the left
    conserves w^2 / 2 + g(angle), g = 15 cos(angle) + 3 torque angle, so that it is stopped before c exactly if
    w <= sqrt(2 (g(c) - g(angle))) left of c, and brought back exactly if w <= -sqrt(2 (g(c) - g(angle))) right of c.
    Failure is inevitable exactly if |angle| > 1, or this or its mirror image fails. `value` is None.

    Steps are those of the fourth-order Runge-Kutta method.
    """
    a, b = 15.0, 3.0 * torque
    c = np.arcsin(min(b / a, 1.0))

    def rate(x, u):
        return np.stack([x[:, 1], a * np.sin(x[:, 0]) + 3.0 * u[:, 0]], axis=1)

    def step(x, u):
        first = rate(x, u)
        second = rate(x + first * dt / 2, u)
        third = rate(x + second * dt / 2, u)
        return x + (first + 2 * second + 2 * third + rate(x + third * dt, u)) * dt / 6

    def falls_right(angle, w):
        left = np.maximum(a * (np.cos(c) - np.cos(angle)) + b * (c - angle), 0)  # g(c) - g(angle), at least 0
        return w > np.where(angle <= c, 1, -1) * np.sqrt(2 * left)

    def is_doomed(x):
        angle, w = x[:, 0], x[:, 1]
        return (np.abs(angle) > 1) | falls_right(angle, w) | falls_right(-angle, -w)

    def margin(x):
        return 1 - np.abs(x[:, 0])

    problem = ContinuousProblem(
        step, [-1.2, -7.0], [1.2, 7.0], [-torque], [torque], margin=margin, outside=lambda x: x[:, 0] * 0 - 0.2, dt=dt
    )
    return Vehicle(problem, None, is_doomed)
