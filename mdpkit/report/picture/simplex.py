"""Distributions over three outcomes as points of a triangle."""

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.tolerance import ROW_SUM
from ...ink.graph import Sketch, measure_text, paint
from ..style import bare, widths
from ..witness.layout import MARGIN, below
from ..witness.rows import colours_of

SIDE = 2.3
"""Inches."""
MOST_NAMED = 12
CORNERS = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, np.sqrt(0.75)]])


def laws(name, array) -> np.ndarray:
    """Distributions over three outcomes `[k,3]` as floats.

    Raises: InvalidModel naming the first row that is not a distribution over three outcomes.
    """
    table = np.atleast_2d(floats(array))
    if table.ndim != 2 or table.shape[1] != 3 or not len(table):
        raise InvalidModel(f"{name} has shape {np.shape(array)}; expected (steps, 3), a law of three outcomes a row")
    off = ~((table >= -ROW_SUM).all(axis=1) & (abs(table.sum(axis=1) - 1) <= ROW_SUM))
    if off.any():
        k = int(np.flatnonzero(off)[0])
        raise InvalidModel(f"{name}[{k}] is {table[k].tolist()}; expected probabilities that sum to 1")
    return table


def draw_simplex(scene, *, trajectories=None, state=None):
    """Draw the policies of a Scene, and trajectories, on the simplex."""
    corners = scene.outcomes()
    paths = {name: laws(f"trajectories[{name!r}]", array) for name, array in _named(trajectories).items()}
    points = {name: laws(name, array) for name, array in scene.laws(state).items()}
    if not paths and not points:
        raise InvalidModel("kind='simplex' draws policies and trajectories; expected policy= or trajectories=")
    over = max(measure_text(each)[0] for each in corners[:2]) / 2
    inner, room = SIDE * CORNERS[2, 1], 0.2
    handles = list(zip([*paths, *points], colours_of([*paths, *points]), strict=True))
    width = next((each for each in widths() if SIDE + 2 * over + 2 * MARGIN <= each), widths().page)
    notes = below(handles if len(handles) > 1 or paths else (), MARGIN, width - MARGIN, 0.0)
    bottom = max((-note.extent[1] for note in notes), default=0.0)
    height = 2 * MARGIN + inner + 2 * room + bottom
    figure, ax = bare(width, height)
    ax.set(xlim=(0, width), ylim=(0, height))
    base = np.array([width / 2, MARGIN + bottom + room])
    paint(
        ax,
        Sketch(
            texts=tuple(below(handles if len(handles) > 1 or paths else (), MARGIN, width - MARGIN, base[1] - room))
        ),
    )
    _triangle(ax, base, corners)
    colour = dict(handles)
    for name, table in paths.items():
        _path(ax, base + SIDE * table @ CORNERS, colour[name], name)
    for name, table in points.items():
        at = base + SIDE * table @ CORNERS
        ax.plot(*at.T, "o", color=colour[name], markersize=4.5, gid=name, zorder=4)
        if 1 < len(at) <= MOST_NAMED:
            for words, (x, y) in _named_points(at, scene.state).items():
                ax.text(x + 0.06, y + 0.06, words, fontsize=7, color=colour[name])
    return figure


def _named_points(at, state):
    """Points keyed by the names of all states at them."""
    names = {}
    for k, point in enumerate(at.round(3).tolist()):
        names.setdefault(tuple(point), []).append(state(k))
    return {", ".join(several): point for point, several in names.items()}


def _named(trajectories):
    if trajectories is None:
        return {}
    return dict(trajectories) if hasattr(trajectories, "items") else {"trajectory": trajectories}


def _triangle(ax, base, corners):
    for k, part in [(k, part) for part in (0.25, 0.5, 0.75) for k in range(3)]:
        ends = np.zeros((2, 3))
        ends[:, k], ends[0, k - 1], ends[1, k - 2] = part, 1 - part, 1 - part
        ax.plot(*(base + SIDE * ends @ CORNERS).T, color="#D8D8D8", linewidth=0.6)
    ax.plot(*(base + SIDE * CORNERS[[0, 1, 2, 0]]).T, color="#000000", linewidth=0.8)
    for at, words, side in zip(base + SIDE * CORNERS, corners, (-1, -1, 1), strict=True):
        ax.text(at[0], at[1] + 0.11 * side, words, ha="center", va="center")


def _path(ax, run, colour, name):
    """A path from a ring to a dot, with an arrow halfway."""
    from matplotlib.patches import FancyArrowPatch

    ax.plot(*run.T, color=colour, linewidth=1, gid=name)
    ax.plot(*run[0], "o", markersize=4.5, markerfacecolor="#FFFFFF", markeredgecolor=colour, zorder=4)
    ax.plot(*run[-1], "o", color=colour, markersize=4.5, zorder=4)
    walked = np.cumsum(np.linalg.norm(np.diff(run, axis=0), axis=1))
    if len(walked) and walked[-1] > 0.2:
        k = int(np.searchsorted(walked, walked[-1] / 2))
        middle, step = (run[k] + run[k + 1]) / 2, run[k + 1] - run[k]
        step = 0.02 * step / np.linalg.norm(step)
        style = dict(
            arrowstyle="-|>,head_length=3,head_width=1.6", mutation_scale=1.6, shrinkA=0, shrinkB=0, color=colour
        )
        ax.add_patch(FancyArrowPatch(tuple(middle - step), tuple(middle + step), linewidth=0.5, zorder=3, **style))
