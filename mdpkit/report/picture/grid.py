"""States on a grid: arrows for a policy, colours and numbers for values or occupancy."""

import re

import numpy as np

from ...base.errors import InvalidModel
from ...ink.graph import BLACK
from .board import NUMBER, board

CELL = re.compile(r"\((\d+), (\d+)\)")
COMPASS = {
    "left": (-1, 0), "west": (-1, 0), "right": (1, 0), "east": (1, 0), "up": (0, 1), "north": (0, 1),
    "down": (0, -1), "south": (0, -1), "stay": (0, 0),
}  # fmt: skip
ARROWS = 0.26
"""Height, in inches, of the arrows below a number."""


def named_cells(problem):
    """(row, column) of every state from its name, None for other names; None unless some name is a cell."""
    names = getattr(problem, "state_names", None) or ()
    found = [CELL.fullmatch(name) for name in names]
    cells = [(int(each[1]), int(each[2])) if each else None for each in found]
    return cells if len(cells) > cells.count(None) and cells.count(None) <= 1 else None


def cells_of(problem, grid):
    """Shape of the grid, and (row, column) of each state; None for an additional absorbing state.

    Raises: InvalidModel if neither `grid` nor the state names give the positions.
    """
    if grid is None:
        cells = named_cells(problem)
        if cells is None:
            raise InvalidModel(
                "where the states are is not known; give grid=(rows, columns), or state names such as '(0, 3)'"
            )
        return tuple(1 + max(cell[k] for cell in cells if cell) for k in (0, 1)), cells
    rows, columns = grid
    if problem.S - rows * columns not in (0, 1):
        raise InvalidModel(
            f"grid={(rows, columns)} has {rows * columns} cells; expected one for each of {problem.S} states, row by row"
        )
    return (rows, columns), [divmod(s, columns) if s < rows * columns else None for s in range(problem.S)]


def compass(problem, directions):
    """`[a,2]`: right and up components of each action's direction.

    Raises: InvalidModel if neither `directions` nor the action names give them.
    """
    if directions is None:
        names = getattr(problem, "action_names", None) or tuple(f"a{a}" for a in range(problem.A))
        strange = next((name for name in names if name.lower() not in COMPASS), None)
        if strange is not None:
            known = ", ".join(COMPASS)
            raise InvalidModel(
                f"the action {strange!r} names no direction; expected {known}, or directions=[(right, up), ...]"
            )
        return np.array([COMPASS[name.lower()] for name in names], dtype=float)
    array = np.asarray(directions, dtype=float)
    if array.shape != (problem.A, 2):
        raise InvalidModel(
            f"directions has shape {array.shape}; expected ({problem.A}, 2): how far right and up each action points"
        )
    return array / np.maximum(np.linalg.norm(array, axis=1), 1)[:, None]


def draw_grid(scene, *, grid=None, directions=None):
    """Draw a Scene whose states are cells."""
    shape, cells = cells_of(scene.problem, grid)
    shown = [s for s, cell in enumerate(cells) if cell]
    pointing = None if scene.table is None else compass(scene.problem, directions)
    values = None if scene.values is None else scene.values[shown]
    called = None if scene.answers else "$V$"
    drawn = mark(scene, shape, cells, values, room=ARROWS if pointing is not None else 0.0, called=called)
    if pointing is not None:
        moving = [s for s in shown if not (scene.ends[s] or scene.failure[s])]
        below = drawn.worded and values is not None
        _arrows(drawn, [cells[s] for s in moving], scene.table[moving], pointing, NUMBER if below else 0.0)
    return drawn.figure


def mark(scene, shape, cells, values, **looks):
    """A Board of the states with cells; initial, absorbing and failure states are marked."""
    shown = [s for s, cell in enumerate(cells) if cell]
    dark = frozenset(k for k, s in enumerate(shown) if scene.failure[s])
    ends = [s for s in shown if scene.ends[s] and not scene.failure[s]]
    starts = [s for s in shown if scene.starts[s]]
    notes = [
        ("thick: start", starts),
        ("hatched: end", ends),
        ("dark: failure", dark),
        (f"blue: {scene.meaning}", scene.answers),
    ]
    caption = tuple((words, BLACK) for words, found in notes if found)
    plain = frozenset(k for k, s in enumerate(shown) if s in ends)
    drawn = board(shape, [cells[s] for s in shown], values, dark=dark, plain=plain, caption=caption, **looks)
    for s in ends:
        _frame(drawn, cells[s], s, hatch="////", edgecolor="#C8C8C8", linewidth=0, zorder=1.5)
    for s in starts:
        _frame(drawn, cells[s], s, edgecolor=BLACK, linewidth=1.4)
    return drawn


def _frame(drawn, cell, s, **looks):
    from matplotlib.patches import Rectangle

    x, y = drawn.middle(*cell)
    inner = drawn.side - 0.02
    drawn.ax.add_patch(Rectangle((x - inner / 2, y - inner / 2), inner, inner, fill=False, gid=f"mark {s}", **looks))


def _arrows(drawn, cells, table, pointing, number):
    """Arrows of lengths proportional to action probabilities, below the number; a dot for staying."""
    tails, steps, dots = [], [], []
    reach, drop = 0.4 * (drawn.side - number), number / 2
    for cell, row in zip(cells, table, strict=True):
        x, y = drawn.middle(*cell)
        for a in np.flatnonzero(row > 0):
            step = pointing[a] * row[a] / row.max() * reach
            if not pointing[a].any():
                dots.append((x, y - drop))
                continue
            tails.append((x, y - drop) - (step if row[a] == 1 else 0 * step))
            steps.append(2 * step if row[a] == 1 else step)
    if tails:
        looks = dict(
            angles="xy",
            scale_units="xy",
            scale=1,
            units="inches",
            width=0.01,
            headwidth=5,
            headlength=5,
            headaxislength=4.5,
        )
        arrows = drawn.ax.quiver(*np.transpose(tails), *np.transpose(steps), **looks)
        arrows.set(gid="arrows", zorder=3)
    if dots:
        drawn.ax.plot(*np.transpose(dots), ".", color=BLACK, markersize=3, gid="staying")
