"""CPU seconds of tubes on grids, steered policies and shared constraints, and how well they agree with closed forms.

    python tests/bench/bench_safety.py

`rows()` gives a dictionary for each system: the smallest CPU seconds of several runs, the most that are allowed
(`limit`), and for tubes the intersection over union with the closed form and the least allowed, for steering the
distance of the expected score from the order statistics of the plans, for constraints learned from several tasks the
average regret and the violation that it bounds.
"""

import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import numpy as np

from mdpkit import MDP, Finite, TabularPolicy, fit, grant, grid, measure, solve
from mdpkit.instances import garnet, named
from mdpkit.instances.library.safety_search import doomed_tree
from mdpkit.instances.library.safety_shared import tasks_of
from mdpkit.instances.vehicles import braking_cart, dubins_car, inverted_rod
from mdpkit.learn import FOREWARN, MTICL, Mixture, ScoredVerifier
from mdpkit.solve.constraint_game import respond

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
        yield {"name": name, "seconds": min(seconds), "limit": allowed, "iou": float(iou), "least_iou": least}


def search():
    """The search of a tree of doomed states with three actions and eight levels, stopped by failure."""
    problem = doomed_tree(3, 8).problem
    seconds, found = timed(lambda: measure.failing_episodes(problem, 0, problem.failure))
    assert found == 3**8
    yield {"name": "search of a tree, 3 actions, 8 levels", "seconds": seconds, "limit": 30}


def timed(run):
    """The smallest CPU seconds of several runs, and the last result."""
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        found = run()
        seconds.append(time.process_time() - start)
    return min(seconds), found


def steering():
    """FOREWARN with the best of 16 plans, which are kept to the end or replaced after every step."""
    S, A, H, n, skills = 150, 6, 25, 16, 40
    rng = np.random.default_rng(0)
    P, scores = garnet(S, A, 5, 0.9, rng=rng).P, rng.random(S)
    start = np.eye(S)[0]
    problem = MDP(P, np.zeros((S, A)), start, horizon=Finite(H))
    base = Mixture(tuple(TabularPolicy(rng.dirichlet(np.ones(A), S)) for _ in range(skills)))
    access = grant(problem, episodes="exact")
    # a plan that is kept to the end: the law of its last state, and order statistics of its expected score
    chains = [np.einsum("sa,san->sn", each.table, P) for each in base.members]
    expected = np.sort([start @ np.linalg.matrix_power(chain, H) @ scores for chain in chains])
    best = (expected * np.diff((np.arange(skills + 1) / skills) ** n)).sum()
    for name, replan in (("to the end", H), ("for one step", 1)):
        seconds, found = timed(
            lambda replan=replan: fit(FOREWARN(base, ScoredVerifier(scores), n, replan), access, rng=None)
        )
        states = measure.occupancy(problem, found.policy).sum(axis=-1).mid[-1]
        played = np.einsum("s,sa,san->n", states, found.policy.table[-1], P) @ scores
        row = {
            "name": f"best of {n} of {skills} plans {name}, {S} states, {H} steps",
            "seconds": seconds,
            "limit": 3,
        }
        yield {**row, "score": played, "error": abs(played - best)} if replan == H else {**row, "score": played}


def shared_constraints():
    """MTICL on slippery grids with goals in three corners, over a discounted and a finite horizon, on both kinds."""
    cases = {
        "exact, 16 cells, 5 rounds": (4, None, 5, True, 5),
        "floats, 16 cells, 80 rounds": (4, None, 80, False, 10),
        "floats, 100 cells, 40 rounds": (10, None, 40, False, 20),
        "floats, 16 cells, 12 steps, 40 rounds": (4, Finite(12), 40, False, 20),
    }
    for name, (side, horizon, rounds, exact, allowed) in cases.items():
        last = side * side - 1
        m = named("slip_grid", side=side, goals=[side - 1, last - side + 1, last], pits=[side + 1, side + 2])
        tasks = tasks_of(m) if horizon is None else [MDP(t.P, t.r, t.rho, horizon=horizon) for t in tasks_of(m)]
        tasks = tasks if exact else [task.to_float() for task in tasks]
        cost = np.repeat(m.cost[:, None], 4, axis=1)
        limit = tasks[0].like(["1/5"])[0]
        access = grant(
            tasks, expert=[TabularPolicy(respond(task, cost, limit).table) for task in tasks], demonstrations="exact"
        )
        seconds, found = timed(
            lambda access=access, T=rounds, cost=m.cost: fit(MTICL(rounds=T, true_cost=cost), access, rng=None)
        )
        regret, violation = (float(x) for x in (found.trace["regret"][-1], found.trace["violation"][-1].sum()))
        assert violation <= regret / rounds + 1e-6
        row = {"name": f"constraint of 3 tasks, {name}", "seconds": seconds, "limit": allowed}
        yield {**row, "regret": regret / rounds, "violation": violation}


GROUPS = {"tubes": tubes, "search": search, "steering": steering, "shared constraints": shared_constraints}


def rows(*names):
    """The rows of these groups, or all."""
    return [row for name in names or GROUPS for row in GROUPS[name]()]


if __name__ == "__main__":
    for row in rows():
        print({key: round(value, 4) if isinstance(value, float | np.floating) else value for key, value in row.items()})
