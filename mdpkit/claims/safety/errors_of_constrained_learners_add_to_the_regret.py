"""Approximate learners add their excess cost and the price of lost return to the regret of constraint learning.

Statement  In round t a cost c_t in [0, 1]^S is played, and learner L_tk exceeds its expert's cost under it by x_tk =
           J(L_tk, c_t) - J(E_k, c_t). Let v_k = (1/T) sum_t J(L_tk, c*) - J(E_k, c*) be the violation of the true cost
           c*, e_k = J(E_k, r_k) - (1/T) sum_t J(L_tk, r_k) the lost return, and R_T the constraint player's regret on
           U_t(c) = sum_k J(L_tk, c) - J(E_k, c). For all prices m_k, with n_k = max_pi J(pi, m_k r_k - c*) -
           J(E_k, m_k r_k - c*), and for every task j
               v_j <= R_T / T + (1/T) sum_{t,k} x_tk + sum_{k != j} (n_k + m_k e_k),
               sum_k v_k <= R_T / T + (1/T) sum_{t,k} x_tk.
           If m_k is the multiplier of the least cost at the expert's return, n_k is the expert's needless cost. Each of
           the four terms alone can be attained. On the slippery grid with two pits and three tasks, gradient steps of
           size 1/5 against learners computed in floats at least halve the first round's sum of violations within 20
           rounds; a single task's may grow.
Assumes    the constraint player takes gradient steps (halving only).
Units      J discounted, not normalised; costs in [0, 1] per step.
Kind       for all (enumerated); exists
Source     adapted from Kim, Swamy, Liu, Zhao, Choudhury and Wu, 2023; Zinkevich, 2003.
Proof      proofs/safety/errors_of_constrained_learners_add_to_the_regret.md
"""

from dataclasses import replace
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import floats, objects, rational
from ...base.interval import stack
from ...instances.instance import Instance
from ...instances.library.safety_shared import slip_grid, tasks_of
from ...learn import MTICL, GradientAscent, fit, grant
from ...model import MDP, Discounted, TabularPolicy
from ...solve import lexicographic_expert
from ...solve.constraint_game import respond
from ...verify.claim import Assumption, Bound, Claim, Control, Part

STEADY = GradientAscent("1/5")
GRID = 2**30
"""Learners' probabilities and prices are rounded to multiples of 1/GRID."""


# ---- measures of a run
def occupancies(m, tables):
    """Discounted occupancy of each policy, `[k][s,a]`; equal tables are evaluated once."""
    named = {str(table.tolist()): table for table in tables}
    found = {name: measure.occupancy(m.mdp, TabularPolicy(table)) for name, table in named.items()}
    return [found[str(table.tolist())] for table in tables]


def gaps(m):
    """g[t][k]: the occupancy of learner k in round t minus its expert's, `[s,a]`."""
    shown, K = occupancies(m, m.experts), len(m.experts)
    played = occupancies(m, [table for tables in m.learners for table in tables])
    return [[played[t * K + k] - shown[k] for k in range(K)] for t in range(len(m.learners))]


def violations(m, g):
    """v_k, `[k]`."""
    return stack([(sum(own).sum(axis=1) * m.cost).sum() / len(g) for own in zip(*g, strict=True)])


def average_regret(m, g):
    """R_T / T against the best of all costs of states."""
    total = sum(sum(each) for each in g).sum(axis=1)
    best = ((abs(total) + total) / 2).sum()
    return (best - sum((sum(each).sum(axis=1) * c).sum() for each, c in zip(g, m.constraints, strict=False))) / len(g)


def excess(m, g):
    """(1/T) sum_{t,k} x_tk"""
    return sum((own.sum(axis=1) * c).sum() for each, c in zip(g, m.constraints, strict=False) for own in each) / len(g)


def needless(m):
    """n_k: what the expert's priced return minus its cost falls short of the largest possible, `[k]`."""
    priced = [price * r - m.cost[:, None] for price, r in zip(m.prices, m.rewards, strict=True)]
    shown = zip(priced, occupancies(m, m.experts), strict=True)
    return stack([(measure.optimal_value(m.mdp, each) * m.mdp.rho).sum() - (each * d).sum() for each, d in shown])


def lost_returns(m, g):
    """m_k e_k, `[k]`"""
    earned = [(sum(own) * r).sum() / len(g) for own, r in zip(zip(*g, strict=True), m.rewards, strict=True)]
    return -stack([price * each for price, each in zip(m.prices, earned, strict=True)])


def check(m, keep_excess=1, keep_lost=1, keep_needless=1):
    g = gaps(m)
    hidden = keep_needless * needless(m) + keep_lost * lost_returns(m, g)
    return Bound(violations(m, g), average_regret(m, g) + keep_excess * excess(m, g) + hidden.sum() - hidden)


def without_excess(m):
    return check(m, keep_excess=0)


def without_lost_returns(m):
    return check(m, keep_lost=0)


def without_needless_costs(m):
    return check(m, keep_needless=0)


def sum_of_violations(m):
    g = gaps(m)
    return Bound(violations(m, g).sum(), average_regret(m, g) + excess(m, g))


def half_the_first(m):
    """The sum of violations after all rounds, and half of that after the first."""
    g = gaps(m)
    return Bound(violations(m, g).sum(), violations(m, g[:1]).sum() / 2)


def steps(m):
    """Whether each constraint is a gradient step of size 1/5 away from the last one, clipped, up to 2^-16."""
    for now, after, each in zip(m.constraints, m.constraints[1:], gaps(m), strict=False):
        moved = np.clip(now + sum(each).sum(axis=1).lower / 5, 0, 1)
        if (abs(moved - after) * 2**16 > 1).any():
            return False
    return True


STEPS = Assumption("the constraint player takes gradient steps", steps)


# ---- plays
@cache
def grid_play(rounds=20, frozen=False):
    """Gradient steps against learners computed in floats on the slippery grid, as rationals."""
    m, tasks, experts, prices = grid_tasks()
    if frozen:
        tables = [[round_table(respond(task.to_float(), np.zeros((16, 4)), 1).table) for task in tasks]] * rounds
        constraints = objects(np.zeros((rounds, 16), dtype=int))
    else:
        trace = learn(tasks, experts, rounds).trace
        tables = [[round_table(each.table) for each in row] for row in trace["policies"]]
        constraints = round_table(np.stack([cost[:, 0] for cost in trace["constraint"]]))
    return Instance(
        mdp=m.mdp,
        rewards=objects([task.r for task in tasks]),
        prices=prices,
        experts=objects([each.table for each in experts]),
        learners=objects(tables),
        constraints=constraints,
        cost=m.cost,
    )


@cache
def grid_tasks():
    """Tasks, their experts, and the prices of return at which these are best, from linear programs in floats."""
    m = slip_grid()
    tasks = tasks_of(m)
    experts = [lexicographic_expert(task, m.cost, "1/5") for task in tasks]
    cost, prices = np.repeat(floats(m.cost)[:, None], 4, axis=1), []
    for task, expert in zip(tasks, experts, strict=True):
        reward, earned = floats(task.r), float(measure.value(task, expert).mid)
        prices.append(respond(replace(task.to_float(), r=-cost), -reward, -earned).multiplier)
    return m, tasks, experts, round_table(np.array(prices)[None])[0]


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


def leave(share):
    """The second action, which leads to the second state, has probability `share`; the first leads to the first."""
    return objects([[1 - rational(share), rational(share)]] * 2)


def two_states(gamma):
    P = objects([[[1, 0], [0, 1]], [[1, 0], [0, 1]]])
    return MDP(P, objects([[0, 1], [0, 1]]), objects([1, 0]), horizon=Discounted(gamma))


def ignore(gamma="9/10", share=1, rounds=1, played=1):
    """Two states, the second costly: the expert stays, and the learner leaves with this probability whatever it costs.

    The true cost is played, or none.
    """
    mdp = two_states(gamma)
    return Instance(
        mdp=mdp,
        rewards=mdp.r[None],
        prices=objects([0]),
        experts=objects([leave(0)]),
        learners=objects([[leave(share)]] * rounds),
        constraints=objects([[0, played]] * rounds),
        cost=objects([0, 1]),
    )


def hide(paid, gamma="9/10", rounds=1, tasks=2):
    """The first learner leaves and its expert does not; all other experts leave in a share of the steps, not learners.

    The share is such that occupancies agree in sum, and no cost is played. All others are paid for leaving, at a price
    that covers the cost, or nobody pays them and their experts' cost is needless.
    """
    mdp, others = two_states(gamma), tasks - 1
    return Instance(
        mdp=mdp,
        rewards=objects([mdp.r] + [mdp.r * int(paid)] * others),
        prices=objects([0] + [mdp.horizon.gamma * int(paid)] * others),
        experts=objects([leave(0)] + [leave(rational(1) / others)] * others),
        learners=objects([[leave(1)] + [leave(0)] * others] * rounds),
        constraints=objects([[0, 0]] * rounds),
        cost=objects([0, 1]),
    )


def prefix(m, T):
    return m.replace(learners=m.learners[:T], constraints=m.constraints[:T])


def plays():
    """Closed forms in which one of the terms alone is attained, and gradient steps on the grid."""
    return [*closed_forms(), *(prefix(grid_play(), T) for T in (1, 20))]


def closed_forms():
    own = [ignore(*each) for each in (("1/2", 1, 1), ("9/10", "1/3", 2), ("99/100", 1, 3), ("1/2", "2/3", 2, 0))]
    hidden = [hide(paid, gamma, T, K) for paid, gamma, T, K in ((1, "1/2", 2, 2), (0, "9/10", 1, 2), (1, "3/4", 1, 3))]
    return [*own, *hidden]


# ---- figure
def numbers(m):
    """Curves of three tasks, violation and return above the experts', and learned costs of 1, 3 and 13 tasks."""
    _, tasks, experts, _ = grid_tasks()
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
        r"v_j \le \frac{R_T}{T} + \frac1T \sum_{t,k} x_{tk} + \sum_{k \ne j} (n_k + m_k e_k), \qquad x_{tk} = "
        r"J(L_{tk}, c_t) - J(E_k, c_t), \quad n_k = \max_\pi J(\pi, m_k r_k - c^*) - J(E_k, m_k r_k - c^*)"
    ),
    papers=("kim2023", "zinkevich2003"),
    tags=("inverse-constraints", "no-regret"),
    controls=(
        Control("no excess costs", ignore, tightens=without_excess),
        Control("lost returns at no price", lambda: hide(paid=1), tightens=without_lost_returns),
        Control("no needless costs", lambda: hide(paid=0), tightens=without_needless_costs),
        Control(
            "the constraint frozen at 0",
            lambda: grid_play(frozen=True),
            drops=STEPS.name,
            part=GRID_PART,
        ),
    ),
    also=(
        Part(GRID_PART, lambda: [grid_play()], half_the_first, assumes=(STEPS,), data=numbers),
        Part("sum", lambda: [*closed_forms(), prefix(grid_play(), 5)], sum_of_violations),
    ),
    figure=figure,
)
