"""Policies over three responses as points of a triangle."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CORNERS = np.array([[0, 0], [1, 0], [0.5, 0.75**0.5]])
"""Places of the three responses."""
CELLS = 60
"""Number of cells along an edge, on which level sets are computed."""


def simplex(
    ax: "Axes",
    paths: Sequence[tuple[Sequence[Sequence[float]], str, str | None]],
    level: Callable[[np.ndarray], np.ndarray] | None = None,
    marks: Mapping[str, tuple[Sequence[float], str]] | None = None,
    names: Sequence[str] = ("1", "2", "3"),
    levels: int | Sequence[float] = 7,
) -> None:
    """Draw policies over three responses as points of a triangle, with paths and level sets.

    Args:
        paths: points `[k,3]`, a line format such as "-C0" and a label, of each path; a labelled one starts at a dot.
        level: function of points `[k,3]` whose level sets are drawn in grey; `levels` is their number or their values.
        marks: single points and their formats by label.
        names: of the responses, at the corners.
    """
    ax.plot(*CORNERS[[0, 1, 2, 0]].T, "k", lw=0.7)
    if level is not None:
        fine = np.array([(i, j, CELLS - i - j) for i in range(CELLS + 1) for j in range(CELLS + 1 - i)]) / CELLS
        ax.tricontour(*(fine @ CORNERS).T, level(fine), levels=levels, colors="0.75", linewidths=0.5)
    for points, style, label in paths:
        places = np.asarray(points, dtype=float) @ CORNERS
        ax.plot(*places.T, style, lw=0.8, label=label)
        if label is not None:
            ax.scatter(*places[0], s=9, color=ax.lines[-1].get_color())
    for label, (point, style) in (marks or {}).items():
        ax.plot(*(np.asarray(point, dtype=float) @ CORNERS), style, mew=0.5, zorder=5, label=label)
    middle = CORNERS.mean(axis=0)
    for name, corner in zip(names, CORNERS, strict=True):
        ax.text(*(corner + 0.13 * (corner - middle)), name, ha="center", va="center")
    ax.set(aspect="equal", xlim=(-0.2, 1.2), ylim=(-0.15, 1.02))
    ax.set_axis_off()
