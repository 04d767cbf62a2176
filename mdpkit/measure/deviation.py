"""How far two mediators are apart where deviators go."""

import numpy as np

from ..base.interval import Interval, stacked
from ..base.mode import proposing
from ..base.replaceable import replaceable
from ..model.game import MarkovGame
from ..model.mdp import stepwise
from ..model.policy import Policy
from ._known import known
from .divergence import total_variation
from .occupancy import occupancy
from .regret import parts_of_joint_actions, regret
from .value import value


@replaceable
def deviation_error(game: MarkovGame, expert: Policy, learner: Policy, deviations="swap") -> Interval:
    """e = 1/H max over players and deviations of a class of E sum_t TV(expert, learner), a scalar in [0, 1].

    The expectation is over the states to which the deviation leads from the learner; obedience is one of them. One
    backward pass a player on a game that pays the total variation instead of the reward.

    Args: game: a MarkovGame over a finite horizon. expert, learner: mediators. deviations: a class, as for `regret`.
    Raises: InvalidModel for a discounted game, or mediators that belong to another one.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Finite, JointPolicy
    >>> pennies = MarkovGame(objects([[[1]] * 4]), objects([[[1, 0, 0, 1]]] * 2), horizon=Finite(3), actions=(2, 2))
    >>> apart, alike = JointPolicy(objects([["1/4"] * 4])), JointPolicy(objects([["1/2", 0, 0, "1/2"]]))
    >>> deviation_error(pennies, apart, alike)
    Interval(1/2, exact)
    """
    apart = total_variation(expert, learner)
    if not isinstance(apart, Interval) or apart.exact:
        most = _highest(game, apart if proposing() else apart.lower, learner, deviations)
    else:  # the value grows with the reward
        below, above = (_highest(game, end, learner, deviations) for end in (apart.lower, apart.upper))
        most = Interval(below.lower, above.upper, "float")
    return most / game.horizon.H


def _highest(game, reward, joint, deviations):
    """The largest value of obedience and of any deviation of a class where state s pays `reward[s]` or `[t,s]`."""
    paid = np.repeat(reward[..., None, :, None], game.players, axis=-3)
    priced = MarkovGame(game.P, np.repeat(paid, game.J, axis=-1), game.rho, horizon=game.horizon, actions=game.actions)
    obeyed = value(priced, joint)
    return stacked([regret(priced, joint, deviations) + obeyed, obeyed]).max()


@replaceable
def coverage(game: MarkovGame, expert: Policy, learner: Policy) -> Interval:
    """b = the least probability with which the expert visits a place that matters, a scalar; 1 if there is none.

    A place (t, s) matters if a swap deviation from the learner can lead there, the two mediators differ there, and the
    expert is there at all: `covers` says whether that last condition left any out. A minimum over all places would be 0
    in every game whose states come in layers.
    """
    seen, _ = _places(game, expert, learner)
    if not seen.any():
        one = game.like(np.ones((), dtype=int))
        return one if proposing() else known(one)
    return occupancy(game, expert).sum(axis=-1)[seen].min()


@replaceable
def covers(game: MarkovGame, expert: Policy, learner: Policy) -> bool:
    """Whether the expert is, with positive probability, wherever a deviation from the learner meets a difference of the two."""
    return not _places(game, expert, learner)[1].any()


def _places(game, expert, learner):
    """Places `[t,s]` that deviations from the learner reach and where the mediators differ: the expert there, or never there."""
    differ = stepwise((expert.table != learner.table).any(axis=-1), 1)
    matter = deviators_reach(game, learner) & differ
    visited = _reached(game, expert, range(game.J), game.J)
    return matter & visited, matter & ~visited


def deviators_reach(game, joint):
    """Whether some swap deviation of one player leads to s at step t with positive probability, `[t,s]`."""
    ways = [parts_of_joint_actions(game.actions, i)[1] for i in range(game.players)]
    return np.logical_or.reduce([_reached(game, joint, swapped, game.J) for swapped in ways])


def _reached(game, joint, swapped, J):
    """States reached where joint action j may turn into any of swapped[j]."""
    turns = np.zeros((J, J), dtype=bool)
    for j, into in enumerate(swapped):
        turns[j, into] = True
    moves, table = stepwise(np.asarray(game.P != 0), 3), stepwise(np.asarray(joint.table != 0), 2)
    reached = np.zeros((game.horizon.H, game.S), dtype=bool)
    reached[0] = game.rho != 0
    for t in range(game.horizon.H - 1):
        played = (table[t % len(table)] @ turns) & reached[t][:, None]
        reached[t + 1] = (moves[t % len(moves)] & played[..., None]).any(axis=(0, 1))
    return reached
