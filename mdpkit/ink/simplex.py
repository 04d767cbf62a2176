"""The simplex of three responses with level sets of the divergence from a reference."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.75**0.5]])


def simplex(
    ax: "Axes",
    reference: Sequence[float],
    levels: Sequence[float],
    points: Mapping[str, tuple[Sequence[float], str]],
    segment: tuple[Sequence[float], Sequence[float]],
    names: Sequence[str],
) -> None:
    """Draw KL(pi || reference) as level sets, a segment of policies and labelled points.

    Args: levels: in nats. points: label -> (distribution, style). segment: its ends. names: of the corners.
    """
    shares = np.array([(a, b, 60 - a - b) for a in range(61) for b in range(61 - a)]) / 60
    logs = np.where(shares > 0, np.log(np.where(shares > 0, shares, 1) / np.asarray(reference)), 0)
    x, y = (shares @ CORNERS).T
    ax.tricontour(x, y, (shares * logs).sum(axis=1), levels=list(levels), colors="0.7", linewidths=0.6)
    outline = CORNERS[[0, 1, 2, 0]]
    ax.plot(*outline.T, color="black", linewidth=0.8)
    ax.plot(*(np.asarray(segment) @ CORNERS).T, color="C2", linewidth=1.2)
    for label, (law, style) in points.items():
        ax.plot(*(np.asarray(law) @ CORNERS), style, label=label)
    for corner, name, (dx, dy) in zip(CORNERS, names, ((-0.03, -0.02), (0.03, -0.02), (0, 0.03)), strict=True):
        aligned = dict(ha="right" if dx < 0 else "left" if dx > 0 else "center", va="bottom" if dy > 0 else "top")
        ax.text(corner[0] + dx, corner[1] + dy, name, **aligned)
    ax.set_axis_off()
    ax.set(aspect="equal", xlim=(-0.2, 1.2), ylim=(-0.15, 1.0))
