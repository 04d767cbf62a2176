"""Values of zero-sum Markov games: Shapley's operator, and backward induction in mixed or pure strategies."""

import numpy as np

from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity, stack
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...kernels import matrix_games as kernels
from ...model.game import MarkovGame
from ...model.horizon import Finite
from ...solve import matrix_games
from ...solve.matrix_games import PIVOT, PIVOTS
from .._known import convert, enclose, expected_next, number
from .parts import aliases


@replaceable
def stage_values(game: MarkovGame, V: Quantity, t: int = 0, pure: bool = False) -> Interval:
    """Shapley's operator: the values to player 0 of the matrix games r_t + gamma P_t V, `[s]`.

    Args:
        game: a MarkovGame of two players; player 1 minimises player 0's reward.
        V: values `[n]` of the next states, an Interval or numbers.
        t: the step, for a game that varies with time.
        pure: player 0 plays an action that player 1 observes: the max-min over actions, at most the value.

    Both players choose among the actions that they have in a state.

    >>> from mdpkit.base.arrays import objects
    >>> pay = objects([[1, 0, 0, 1]])
    >>> pennies = MarkovGame(objects([[[1]] * 4]), [pay, -pay], horizon=Finite(1), actions=(2, 2))
    >>> stage_values(pennies, objects([0]))[0], stage_values(pennies, objects([0]), pure=True)[0]
    (Interval(1/2, exact), Interval(0, exact))
    """
    if game.players != 2:
        raise InvalidModel(f"the game has {game.players} players; a stage has a value for two")
    V = convert(V, game)
    reward = enclose(game.r[..., 0, :, :])
    reward = reward[t % len(reward)] if reward.ndim == 3 else reward
    following = expected_next(game.player(0), V, t)
    if not isinstance(game.horizon, Finite):
        following = following * number(game.horizon.gamma, V)
    payoff, alias = reward + following, aliases(game)
    if alias is not None:
        payoff = payoff[np.arange(game.S)[:, None], alias[1]]
    payoff = payoff.reshape(game.S, *game.actions)
    return payoff.min(axis=2).max(axis=1) if pure else _values(payoff)


def _values(payoff):
    if proposing():
        return kernels.saddles(payoff, PIVOT, PIVOTS)[0]
    if payoff.exact:
        return matrix_games(payoff.lower).value
    return Interval(matrix_games(payoff.lower).lower, matrix_games(payoff.upper).upper, payoff.how)


@replaceable
def minimax_values(game: MarkovGame, pure: bool = False) -> Interval:
    """Values to player 0 by backward induction over a finite horizon, `[t,s]` with t = 0..H and row H zero.

    Both players choose among the actions that they have in a state.

    Args: pure: at every step and state player 0 plays an action that player 1 observes.
    Raises: InvalidModel for a discounted game, or one of another number of players.
    Source: Shapley, 1953.

    >>> from mdpkit.base.arrays import objects
    >>> pay = objects([[1, 0, 0, 1]])
    >>> pennies = MarkovGame(objects([[[1]] * 4]), [pay, -pay], horizon=Finite(3), actions=(2, 2))
    >>> minimax_values(pennies)[0, 0], minimax_values(pennies, pure=True)[0, 0]
    (Interval(3/2, exact), Interval(0, exact))
    """
    if not isinstance(game.horizon, Finite):
        raise InvalidModel(f"the game is {game.horizon}; minimax values are computed over a Finite horizon")
    V = [enclose(game.r[..., 0, :, 0]) * 0]
    V = [V[0][0] if V[0].ndim == 2 else V[0]]
    for t in range(game.horizon.H - 1, -1, -1):
        V.append(stage_values(game, V[-1], t, pure))
    return stack(V[::-1])
