"""Best responses of two players with two actions each, and paths of their strategies."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ARROWS = 9
"""Number of arrows along each side of the square."""


def best_response_field(
    ax: "Axes",
    first: np.ndarray,
    second: np.ndarray,
    paths: Sequence[tuple[Sequence[Sequence[float]], str, str | None]] = (),
    marks: Mapping[str, tuple[Sequence[float], str]] | None = None,
) -> None:
    """Draw the square of mixed strategies of two players, with arrows towards both best responses.

    The point (p, q) says that the players play their action 1 with probabilities p and q.

    Args:
        first, second: payoffs `[a,b]` of the players.
        paths: points (p, q), a line format such as "-C0" and a label, of each path; a labelled one starts at a dot.
        marks: single points and their formats by label.
    """
    grid = (np.arange(ARROWS) + 0.5) / ARROWS
    p, q = np.meshgrid(grid, grid)
    gain = (first[1, 0] - first[0, 0]) * (1 - q) + (first[1, 1] - first[0, 1]) * q
    rival = (second[0, 1] - second[0, 0]) * (1 - p) + (second[1, 1] - second[1, 0]) * p
    towards = [np.where(value > 0, 1 - at, np.where(value < 0, -at, 0)) for value, at in ((gain, p), (rival, q))]
    ax.quiver(p, q, *towards, color="0.75", angles="xy", scale_units="xy", scale=2.5 * ARROWS / 2, width=0.006)
    for points, style, label in paths:
        places = np.asarray(points, dtype=float)
        ax.plot(*places.T, style, lw=0.8, label=label)
        if label is not None:
            ax.scatter(*places[0], s=9, color=ax.lines[-1].get_color())
    for label, (point, style) in (marks or {}).items():
        ax.plot(*np.asarray(point, dtype=float), style, mew=0.5, zorder=5, label=label)
    ax.set(aspect="equal", xlim=(0, 1), ylim=(0, 1), xlabel="player 1 plays 1", ylabel="player 2 plays 1")
