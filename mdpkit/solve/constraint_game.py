"""Inverse constraint learning as a game between constrained learners and a constraint player."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..base.arrays import objects, rational, zeros
from ..base.errors import InvalidModel, NotSolved
from ..base.types import Number, Numbers
from ..exact.linear import solve_linear
from ..model.expectation import transition
from ..model.horizon import Discounted, Finite
from ..model.mdp import MDP
from ..model.policy import TabularPolicy
from .constrained_planning import ConstrainedPlanning, LimitedOccupancies
from .occupancies import per_visit

GRID = 2**20
"""Constraints are rounded to multiples of 1/GRID: exact gradient steps would double the digits of every round."""


@dataclass(frozen=True, eq=False)
class Rounds:
    """The play: constraints `constraints[t,s]` in [0, 1], and best responses `learners[t,k,s,a]`."""

    constraints: np.ndarray
    learners: np.ndarray


class Response(NamedTuple):
    """A constrained best response: `table[(t,)s,a]`, its occupancy of the same shape, and the limit's multiplier."""

    table: np.ndarray
    visits: np.ndarray
    multiplier: Any


class Round(NamedTuple):
    """One round: the constraint player's point, its cost `[(t,)s,a]`, the limits `[k]`, and the responses."""

    point: Any
    cost: np.ndarray
    limits: list
    responses: list[Response]


def play_rounds(
    tasks: Sequence[MDP],
    shown: Sequence[np.ndarray],
    start: Any,
    cost_of: Callable[[Any], np.ndarray],
    advance: Callable[[Any, np.ndarray], Any],
    rounds: int,
    limits: Sequence[Any] | None = None,
    slack: Any = 0,
    names: Sequence[int] | None = None,
) -> Iterator[Round]:
    """The rounds of the constraint game: learners respond to a cost, and the constraint player moves.

    Args:
        tasks: MDPs over Discounted or Finite that differ in their rewards. shown: `shown[k][(t,)s,a]`, the experts'
            occupancies.
        start: first point of the constraint player. cost_of: the cost `[(t,)s,a]` of a point.
        advance: the next point, from a point and the gradient of its payoff in the cost: the learners' minus the
            experts' occupancy, summed over tasks, `[(t,)s,a]`.
        rounds: number of rounds.
        limits: `limits[k]` of the cost of learner k; by default its expert's cost under the constraint played.
        slack: added to every limit.
        names: the tasks' numbers in errors; defaults to 0, 1, ...

    Raises: NotSolved naming the task and the round whose limit no policy satisfies, and the least cost.
    """
    point = start
    for t in range(rounds):
        cost = cost_of(point)
        allowed = [(cost * visits).sum() for visits in shown] if limits is None else list(limits)
        allowed = [limit + slack for limit in allowed]
        responses = [
            respond(task, cost, limit, f"round {t}, task {k}")
            for k, task, limit in zip(names or range(len(tasks)), tasks, allowed, strict=True)
        ]
        yield Round(point, cost, allowed, responses)
        if t + 1 < rounds:
            point = advance(point, sum(answer.visits for answer in responses) - sum(shown))


def respond(task: MDP, cost: np.ndarray, limit: Any, where: str = "the constrained problem") -> Response:
    """A policy of the highest return among those whose cost is at most the limit.

    Exact on a rational problem. On floats HiGHS's solution, which satisfies the limit up to rounding.
    Raises: NotSolved naming `where` and the least cost of a policy, if it is above the limit.
    """
    cost, limit = per_visit("cost", cost, task), task.like([limit])
    if not task.exact:
        program = LimitedOccupancies(task, cost[None], limit)
        vertex = program.optimise(limit)
        if vertex is None:
            least = program.violate_least()
            if least is None:
                raise NotSolved(f"{where}: HiGHS finds no solution; scale rewards and costs to the size of 1")
            raise NotSolved(_too_low(where, limit[0], limit[0] + least.excess[0]))
        return Response(program.policy(vertex.x).table, program.spread(vertex.x), vertex.multipliers[0])
    answer = ConstrainedPlanning(cost[None], limit).run(task)
    if answer.policy is None:
        free = ConstrainedPlanning(cost[None][:0], zeros(0, cost))
        least = -free.run(replace(task, r=-cost)).value.lower[()]
        raise NotSolved(_too_low(where, limit[0], least))
    table = answer.policy.table
    return Response(table, state_visits(task, table)[..., None] * table, answer.multipliers[0])


def _too_low(where, limit, least):
    return (
        f"{where}: the limit is {limit} and every policy costs at least {least}; raise the limit or the slack by "
        f"{least - limit}"
    )


def lexicographic_expert(problem: MDP, cost: Numbers, limit: Number | None = None) -> TabularPolicy:
    """A policy of the highest return within a limit on its cost and, among those, of the least cost.

    Args: problem: a rational MDP over Discounted or Finite. cost: `[s]`, `[s,a]` or, over a finite horizon, `[t,s,a]`.
        limit: of the expected total cost, discounted over Discounted; None for no limit.

    Raises: NotSolved if no policy keeps the limit.

    >>> from mdpkit.instances import named
    >>> m = named("slip_grid", side=2, goals=[3], pits=[1])
    >>> lexicographic_expert(m.mdp, m.cost, "1/2")
    TabularPolicy(S=4, A=4, stationary, rational)
    """
    cost = objects(cost)
    cost = per_visit("cost", cost[:, None] + zeros(problem.A, cost) if cost.ndim == 1 else cost, problem)
    kept = (cost[None], objects([limit])) if limit is not None else (cost[None][:0], zeros(0, cost))
    best = ConstrainedPlanning(*kept).run(problem).require(0).value.lower[()]
    frugal = ConstrainedPlanning(-problem.r[None], objects([-best]))
    return frugal.run(replace(problem, r=-cost)).require(0).policy


def constraint_game(problem: MDP, rewards: Numbers, experts: Numbers, rounds: int, step: Number) -> Rounds:
    """Projected gradient ascent of the constraint against constrained best responses.

    Args:
        problem: a rational Discounted MDP; its own reward is not used.
        rewards: `rewards[k,s,a]`, known, one per task.
        experts: `experts[k,s,a]`, the expert's policy for each task.
        rounds: number of rounds. step: step size of the gradient ascent, a rational.

    Round t: the learner of task k maximises its reward among policies of cost c_t at most its expert's, and
    c_{t+1} = c_t + step g_t, clipped to [0, 1] and rounded to the grid; c_0 = 0. Here g_t[s] is the learners' minus the
    experts' occupancy of s, summed over tasks, which is the gradient of the constraint player's payoff. Other players
    and classes of costs: `mdpkit.learn.MTICL`.
    Raises: InvalidModel for inconsistent shapes or another horizon.
    Source: adapted from Kim, Swamy, Liu, Zhao, Choudhury and Wu, 2023; Zinkevich, 2003.
    """
    if not isinstance(problem.horizon, Discounted):
        raise InvalidModel(f"constraint_game takes a Discounted MDP; got {problem!r}, for which there is MTICL")
    rewards, experts, step = objects(rewards), objects(experts), rational(step)
    if rewards.shape != experts.shape or rewards.shape[1:] != problem.r.shape:
        raise InvalidModel(
            f"rewards and experts have shapes {rewards.shape} and {experts.shape}; expected (k, {problem.S}, {problem.A})"
        )
    tasks = [replace(problem, r=reward) for reward in rewards]
    shown = [state_visits(problem, table)[:, None] * table for table in experts]
    played = list(
        play_rounds(
            tasks,
            shown,
            zeros(problem.S, problem.P),
            lambda c: np.repeat(c[:, None], problem.A, axis=1),
            lambda c, gap: gradient_step(c, gap.sum(axis=1), step),
            rounds,
        )
    )
    learners = [[answer.table for answer in each.responses] for each in played]
    return Rounds(objects([each.point for each in played]), objects(learners))


def state_visits(problem: MDP, table: np.ndarray) -> np.ndarray:
    """State occupancy of a policy's table, `[s]`, or `[t,s]` over a finite horizon; exact on a rational problem."""

    def law(t):
        P = transition(problem, t)
        return np.asarray(P.todense() if problem.sparse else P).reshape(problem.S, problem.A, problem.S)

    if isinstance(problem.horizon, Finite):
        reached = [problem.rho]
        for t in range(problem.horizon.H - 1):
            reached.append(((reached[t][:, None] * table[t])[..., None] * law(t)).sum(axis=(0, 1)))
        return np.stack(reached)
    away = (np.eye(problem.S, dtype=int) - problem.horizon.gamma * (table[:, :, None] * law(0)).sum(axis=1)).T
    return solve_linear(away, problem.rho) if problem.exact else np.linalg.solve(away, problem.rho)


def gradient_step(c: np.ndarray, gradient: np.ndarray, step: Any) -> np.ndarray:
    """c + step gradient, clipped to [0, 1] and rounded to the nearest multiples of 1/GRID."""
    return round_to_grid(np.clip(c + step * gradient, 0, 1))


def round_to_grid(c: np.ndarray) -> np.ndarray:
    """Rationals rounded to the nearest multiples of 1/GRID."""
    return objects([(x * GRID + rational("1/2")).floor() for x in c.ravel()]).reshape(c.shape) / GRID
