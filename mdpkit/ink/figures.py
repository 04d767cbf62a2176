"""Figures shared by several claims."""

from .graph import BLACK, Arrow, Box, joined, paint

UNIT = 0.42
"""Length of one coordinate unit of a graph, in inches."""


def identity(ax, rows):
    """Scatter plot of both sides of an identity, with the controls off the diagonal."""
    pairs = [pair for row in rows for pair in row.get("pairs", {}).values()]
    _against(ax, pairs, _controls(rows), "equality")
    ax.set(xlabel="left side", ylabel="right side")


def bound(ax, rows):
    """Scatter plot of the left end of a bound against its right end: instances on or below the diagonal, controls above."""
    pairs = [(row["sides"][-1], row["sides"][0]) for row in rows if not row.get("control") and row.get("sides")]
    _against(ax, pairs, [(right, left) for left, right in _controls(rows)], "left side = right side")
    ax.set(xlabel="right side", ylabel="left side")


def _controls(rows):
    return [row["sides"] for row in rows if row.get("control") and row["sides"]]


def _against(ax, pairs, controls, words):
    """Scatter plot with both axes linear up to 1 and logarithmic beyond, so that small differences stay visible."""
    pairs, controls = ([point for point in points if None not in point] for points in (pairs, controls))
    ends = [number for point in pairs + controls for number in point]
    limits = [min(0, *ends) * 1.2 - 0.1, max(1, *ends) * 1.2] if ends else [0, 1]
    ax.plot(limits, limits, "k--", label=words)
    for points, style, label in ((pairs, "oC0", "instances"), (controls, "xC1", "controls (fail)")):
        if points:
            ax.plot(*zip(*points, strict=True), style, label=label)
    ax.set_xscale("symlog", linthresh=1)
    ax.set_yscale("symlog", linthresh=1)
    ax.set(xlim=limits, ylim=limits)
    ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))


def panels(ax, count):
    """Split the given axes into `count` axes side by side over the width of a page."""
    figure = ax.figure
    figure.set_figwidth(6.75)
    cells = figure.add_gridspec(1, count)
    ax.set_subplotspec(cells[0])
    return [ax, *(figure.add_subplot(cells[k]) for k in range(1, count))]


def draw_graph(ax, places, ways, names):
    """Draw a graph: states as boxes at `places`, transitions as arrows with labels."""
    boxes = [Box(str(state), (x * UNIT, y * UNIT), ((names[state], BLACK),)) for state, (x, y) in places.items()]
    arrows = [Arrow(str(source), str(target), words) for (source, target), words in ways.items()]
    paint(ax, joined(boxes, arrows), UNIT)
    across, up = zip(*places.values(), strict=True)
    ax.set_axis_off()
    ax.set(xlim=(min(across) - 1, max(across) + 1), ylim=(min(up) - 1.4, max(up) + 0.6), aspect="equal")
