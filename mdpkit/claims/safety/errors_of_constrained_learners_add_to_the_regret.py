"""Errors of approximate learners add to the regret of inverse constraint learning; a frozen constraint never improves.

Statement  In round t the constraint c_t is played, and learner L_tk exceeds its expert's cost under c_t by x_tk =
           (J(L_tk, c_t) - J(E_k, c_t))^+. With U_t(c) = sum_k J(L_tk, c) - J(E_k, c), R_T the constraint player's
           regret and v_k = (1/T) sum_t J(L_tk, c*) - J(E_k, c*),
               sum_k v_k <= max_c (1/T) sum_t U_t(c) <= R_T / T + (1/T) sum_{t,k} x_tk,
           attained by a learner that ignores the true cost. If c_t = c for all t and the learners respond alike, v_k is
           the same for all T and R_T = T R_1. On the slippery grid with two pits and three tasks, gradient steps of
           size 1/5 against learners computed in floats at least halve the first round's violation within 20 rounds.
Assumes    the constraint player takes gradient steps (halving only).
Units      J discounted, not normalised; costs in [0, 1] per step.
Kind       for all (enumerated); exists
Source     adapted from Kim, Swamy, Liu, Zhao, Choudhury and Wu, 2023; Zinkevich, 2003.
Proof      proofs/safety/errors_of_constrained_learners_add_to_the_regret.md
"""

from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import floats, objects, rational
from ...instances.instance import Instance
from ...instances.library.safety_shared import slip_grid, tasks_of
from ...learn import MTICL, GradientAscent, fit, grant
from ...model import MDP, Discounted, TabularPolicy
from ...solve import lexicographic_expert
from ...solve.constraint_game import respond
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

STEADY = GradientAscent("1/5")
GRID = 2**30
"""Learners' probabilities are rounded to multiples of 1/GRID."""


# ---- measures of a run
def occupancies(m, tables):
    """Discounted state occupancy of each policy; equal tables are evaluated once."""
    named = {str(table.tolist()): table for table in tables}
    found = {name: measure.occupancy(m.mdp, TabularPolicy(table)).sum(axis=1) for name, table in named.items()}
    return [found[str(table.tolist())] for table in tables]


def gaps(m):
    """g[t][k]: the state occupancy of learner k in round t minus its expert's."""
    shown, K = occupancies(m, m.experts), len(m.experts)
    played = occupancies(m, [table for tables in m.learners for table in tables])
    return [[played[t * K + k] - shown[k] for k in range(K)] for t in range(len(m.learners))]


def play_values(m, T=None):
    """Of the first T rounds: sum of violations, largest average payoff, average regret, and average excess."""
    g = gaps(m)[:T]
    total = sum(sum(each) for each in g)
    best = ((abs(total) + total) / 2).sum()
    paid = [[(own * c).sum() for own in each] for each, c in zip(g, m.constraints[: len(g)], strict=True)]
    won = sum(sum(row) for row in paid)
    excess = sum(sum((abs(x) + x) / 2 for x in row) for row in paid)
    return (total * m.cost).sum() / len(g), best / len(g), (best - won) / len(g), excess / len(g)


def check(m):
    violation, worst, regret, excess = play_values(m)
    return Bound(violation, worst, regret + excess)


def regret_alone(m):
    violation, worst, regret, _ = play_values(m)
    return Bound(violation, worst, regret)


def half_the_first(m):
    """The violation after all rounds, and half of that after the first."""
    return Bound(play_values(m)[0], play_values(m, 1)[0] / 2)


def frozen_facts(m):
    (violation, _, regret, _), (first, _, first_regret, _) = play_values(m), play_values(m, 1)
    return {"violation": (violation, first), "average regret": (regret, first_regret)}


def never_improves(m):
    return Equal(frozen_facts(m))


def falls_as_one_over_T(m):
    pairs = frozen_facts(m)
    return Equal({**pairs, "violation": (pairs["violation"][0], pairs["violation"][1] / len(m.learners))})


def steps(m):
    """Whether each constraint is a gradient step of size 1/5 away from the last one, clipped, up to 2^-16."""
    for now, after, each in zip(m.constraints, m.constraints[1:], gaps(m), strict=False):
        moved = np.clip(now + sum(each).lower / 5, 0, 1)
        if (abs(moved - after) * 2**16 > 1).any():
            return False
    return True


STEPS = Assumption("the constraint player takes gradient steps", steps)


# ---- plays
@cache
def grid_play(rounds=20, frozen=False):
    """Gradient steps against learners computed in floats on the slippery grid, as rationals."""
    m, tasks, experts = grid_tasks()
    if frozen:
        tables = [[round_table(respond(task.to_float(), np.zeros((16, 4)), 1).table) for task in tasks]] * rounds
        constraints = objects(np.zeros((rounds, 16), dtype=int))
    else:
        trace = learn(tasks, experts, rounds).trace
        tables = [[round_table(each.table) for each in row] for row in trace["policies"]]
        constraints = round_table(np.stack([cost[:, 0] for cost in trace["constraint"]]))
    return Instance(
        mdp=m.mdp,
        experts=objects([each.table for each in experts]),
        learners=objects(tables),
        constraints=constraints,
        cost=m.cost,
    )


@cache
def grid_tasks():
    m = slip_grid()
    tasks = tasks_of(m)
    return m, tasks, [lexicographic_expert(task, m.cost, "1/5") for task in tasks]


def learn(tasks, experts, rounds, player=STEADY):
    """MTICL in floats."""
    cost = slip_grid().cost
    access = grant(
        [task.to_float() for task in tasks], expert=[each.to_float() for each in experts], demonstrations="exact"
    )
    return fit(MTICL(constraint_player=player, rounds=rounds, true_cost=cost), access, rng=None)


def round_table(table):
    """Floats as multiples of 1/GRID; the rows of a policy's table are divided by their sums."""
    found = objects(np.rint(table * GRID).astype(np.int64)) / GRID
    return found / found.sum(axis=-1, keepdims=True) if table.shape[-1] == 4 else found


def ignore(gamma="9/10", share=1, rounds=1):
    """Two states, the second costly: the expert stays, and the learner leaves with this probability whatever it costs.

    The true cost is played.
    """
    P = objects([[[1, 0], [0, 1]], [[1, 0], [0, 1]]])
    mdp = MDP(P, objects([[0, 1], [0, 1]]), objects([1, 0]), horizon=Discounted(gamma))
    share = rational(share)
    return Instance(
        mdp=mdp,
        experts=objects([[[1, 0]] * 2]),
        learners=objects([[[[1 - share, share]] * 2]] * rounds),
        constraints=objects([[0, 1]] * rounds),
        cost=objects([0, 1]),
    )


def prefix(m, T):
    return m.replace(learners=m.learners[:T], constraints=m.constraints[:T])


def plays():
    own = [ignore(gamma, share, T) for gamma, share, T in (("1/2", 1, 1), ("9/10", "1/3", 2), ("99/100", 1, 3))]
    return [*own, *(prefix(grid_play(), T) for T in (1, 5, 20))]


# ---- figure
def numbers(m):
    """Curves of three tasks, violation and return above the experts', and learned costs of 1, 3 and 13 tasks."""
    _, tasks, experts = grid_tasks()
    trace = learn(tasks, experts, len(m.learners)).trace
    others = slip_grid(goals=[1, 2, 4, 7, 8, 9, 10, 11, 13, 14])
    quick = [task.to_float() for task in tasks_of(others)]
    cost = np.repeat(floats(others.cost)[:, None], 4, axis=1)
    shown = [TabularPolicy(respond(task, cost, 1 / 5).table) for task in quick]
    falling = GradientAscent()
    runs = [
        learn(tasks[:1], experts[:1], 12, falling).trace,
        learn(tasks, experts, 12, falling).trace,
        learn([*tasks, *quick], [*experts, *shown], 9, falling).trace,
    ]
    return {
        "violation": [float(each.sum()) for each in trace["violation"]],
        "regret": [float(each) / t for t, each in enumerate(trace["regret"], 1)],
        "gain": [-float(each.sum()) for each in trace["shortfall"]],
        "learned": [[float(x) for x in run["constraint"][-1][:, 0]] for run in runs],
    }


def figure(ax, rows):
    """Violation, regret and return against rounds, and learned costs of the cells for 1, 3 and 13 tasks."""
    data = next(row["data"] for row in rows if row["part"] == "slippery grid" and not row.get("control"))
    ax.figure.set_size_inches(6.75, 4)
    cells = ax.figure.add_gridspec(2, 6)
    ax.set_subplotspec(cells[0, :3])
    right, T = ax.figure.add_subplot(cells[0, 3:]), np.arange(1, len(data["violation"]) + 1)
    ax.loglog(T, data["regret"], "k--", label="regret $R_T / T$")
    ax.loglog(T, data["violation"], "o-C0", label="violation, all tasks")
    ax.loglog(T, [data["violation"][0] for _ in T], "x-C1", label="constraint frozen (fails)")
    ax.set(xlabel="rounds $T$", ylabel="discounted cost", ylim=(1 / 25, 3))
    right.semilogx(T, data["gain"], "o-C0", label="learners")
    right.plot(T, [data["gain"][0] for _ in T], "x-C1", label="constraint frozen")
    right.axhline(0, color="k", linestyle="--", label="experts")
    right.set(xlabel="rounds $T$", ylabel="return above the experts'", ylim=(-1 / 3, None))
    for each in (ax, right):
        each.legend(fontsize=6)
    maps = [ax.figure.add_subplot(cells[1, 2 * k : 2 * k + 2]) for k in range(3)]
    for below, learned, tasks in zip(maps, data["learned"], ("1 task", "3 tasks", "13 tasks"), strict=True):
        drawn = below.pcolormesh(np.reshape(learned, (4, 4)), vmin=0, vmax=1, cmap="Blues", edgecolors="white")
        below.plot([1, 3, 3, 1, 1], [1, 1, 2, 2, 1], "k", lw=2)
        below.set(xlabel=tasks, xticks=[], yticks=[], aspect="equal", xlim=(0, 4), ylim=(4, 0))
    ax.figure.colorbar(drawn, ax=maps, label="learned cost").solids.set_rasterized(False)


GRID_PART = "slippery grid"
CLAIM = Claim(
    "errors_of_constrained_learners_add_to_the_regret",
    check,
    plays,
    formula=(
        r"\sum_k v_k \le \max_c \frac1T \sum_t U_t(c) \le \frac{R_T}{T} + \frac1T \sum_{t,k} x_{tk}, \qquad "
        r"x_{tk} = (J(L_{tk}, c_t) - J(E_k, c_t))^+"
    ),
    papers=("kim2023", "zinkevich2003"),
    tags=("inverse-constraints", "no-regret"),
    controls=(
        Control("the regret alone", ignore, tightens=regret_alone),
        Control(
            "the constraint frozen at 0",
            lambda: grid_play(frozen=True),
            drops=STEPS.name,
            part=GRID_PART,
        ),
        Control(
            "a frozen constraint that improves",
            lambda: grid_play(3, frozen=True),
            tightens=falls_as_one_over_T,
            at="violation",
            part="frozen",
        ),
    ),
    also=(
        Part(GRID_PART, lambda: [grid_play()], half_the_first, assumes=(STEPS,), data=numbers),
        Part("frozen", lambda: [grid_play(T, frozen=True) for T in (2, 8)], never_improves),
    ),
    figure=figure,
)
