"""Deviation error and coverage: distance between two mediators on the states that deviators reach."""

from dataclasses import replace
from functools import reduce

import numpy as np

from ...base.arrays import bare
from ...base.interval import Interval, stack
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...model.game import MarkovGame
from ...model.mdp import at_step, stepwise
from ...model.policy import Policy
from .._known import enclose
from ..imitation.divergence import total_variation
from ..planning.occupancy import occupancy
from ..planning.value import value
from .parts import parts_of_joint_actions
from .regret import regret


@replaceable
def deviation_error(game: MarkovGame, expert: Policy, learner: Policy, deviations: str = "swap") -> Interval:
    """e = (1/H) max over players and deviations in a class of E sum_t TV(expert, learner), a scalar in [0, 1].

    The expectation is under the state distribution induced by the deviation from the learner; obedience counts as a
    deviation. Computed by one backward pass per player in a game whose reward is the total variation.

    Args: game: a MarkovGame over a finite horizon. expert, learner: mediators. deviations: a class, as for `regret`.
    Raises: InvalidModel for a discounted game, or for mediators of a different game.
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
    else:  # the value is monotone in the reward
        below, above = (_highest(game, end, learner, deviations) for end in (apart.lower, apart.upper))
        most = Interval(below.lower, above.upper, "float")
    return most / game.horizon.H


@replaceable
def importance_weighted_error(game: MarkovGame, expert: Policy, learner: Policy, deviations: str = "swap") -> Interval:
    """(1/H) max over deviations of E_{d^E} sum_t w_t TV(expert, learner), w_t the density ratio to the expert's visits.

    The ratio is that of the state distribution under the deviation from the learner to the expert's; states that the
    expert does not visit have no weight, so that demonstrations suffice to compute it. The ratio cancels the expert's
    distribution: no weights are formed, and unvisited states are priced 0. It is at most `deviation_error`,
    and equal to it if `covers` holds. Obedience counts as a deviation.

    Args: game: a MarkovGame over a finite horizon. expert, learner: mediators. deviations: a class, as for `regret`.
    Raises: InvalidModel for a discounted game, or for mediators of a different game.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.

    >>> from mdpkit.instances.library.games import fork
    >>> unseen, seen = fork(5), fork(5, "1/4")
    >>> importance_weighted_error(unseen.game, unseen.expert, unseen.learner)
    Interval(0, exact)
    >>> importance_weighted_error(seen.game, seen.expert, seen.learner)
    Interval(4/5, exact)
    """
    visited = _reachable(game, expert, range(game.J), game.J).astype(int)
    apart = total_variation(expert, learner)
    if not isinstance(apart, Interval) or apart.exact:
        weighed = stepwise(apart if proposing() else apart.lower, 1) * visited
        return _highest(game, weighed, learner, deviations) / game.horizon.H
    ends = (_highest(game, stepwise(end, 1) * visited, learner, deviations) for end in (apart.lower, apart.upper))
    below, above = ends
    return Interval(below.lower, above.upper, "float") / game.horizon.H


def _highest(game, reward, joint, deviations):
    """Largest value over players, obedience and the deviations of a class, for the state reward `[s]` or `[t,s]`."""
    paid = np.repeat(reward[..., None, :, None], game.players, axis=-3)
    priced = replace(game, r=np.repeat(paid, game.J, axis=-1))
    obeyed = value(priced.player(0), joint)  # the same for all players
    return stack([regret(priced, joint, deviations).max() + obeyed, obeyed]).max()


@replaceable
def coverage(game: MarkovGame, expert: Policy, learner: Policy) -> Interval:
    """b = minimum probability with which the expert visits a relevant pair (t, s), a scalar; 1 if no pair is relevant.

    A pair (t, s) is relevant if it is reachable under some swap deviation from the learner, the two mediators differ
    at it, and the expert visits it with positive probability; `covers` reports whether the last condition excludes any
    pair. (A minimum over all pairs would be 0 in every layered game.)
    """
    seen, _ = _places(game, expert, learner)
    if proposing():  # without a branch on values
        return np.where(seen, occupancy(game, expert).sum(axis=-1), 1).min()
    if not seen.any():
        return enclose(game.like(np.ones((), dtype=int)))
    return occupancy(game, expert).sum(axis=-1)[seen].min()


@replaceable
def covers(game: MarkovGame, expert: Policy, learner: Policy) -> bool:
    """Whether the expert visits each (t, s) reachable by deviations from the learner where the mediators differ."""
    return not _places(game, expert, learner)[1].any()


def _places(game, expert, learner):
    """Pairs `[t,s]` at which the mediators differ: those visited by the expert, and the rest.

    Only pairs reachable by deviations from the learner count.
    """
    differ = stepwise((expert.table != learner.table).any(axis=-1), 1)
    matter = deviators_reach(game, learner) & differ
    visited = _reachable(game, expert, range(game.J), game.J)
    return matter & visited, matter & ~visited


def deviators_reach(game, joint):
    """Whether some swap deviation of one player reaches s at step t with positive probability, `[t,s]`."""
    ways = [parts_of_joint_actions(game.actions, i)[1] for i in range(game.players)]
    return reduce(np.logical_or, [_reachable(game, joint, swapped, game.J) for swapped in ways])


def _reachable(game, joint, swapped, J):
    """States `[t,s]` reachable when joint action j may be replaced by any of swapped[j]."""
    turns = np.zeros((J, J), dtype=bool)
    for j, into in enumerate(swapped):
        turns[j, into] = True
    table = stepwise(bare(joint.table != 0), 2)
    reached = [bare(game.rho != 0)]
    for t in range(game.horizon.H - 1):
        played = (table[t % len(table)] @ turns) & reached[t][:, None]
        played = played if game.mask is None else played & game.available
        reached.append(_find_successors(at_step(game.P, t), played))
    return np.stack(reached)


def _find_successors(P, played):
    """Whether a state `[n]` follows with positive probability one of the pairs `played[s,j]`."""
    if hasattr(P, "tocsr"):
        return P.T @ played.ravel().astype(float) > 0
    return (bare(P != 0) & played[..., None]).any(axis=(0, 1))
