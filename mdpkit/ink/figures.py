"""Figures shared by several claims."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .graph import BLACK, Arrow, Box, connect, paint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNIT = 0.42
"""Length of one coordinate unit of a graph, in inches."""


def identity(ax: "Axes", rows: Sequence[Mapping[str, Any]]) -> None:
    """Scatter plot of both sides of an identity, with the controls off the diagonal."""
    names = {name for row in rows if row.get("part") == "statement" for name in row.get("pairs", {})}
    pairs = _by_part(rows, lambda row: row.get("pairs", {}).values())
    _against(ax, pairs, _controls(rows), "equal sides")
    of = f" of {next(iter(names))}" if len(names) == 1 else ""
    ax.set(xlabel=f"left side{of}", ylabel=f"right side{of}")


def bound(ax: "Axes", rows: Sequence[Mapping[str, Any]]) -> None:
    """Scatter plot of a bound's left against its right side: instances on or below the diagonal, controls above."""
    pairs = _by_part(rows, lambda row: [(row["sides"][-1], row["sides"][0])] if row.get("sides") else [])
    _against(ax, pairs, [(right, left) for left, right in _controls(rows)], "equal sides")
    ax.set(xlabel="right side", ylabel="left side")


def name_sides(ax: "Axes", drawn: Callable[..., None], left: str, right: str) -> None:
    """Write what the sides are on the axes of `bound` or `identity`, whichever has `drawn` them."""
    across, up = (right, left) if drawn is bound else (left, right)
    sides = ("right side", "left side") if drawn is bound else ("left side", "right side")
    ax.set(xlabel=f"{sides[0]}: {across}", ylabel=f"{sides[1]}: {up}")


def _controls(rows):
    return [row["sides"] for row in rows if row.get("control") and row["sides"]]


def _by_part(rows, points):
    """Points of the claim's own statement, and of its further ones."""
    own, further = [], []
    for row in rows:
        if not row.get("control"):
            (own if row.get("part") == "statement" else further).extend(points(row))
    return own, further


def _against(ax, parts, controls, words):
    """Scatter plot with both axes linear up to 1 and logarithmic beyond, so that small differences stay visible."""
    own, further, controls = ([point for point in points if None not in point] for points in (*parts, controls))
    ends = [number for point in own + further + controls for number in point]
    limits = [min(0, *ends) * 1.2 - 0.1, max(1, *ends) * 1.2] if ends else [0, 1]
    ax.plot(limits, limits, "k--", label=words)
    kinds = (
        (further, "^C2", "further statements"),
        (own, "oC0", "tightest of each size"),
        (controls, "xC1", "controls (fail)"),
    )
    for points, style, label in kinds:
        if points:
            ax.plot(*zip(*points, strict=True), style, label=label)
    ax.set_xscale("symlog", linthresh=1)
    ax.set_yscale("symlog", linthresh=1)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(_decades(*limits))
    ax.set(xlim=limits, ylim=limits)
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


def _decades(low, high):
    """Ticks at 0, 1 and every few powers of ten, so that no two labels meet."""
    from matplotlib.ticker import FixedLocator

    top = max(1, math.ceil(math.log10(max(abs(low), abs(high), 1))))
    powers = [10.0**k for k in range(0, top + 1, -(-top // 4))]
    return FixedLocator([*(-power for power in reversed(powers)), 0, *powers])


def panels(ax: "Axes", count: int) -> list["Axes"]:
    """Split the given axes into `count` axes side by side over the width of a page."""
    figure = ax.figure
    figure.set_figwidth(6.75)
    cells = figure.add_gridspec(1, count)
    ax.set_subplotspec(cells[0])
    return [ax, *(figure.add_subplot(cells[k]) for k in range(1, count))]


def draw_graph(
    ax: "Axes", places: Mapping[Any, tuple[float, float]], ways: Mapping[tuple[Any, Any], str], names: Mapping[Any, str]
) -> None:
    """Draw a graph: states as boxes at `places`, transitions as arrows with labels."""
    boxes = [Box(str(state), (x * UNIT, y * UNIT), ((names[state], BLACK),)) for state, (x, y) in places.items()]
    arrows = [Arrow(str(source), str(target), words) for (source, target), words in ways.items()]
    paint(ax, connect(boxes, arrows), UNIT)
    across, up = zip(*places.values(), strict=True)
    ax.set_axis_off()
    ax.set(xlim=(min(across) - 1, max(across) + 1), ylim=(min(up) - 1.4, max(up) + 0.6), aspect="equal")


def heat_map(
    ax: "Axes", values: Sequence[Sequence[float]], extent: tuple[float, float, float, float], label: str
) -> None:
    """Cells `values[y][x]` in [0, 1] as vector graphics, with their colour bar.

    Args: extent: left, right, bottom and top edge.
    """
    rows, columns = len(values), len(values[0])
    left, right, bottom, top = extent
    edges = np.linspace(left, right, columns + 1), np.linspace(bottom, top, rows + 1)
    bar = ax.figure.colorbar(ax.pcolormesh(*edges, values, vmin=0, vmax=1), ax=ax, label=label)
    bar.solids.set_rasterized(False)
