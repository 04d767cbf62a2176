"""In inverse constraint learning the average violation in true cost is at most the constraint player's average regret.

Statement  In round t learner k maximises J(., r_k) subject to J(., c_t) <= J(E_k, c_t). With U_t(c) = sum_k
           J(L_tk, c) - J(E_k, c) and R_T = max_{c in [0,1]^S} sum_t U_t(c) - sum_t U_t(c_t), for every T and
           true cost c*
               max_k v_k <= sum_k v_k <= max_c (1/T) sum_t U_t(c) <= R_T / T,
               v_k = (1/T) sum_t J(L_tk, c*) - J(E_k, c*),
           and the average learners earn at least as much as the experts. Projected gradient steps of size e have
               R_T <= |S| / (2e) + (e/2) sum_t |g_t|^2 + rounding, of order sqrt(T) for e of order 1/sqrt(T).
Assumes    no policy earns as much as an expert at a lower true cost (first link); learners cost no more than their
           experts under the current constraint (last link); the constraint player takes gradient steps (last bound).
Units      J discounted, not normalised; costs in [0, 1] per step.
Kind       for all T (enumerated)
Source     adapted from Kim, Swamy, Liu, Zhao, Choudhury and Wu, 2023; Zinkevich, 2003.
Proof      proofs/safety/inverse_constraint_game_violation_vanishes.md
"""

from dataclasses import replace
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances import garnet
from ...instances.instance import Instance
from ...model import TabularPolicy
from ...solve.constrained_planning import ConstrainedPlanning
from ...solve.constraint_game import GRID, constraint_game, gradient_step
from ...verify.claim import Assumption, Bound, Claim, Control, Part


# ---- measures of a run
def visits(m, table):
    """Discounted occupancy of every state, `[s]`."""
    return measure.occupancy(m.mdp, TabularPolicy(table)).sum(axis=1)


def gaps(m):
    """g[t][k]: the occupancy of learner k in round t minus its expert's, `[s]`."""
    shown = [visits(m, table) for table in m.experts]
    return [[visits(m, table) - own for table, own in zip(tables, shown, strict=True)] for tables in m.learners]


def regret(m, g):
    """The gain of the best fixed constraint over all rounds, and the constraint player's regret."""
    seen = sum(sum(each) for each in g)
    best = ((abs(seen) + seen) / 2).sum()
    return best, best - sum((sum(each) * c).sum() for each, c in zip(g, m.constraints, strict=True))


def links(m, cut):
    g, T = gaps(m), len(m.learners)
    violations = [(sum(each) * m.cost).sum() / T for each in zip(*g, strict=True)]
    best, missed = regret(m, g)
    return Bound(stack(violations).max(), sum(violations), best / T, missed / (cut * T))


def check(m):
    return links(m, 1)


def half_the_regret(m):
    return links(m, 2)


def compare_returns(m):
    """One expert's return and its average learner's."""
    task = replace(m.mdp, r=m.rewards[m.task])
    won = [measure.value(task, TabularPolicy(tables[m.task])) for tables in m.learners]
    return Bound(measure.value(task, TabularPolicy(m.experts[m.task])), sum(won) / len(won))


def regret_bound(m):
    """Regret and its bound for gradient steps from 0 in a box; rounding moves each entry by at most 1 / (2 GRID)."""
    g, S, T = gaps(m), m.mdp.S, len(m.learners)
    squares = sum((sum(each) ** 2).sum() for each in g)
    return Bound(
        regret(m, g)[1], squares * m.step / 2 + (4 * GRID**2 * S + T * S * (4 * GRID + 1)) / (8 * GRID**2 * m.step)
    )


# ---- assumptions
def frugal(m):
    """Whether each expert pays the least true cost at which its reward can be earned."""
    paid = np.repeat(m.cost[:, None], m.mdp.A, axis=1)
    for reward, table in zip(m.rewards, m.experts, strict=True):
        expert, task = TabularPolicy(table), replace(m.mdp, r=reward)
        least = -optimum(m.mdp, -paid, -reward, -measure.value(task, expert).lower[()]).value
        if least != measure.value(replace(m.mdp, r=paid), expert):
            return False
    return True


def obedient(m):
    return all(((gap * c).sum() <= 0).all_yes() for each, c in zip(gaps(m), m.constraints, strict=True) for gap in each)


def gradient_steps(m):
    c = 0 * m.cost
    for each, charged in zip(gaps(m), m.constraints, strict=True):
        if (c != charged).any():
            return False
        c = gradient_step(c, sum(each).lower, m.step)
    return True


FRUGAL = Assumption("no policy earns as much as an expert at a lower true cost", frugal)
OBEDIENT = Assumption("learners cost no more than their experts under the current constraint", obedient)
STEPS = Assumption("the constraint player takes gradient steps", gradient_steps)


# ---- runs of the game on small random problems, whose experts are lexicographic optima
STEP = "1/5"
ROUNDS = (1, 2, 4, 8, 16)


def demonstrate(seed, tasks=3, wasteful=False):
    """A random problem, its rewards, the cost of visiting state 0, and experts of least cost for their reward.

    The cost of an expert is at most halfway between the least one and that of maximising reward alone; a wasteful last
    expert maximises cost instead.
    """
    rng = np.random.default_rng(seed)
    mdp = garnet(4, 2, 2, "9/10", rng=rng)
    rewards = objects(rng.integers(0, 13, (tasks, 4, 2))) / 12
    cost = np.arange(4) == 0
    paid = objects(np.repeat(cost.astype(int)[:, None], 2, axis=1))
    least = -optimum(mdp, -paid).value.lower[()]
    experts = []
    for k, reward in enumerate(rewards):
        greedy = measure.value(replace(mdp, r=paid), optimum(mdp, reward).policy).lower[()]
        most = optimum(mdp, reward, paid, (least + greedy) / 2).value.lower[()]
        wanted = optimum(mdp, paid) if wasteful and k == tasks - 1 else optimum(mdp, -paid, -reward, -most)
        experts.append(wanted.policy.table)
    return Instance(
        mdp=mdp, rewards=rewards, experts=objects(experts), cost=objects(cost.astype(int)), step=rational(STEP)
    )


def optimum(mdp, reward, cost=None, limit=None):
    costs, limits = (cost[None], [limit]) if cost is not None else (objects(np.zeros((0, 4, 2), dtype=int)), [])
    return ConstrainedPlanning(costs, objects(np.array(limits, dtype=object))).run(replace(mdp, r=reward)).require(0)


def prefix(m, T):
    return m.replace(constraints=m.constraints[:T], learners=m.learners[:T], T=T)


@cache
def plays(seeds=(0, 1)):
    """Every prefix of a run for each seed."""
    whole = [play(demonstrate(seed)).replace(game=seed) for seed in seeds]
    return [prefix(m, T) for m in whole for T in ROUNDS]


def further_plays():
    return plays((2,))


def task_by_task(seeds=(0, 1)):
    return [m.replace(task=k) for m in plays(seeds) for k in range(3)]


def play(game, rounds=16, frozen=False, deaf=False):
    """One run; `frozen`: the constraint stays 0; `deaf`: the learners respond to 0 whatever the constraint."""
    heard = constraint_game(game.mdp, game.rewards, game.experts, rounds, 0 if frozen or deaf else STEP)
    shown = constraint_game(game.mdp, game.rewards, game.experts, rounds, STEP) if deaf else heard
    return game.replace(constraints=shown.constraints, learners=heard.learners)


# ---- figure
def numbers(m):
    return {"sides": [side.mid for side in check(m).sides]}


def figure(ax, rows):
    """Average violation and regret of a run against rounds, and the violation if the constraint is never updated."""
    at = [row for row in rows if row.get("parameters", {}).get("game") == 0 and row["part"] == "statement"]
    T, sides = [row["parameters"]["T"] for row in at], np.array([row["data"]["sides"] for row in at])
    ax.loglog(T, sides[:, -1], "k--", label="regret $R_T / T$")
    ax.loglog(T, sides[:, 1], "s-C2", label="violation, all tasks")
    ax.loglog(T, sides[:, 0], "o-C0", label="violation, worst task")
    ax.loglog(T, [sides[0, 1] for _ in T], "x-C1", label="constraint frozen (fails)")
    ax.set(xlabel="rounds $T$", ylabel="discounted cost")
    ax.legend()


CLAIM = Claim(
    "inverse_constraint_game_violation_vanishes",
    check,
    plays,
    formula=(
        r"\max_k v_k \le \sum_k v_k \le \max_c \frac1T \sum_t U_t(c) \le \frac{R_T}{T}, \qquad v_k = \frac1T "
        r"\sum_t J(L_{tk}, c^*) - J(E_k, c^*), \qquad U_t(c) = \sum_k J(L_{tk}, c) - J(E_k, c)"
    ),
    papers=("kim2023", "zinkevich2003"),
    tags=("inverse-constraints", "no-regret"),
    assumes=(FRUGAL, OBEDIENT),
    controls=(
        Control("half the regret", lambda: play(demonstrate(0), 4), tightens=half_the_regret),
        Control("an expert with needless cost", lambda: play(demonstrate(0, wasteful=True), 2), drops=FRUGAL.name),
        Control("learners that ignore the constraint", lambda: play(demonstrate(0), 4, deaf=True), drops=OBEDIENT.name),
        Control(
            "the constraint frozen at 0",
            lambda: play(demonstrate(0), frozen=True),
            drops=STEPS.name,
            part="gradient steps",
        ),
    ),
    also=(
        Part("rewards", task_by_task, compare_returns, thorough=lambda: task_by_task((2,))),
        Part("gradient steps", plays, regret_bound, assumes=(STEPS,), thorough=further_plays),
    ),
    data=numbers,
    thorough=further_plays,
    figure=figure,
)
