"""Inverse constraint learning: a constraint learned from experts that satisfy it, of one task or of several."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import is_exact, like, zeros
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Number, Numbers
from ...model.access import Access
from ...model.horizon import Discounted, Finite
from ...model.policy import TabularPolicy
from ...solve.constraint_game import Response, play_rounds, round_to_grid
from .._tabular import empirical_occupancy, sizes
from ..mixture import Mixture
from ..players.costs import StateCosts
from ..players.no_regret import Gains, GradientAscent, Player, expect_number
from ..players.rewards import Rewards
from .task_policies import TaskPolicies


@dataclass(frozen=True, eq=False)
class MTICL:
    """Multi-task inverse constraint learning: one constraint, learned from the experts of several tasks.

    Over Discounted or Finite. In each round the constraint player plays a cost of the class, and the learner of every
    task responds with a policy of the highest return among those whose cost is at most its expert's (a linear program).
    The constraint player is paid the learners' minus the experts' cost, summed over tasks.

    Args:
        costs: the class of costs: StateCosts, MonotoneCosts, LinearRewards(features, 0, 1), BoxRewards(0, 1) or
            FiniteRewards.
        constraint_player: GradientAscent, Hedge (on FiniteRewards), FollowTheLeader or BestResponse.
        rounds: number of rounds T.
        limits: `limits[k]`, the cost allowed to learner k; defaults to its expert's cost under the constraint played.
        slack: a number of at least 0 added to every limit; estimates from few demonstrations may need it.
        true_cost: `[s]`, `[s,a]` or, over a finite horizon, `[t,s,a]`, for the trace alone; with `limits` the
            demonstrations are checked against it.

    If the demonstrations are exact and there are no `limits`, the mixtures of the rounds' policies earn at least the
    experts' returns, and for every cost of the class the mixtures' costs minus the experts', summed over tasks, are at
    most regret / T + slack * number of tasks. With `limits` the sum over tasks of limit_k - J(E_k, c_t), averaged over
    rounds, is to be added, and the returns are those of experts that keep the limits in every round. If the true cost
    is in the class, a single task's violation is at most the same bound where no policy earns as much as another
    task's expert at a lower true cost; see the claim `needless_cost_of_one_expert_hides_violations_of_another`.
    On a rational problem everything is exact; points of the constraint player are rounded to multiples of 2^-20. On
    floats the limits are kept up to 1e-7.
    Source: adapted from Kim, Swamy, Liu, Zhao, Choudhury and Wu, 2023.
    """

    costs: Rewards = field(default_factory=StateCosts)
    constraint_player: Player = field(default_factory=GradientAscent)
    rounds: int = 20
    limits: Numbers | None = None
    slack: Number = 0
    true_cost: Numbers | None = None

    needs: ClassVar = ("demonstrations", "rewards", "model")

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds)
        expect_number("slack", self.slack, positive=False)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TaskPolicies, dict[str, Any]]:
        """The mixture of the rounds' policies for each task, and a trace with one row per round t.

        Its columns: constraint: the cost played, `[(t,)s,a]`. policies: one for each task. multipliers `[k]`: prices of
        the limits, reward per unit of cost. payoff: U_t(c_t), learners' minus experts' cost, summed over tasks.
        worst_violation: max over the class of (U_1(c) + ... + U_t(c)) / t. regret: of rounds 1..t, not divided by t.
        shortfall `[k]`: the expert's return minus the mean return of the policies so far.
        If true_cost is given, violation `[k]`: mean true cost of the policies so far minus the expert's.

        Raises: InvalidModel for a horizon other than Discounted or Finite; limits or a true cost of wrong shape or not
            finite; floats in them, or a float `slack`, on a rational problem; an expert whose demonstrations exceed its
            limit of true cost. NotSolved naming the task and round whose limit no policy satisfies.
        """
        if not isinstance(access.setting.horizon, Discounted | Finite):
            name = type(self).__name__
            raise InvalidModel(
                f"{name} solves constrained linear programs over Discounted or Finite; got {access.setting.horizon}"
            )
        tasks = [_Task(k, each, self.true_cost, self.limits, len(access.tasks)) for k, each in enumerate(access.tasks)]
        for task in tasks:
            task.expect_limit(self.slack)
        games = [_Game(self, [tasks[k] for k in group]) for group in self.groups(len(tasks))]
        policies = TaskPolicies(tuple(task.problem.r for task in tasks), tuple(task.mixture() for task in tasks))
        return policies, _trace(games, tasks, self.joint)

    joint: ClassVar = True

    def groups(self, tasks: int) -> list[list[int]]:
        """The tasks that share a constraint: all of them."""
        return [list(range(tasks))]


class ICL(MTICL):
    """Single-task inverse constraint learning: a constraint for each task, from that task's expert alone.

    The ablation of MTICL, with the same arguments and the same result on a single task. Every set of states between
    the failures and all that the expert does not visit explains a single expert, as the claim
    `single_task_explanations_reach_all_unvisited_states` shows. In the trace `constraint` is `[k,s,a]`, and payoff,
    worst_violation and regret are sums over the games of the tasks.
    Source: adapted from Kim, Swamy, Liu, Zhao, Choudhury and Wu, 2023.
    """

    joint: ClassVar = False

    def groups(self, tasks: int) -> list[list[int]]:
        """The tasks that share a constraint: each has its own."""
        return [[k] for k in range(tasks)]


class _Task:
    """A task as the learner knows it: problem, demonstrated occupancy, limit, true cost; and its learner's rounds."""

    def __init__(self, k, access, true_cost, limits, count):
        sizes(access.setting)
        self.k, self.problem = k, access.model(access.reward())
        self.shown = empirical_occupancy(access.setting, access.demonstrations())
        self.true_cost = None if true_cost is None else _cost_array(true_cost, self.shown)
        self.limit = None if limits is None else _limit_array(limits, count, self.shown)[k]
        self.responses: list[Response] = []
        self.shortfall, self.violation = [], []

    def expect_limit(self, slack):
        """Check that the demonstrations keep the limit of true cost, where both are given. Raises: InvalidModel."""
        if self.limit is None or self.true_cost is None:
            return
        paid, allowed = (self.true_cost * self.shown).sum(), self.limit + _numbers("slack", slack, self.shown)[()]
        if paid > allowed:
            raise InvalidModel(
                f"the expert of task {self.k} has true cost {paid}, and its limit is {allowed}: its demonstrations do "
                "not satisfy the constraint"
            )

    def add(self, response):
        self.responses.append(response)
        T, mean = len(self.responses), sum(each.visits for each in self.responses)
        self.shortfall.append((self.problem.r * (self.shown - mean / T)).sum())
        if self.true_cost is not None:
            self.violation.append((self.true_cost * (mean / T - self.shown)).sum())

    def mixture(self):
        return Mixture(tuple(TabularPolicy(each.table) for each in self.responses))


class _Game:
    """The rounds of one constraint player against the learners of its tasks, with its payoffs and regret."""

    def __init__(self, learner: MTICL, tasks: Sequence[_Task]):
        shown = [task.shown for task in tasks]
        costs = learner.costs.like(shown[0])
        self.payoffs, self.worst, self.regrets, self.constraints = [], [], [], []
        moments = costs.moments(shown[0])
        gains = [Gains(None, zeros(moments.shape, moments), 0)]

        def advance(point, gap):
            return _put_on_grid(costs, learner.constraint_player.next(costs, point, gains[0]))

        played = play_rounds(
            [task.problem for task in tasks],
            shown,
            costs.start(),
            lambda point: np.broadcast_to(costs.reward(point), shown[0].shape),
            advance,
            learner.rounds,
            None if learner.limits is None else [task.limit for task in tasks],
            _numbers("slack", learner.slack, shown[0])[()],
            [task.k for task in tasks],
        )
        for each in played:
            for task, response in zip(tasks, each.responses, strict=True):
                task.add(response)
            gap = sum(response.visits for response in each.responses) - sum(shown)
            gains[0] = gains[0].then(costs.moments(gap))
            self.constraints.append(each.cost)
            self.payoffs.append((each.cost * gap).sum())
            best = (costs.best(gains[0].total) * gains[0].total).sum()
            self.worst.append(best / gains[0].rounds)
            self.regrets.append(best - sum(self.payoffs))


def _put_on_grid(costs, point):
    """The point, if rational, rounded to the grid and put back into the class."""
    return costs.project(round_to_grid(point)) if is_exact(point) else point


def _trace(games, tasks, joint):
    rounds = range(len(games[0].payoffs))

    def total(name):
        return [sum(getattr(game, name)[t] for game in games) for t in rounds]

    def by_task(value):
        return [like([value(task, t) for task in tasks], tasks[0].shown) for t in rounds]

    trace = {
        "constraint": games[0].constraints if joint else [np.stack([g.constraints[t] for g in games]) for t in rounds],
        "policies": [tuple(TabularPolicy(task.responses[t].table) for task in tasks) for t in rounds],
        "multipliers": by_task(lambda task, t: task.responses[t].multiplier),
        "payoff": total("payoffs"),
        "worst_violation": total("worst"),
        "regret": total("regrets"),
        "shortfall": by_task(lambda task, t: task.shortfall[t]),
    }
    if tasks[0].true_cost is not None:
        trace["violation"] = by_task(lambda task, t: task.violation[t])
    return trace


def _cost_array(cost, shown):
    array, (S, A) = np.asarray(cost), shown.shape[-2:]
    shapes = dict.fromkeys(((S,), (S, A), shown.shape))
    if array.shape not in shapes:
        raise InvalidModel(f"true_cost has shape {array.shape}; expected {' or '.join(map(str, shapes))}")
    return np.broadcast_to(_numbers("true_cost", array[:, None] if array.ndim == 1 else array, shown), shown.shape)


def _limit_array(limits, count, shown):
    array = np.asarray(limits)
    if array.shape not in ((), (count,)):
        raise InvalidModel(f"limits has shape {array.shape}; expected a number, or one for each of {count} tasks")
    return _numbers("limits", np.broadcast_to(array, (count,)), shown)


def _numbers(name, given, shown):
    """Finite numbers in the kind of the occupancy; a float on a rational problem is refused.

    Raises: InvalidModel naming the argument.
    """
    array = np.asarray(given)
    odd = [entry for entry in array.ravel().tolist() if not _is_number(entry, shown)]
    if odd:
        kind = 'rational numbers, such as "1/8" or Fraction(1, 8)' if is_exact(shown) else "finite numbers"
        raise InvalidModel(f"{name} {'contains' if array.ndim else 'is'} {odd[0]!r}; expected {kind}")
    return like(array, shown)


def _is_number(entry, pattern):
    try:
        number = like(entry, pattern)
        return is_exact(number) or bool(np.isfinite(number))
    except (TypeError, ValueError, ArithmeticError):
        return False
