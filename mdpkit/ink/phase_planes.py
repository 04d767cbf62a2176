"""Pictures of failure sets, tubes and learned constraints, from stored numbers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL = 6
"""Font size of the legends of a panel."""


def phase_plane(
    ax: "Axes",
    x: ArrayLike,
    y: ArrayLike,
    failure: ArrayLike,
    tube: ArrayLike,
    learned: ArrayLike | None = None,
    other: ArrayLike | None = None,
) -> None:
    """Draw sets of the cells of a plane: failure and tube filled, another tube as a line, a learned set as dots.

    Args:
        x, y: coordinates of the cells on each axis, `[i]` and `[j]`.
        failure, tube, learned, other: True or 1 on the cells of each set, `[i,j]` or flat; `other` is the tube of
            other dynamics.

    Examples: docs/howto/is_my_learned_constraint_a_tube.md.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    sets = [
        None if each is None else np.asarray(each, dtype=float).reshape(len(x), len(y)).T for each in (failure, tube)
    ]
    across = np.append(x - _half(x), x[-1] + _half(x)), np.append(y - _half(y), y[-1] + _half(y))
    for inside, colour, alpha, label in ((sets[1], "C0", 0.3, "tube"), (sets[0], "0.3", 1, "failure")):
        ax.pcolormesh(*across, np.where(inside > 0, 1.0, np.nan), cmap=_plain(colour), alpha=alpha)
        ax.plot([], [], "s", color=colour, alpha=alpha, label=label)
    if other is not None:
        inside = np.asarray(other, dtype=float).reshape(len(x), len(y)).T
        ax.contour(x, y, inside, levels=[0.5], colors=["C2"])
        ax.plot([], [], "-C2", label="tube of other dynamics")
    if learned is not None:
        inside = np.asarray(learned, dtype=float).reshape(len(x), len(y)).T
        rows, columns = np.nonzero(inside)
        ax.plot(x[columns], y[rows], ".C4", markersize=1.5, zorder=3, label="learned constraint")


def phase_planes(ax: "Axes", rows: Sequence[Mapping[str, Any]]) -> None:
    """Three panels: the phase plane of a cart, the errors of transfer, and the gate.

    Args: rows: of the claim on transfer, with data of its carts.
    """
    page = ax.figure
    page.set_size_inches(6.75, 2.6)
    cells = page.add_gridspec(1, 3, width_ratios=(1.4, 1, 1))
    ax.set_subplotspec(cells[0, 0])
    walls = [row for row in rows if row.get("part") == "walls"]
    drawn = next(row["data"] for row in walls if "learned" in row["data"])
    phase_plane(
        ax, np.arange(-20, 21), np.arange(-5, 6), drawn["failure"], drawn["source"], drawn["learned"], drawn["target"]
    )
    ax.set(xlabel="position $x$", ylabel="velocity $v$")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=SMALL)
    draw_errors(page.add_subplot(cells[0, 1]), walls)
    draw_gates(page.add_subplot(cells[0, 2]), rows)


def draw_errors(ax: "Axes", walls: Sequence[Mapping[str, Any]]) -> None:
    """Conservative and unsafe states of the filter and of the planner, for each pair of carts."""
    counts = np.array([row["data"]["counts"] for row in walls])
    places = np.arange(len(counts))
    for k, (colour, label) in enumerate(
        (("C0", "filter, conservative"), ("C5", "filter, unsafe"), ("C2", "planner, conservative"))
    ):
        ax.bar(places + (k - 1) * 0.27, counts[:, k], 0.25, color=colour, label=label)
    names = ["{}{}$\\to${}{}".format(*row["data"]["brakes"]) for row in walls]
    ax.set_xticks(places, names, fontsize=SMALL)
    ax.set(xlabel="brakes before each wall", ylabel="states")
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=SMALL)


def draw_gates(ax: "Axes", rows: Sequence[Mapping[str, Any]]) -> None:
    """States in excess against the length of the walk before the gate."""
    gates = [row for row in rows if row.get("part") == "gates"]
    length = [row["parameters"]["L"] for row in gates]
    ax.plot(length, [row["pairs"]["planner"][0] for row in gates], "^C2", label="planner")
    ax.plot(length, [row["pairs"]["filter"][0] for row in gates], "oC0", label="filter")
    ax.plot(length, [each + 1 for each in length], "k--", label="all safe states")
    ax.plot(length[-1], 1, "xC1", markersize=6, zorder=5, label="no more than for the filter (fails)")
    ax.set(xlabel="states $L$ before the gate", ylabel="in excess")
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=SMALL)


def _half(places):
    return (places[1] - places[0]) / 2 if len(places) > 1 else 0.5


def _plain(colour):
    from matplotlib.colors import ListedColormap

    return ListedColormap([colour])
