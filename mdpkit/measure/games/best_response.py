"""Best responses, exploitability and NashConv of joint policies."""

import numpy as np

from ...base.arrays import zeros
from ...base.errors import InvalidModel
from ...base.interval import Interval, stack
from ...base.replaceable import replaceable
from ...kernels import regret as kernels
from ...model.game import MarkovGame
from ...model.horizon import Discounted, Finite
from ...model.mdp import MDP, stepwise
from ...model.policy import Policy, TabularPolicy, policy_table
from ..planning.optimal import optimal_actions, optimal_value
from ..planning.value import value
from .regret import parts_of_joint_actions, regret


@replaceable
def best_response(game: MarkovGame, joint: Policy, player: int) -> TabularPolicy:
    """A policy of one player of highest value against the others' actions, drawn from `joint` given the state.

    `table[t,s,b]` for Finite, `table[s,b]` for Discounted; deterministic, the first of several best actions. The player
    observes the state and no recommendation. On floats it is best in the float64 recursion.

    Args: joint: the joint policy; the player's own part is ignored.
    Raises: InvalidModel for an unknown player, or a joint policy of a different game.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.instances import named
    >>> pennies = named("matching_pennies", H=1)
    >>> best_response(pennies.game, pennies.learner, 1).table
    array([[[1, 0]]], dtype=object)
    """
    if not 0 <= player < game.players:
        raise InvalidModel(f"player is {player}; the game has players 0 to {game.players - 1}")
    process = game.player(player)
    sigma = stepwise(policy_table(process, joint), 2)
    own, swapped = parts_of_joint_actions(game.actions, player)
    if isinstance(game.horizon, Finite):
        P, r = stepwise(game.P, 3), stepwise(process.r, 2)
        _, choice = kernels.coarse(P, r, sigma, own, swapped, game.horizon.H)
    else:
        found = optimal_actions(response_process(game, joint, player))
        choice = np.argmax(getattr(found, "upper", found), axis=-1)
    table = zeros((*choice.shape, game.actions[player]), game.r)
    np.put_along_axis(table, choice[..., None], 1, axis=-1)
    return TabularPolicy(table)


def response_process(game: MarkovGame, joint: Policy, player: int) -> MDP:
    """The MDP over one player's own actions, the others' being drawn from a stationary `joint` given the state."""
    process = game.player(player)
    table = policy_table(process, joint)
    if table.ndim != 2 or process.r.ndim != 2:
        raise InvalidModel(f"the joint policy or the rewards vary with time in a game that is {game.horizon}")
    _, swapped = parts_of_joint_actions(game.actions, player)
    P = np.stack(
        [(table[:, :, None] * process.P[:, swapped[:, b]]).sum(axis=1) for b in range(game.actions[player])], 1
    )
    r = np.stack([(table * process.r[:, swapped[:, b]]).sum(axis=1) for b in range(game.actions[player])], 1)
    if not game.exact:
        P = P / P.sum(axis=-1, keepdims=True)
    return MDP(P, r, process.rho, horizon=game.horizon)


@replaceable
def response_gains(game: MarkovGame, joint: Policy) -> Interval:
    """Every player's gain from its best response to a joint policy, `[i]`; see `exploitability`."""
    if isinstance(game.horizon, Finite):
        return regret(game, joint, "coarse")
    if not isinstance(game.horizon, Discounted):
        raise InvalidModel(f"the game is {game.horizon}; best responses are computed for Finite and Discounted games")
    if not game.exact:  # the rational game that the floats represent, enclosed
        found = response_gains(game.to_exact(), joint.to_exact())
        return Interval(*(getattr(found.enclose(), end) for end in ("lower", "upper")), "float")
    return stack([_gain(game, joint, i) for i in range(game.players)])


def _gain(game, joint, i):
    best = (optimal_value(response_process(game, joint, i)) * game.rho).sum()
    return best - value(game.player(i), joint)


@replaceable
def nash_conv(game: MarkovGame, joint: Policy) -> Interval:
    """NashConv: the sum over players of the gain from a best response, a scalar.

    Best responses ignore recommendations. For a joint policy that draws the players' actions independently in every
    state, NashConv is at least 0, and 0 if and only if it is a Nash equilibrium from the initial distribution; a
    correlated joint policy may have a negative one. This is the one convention: the exploitability of a two-player
    zero-sum game, as a single number, is NashConv / 2, the mean of `exploitability` over the players.

    Args: game: over a Finite or Discounted horizon.
    Source: adapted from Lanctot et al., 2017.

    >>> from mdpkit.instances import named
    >>> pennies = named("matching_pennies", H=3)
    >>> nash_conv(pennies.game, pennies.expert), nash_conv(pennies.game, pennies.learner)
    (Interval(0, exact), Interval(0, exact))
    """
    return response_gains(game, joint).sum()
