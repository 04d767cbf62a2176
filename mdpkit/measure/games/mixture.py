"""Regret of a mixture of mediators, against deviators that learn which mediator was drawn."""

import numpy as np

from ...base.arrays import bare
from ...base.enclosure import settle
from ...base.errors import InvalidModel
from ...base.interval import Interval, stack
from ...base.replaceable import replaceable
from ...base.types import Numbers
from ...model.game import MarkovGame
from ...model.policy import Policy
from .._known import enclose
from ..planning.value import value
from .regret import _Player

OBSERVES = ("own", "joint")


@replaceable
def mixture_regret(game: MarkovGame, mediators: list[Policy], weights: Numbers, observes: str = "own") -> Interval:
    """Largest gain of each player from history-dependent deviations, `[i]`, if one mediator is drawn for the episode.

    Mediator k is drawn once, with probability `weights[k]`, and not announced; past recommendations and states are
    evidence about it. The deviation may depend on the whole history, so that the recursion runs over the tree of
    histories: small games only.

    Args:
        game: a MarkovGame over a finite horizon.
        mediators: K of them, `table[s,j]` or `table[t,s,j]`.
        weights: a distribution over the mediators, `[k]`.
        observes: what a player observes of each recommendation, "own" component or "joint" action.

    Raises: InvalidModel for a discounted game, a mediator of a different game, or another `observes`.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.

    >>> import numpy as np
    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.instances.library.games import matching_pennies
    >>> from mdpkit.model import JointPolicy
    >>> game = matching_pennies(H=2).game
    >>> pure = [JointPolicy(objects([row])) for row in np.eye(4, dtype=int)]
    >>> mixture_regret(game, pure, objects(["1/4"] * 4)).lower
    array([0, 0], dtype=object)
    >>> mixture_regret(game, pure, objects(["1/4"] * 4), "joint").lower
    array([1, 1], dtype=object)
    """
    if observes not in OBSERVES:
        raise InvalidModel(f"observes={observes!r}; expected one of {', '.join(OBSERVES)}")
    return stack([_gain(game, list(mediators), weights, i, observes) for i in range(game.players)])


def _gain(game, mediators, weights, i, observes):
    tree = _Histories([_Player(game, joint, i) for joint in mediators], weights, observes)
    obeyed = stack([value(game.player(i), joint) for joint in mediators])
    return tree.best() - (obeyed * enclose(weights)).sum()


class _Histories:
    """The tree of histories of one deviating player."""

    def __init__(self, players, weights, observes):
        one = players[0]
        self.P, self.r, self.H, self.rho = one.P, one.r, one.H, one.process.rho
        self.own, self.swapped = one.own, one.swapped
        self.laws, self.weights = [player.sigma for player in players], weights
        self.joint = observes == "joint"
        self.roundings = sum(player.roundings for player in players) + one.H * (4 + len(players) * one.game.J)

    def best(self):
        """Largest value of a history-dependent deviation."""
        found = bare(self.from_start(self.r))
        return settle(found, lambda: np.asarray(self.from_start(np.abs(self.r))), self.roundings)

    def from_start(self, r):
        return sum(self.rho[s] * self.after(r, 0, s, self.weights) for s in range(len(self.rho)))

    def after(self, r, t, s, weights):
        """Best value from step t on, times the probability of the history; weights[k] is that of mediator k and it."""
        law, reward = self.P[t % len(self.P), s], r[t % len(r), s]
        drawn = [w * sigma[t % len(sigma), s] for w, sigma in zip(weights, self.laws, strict=True)]
        total = reward[0] * 0
        for a in range(self.swapped.shape[1]):
            told = np.flatnonzero(self.own == a)
            plays = range(self.swapped.shape[1])
            total = total + _largest([self.playing(r, t, law, reward, drawn, told, b) for b in plays])
        return total

    def playing(self, r, t, law, reward, drawn, told, b):
        """Value of b in place of a recommendation, over the joint recommendations `told` that contain it."""
        played = self.swapped[told, b]
        now = sum((each[told] * reward[played]).sum() for each in drawn)
        if t + 1 == self.H:
            return now
        groups = [[k] for k in range(len(told))] if self.joint else [range(len(told))]
        for group in groups:
            for n in range(law.shape[1]):
                reached = [sum(each[told[k]] * law[played[k], n] for k in group) for each in drawn]
                now = now + self.after(r, t + 1, n, reached)
        return now


def _largest(values):
    most = values[0]
    for each in values[1:]:
        most = np.maximum(most, each)
    return most
