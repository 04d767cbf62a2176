"""Payoffs of the equilibria of a game of two players that is played once."""

import numpy as np

from ...base.arrays import exactly, floats
from ...base.errors import InvalidModel
from ...exact.bimatrix import LARGEST
from ...ink.polygons import polygons
from ...solve import nash_equilibria, payoff_polygon
from ..style import blank, widths


def draw_payoffs(scene):
    """Draw the polygons of (coarse) correlated equilibria, the Nash equilibria, and the policies of a Scene."""
    game = scene.problem
    regions = {
        "coarse correlated": floats(payoff_polygon(game, "coarse")),
        "correlated": floats(payoff_polygon(game, "swap")),
    }
    points = {}
    if max(game.actions) <= LARGEST:
        points["Nash"] = np.array([floats(pair.payoff) for pair in nash_equilibria(game)])
    payoff = exactly(game.r.reshape(2, game.J))
    for name, policy in scene.policies.items():
        law = exactly(policy.table.reshape(-1, game.J))
        if len(law) != 1:
            raise InvalidModel(f"{name} has {len(law)} laws; expected one, for a game that is played once")
        points[name] = floats(payoff @ law[0])[None]
    width = widths().column
    figure, ax = blank(width, 0.85 * width)
    polygons(ax, regions, points)
    figure.legend(loc="outside upper center", ncols=2)
    return figure
