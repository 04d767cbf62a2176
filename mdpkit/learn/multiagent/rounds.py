"""Rounds of a no-regret learner of mediators against deviating players.

In round n the mediator sigma_n meets the deviation phi_n, and pays the loss
l_n(sigma) = 1/H sum_t E_{s ~ d_t^{sigma_n o phi_n}} TV(sigma, expert)(s), which is convex in sigma for fixed states.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ...base.arrays import like, zeros
from ...base.errors import InvalidModel
from ...measure import best_deviation
from ...model.access import Access, GameSetting
from ...model.game import Deviation, JointPolicy, MarkovGame
from ...model.mdp import stepwise
from .._finite import visits
from .._game import deviate
from .._tabular import number_pattern, sizes, steps, uniform
from ..players.no_regret import Gains, Player
from ..players.rewards import FiniteRewards
from .gaps import Report
from .mediators import Mediators


class Lesson(NamedTuple):
    """What a round teaches: the expert's table where known, visits `[t,s]` of the deviation, and further columns.

    The learner's own loss is that of the visits, unless `loss` is given.
    """

    target: np.ndarray
    known: np.ndarray
    visits: np.ndarray
    columns: Mapping[str, Any]
    loss: Any = None


def game_setting(access: Access) -> GameSetting:
    """The setting of a game.

    Raises: InvalidModel for access to anything else.
    """
    if not isinstance(access.setting, GameSetting):
        raise InvalidModel("the learner imitates a mediator; expected access to a MarkovGame, by grant(game, ...)")
    return access.setting


def known_game(access: Access) -> MarkovGame:
    """The game as far as a learner with the model knows it: dynamics and actions, and rewards of 0. One model call."""
    setting = game_setting(access)
    S, J = sizes(setting)
    process, players = access.model(zeros((S, J), number_pattern(setting))), setting.players
    mask = None if process.mask is None else split_mask(process.mask, players)
    nothing = zeros((len(players), S, J), process.r)
    return MarkovGame(process.P, nothing, process.rho, horizon=process.horizon, actions=players, mask=mask)


def split_mask(available: np.ndarray, players: tuple[int, ...]) -> np.ndarray:
    """The players' actions `mask[i,s,a]` from the joint actions `available[s,j]` that consist of them.

    >>> split_mask(np.array([[True, True, False, False]]), (2, 2))[:, 0]
    array([[ True, False],
           [ True,  True]])
    """
    joint = available.reshape(-1, *players)
    mask = np.zeros((len(players), len(joint), max(players)), dtype=bool)
    for i, count in enumerate(players):
        others = tuple(k + 1 for k in range(len(players)) if k != i)
        mask[i, :, :count] = joint.any(axis=others)
    return mask


def price_states(game: MarkovGame, price: np.ndarray) -> MarkovGame:
    """The same game that pays every player `price[t,s]`, whatever is played; one row of prices holds at every step."""
    price = price[0] if len(price) == 1 else price
    return replace(game, r=np.repeat(np.repeat(price[..., None, :, None], game.players, axis=-3), game.J, axis=-1))


class Worst(NamedTuple):
    """A deviation, what it earns per step, and its visits `[t,s]`."""

    earned: Any
    deviation: Deviation
    visits: np.ndarray


def find_worst_deviation(game: MarkovGame, price: np.ndarray, joint: JointPolicy) -> Worst:
    """The swap deviation of one player that earns the highest total price `[t,s]` of the states that it visits."""
    priced = price_states(game, price)
    found = []
    for i in range(game.players):
        deviation = best_deviation(priced, joint, i)
        seen = visits_of(game, deviate(game, joint, deviation))
        found.append(Worst((seen * price).sum() / game.horizon.H, deviation, seen))
    return max(found, key=lambda each: each.earned)


def visits_of(game: MarkovGame, joint: JointPolicy) -> np.ndarray:
    """State occupancy `[t,s]`."""
    return visits(game.player(0), joint).sum(axis=-1)


def variations(table: np.ndarray, target: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Total variation `[t,s]` between two tables where the target is known, else 0."""
    apart = abs(np.broadcast_to(stepwise(table, 2), target.shape) - target).sum(axis=-1) / 2
    return np.where(known, apart, apart[0, 0] * 0)


def imitate(
    access: Access,
    mediators: Mediators | None,
    player: Player,
    rounds: int,
    learn_from: Callable[[JointPolicy], Lesson],
    report: Report | None,
    start: np.ndarray | None = None,
) -> tuple[JointPolicy, dict[str, list]]:
    """Play the rounds, up to the first of loss 0: the mediator of the smallest own loss, and the trace.

    Args:
        mediators: the class, weighed by the player; without it every mediator may be chosen, and the leader copies the
            expert where it is known and some deviation so far has gone.
        learn_from: the lesson of a mediator.
        report: further columns of the trace.
        start: the first mediator's table, if there is no class.
    """
    setting = game_setting(access)
    chooser = (
        _Leader(uniform(setting).table if start is None else start)
        if mediators is None
        else _Weighted(mediators.like(setting), player)
    )
    rows = []
    for k in range(rounds):
        joint = chooser.joint
        lesson = learn_from(joint)
        apart = variations(joint.table, lesson.target, lesson.known)
        loss = (lesson.visits * apart).sum() / steps(setting) if lesson.loss is None else lesson.loss
        own = {"policy": joint, "loss": loss, **chooser.columns(lesson), **lesson.columns}
        rows.append(own | dict({} if report is None else report(joint)))
        if loss == 0:
            break
        if k + 1 < rounds:
            chooser.next(lesson)
    best = min(rows, key=lambda row: row["loss"])["policy"]
    return best, {name: [row[name] for row in rows] for name in rows[0]}


class _Leader:
    """Follow the leader over all mediators: the expert's recommendations wherever a deviation has gone."""

    def __init__(self, table):
        self.table = table.copy()

    @property
    def joint(self):
        return JointPolicy(self.table.copy())

    def columns(self, lesson):
        return {}

    def next(self, lesson):
        met = lesson.known & np.asarray(lesson.visits > 0)
        self.table[met] = lesson.target[met]


class _Weighted:
    """A no-regret player on the weights of a class, with subgradients of the losses."""

    def __init__(self, mediators, player):
        self.mediators, self.player = mediators, player
        self.points = FiniteRewards(mediators.tables)
        self.weights = self.points.start()
        self.gains = Gains(None, zeros(len(mediators), mediators.tables), 0)
        self.slope = self.gains.total

    @property
    def joint(self):
        return self.mediators.mix(self.weights)

    def columns(self, lesson):
        losses = [
            (lesson.visits * variations(table, lesson.target, lesson.known)).sum() / len(lesson.visits)
            for table in self.mediators.tables
        ]
        self.slope = self._subgradient(lesson)
        return {"weights": self.weights, "class_losses": like(losses, self.weights), "subgradient": self.slope}

    def _subgradient(self, lesson):
        """Subgradient `[k]` of the round's loss in the weights."""
        apart = np.broadcast_to(stepwise(self.joint.table, 2), lesson.target.shape) - lesson.target
        sign = np.asarray(apart > 0).astype(int) - np.asarray(apart < 0).astype(int)
        weight = np.where(lesson.known, lesson.visits, lesson.visits * 0)[..., None] * sign / (2 * len(lesson.visits))
        return like([(weight * stepwise(table, 2)).sum() for table in self.mediators.tables], self.weights)

    def next(self, lesson):
        self.gains = self.gains.then(-self.slope)
        self.weights = self.player.next(self.points, self.weights, self.gains)
