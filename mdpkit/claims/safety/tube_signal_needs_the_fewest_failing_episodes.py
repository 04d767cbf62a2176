"""A search stopped at the tube fails least often; one stopped by failure up to exponentially more often in the depth.

Statement  Let the dynamics be deterministic, the graph and its states unknown, and let every episode start in a state
           outside the tube B of the failure set F and stop where it enters a constraint C, F <= C <= B. An optimistic
           search, which moves to the nearest untested action until none can be reached, has E(C) failing episodes,
           those that enter B. However it breaks ties,
               E(B) <= E(C) <= E(B) + (A - 1) |B - C|,
           and E(B) is the number of actions that lead from safely reachable states into B. Any learner that finds a
           best safe policy for every reward on every graph must try each of these, in a failing episode of its own.
           The second inequality is attained by a tree of doomed states of depth N: if C is what k steps of look-ahead
           show, E(C) = A^(N - k), with (N - k) A^(N - k) steps from doomed states, against 1 and 0 with the tube, and
           no such learner fails less often than the search. If C is what no expert visits, with a safe expert for every
           goal, it exceeds B only by states that cannot be reached safely, and E(C) = E(B).
Assumes    the constraint contains failure and is contained in the tube; the start is not doomed; every state is the
           goal of an expert (last sentence only).
Units      episodes; steps.
Kind       for all; identity
Source     adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.
Proof      proofs/safety/tube_signal_needs_the_fewest_failing_episodes.md
"""

import numpy as np

from ... import measure
from ...base.interval import stack
from ...instances import double_integrator
from ...instances.blocks import Choice
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.safety import GRAPH, graph_problem
from ...instances.library.safety_search import doomed_tree
from ...model import SafetyProblem
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

START = 0


def episodes(m, constraint):
    """E(C), the number of failing episodes of the search that is stopped by a constraint."""
    return measure.failing_episodes(m.problem, START, constraint)


def count_missing(m):
    """|B - C|, the number of doomed states that the constraint allows."""
    return measure.tube_agreement(m.problem, m.constraint).missed


def check(m):
    fewest = episodes(m, measure.tube(m.problem))
    return Bound(episodes(m, m.constraint), fewest + (m.problem.A - 1) * count_missing(m))


def no_more_than_with_the_tube(m):
    return Bound(episodes(m, m.constraint), episodes(m, measure.tube(m.problem)))


def one_for_each_missed_state(m):
    return Bound(episodes(m, m.constraint), episodes(m, measure.tube(m.problem)) + count_missing(m))


def no_fewer_than_with_the_tube(m):
    return Bound(episodes(m, measure.tube(m.problem)), episodes(m, m.constraint))


def strictly_fewer(m):
    fewest, found = no_fewer_than_with_the_tube(m).sides
    return Bound(fewest + 1, found)


def entries(m):
    """E(B), against the number of actions from safely reachable states into the tube."""
    tube = measure.tube(m.problem)
    into = (measure.safely_reachable(m.problem, START)[:, None] * tube[m.problem.successors]).sum()
    visits = measure.doomed_visits(m.problem, START, tube)
    return Equal({"failing episodes": (episodes(m, tube), into), "steps from doomed states": (visits, into * 0)})


def goes_deep(m):
    """Failing episodes and steps from doomed states on a tree, for k = 0, ..., N steps of look-ahead."""
    seen = [measure.tube(m.problem, steps=k) for k in range(m.N + 1)]
    left = [m.N - k for k in range(m.N + 1)]
    found = stack([episodes(m, constraint) for constraint in seen])
    passed = stack([measure.doomed_visits(m.problem, START, constraint) for constraint in seen])
    return Equal(
        {
            "failing episodes": (found, np.array([m.A**k for k in left])),
            "steps from doomed states": (passed, np.array([k * m.A**k for k in left])),
        }
    )


def worth_trying(m):
    """For each of the A^(N - k) actions into what k steps show: another graph, where it leads to a safe prize.

    Episodes that stop at the constraint and do not try the action look the same on both, and on both C is doomed.
    """
    constraint = measure.tube(m.problem, steps=m.k).lower == 1
    into = np.argwhere(~constraint[:, None] & constraint[m.problem.successors])
    others = [redirect(m.problem, s, a, constraint) for s, a in into]
    reached = [measure.safely_reachable(other, START)[m.problem.S] for other in others]
    doomed = [measure.tube(other)[:-1][constraint].min() for other in others]
    return Equal(
        {
            "actions": (len(into), m.A ** (m.N - m.k)),
            "with a prize": (sum(reached), len(into)),
            "with a doomed constraint": (sum(doomed), len(into)),
        }
    )


def redirect(problem, s, a, constraint):
    """Another problem: action a of state s leads to a new state, which can be kept, the actions of C to failure."""
    successors = np.concatenate([problem.successors, np.full((1, problem.A), problem.S)])
    successors[:-1][constraint] = np.flatnonzero(problem.failure)[0]
    successors[s, a] = problem.S
    return SafetyProblem(np.append(problem.failure, False), successors)


def learn(m):
    """With the states that no expert visits as the constraint."""
    unseen = 1 - measure.visited(m.problem, START, m.goals).max(axis=0)
    return Equal({"failing episodes": (episodes(m, unseen), episodes(m, measure.tube(m.problem)))})


# ---- instances
def start_safely(x):
    """The draw whose first state may stay or enter the last one, which is a failure."""
    failure = np.concatenate([x.like([0]), x.failure[1:-1], x.like([1])])
    into = x.successors[:1, :1] * 0 + len(failure) - 1
    stays = np.concatenate([x.successors[:1, :1] * 0, x.successors[:1, 1:-1], into], axis=1)
    return type(x)(**{**vars(x), "failure": failure, "successors": np.concatenate([stays, x.successors[1:]])})


def between(x):
    """Failure, and the drawn states of the tube."""
    tube = measure.tube(graph_problem(x))
    inside = x.like(tube.lower) if hasattr(tube, "lower") else tube
    return 1 - (1 - x.failure) * (1 - inside * x.chosen)


FAMILY = Family(
    blocks=dict(**GRAPH, chosen=Choice("S", of=(0, 1))),
    sizes=dict(S=(3, 6), A=(2, 3)),
    models=dict(problem=graph_problem, constraint=between),
    repair=start_safely,
)
ALL = Family(
    blocks=GRAPH,
    sizes=dict(S=(3, 6), A=(2, 3)),
    models=dict(problem=graph_problem, goals=lambda x: np.arange(x.sizes["S"])),
    repair=start_safely,
)
CONSISTENT = Assumption(
    "the constraint contains failure and is contained in the tube",
    lambda m: (
        bool((m.constraint >= m.problem.failure).all())
        and (measure.tube(m.problem) >= np.asarray(m.constraint == 1, dtype=int)).all_yes()
    ),
)
OUTSIDE = Assumption("the start is not doomed", lambda m: (measure.tube(m.problem)[START] == 0).yes)
EVERY = Assumption("every state is the goal of an expert", lambda m: len(np.unique(m.goals)) == m.problem.S)


def tree(A, N):
    """The tree, with failure as the constraint."""
    m = doomed_tree(A, N)
    return m.replace(constraint=m.problem.failure.astype(int))


def cart(vmax):
    """A cart of unit brake that stands at the far end of its track, with failure as the constraint."""
    problem = double_integrator(1, vmax, vmax * (vmax + 1) // 2 + 1)
    order = np.arange(problem.S)
    rest = vmax  # x = -xmax, v = 0
    order[[0, rest]] = rest, 0
    moved = SafetyProblem(problem.failure[order], order[problem.successors[order]])
    return Instance(problem=moved, constraint=moved.failure.astype(int), vmax=vmax)


def cart_bound(m):
    """The statement for the least look-ahead that still misses a doomed state."""
    return check(m.replace(constraint=measure.tube(m.problem, steps=m.vmax - 1).lower))


# ---- controls
def nothing_else_is_doomed():
    """Every state outside failure may stay: the tube is the failure set."""
    problem = SafetyProblem([False, False, True], [[0, 1], [1, 2], [2, 2]])
    return Instance(problem=problem, constraint=np.array([0, 0, 1]))


def too_wide():
    """The constraint forbids a safe state, from which the tube would be entered."""
    problem = SafetyProblem([False, False, True], [[0, 1], [1, 2], [2, 2]])
    return Instance(problem=problem, constraint=np.array([0, 1, 1]))


def two_experts():
    """Of three safe states two are goals; the third leads to failure as well."""
    problem = SafetyProblem([False, False, False, True], [[0, 1, 2], [1, 0, 3], [2, 0, 3], [3, 3, 3]])
    return Instance(problem=problem, goals=np.array([0, 1]))


def doomed_start():
    """Both actions of the start lead to failure: the search tries both, and with the tube it never begins."""
    return Instance(problem=SafetyProblem([False, True], [[1, 1], [1, 1]]), constraint=np.array([0, 1]))


def try_once(failing_episodes, problem, start, constraint):
    """A search that gives up after its first failing episode."""
    found = failing_episodes(problem, start, constraint)
    return found / found.max() if (found > 0).yes else found


def numbers(m):
    """Failing episodes and steps from doomed states for every look-ahead."""
    delay = m.N if hasattr(m, "N") else m.vmax
    seen = [measure.tube(m.problem, steps=k) for k in range(delay + 1)]
    return {
        "episodes": [int(episodes(m, constraint).lower[()]) for constraint in seen],
        "steps": [int(measure.doomed_visits(m.problem, START, constraint).lower[()]) for constraint in seen],
    }


def figure(ax, rows):
    """Failing episodes against look-ahead, on trees of two and three actions and on a cart."""
    for parameters, style, label in (
        ({"A": 3, "N": 4}, "oC0", "tree, 3 actions"),
        ({"A": 2, "N": 4}, "sC2", "tree, 2 actions"),
        ({"vmax": 4}, "^-C4", "cart, top speed 4"),
    ):
        row = next(row for row in rows if row.get("parameters") == parameters)
        ax.plot(row["data"]["episodes"], style, label=label)
    for A in (2, 3):
        ax.plot([A ** (4 - k) for k in range(5)], "k--", label="$A^{N-k}$" if A == 2 else None)
    ax.plot(0, 1, "D", color="C5", zorder=5, label="tube, on both trees")
    ax.plot(0, 41, "xC1", label="one for each missed state (fails)")
    ax.set_yscale("log")
    ax.set(xlabel="look-ahead $k$", ylabel="failing episodes $E(C_k)$")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


CLAIM = Claim(
    "tube_signal_needs_the_fewest_failing_episodes",
    check,
    FAMILY,
    formula=(
        r"E(B) \le E(C) \le E(B) + (A - 1)\, \lvert B \setminus C \rvert \quad (F \subseteq C \subseteq B), \qquad "
        r"E(C_k) = A^{N-k} \text{ on a tree of depth } N"
    ),
    papers=("qadri2025",),
    tags=("inverse-constraints", "reachability", "sample-complexity"),
    assumes=(CONSISTENT, OUTSIDE),
    controls=(
        Control("as few with failure as the constraint", lambda: tree(2, 2), tightens=no_more_than_with_the_tube),
        Control("one for each missed state", lambda: tree(3, 2), tightens=one_for_each_missed_state),
        Control(
            "fewer where the tube is the failure set", nothing_else_is_doomed, tightens=strictly_fewer, part="no fewer"
        ),
        Control("a constraint wider than the tube", too_wide, drops=CONSISTENT.name, part="no fewer"),
        Control("a doomed start", doomed_start, drops=OUTSIDE.name),
        Control(
            "a search that fails once",
            lambda: doomed_tree(2, 2),
            sabotages=measure.failing_episodes,
            by=try_once,
            part="trees",
        ),
        Control("experts for two goals", two_experts, drops=EVERY.name, part="learned"),
    ),
    also=(
        Part("no fewer", FAMILY, no_fewer_than_with_the_tube, assumes=(CONSISTENT, OUTSIDE)),
        Part("entries", ALL, entries),
        Part("trees", lambda: [doomed_tree(A, N) for A in (2, 3) for N in range(5)], goes_deep, data=numbers),
        Part(
            "untried",
            lambda: [doomed_tree(A, N).replace(k=k) for A, N in ((2, 3), (3, 2)) for k in range(N + 1)],
            worth_trying,
        ),
        Part("learned", ALL, learn, assumes=(EVERY,)),
        Part("carts", lambda: [cart(vmax) for vmax in (1, 2, 3, 4)], cart_bound, data=numbers),
    ),
    figure=figure,
)
