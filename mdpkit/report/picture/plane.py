"""States in a plane: values as colours, expected steps of a policy, and trajectories."""

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...model.margin import MarginProblem
from ..style import COLOURS, blank, widths
from .board import DARK, normalise, shades, short

MOST_STATES = 20_000
ARROWS = 14
"""Largest number of arrows along each coordinate."""
PATHS = (COLOURS[2], COLOURS[1], COLOURS[4], COLOURS[5])


def draw_plane(scene, *, coordinates=None, trajectories=None):
    """Draw a Scene whose states are points."""
    points = _points(coordinates, scene.problem.S)
    width = widths().column
    figure, ax = blank(width, 0.8 * width)
    ax.set(xlabel=next(iter(coordinates)), ylabel=list(coordinates)[1])
    _states(figure, ax, scene, points)
    if scene.table is not None:
        _drift(ax, scene, points)
    paths = (
        dict(trajectories)
        if hasattr(trajectories, "items")
        else {}
        if trajectories is None
        else {"trajectory": trajectories}
    )
    for k, (name, path) in enumerate(paths.items()):
        run = np.atleast_2d(floats(path))
        if run.ndim != 2 or run.shape[1] != 2:
            raise InvalidModel(f"trajectories[{name!r}] has shape {run.shape}; expected (steps, 2), a point a row")
        ax.plot(*run.T, ".-", color=PATHS[k % len(PATHS)], label=name, gid=f"path {name}", linewidth=1, zorder=4)
    if ax.get_legend_handles_labels()[1]:
        figure.legend(loc="outside upper center", ncols=3)
    return figure


def _points(coordinates, S):
    """The point `[s,2]` of every state."""
    if not hasattr(coordinates, "items") or len(coordinates) != 2:
        raise InvalidModel(
            "kind='plane' needs coordinates={'position': x, 'speed': v}: two arrays, an entry for every state"
        )
    if S > MOST_STATES:
        raise InvalidModel(f"{S} states are more than a plane shows; expected at most {MOST_STATES}")
    columns = {name: floats(np.ravel(each)) for name, each in coordinates.items()}
    for name, each in columns.items():
        if len(each) != S or not np.isfinite(each).all():
            raise InvalidModel(
                f"coordinates[{name!r}] has {len(each)} entries; expected {S} finite ones, one for every state"
            )
    return np.stack(list(columns.values()), axis=1)


def _states(figure, ax, scene, points):
    """States as tiles if they fill a rectangle, else as dots, coloured by value."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize, to_rgba

    failing = frozenset(np.flatnonzero(scene.failure).tolist())
    levels = normalise(scene.values, len(points), failing)
    colours = shades()(np.zeros(len(points)) if levels is None else np.nan_to_num(levels))
    colours[scene.failure] = to_rgba(DARK)
    (x, across), (y, up) = (np.unique(points[:, k], return_inverse=True) for k in (0, 1))
    if len(x) > 1 and len(y) > 1 and len(points) == len(x) * len(y) == len(set(zip(across, up, strict=True))):
        tiles = np.empty((len(y), len(x), 4))
        tiles[up, across] = colours
        ax.pcolormesh(x, y, tiles, shading="nearest", rasterized=True, gid="states")
        if isinstance(scene.problem, MarginProblem):
            _contours(ax, scene, x, y, (up, across))
    else:
        ax.scatter(*points.T, c=colours, s=16, linewidths=0.4, edgecolors="#808080", gid="states")
    if failing:
        ax.plot([], [], "s", color=DARK, label="failure")
    if scene.values is None:
        return
    if scene.answers:
        ax.plot([], [], "s", color=COLOURS[0], label=scene.meaning)
        return
    shown = scene.values[~scene.failure & np.isfinite(scene.values)]
    low, high = shown.min(initial=np.inf), shown.max(initial=-np.inf)
    if low <= high:
        bar = figure.colorbar(ScalarMappable(Normalize(low, high), shades()), ax=ax, label="$V$", ticks=[low, high])
        bar.ax.set_yticklabels([short(low), short(high)])


def _contours(ax, scene, x, y, at):
    """Contours of margin 0, the failure set, and of value 0, the tube."""
    kinds = (("failure set", scene.problem.margin, "#FFFFFF", "--"), ("tube", scene.values, COLOURS[1], "-"))
    for name, values, colour, dashes in kinds:
        if values is None:
            continue
        table = np.empty((len(y), len(x)))
        table[at] = floats(values)
        if table.min() < 0 <= table.max():
            ax.contour(x, y, table, levels=[0], colors=colour, linestyles=dashes, linewidths=1.2).set(
                gid=f"contour {name}", zorder=3
            )
            if name == "tube":
                ax.plot([], [], color=colour, label="edge of the tube, $V = 0$")


def _drift(ax, scene, points):
    """Arrows along the expected step of the policy, at some of the states."""
    kept = np.ones(len(points), dtype=bool)
    for k in (0, 1):
        distinct, rank = np.unique(points[:, k], return_inverse=True)
        kept &= rank % -(-len(distinct) // ARROWS) == 0
    steps = scene.mean_next(points) - points
    kept &= ~scene.failure & (np.abs(steps).max(axis=1) > 0)
    if kept.any():
        looks = dict(
            angles="xy", color="#000000", units="inches", width=0.008, headwidth=5, headlength=5, headaxislength=4.5
        )
        ax.quiver(*points[kept].T, *steps[kept].T, **looks).set(gid="drift", zorder=3)
