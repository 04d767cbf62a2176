"""Occupancy as colours, on the grid of the states or as a table."""

import numpy as np

from ...base.errors import InvalidModel
from ...measure.planning.occupancy import occupancy
from .board import board
from .grid import cells_of, mark, named_cells

MOST_STATES = 60


def draw_occupancy(scene, *, grid=None):
    """Draw the occupancy of the policy of a Scene."""
    if scene.policy is None:
        raise InvalidModel("kind='occupancy' draws a policy's occupancy; expected policy=")
    problem = scene.problem
    visits = occupancy(problem, scene.policy).mid
    if grid is not None or named_cells(problem):
        shape, cells = cells_of(problem, grid)
        total = visits.sum(axis=(0, 2) if visits.ndim == 3 else 1)
        return mark(scene, shape, cells, total[[s for s, cell in enumerate(cells) if cell]], called="visits").figure
    if problem.S > MOST_STATES:
        raise InvalidModel(
            f"{problem.S} states are more rows than a page holds; expected at most {MOST_STATES}, or grid=(rows, columns)"
        )
    table = visits.sum(axis=2).T if visits.ndim == 3 else visits
    across = (
        [f"$t$ = {t}" for t in range(table.shape[1])] if visits.ndim == 3 else [scene.action(a) for a in range(scene.A)]
    )
    squares = list(np.ndindex(table.shape))
    sides = [scene.state(s) for s in range(problem.S)]
    ends = frozenset(k for k, (s, _) in enumerate(squares) if scene.ends[s])
    return board(table.shape, squares, table.ravel(), sides=sides, heads=across, plain=ends, called="visits").figure
