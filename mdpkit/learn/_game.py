"""Simulator of a Markov game, whose joint process is an MDP over joint actions; mediators with a deviating player."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..base.arrays import zeros
from ..base.errors import InvalidModel
from ..measure.games.regret import parts_of_joint_actions
from ..model.game import Deviation, JointPolicy, MarkovGame
from ..model.horizon import Finite
from ..model.mdp import MDP, stepwise
from ._finite import FiniteSimulator
from .mixture import Mixture


def joint_process(game: MarkovGame) -> MDP:
    """The MDP over joint actions, which pays nothing.

    Raises: InvalidModel unless the horizon is finite.
    """
    if not isinstance(game.horizon, Finite):
        raise InvalidModel(f"the game is {game.horizon}; access to a MarkovGame is granted over Finite(H)")
    return replace(game.player(0), r=zeros((game.S, game.J), game.r))


class GameSimulator(FiniteSimulator):
    """Simulator of a game's joint process in which one player may deviate."""

    def __init__(self, game, rng):
        super().__init__(joint_process(game), rng)
        self.players = game.actions

    def deviate(self, policy, deviation):
        return deviate(self.players, policy, deviation)


def deviate(players: MarkovGame | tuple[int, ...], joint: Any, deviation: Deviation) -> Any:
    """The joint policy that is played if one player modifies the recommendations of a mediator.

    Args:
        players: a MarkovGame, or the number of actions of each player.
        joint: a mediator with a table, or a Mixture of such.
        deviation: a Deviation that observes every recommendation.

    Returns: a JointPolicy, or the Mixture of those of the members.
    Raises: InvalidModel if the deviation is of another game, or is a trigger deviation, which depends on the past.

    >>> from mdpkit.base.arrays import objects
    >>> swap = Deviation(0, objects([[[[0, 1], [1, 0]]]]))
    >>> deviate((2, 2), JointPolicy(objects([["1/2", 0, 0, "1/2"]])), swap).table[0]
    array([[0, 1/2, 1/2, 0]], dtype=object)
    """
    actions = players.actions if isinstance(players, MarkovGame) else tuple(players)
    if isinstance(joint, Mixture):
        return Mixture(tuple(deviate(actions, member, deviation) for member in joint.members), joint.weights)
    sigma, i = stepwise(joint.table, 2), deviation.player
    if deviation.after is not None:
        raise InvalidModel("the deviation has `after`, so that it depends on the past; expected one without")
    if i >= len(actions) or sigma.shape[-1] != int(np.prod(actions)):
        raise InvalidModel(
            f"player {i} deviates from a mediator of {sigma.shape[-1]} joint actions; the players have {actions} actions"
        )
    own, swapped = parts_of_joint_actions(actions, i)
    H, S = deviation.table.shape[:2]
    if deviation.table.shape[2] != actions[i] or sigma.shape[1] != S or len(sigma) not in (1, H):
        raise InvalidModel(
            f"the deviation has {H} steps, {S} states and {deviation.table.shape[2]} actions; the mediator's table has "
            f"shape {joint.table.shape} and player {i} has {actions[i]} actions"
        )
    if deviation.exact != joint.exact:
        raise InvalidModel("one of mediator and deviation is rational; convert one with .to_exact() or .to_float()")
    played = zeros((H, S, sigma.shape[-1]), sigma)
    for j, into in enumerate(swapped):
        for b, k in enumerate(into):
            played[:, :, k] += sigma[:, :, j] * deviation.table[:, :, own[j], b]
    return JointPolicy(played)
