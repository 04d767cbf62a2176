"""The states that no safe expert visits shrink with every task, down to the tube and what cannot be reached safely.

Statement  Let the dynamics be deterministic, with one start state. Task k rewards state g_k; its expert never enters
           the tube of F and is optimal for its task among such policies. Let C_K be the set of states that none of the
           first K experts visits.
               tube or not safely reachable  <=  C_K  <=  C_{K-1}, as sets, for every sequence of tasks.
           With a task for every state the first inclusion is an equality, however the experts break ties.
Assumes    every state is the goal of a task (equality only).
Units      sets of states.
Kind       for all; identity
Source     adapted from Kim, Swamy, Liu, Zhao, Choudhury and Wu, 2023.
Proof      proofs/safety/multi_task_demonstrations_shrink_the_constraint.md
"""

import numpy as np

from ... import measure
from ...instances.blocks import Choice
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.safety import GRAPH, add_failure, graph_problem
from ...model import SafetyProblem
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

START = 0
EVERYWHERE = [7 * k % 16 for k in range(16)]


def outside_demonstrations(m, goals, order=None):
    """C_K: 1 for the states that no expert for these goals visits, `[s]`."""
    return 1 - measure.visited(m.problem, START, goals, order).max(axis=0)


def limit(m):
    return 1 - measure.safely_reachable(m.problem, START)


def shrinking(m):
    """C_1, ..., C_K for the goals in their order."""
    return [outside_demonstrations(m, m.goals[: K + 1]) for K in range(len(m.goals))]


def check(m):
    return Bound(limit(m), *reversed(shrinking(m)))


def first_task_says_all(m):
    return Bound(*shrinking(m))


def facts(m):
    backwards = np.arange(m.problem.A)[::-1]
    return {
        "first of the best actions": (outside_demonstrations(m, m.goals), limit(m)),
        "last of the best actions": (outside_demonstrations(m, m.goals, backwards), limit(m)),
        "states in it": (outside_demonstrations(m, m.goals).sum(), limit(m).sum()),
    }


def all_tasks(m):
    return Equal(facts(m))


def tube_alone(m):
    return Equal(
        {**facts(m), "states in it": (outside_demonstrations(m, m.goals).sum(), measure.tube(m.problem).sum())}
    )


SOME = Family(
    blocks=dict(**GRAPH, goals=Choice("K", of="S")),
    sizes=dict(S=(2, 5), A=(1, 3), K=(1, 3)),
    models=dict(problem=graph_problem, goals=lambda x: x.goals),
    repair=add_failure,
)
ALL = Family(
    blocks=GRAPH,
    sizes=dict(S=(2, 6), A=(1, 3)),
    models=dict(problem=graph_problem, goals=lambda x: np.arange(x.sizes["S"])),
    repair=add_failure,
)
EVERY = Assumption("every state is the goal of a task", lambda m: len(np.unique(m.goals)) == m.problem.S)


# ---- controls
def grid(goals, side=4):
    """A walk on a square grid that starts in the first cell and moves one cell or stays.

    From two cells of ice every action leads into the pits below them; no transition leads into the last cell.
    """
    cells, pits = [(row, column) for row in range(side) for column in range(side)], ((1, 1), (1, 2))
    moves = ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))

    def after(cell, move):
        row, column = (1, 0) if (cell[0] + 1, cell[1]) in pits else move
        to = (cell[0] + row, cell[1] + column)
        return cells.index(cell if to not in cells[:-1] else to)

    successors = np.array([[after(cell, move) for move in moves] for cell in cells])
    return Instance(
        problem=SafetyProblem(np.array([cell in pits for cell in cells]), successors), goals=np.array(goals)
    )


def reckless(visited, problem, start, goals, order=None):
    """Experts that ignore failure."""
    return visited(SafetyProblem(np.zeros(problem.S, dtype=bool), problem.successors), start, goals, order)


def numbers(m):
    counts = {"never shown": [int(C.sum().lower) for C in shrinking(m)], "limit": int(limit(m).sum().lower)}
    return {**counts, "tube": int(measure.tube(m.problem).sum().lower), "failure": int(m.problem.failure.sum())}


def figure(ax, rows):
    """The number of grid cells that no expert visits, against the number of tasks."""
    data = next(row["data"] for row in rows if row["part"] == "grid")
    ax.plot(range(1, len(data["never shown"]) + 1), data["never shown"], "o-C0", label="visited by no expert")
    ax.axhline(data["limit"], color="k", linestyle="--", label="tube or not safely reachable")
    ax.axhline(data["failure"], color="C1", label="failure (fails)")
    ax.set(xlabel="tasks $K$", ylabel="cells", ylim=(0, None))
    ax.legend()


CLAIM = Claim(
    "multi_task_demonstrations_shrink_the_constraint",
    check,
    SOME,
    formula=(
        r"B(F) \cup U \subseteq C_K \subseteq C_{K-1}, \qquad U = \{ s : \text{every path from the start to } s "
        r"\text{ enters } B(F) \}"
    ),
    papers=("kim2023",),
    tags=("inverse-constraints", "reachability"),
    controls=(
        Control("the first task alone", lambda: grid([3, 12]), tightens=first_task_says_all),
        Control("experts that violate", lambda: grid([9, 10]), sabotages=measure.visited, by=reckless),
        Control("two tasks in place of all", lambda: grid([3, 12]), drops=EVERY.name, part="all tasks"),
        Control("the tube alone", lambda: grid(EVERYWHERE), tightens=tube_alone, at="states in it", part="all tasks"),
    ),
    also=(
        Part("all tasks", ALL, all_tasks, assumes=(EVERY,)),
        Part("grid", lambda: [grid(EVERYWHERE)], all_tasks, assumes=(EVERY,), data=numbers),
    ),
    figure=figure,
)
