"""Regret of a mixture of mediators, against deviators that learn which mediator was drawn."""

import numpy as np

from ...base.enclosure import settle
from ...base.errors import InvalidModel
from ...base.interval import Interval, stack
from ...base.mode import proposing
from ...base.record import distributions, numbers
from ...base.replaceable import replaceable
from ...base.tolerance import ROW_SUM
from ...base.types import Numbers
from ...model.game import MarkovGame, with_dense_law
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

    Raises: InvalidModel for a discounted game, a mediator of a different game, weights that are no distribution over
        the mediators, or another `observes`.
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
    array([1/2, 1/2], dtype=object)
    """
    if observes not in OBSERVES:
        raise InvalidModel(f"observes={observes!r}; expected one of {', '.join(OBSERVES)}")
    if not proposing():
        if not len(mediators):
            raise InvalidModel("there is no mediator; expected one at least")
        weights = numbers("weights", weights, game.exact, "k")
        if len(weights) != len(mediators):
            raise InvalidModel(f"{len(weights)} weights for {len(mediators)} mediators; expected one each")
        distributions("weights", weights, ROW_SUM)
    game = with_dense_law(game)
    return stack([_gain(game, list(mediators), weights, i, observes) for i in range(game.players)])


def _gain(game, mediators, weights, i, observes):
    players = [_Player(game, joint, i) for joint in mediators]
    one, roundings = players[0], sum(player.roundings for player in players)
    P, r, H = one.P, one.r, one.H
    parts = np.stack([np.flatnonzero(one.own == a) for a in range(one.swapped.shape[1])])
    turned = one.swapped[parts]  # joint actions `[a,o,b]`: o counts the others' actions, b replaces a

    def best(r):
        """Largest value of a history-dependent deviation: forward over the histories, backward over the choices."""
        reached, paid = [np.stack([w * one.process.rho for w in weights])[None]], []
        for t in range(H):
            sigma = np.stack([player.sigma[t % len(player.sigma)] for player in players])[:, :, parts]
            paid.append(_value_now(reached[-1], sigma, r[t % len(r)][:, turned]))
            if t + 1 < H:
                reached.append(_reach(reached[-1], sigma, P[t % len(P)][:, turned], observes == "joint"))
        V = paid[-1].max(axis=-1).sum(axis=-1)
        for t in range(H - 2, -1, -1):
            later = V.sum(axis=-1).reshape(*paid[t].shape, -1).sum(axis=-1)
            V = (paid[t] + later).max(axis=-1).sum(axis=-1)
        return V.sum(axis=-1)[0]

    found = settle(
        np.asarray(best(r)) if game.exact else best(r), lambda: np.asarray(best(np.abs(r))), roundings + 8 * H
    )
    obeyed = [value(one.process, joint) * w for joint, w in zip(mediators, enclose(weights), strict=True)]
    return found - sum(obeyed[1:], obeyed[0])


def _value_now(reached, sigma, reward):
    """Value `[h,s,a,b]` of b in place of a at histories reached[h,k,s], times their probabilities."""
    gain = (sigma[..., None] * reward).sum(axis=3)
    return (reached[..., None, None] * gain).sum(axis=1)


def _reach(reached, sigma, law, joint):
    """Probabilities `[h,k,n]` of the histories one step longer: h runs over (h, s, a, b, o), o as far as observed."""
    moves = sigma[..., None, None] * law
    moves = moves if joint else moves.sum(axis=3)[:, :, :, None]
    longer = reached[:, :, :, None, None, None, None] * moves
    h, k, s, a, o, b, n = longer.shape
    return longer.transpose(0, 2, 3, 5, 4, 1, 6).reshape(h * s * a * b * o, k, n)
