"""Inverse constraint learning as a game between constrained learners and a constraint player."""

from dataclasses import dataclass, replace

import numpy as np

from ..base.arrays import objects, rational, zeros
from ..base.errors import InvalidModel
from ..base.types import Number, Numbers
from ..exact.linear import solve_linear
from ..model.mdp import MDP
from .constrained_planning import ConstrainedPlanning

GRID = 2**20
"""Constraints are rounded to multiples of 1/GRID: exact gradient steps would double the digits of every round."""


@dataclass(frozen=True, eq=False)
class Rounds:
    """The play: constraints `constraints[t,s]` in [0, 1], and best responses `learners[t,k,s,a]`."""

    constraints: np.ndarray
    learners: np.ndarray


def constraint_game(problem: MDP, rewards: Numbers, experts: Numbers, rounds: int, step: Number) -> Rounds:
    """Projected gradient ascent of the constraint against constrained best responses.

    Args:
        problem: a rational Discounted MDP; its own reward is not used.
        rewards: `rewards[k,s,a]`, known, one per task.
        experts: `experts[k,s,a]`, the expert's policy for each task.
        rounds: number of rounds. step: step size of the gradient ascent, a rational.

    Round t: the learner of task k maximises its reward among policies of cost c_t at most its expert's, and
    c_{t+1} = c_t + step g_t, clipped to [0, 1] and rounded to the grid; c_0 = 0. Here g_t[s] is the learners' minus the
    experts' occupancy of s, summed over tasks, which is the gradient of the constraint player's payoff.
    Raises: InvalidModel for inconsistent shapes.
    Source: adapted from Kim, Swamy, Liu, Zhao, Choudhury and Wu, 2023; Zinkevich, 2003.
    """
    rewards, experts, step = objects(rewards), objects(experts), rational(step)
    if rewards.shape != experts.shape or rewards.shape[1:] != problem.r.shape:
        raise InvalidModel(
            f"rewards and experts have shapes {rewards.shape} and {experts.shape}; expected (k, {problem.S}, {problem.A})"
        )
    tasks = [replace(problem, r=reward) for reward in rewards]
    shown = [state_visits(problem, table) for table in experts]
    c, constraints, learners = zeros(problem.S, problem.P), [], []
    for _ in range(rounds):
        cost = np.repeat(c[:, None], problem.A, axis=1)[None]
        answers = [_answer(task, cost, c @ visits) for task, visits in zip(tasks, shown, strict=True)]
        constraints.append(c)
        learners.append(answers)
        gradient = sum(state_visits(problem, table) for table in answers) - sum(shown)
        c = gradient_step(c, gradient, step)
    return Rounds(objects(constraints), objects(learners))


def state_visits(problem: MDP, table):
    """Discounted state occupancy of a policy's table, exact, `[s]`."""
    chain = (table[:, :, None] * problem.P).sum(axis=1)
    return solve_linear((np.eye(problem.S, dtype=int) - problem.horizon.gamma * chain).T, problem.rho)


def _answer(task, cost, limit):
    return ConstrainedPlanning(cost, objects([limit])).run(task).require(0).policy.table


def gradient_step(c, gradient, step):
    """c + step gradient, clipped to [0, 1] and rounded to the nearest multiples of 1/GRID."""
    return objects([(x * GRID + rational("1/2")).floor() for x in np.clip(c + step * gradient, 0, 1)]) / GRID
