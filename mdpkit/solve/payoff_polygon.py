"""Payoffs of the equilibria of a one-shot game of two players, as the vertices of a polygon."""

import numpy as np

from ..base.arrays import exactly
from ..base.errors import InvalidModel
from ..exact import stage
from ..model.game import MarkovGame, expect_all_actions
from ..model.horizon import Finite
from ..model.mdp import stepwise
from .stage_equilibria import best_for

CONCEPTS = ("swap", "coarse")


def payoff_polygon(game: MarkovGame, concept: str = "swap") -> np.ndarray:
    """Vertices `[k,i]` of the payoffs of all correlated equilibria of a game played once, in rationals.

    Counterclockwise, from the smallest payoff of the first player on; a single row where all payoffs are equal, and two
    rows for a segment. Payoffs of Nash equilibria lie in the polygon. Floats are taken as the rationals they represent.

    Args:
        game: two players, one state, one step. concept: "swap" (correlated equilibria) or "coarse" (coarse correlated).

    Raises: InvalidModel for other games, missing actions, or other concepts.
    Source: adapted from Aumann, 1974; see also Nau, Gomez Canovas and Hansen, 2004.

    >>> from mdpkit.base.arrays import objects
    >>> P, r = objects([[[1]] * 4]), objects([[[6, 2, 7, 0]], [[6, 7, 2, 0]]])
    >>> payoff_polygon(MarkovGame(P, r, horizon=Finite(1), actions=(2, 2)))
    array([[2, 7],
           [18/5, 18/5],
           [7, 2],
           [21/4, 21/4]], dtype=object)
    """
    expect_all_actions("payoff_polygon() takes", game)
    if game.players != 2 or game.S != 1 or game.horizon != Finite(1):
        raise InvalidModel(f"expected a game of two players with one state that is played once; got {game!r}")
    if concept not in CONCEPTS:
        raise InvalidModel(f"concept={concept!r}; expected one of {', '.join(CONCEPTS)}")
    payoff = exactly(stepwise(game.r, 3)[0, :, 0])
    rows = stage.deviation_gains(payoff, payoff, game.actions, concept)
    return polygon(lambda direction: payoff @ best_for(direction @ payoff, rows))


def polygon(farthest):
    """Vertices `[k,2]`, counterclockwise, of a convex set of which `farthest(direction)` is a farthest point."""
    corners = [farthest(exactly(np.array(direction, dtype=float))) for direction in ((-1, 0), (0, -1), (1, 0), (0, 1))]
    points = {tuple(point) for point in corners}
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        points |= _beyond(farthest, a, b)
    return _hull(sorted(points))


def _beyond(farthest, a, b):
    """Points outside the edge from a to b, seen with the set on the left."""
    out = np.array([b[1] - a[1], a[0] - b[0]], dtype=object)
    if not out.any():
        return set()
    found = farthest(out)
    if out @ found <= out @ a:
        return set()
    return {tuple(found)} | _beyond(farthest, a, found) | _beyond(farthest, found, b)


def _hull(points):
    """Strict vertices of the convex hull of sorted points, counterclockwise from the first."""
    if len(points) <= 2:
        return np.array(points, dtype=object)
    halves = []
    for run in (points, points[::-1]):
        chain = []
        for point in run:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        halves.append(chain[:-1])
    return np.array(halves[0] + halves[1], dtype=object)


def _turn(a, b, c):
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
