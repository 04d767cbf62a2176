"""In inverse constraint learning a task's violation is at most regret / T plus the other experts' needless cost.

Statement  Let c* be the true cost, one of a class of costs of states and actions. In round t a cost c_t of the class is
           played, learner k obeys J(L_tk, c_t) <= J(E_k, c_t), and on average it earns at least J(E_k, r_k). Let
           v_k = (1/T) sum_t J(L_tk, c*) - J(E_k, c*), R_T the constraint player's regret over the class on U_t(c) =
           sum_k J(L_tk, c) - J(E_k, c), and n_k = J(E_k, c*) - min {J(pi, c*) : J(pi, r_k) >= J(E_k, r_k)} the
           needless cost of expert k.
               v_j <= R_T / T + sum_{k != j} n_k for every task j.
           It is attained with regret 0 for any number K >= 2 of tasks, discount and T: the sum of the violations is 0
           and one task's is 1/(1-gamma), the largest possible. With experts of least cost for their return n_k = 0, and
           every task's violation is at most R_T / T; this is attained too.
Assumes    average learners earn at least as much as the experts; learners cost no more than their experts under the
           current constraint; the class of the regret contains the true cost.
Units      J discounted, not normalised; costs in [0, 1] per step.
Kind       for all (enumerated); exists
Source     adapted from Kim, Swamy, Liu, Zhao, Choudhury and Wu, 2023.
Proof      proofs/safety/needless_cost_of_one_expert_hides_violations_of_another.md
"""

from dataclasses import replace
from functools import cache
from math import isqrt

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances import garnet
from ...instances.instance import Instance
from ...model import MDP, Discounted, TabularPolicy
from ...solve import ConstrainedPlanning, constraint_game, lexicographic_expert
from ...solve.constraint_game import gradient_step
from ...verify.claim import Assumption, Bound, Claim, Control, Part

RISKY = 1


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
    return stack([(sum(own) * m.cost).sum() / len(g) for own in zip(*g, strict=True)])


def average_regret(m, g):
    """R_T / T against the best of all costs in [0, 1] of states and actions, or of states."""
    total = sum(sum(each) for each in g)
    if m.costs_of_states:
        total = total.sum(axis=1)
    best = ((abs(total) + total) / 2).sum()
    return (best - sum((sum(each) * c).sum() for each, c in zip(g, m.constraints, strict=True))) / len(g)


def needless(m):
    """n_k, `[k]`: the expert's true cost minus that of `frugal[k]`, the policy of least cost for its return."""
    paid = zip(occupancies(m, m.experts), occupancies(m, m.frugal), strict=True)
    return stack([((e - d) * m.cost).sum() for e, d in paid])


def check(m):
    g, n = gaps(m), needless(m)
    return Bound(violations(m, g), n.sum() - n + average_regret(m, g))


def regret_alone(m):
    g = gaps(m)
    return Bound(violations(m, g), needless(m) * 0 + average_regret(m, g))


def largest_needless_cost_alone(m):
    g, n = gaps(m), needless(m)
    return Bound(violations(m, g)[:1], n[1:].max() + average_regret(m, g))


def sum_of_violations(m):
    g = gaps(m)
    return Bound(violations(m, g).sum(), average_regret(m, g))


# ---- assumptions
def earns(m):
    earned = [[(each * r).sum() for each, r in zip(row, m.rewards, strict=True)] for row in gaps(m)]
    return all((sum(own) >= 0).all_yes() for own in zip(*earned, strict=True))


def obeys(m):
    return all(((each * c).sum() <= 0).all_yes() for row, c in zip(gaps(m), m.constraints, strict=True) for each in row)


def frugal_is_frugal(m):
    """Whether `frugal[k]` earns what expert k does at the least true cost, by a linear program."""
    for reward, expert, frugal in zip(m.rewards, m.experts, m.frugal, strict=True):
        task, least = replace(m.mdp, r=reward), replace(m.mdp, r=m.cost)
        earned = [measure.value(task, TabularPolicy(table)) for table in (expert, frugal)]
        if (earned[1] < earned[0]) or measure.value(least, TabularPolicy(frugal)) != least_cost(
            m.mdp, m.cost, reward, earned[0]
        ):
            return False
    return True


def least_cost(mdp, cost, reward, earned):
    found = ConstrainedPlanning(-reward[None], objects([-earned.lower[()]])).run(replace(mdp, r=-cost)).require(0)
    return -found.value


EARNS = Assumption("average learners earn at least as much as the experts", earns)
OBEYS = Assumption("learners cost no more than their experts under the current constraint", obeys)
FRUGAL = Assumption("`frugal` holds the policies of least true cost for the experts' returns", frugal_is_frugal)


# ---- one state, two actions: the risky one costs 1
def hide(share=1, tasks=2, gamma="9/10", rounds=1, rates=1, disobedient=False, underpaid=False):
    """The first task pays for the risky action, which its expert never takes; the other tasks pay nothing.

    Their experts take it in a `share` of the steps, and their learners never do, unless the constraint makes it the
    cheaper action. The constraint player takes gradient steps.

    Args: rates: step size. disobedient: the first learner ignores the constraint, which is held at (0, 1). underpaid:
        the other tasks pay for the risky action too.
    """
    mdp = MDP(objects([[[1], [1]]]), objects([[0, 0]]), horizon=Discounted(gamma))
    share, unit = rational(share), 1 / (1 - mdp.horizon.gamma)
    risky = [objects([[0, 1]]), objects([[1, 0]])]
    experts = [risky[1]] + [objects([[1 - share, share]])] * (tasks - 1)
    paid = objects([[0, 1]])
    rewards = [paid] + [paid if underpaid else paid * 0] * (tasks - 1)
    c, constraints, learners = objects([0, 1] if disobedient else [0, 0]), [], []
    for _ in range(rounds):
        first = risky[0] if disobedient or c[RISKY] <= c[0] else risky[1]
        other = risky[1] if c[0] <= c[RISKY] else experts[-1]
        played = [first] + [other] * (tasks - 1)
        constraints.append(c[None])
        learners.append(objects(played))
        gradient = sum(played)[0] - sum(experts)[0]
        c = c if disobedient else gradient_step(c, gradient * unit, rational(rates) / unit)
    frugal = experts if underpaid else [experts[0]] + [risky[1]] * (tasks - 1)
    return Instance(
        mdp=mdp,
        rewards=objects(rewards),
        experts=objects(experts),
        frugal=objects(frugal),
        cost=objects([[0, 1]]),
        costs_of_states=False,
        constraints=objects(constraints),
        learners=objects(learners),
        T=rounds,
        share=share,
    )


def hide_fully():
    """Regret 0 and a violation of 1/(1-gamma): the other experts are risky as often as the first learner."""
    return [
        hide(rational(1) / (K - 1), K, gamma, T) for K, gamma, T in ((2, "1/2", 1), (3, "99/100", 4), (5, "9/10", 2))
    ]


def hide_partly():
    return [hide(share, rounds=T) for share, T in (("1/4", 4), ("1/2", 16), ("3/4", 1))]


# ---- plays of the constraint game on small random problems
@cache
def play(seed, rounds=4):
    """Two tasks with random rewards: an expert of least cost for its return, and one that plays at random."""
    rng = np.random.default_rng(seed)
    mdp = garnet(3, 2, 2, "9/10", rng=rng)
    rewards = objects(rng.integers(0, 13, (2, 3, 2))) / 12
    cost = objects(np.repeat((np.arange(3) == 0).astype(int)[:, None], 2, axis=1))
    shares = objects(rng.integers(1, 4, 3)) / 4
    experts = [
        lexicographic_expert(replace(mdp, r=rewards[0]), cost, "4").table,
        np.stack([shares, 1 - shares], axis=1),
    ]
    frugal = []
    for reward, table in zip(rewards, experts, strict=True):
        earned = measure.value(replace(mdp, r=reward), TabularPolicy(table)).lower[()]
        frugal.append(ConstrainedPlanning(-reward[None], objects([-earned])).run(replace(mdp, r=-cost)).policy.table)
    heard = constraint_game(mdp, rewards, objects(experts), rounds, "1/5")
    return Instance(
        mdp=mdp,
        rewards=rewards,
        experts=objects(experts),
        frugal=objects(frugal),
        cost=cost,
        costs_of_states=True,
        constraints=np.repeat(heard.constraints[:, :, None], 2, axis=2),
        learners=heard.learners,
        T=rounds,
    )


def plays():
    return hide_fully() + hide_partly() + [play(seed) for seed in (0, 1)]


def further_plays():
    return [play(seed, 12) for seed in range(2, 8)]


def frugal_experts():
    return [hide(0, K, gamma, T) for K, gamma, T in ((1, "1/2", 1), (2, "9/10", 4), (3, "99/100", 16))]


# ---- figure
def run_length():
    """Steps of a size in proportion to 1 / sqrt(T)."""
    lengths = (1, 4, 16, 64)
    return [hide(share, rounds=T, rates=rational(1) / isqrt(T)) for share in (0, "1/2", 1) for T in lengths]


def numbers(m):
    g, unit = gaps(m), 1 / (1 - m.mdp.horizon.gamma)
    first, missed = violations(m, g)[0] / unit, average_regret(m, g) / unit
    hidden_by = (needless(m)[1:].sum() if len(m.experts) > 1 else missed * 0) / unit
    shares = {"first": first.mid, "regret": missed.mid, "needless": hidden_by.mid}
    return {name: float(each) for name, each in shares.items()} | {"T": m.T, "share": float(m.share)}


def figure(ax, rows):
    """The first task's violation against rounds, for experts of the other task with more or less needless cost."""
    data = [row["data"] for row in rows if row["part"] == "run length" and not row.get("control")]
    for share, style, words in ((1, "^-C0", "1"), (1 / 2, "s-C0", "1/2"), (0, "o-C0", "0")):
        own = sorted((each for each in data if each["share"] == share), key=lambda each: each["T"])
        T = [each["T"] for each in own]
        ax.loglog(T, [each["first"] for each in own], style, label=f"needless cost {words}")
        ax.loglog(T, [each["regret"] + each["needless"] for each in own], "k--", lw=0.8)
    half = sorted((each for each in data if each["share"] == 1 / 2), key=lambda each: each["T"])
    ax.loglog(
        [each["T"] for each in half], [each["regret"] for each in half], "x-C1", label="regret $/ T$, 1/2 (fails)"
    )
    ax.plot([], [], "k--", lw=0.8, label="bound: regret $/ T$ + needless cost")
    ax.set(xlabel="rounds $T$", ylabel=r"violation of task 1, times $1 - \gamma$")
    ax.legend(fontsize=6)


CLAIM = Claim(
    "needless_cost_of_one_expert_hides_violations_of_another",
    check,
    plays,
    formula=(
        r"v_j \le \frac{R_T}{T} + \sum_{k \ne j} n_k, \qquad n_k = J(E_k, c^*) - "
        r"\min \{ J(\pi, c^*) : J(\pi, r_k) \ge J(E_k, r_k) \}"
    ),
    papers=("kim2023",),
    tags=("inverse-constraints", "no-regret"),
    assumes=(EARNS, OBEYS, FRUGAL),
    controls=(
        Control("the regret alone", hide, tightens=regret_alone),
        Control(
            "the largest needless cost in place of the sum",
            lambda: hide("1/2", 3),
            tightens=largest_needless_cost_alone,
        ),
        Control("learners that earn less", lambda: hide(underpaid=True), drops=EARNS.name),
        Control("a learner that ignores the constraint", lambda: hide(tasks=1, disobedient=True), drops=OBEYS.name),
    ),
    also=(
        Part("experts of least cost", frugal_experts, regret_alone, assumes=(EARNS, OBEYS, FRUGAL)),
        Part("sum of the violations", hide_partly, sum_of_violations, assumes=(EARNS, OBEYS)),
        Part("run length", run_length, check, assumes=(EARNS, OBEYS), data=numbers),
    ),
    thorough=further_plays,
    figure=figure,
)
