"""Sets of payoffs of two players as polygons of a plane."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def polygons(
    ax: "Axes",
    regions: Mapping[str, Sequence[Sequence[float]]],
    points: Mapping[str, Sequence[Sequence[float]]] | None = None,
    colours: Sequence[str] = ("0.88", "C0", "C2"),
) -> None:
    """Draw polygons, the largest first, and points over them.

    Args:
        regions: vertices `[k,2]` in order by label; segments and single points are drawn as such.
        points: places `[k,2]` by label, which are drawn as different markers.
        colours: of the regions in turn.
    """
    for k, (label, corners) in enumerate(regions.items()):
        ring, colour = np.asarray(corners, dtype=float), colours[k % len(colours)]
        ring = np.concatenate([ring, ring[:1]])
        ax.fill(*ring.T, facecolor=colour, alpha=1 if k == 0 else 0.25, linewidth=0, gid=f"region {label}")
        ax.plot(*ring.T, "-", color="0.6" if k == 0 else colour, lw=0.8, label=label)
    for k, (label, places) in enumerate((points or {}).items()):
        spots = np.atleast_2d(np.asarray(places, dtype=float))
        ax.plot(*spots.T, "o*sDv^"[k % 6], ms=5 if k % 6 != 1 else 8, mec="k", mew=0.4, label=label, zorder=5)
    ax.set(xlabel="payoff of player 1", ylabel="payoff of player 2")
