"""CPU seconds of tubes on grids, and how well they agree with closed forms.

    python tests/bench/bench_safety.py

`rows()` gives a dictionary for each system: the smallest CPU seconds of several runs, those that are allowed, and the
intersection over union with the closed form.
"""

import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import numpy as np

from mdpkit import grid, measure, solve
from mdpkit.instances.library.safety_search import doomed_tree
from mdpkit.instances.vehicles import braking_cart, dubins_car, inverted_rod

REPEATS = int(os.environ.get("REPEATS", "3"))
SYSTEMS = {
    "double integrator 101 x 101": (braking_cart(0.03), (101, 101), 0.995, 2),
    "double integrator 201 x 201": (braking_cart(0.015), (201, 201), 0.995, 8),
    "pendulum 121 x 141": (inverted_rod(0.1), (121, 141), 0.98, 2),
    "Dubins car 61 x 61 x 36": (dubins_car(0.1), (61, 61, 36), 0.99, 6),
}


def tubes():
    """Tubes of three vehicles against their closed forms."""
    for name, (vehicle, shape, least, allowed) in SYSTEMS.items():
        seconds = []
        for _ in range(REPEATS):
            start = time.process_time()
            cells = grid(vehicle.problem, shape, 3)
            inside = solve(cells.finite, tol=1e-6).value.mid < -1e-6
            seconds.append(time.process_time() - start)
        doomed = vehicle.doomed(cells.points)
        iou = (inside & doomed).sum() / (inside | doomed).sum()
        yield {"name": name, "seconds": min(seconds), "allowed": allowed, "iou": float(iou), "demanded": least}


def search():
    """The search of a tree of doomed states with three actions and eight levels, stopped by failure."""
    problem = doomed_tree(3, 8).problem
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        found = measure.failing_episodes(problem, 0, problem.failure)
        seconds.append(time.process_time() - start)
    assert found == 3**8
    yield {"name": "search of a tree, 3 actions, 8 levels", "seconds": min(seconds), "allowed": 30}


def rows():
    return [*tubes(), *search()]


if __name__ == "__main__":
    for row in rows():
        print({key: round(value, 4) if isinstance(value, float | np.floating) else value for key, value in row.items()})
