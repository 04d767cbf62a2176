"""Inverse constraint learning as a game: policies earn what they can, a constraint player charges where experts never pay."""

from dataclasses import dataclass, replace

import numpy as np

from ..base.arrays import objects, rational, zeros
from ..base.errors import InvalidModel
from ..exact.linear import solve_linear
from ..model.mdp import MDP
from .constrained_planning import ConstrainedPlanning

GRID = 2**20
"""Constraints are rounded to multiples of 1/GRID: exact gradient steps would double the digits of every round."""


@dataclass(frozen=True, eq=False)
class Rounds:
    """What was played: `constraints[t,s]` in [0, 1], and the policies `learners[t,k,s,a]` that answered them."""

    constraints: np.ndarray
    learners: np.ndarray


def constraint_game(problem, rewards, experts, rounds, step) -> Rounds:
    """Play projected gradient ascent of the constraint against constrained optimal policies.

    Args:
        problem: a rational Discounted MDP; its own reward is not used.
        rewards: `rewards[k,s,a]`, known, one for each task.
        experts: `experts[k,s,a]`, the policy demonstrated for each task.
        rounds: how many constraints are played. step: the step of the gradient ascent, a rational.

    Round t: the learner of task k maximises its reward among policies that pay no more of c_t than its expert, and
    c_{t+1} = c_t + step g_t, clipped to [0, 1] and rounded to the grid; c_0 = 0. Here g_t[s] is how much oftener the
    learners visit s than the experts, summed over tasks, which is the gradient of what the constraint player gains.
    Raises: InvalidModel where the arrays' shapes disagree.
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
    """Discounted visits of every state under a policy's table, exact, `[s]`."""
    chain = (table[:, :, None] * problem.P).sum(axis=1)
    return solve_linear((np.eye(problem.S, dtype=int) - problem.horizon.gamma * chain).T, problem.rho)


def _answer(task, cost, limit):
    return ConstrainedPlanning(cost, objects([limit])).run(task).require(0).policy.table


def gradient_step(c, gradient, step):
    """c + step gradient, clipped to [0, 1] and rounded to the nearest multiples of 1/GRID."""
    return objects([(x * GRID + rational("1/2")).floor() for x in np.clip(c + step * gradient, 0, 1)]) / GRID
