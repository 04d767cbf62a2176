"""Experts of twins: stationary deterministic policies of their environments."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from ..instances.grid import Grid
from ..model.continuous import ContinuousProblem
from ..model.linear_quadratic import LinearQuadratic
from ..solve import solve


@dataclass(frozen=True)
class Feedback:
    """A stationary deterministic policy, with the protocol of every policy.

    Args: rule: `rule(obs)`, the actions `[k]` or `[k,j]` at observations `obs[k,...]`.

    >>> Feedback(lambda obs: -obs).sample(np.array([[2.0]]), 0, np.array([[0.5]]))
    array([[-2.]])
    """

    rule: Callable[[np.ndarray], np.ndarray]

    def start(self, u: float) -> Self:
        """The policy of an episode: the policy itself."""
        return self

    def sample(self, obs: np.ndarray, t: int | np.ndarray, u: np.ndarray) -> np.ndarray:
        """The actions at observations, whatever the step and the uniform numbers."""
        return self.rule(np.asarray(obs))


def linear(lq: LinearQuadratic, problem: ContinuousProblem) -> Feedback:
    """The optimal control K x, clipped to the bounds."""
    return Feedback(lambda x: np.clip(x @ lq.feedback.T, problem.control_low, problem.control_high))


def brake(dt: float) -> Feedback:
    """Accelerate the double integrator away from the wall while it approaches, then stop it: the largest margin."""
    return Feedback(lambda x: np.where(x[:, 1:] < 0, 1.0, np.clip(-x[:, 1:] / dt, -1, 1)))


def evade() -> Feedback:
    """Drive the Dubins car straight on if it moves away from the origin, else turn to the better side at full rate."""

    def rule(x):
        east, north = np.cos(x[:, 2]), np.sin(x[:, 2])
        left, right = (np.abs(np.hypot(x[:, 0] - side * north, x[:, 1] + side * east) - 1) for side in (1, -1))
        turn = np.where(left >= right, 1.0, -1.0)
        return np.where(x[:, 0] * east + x[:, 1] * north >= 0, 0.0, turn)[:, None]

    return Feedback(rule)


def swing_up(grid: Grid) -> Feedback:
    """The greedy policy of the pendulum's value on a grid, at observations (cos, sin, speed)."""
    V = solve(grid.finite).value.mid

    def rule(obs):
        return grid.greedy(V, np.stack([np.arctan2(obs[:, 1], obs[:, 0]), obs[:, 2]], axis=1))

    return Feedback(rule)


def row_by_row(right: Callable[[np.ndarray], object]) -> Feedback:
    """The right action of each observation."""
    return Feedback(lambda obs: np.array([right(row) for row in obs]))
