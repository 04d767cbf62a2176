"""Pictures of learning dynamics: the square of 2 x 2 games, the triangles of 3 x 3 games."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...ink.responses import best_response_field
from ...ink.simplex import simplex
from .play import Play

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_POINTS = 2000
"""Largest number of points drawn of a path."""
COLOURS = ("C0", "C1", "C2", "C4", "C5", "C6")


def draw_dynamics(plays: Mapping[str, Play], *, average: bool = False) -> "Figure":
    """Draw the strategies of one or several plays of the same game of two players with 2 or 3 actions each.

    For 2 x 2 games one square with the field of best responses, for 3 x 3 games one triangle a player, with level sets
    of what a best response of the opponent earns.

    Args: plays: by name, of one game. average: whether time averages are drawn in place of the strategies themselves.
    Raises: InvalidModel for other games, for plays of different games, or if there are none.

    >>> from mdpkit.instances.library.games_learning import rock_paper_scissors
    >>> from mdpkit.learn.dynamics import LearningDynamics, RegretMatching
    >>> game = rock_paper_scissors().game
    >>> len(draw_dynamics({"matching": LearningDynamics(RegretMatching()).play(game.to_float(), 50)}).axes)
    2
    """
    from matplotlib.figure import Figure

    games = [play.game for play in plays.values()]
    if not games or any(game != games[0] for game in games):
        raise InvalidModel(f"plays holds {len(games)} plays; expected at least one, all of the same game")
    game = games[0]
    if game.actions not in ((2, 2), (3, 3)):
        raise InvalidModel(f"games of two players with 2 or 3 actions each are drawn; got actions={game.actions}")
    payoffs = floats(game.r.reshape(2, *game.actions))
    paths = {}
    for name, play in plays.items():
        points = floats(play.average if average else play.strategies)
        at = np.unique(np.linspace(0, len(points) - 1, MOST_POINTS).astype(int))
        paths[name] = points[at]
    styles = [f"-{COLOURS[k % len(COLOURS)]}" for k in range(len(paths))]
    if game.actions == (2, 2):
        figure = Figure(figsize=(3.25, 3.25), layout="constrained")
        ax = figure.add_subplot()
        drawn = [(path[:, :, 1], style, name) for (name, path), style in zip(paths.items(), styles, strict=True)]
        best_response_field(ax, *payoffs, drawn)
        ax.legend(fontsize=6)
        return figure
    figure = Figure(figsize=(6.75, 3.0), layout="constrained")
    rivals = (lambda x: (x @ payoffs[1]).max(axis=-1), lambda y: (y @ payoffs[0].T).max(axis=-1))
    for i, ax in enumerate(figure.subplots(1, 2)):
        drawn = [(path[:, i], style, name) for (name, path), style in zip(paths.items(), styles, strict=True)]
        names = game.action_names[i] if game.action_names else ("0", "1", "2")
        simplex(ax, drawn, rivals[i], names=names)
        ax.text(0.5, -0.12, f"player {i + 1}", ha="center", va="top")
    figure.axes[0].legend(fontsize=6, loc="upper left", bbox_to_anchor=(-0.05, 1))
    return figure
