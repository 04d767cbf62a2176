"""Best responses, exploitability and NashConv of joint policies."""

import numpy as np

from ...base.arrays import zeros
from ...base.errors import InvalidModel
from ...base.interval import Interval, stack
from ...base.replaceable import replaceable
from ...kernels import regret as kernels
from ...model.game import MarkovGame
from ...model.horizon import Discounted, Finite
from ...model.mdp import MDP
from ...model.policy import Policy, TabularPolicy, policy_table
from ..planning.optimal import optimal_actions, optimal_value
from ..planning.value import value
from ._all_players import AllPlayers
from .parts import aliases, parts_of_joint_actions
from .regret import _Player, regret


@replaceable
def best_response(game: MarkovGame, joint: Policy, player: int) -> TabularPolicy:
    """A policy of one player of highest value against the others' actions, drawn from `joint` given the state.

    `table[t,s,b]` for Finite, `table[s,b]` for Discounted; deterministic, the first of several best actions that the
    player has. It observes the state and no recommendation. On floats it is best in the float64 recursion.

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
    if isinstance(game.horizon, Finite):
        one = _Player(game, joint, player)
        if game.sparse:
            ((_, (choices, _)),) = AllPlayers(game, joint, one.sigma, [player]).run("coarse")
            choice = choices[:, :, 0]
        else:
            _, choice = kernels.coarse(one.P, one.r, *one.args, one.H)
    else:
        found = optimal_actions(response_process(game, joint, player))
        choice = np.argmax(getattr(found, "upper", found), axis=-1)
    alias = aliases(game)
    if alias is not None:
        choice = alias[0][player][np.arange(game.S), choice]
    table = zeros((*choice.shape, game.actions[player]), game.r)
    np.put_along_axis(table, choice[..., None], 1, axis=-1)
    return TabularPolicy(table)


def response_process(game: MarkovGame, joint: Policy, player: int) -> MDP:
    """The MDP over one player's own actions, the others' being drawn from a stationary `joint` given the state.

    An action that the player lacks in a state stands for the first one that it has.
    """
    process = game.player(player)
    table = policy_table(process, joint)
    if table.ndim != 2 or process.r.ndim != 2:
        raise InvalidModel(f"the joint policy or the rewards vary with time in a game that is {game.horizon}")
    _, swapped = parts_of_joint_actions(game.actions, player)
    alias, s = aliases(game), np.arange(game.S)[:, None]
    played = [swapped[:, b] if alias is None else alias[1][:, swapped[:, b]] for b in range(game.actions[player])]
    r = np.stack([(table * process.r[s, into]).sum(axis=1) for into in played], 1)
    if game.sparse:
        P = _mix_rows(process.P, table, played)
    else:
        P = np.stack([(table[:, :, None] * process.P[s, into]).sum(axis=1) for into in played], 1)
    if not game.exact:
        P = P / P.sum(axis=-1).reshape(*P.shape[:-1], 1)
    return MDP(P, r, process.rho, horizon=game.horizon)


def _mix_rows(P, table, played):
    """Sparse rows s*A+b: the mixture by table[s,j] of the rows of joint actions played[b][(s),j]."""
    from scipy.sparse import csr_array

    (S, J), A = table.shape, len(played)
    columns = np.stack([np.broadcast_to(into, (S, J)) for into in played], 1) + J * np.arange(S)[:, None, None]
    weights = np.repeat(table[:, None], A, axis=1).ravel()
    return csr_array((weights, columns.ravel(), J * np.arange(S * A + 1)), shape=(S * A, S * J)) @ P


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
