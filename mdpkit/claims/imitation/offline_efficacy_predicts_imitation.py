"""Solvers that lose less offline imitate better inside inverse reinforcement learning: rank correlation at least 1/2.

Statement  Processes of 6 states, 4 actions and 4 steps are drawn; one state pays, and the expert is optimal. Six
           offline solvers (greedy with two values of unseen actions, lower confidence with three bonuses, soft
           planning towards the clone) plan on two data sets: 100 demonstrations and 10 episodes of uniform actions,
           or 10 and 30. For each of the 12 pairs let x be the value gap of the policy that the solver plans for the
           true reward, and y the value gap, for the true reward, of the mixture of 3 rounds that PessimisticIRL returns
           with this solver, which plays against all rewards of states in [0, 1]. Over the seeds
               1/2 <= median of Spearman's rank correlation of x and y.
           On the first data set the mean of x for lower confidence with bonus c range / sqrt(n) exceeds its mean for
           c = 3/10 by at least 1/64 without a bonus, and by at least 1/4 for c = 3: pessimism helps until it forbids
           what the data show.
Assumes    x and y of a pair belong to the same solver.
Units      J is the undiscounted return, in [0, 4]; the median with confidence 99/100, from 20 seeds of any law; means
           with Student's confidence 99/100, of the differences within 40 seeds.
Kind       rate (enumerated sizes, sampled seeds)
Source     adapted from Wu, Swamy, Bagnell, Wu and Choudhury, 2024, and Rashidinejad, Zhu, Ma, Jiao and Russell, 2021.
Proof      proofs/imitation/offline_efficacy_predicts_imitation.md
"""

from fractions import Fraction
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import exactly, floats, objects, rational
from ...base.interval import Interval
from ...ink.figures import panels
from ...instances.instance import Instance
from ...learn import (
    FiniteRewards,
    Greedy,
    KLToClone,
    LinearRewards,
    LowerConfidence,
    PessimisticIRL,
    fit,
    grant,
)
from ...learn.empirical import pool
from ...model import MDP, Finite, TabularPolicy
from ...solve import solve
from ...verify.claim import Assumption, Bound, Claim, Control, Part

S, A, H, ROUNDS, GRID = 6, 4, 4, 3, 64
DATA = (100, 10), (10, 30)
BONUSES = "0", "1/10", "3/10", "1", "3"
SOLVERS = {
    "greedy": lambda data: Greedy(offline=data),
    "optimistic": lambda data: Greedy(unseen="optimistic", offline=data),
    "bonus 1/10": lambda data: LowerConfidence("1/10", offline=data),
    "bonus 3/10": lambda data: LowerConfidence("3/10", offline=data),
    "bonus 1": lambda data: LowerConfidence(1, offline=data),
    "KL 3/100": lambda data: KLToClone("3/100", offline=data),
}
PAIRS = [(name, sizes) for sizes in DATA for name in SOLVERS]


# ---- runs
@cache
def draw(seed, sizes):
    """A drawn process, its expert, its demonstrations, and the data set with episodes of uniform actions."""
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.full(S, 3 / 10), size=(S, A))
    r = np.zeros((S, A))
    r[rng.integers(S)] = 1
    mdp = MDP(P, r, np.eye(S)[rng.integers(S)], horizon=Finite(H))
    expert = solve(mdp).policy
    access = grant(mdp, expert=expert, episodes=sum(sizes), rng=rng)
    shown = access.play(expert, sizes[0], rng=rng)
    others = access.play(TabularPolicy(np.full((S, A), 1 / A)), sizes[1], rng=rng)
    return mdp, expert, shown, pool(shown, others)


def gap_of(solver, drawn, rewards, rounds):
    """The value gap of PessimisticIRL's mixture for the true reward."""
    mdp, expert, shown, _ = drawn
    access = grant(mdp, demonstrations=shown, episodes="exact")
    policies = fit(PessimisticIRL(solver, rewards, rounds=rounds), access, rng=None).policy.members
    return float(sum(measure.value_gap(mdp, expert, policy).mid for policy in policies) / rounds)


@cache
def pair(seed, name, sizes):
    """The gap of a solver on a data set for the true reward, and inside inverse reinforcement learning."""
    drawn = draw(seed, sizes)
    solver = SOLVERS[name](drawn[-1])
    states = LinearRewards(np.eye(S)[:, :, None] * np.ones(A), lower=0)
    alone = gap_of(solver, drawn, FiniteRewards(drawn[0].r[None]), 1)
    return alone, gap_of(solver, drawn, states, ROUNDS)


def measure_pairs(seeds=20, shuffle=False):
    """Both gaps of every pair, `[seed,pair]`; if `shuffle`, the second is of another solver, drawn for each seed."""
    gaps = np.array([[pair(seed, *each) for each in PAIRS] for seed in range(seeds)])
    x, y = gaps[..., 0], gaps[..., 1]
    if shuffle:
        y = np.array([row[np.random.default_rng(seed).permutation(len(PAIRS))] for seed, row in enumerate(y)])
    return Instance(x=exactly(x), y=exactly(y), shuffled=shuffle)


@cache
def bonus_gap(seed, c):
    drawn = draw(seed, DATA[0])
    return gap_of(LowerConfidence(c, offline=drawn[-1]), drawn, FiniteRewards(drawn[0].r[None]), 1)


def bonuses(seeds=40):
    """Gaps of lower confidence for the true reward, `[c,seed]`."""
    return Instance(gaps=exactly(np.array([[bonus_gap(seed, c) for seed in range(seeds)] for c in BONUSES])))


# ---- both sides
def ranks(values):
    """Twice the rank of each, from 0 on; tied values share the mean of their ranks."""
    below = (values[:, None] > values).sum(axis=1)
    return 2 * below + (values[:, None] == values).sum(axis=1) - 1


def spearman(x, y):
    """Spearman's rank correlation, with ties."""
    a, b = (ranks(floats(each)) - (len(each) - 1) for each in (x, y))
    return (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())


def outwards(known):
    """Rounded outwards to 64ths: this covers the rounding of other machines."""
    return Interval(np.floor(known.lower * GRID) / GRID, np.ceil(known.upper * GRID) / GRID, "sampled")


def check(m, least="1/2"):
    known = measure.sampled_median([spearman(x, y) for x, y in zip(m.x, m.y, strict=True)])
    return Bound(rational(least), outwards(known))


def nearly_one(m):
    return check(m, least="63/64")


def excess(m, chosen="3/10"):
    """Confidence intervals of the mean gap for no bonus and for c = 3, minus that for the chosen bonus."""
    gaps = dict(zip(BONUSES, floats(m.gaps), strict=True))
    return [outwards(measure.sampled_mean(gaps[c] - gaps[chosen])) for c in ("0", "3")]


def helps(m, chosen="3/10"):
    none, large = excess(m, chosen)
    right = Interval(np.array([none.lower, large.lower]), np.array([none.upper, large.upper]), "sampled")
    return Bound(objects(["1/64", "1/4"]), right)


def more(m):
    """As if the excess were at least 1/4 for both."""
    return Bound(objects(["1/4", "1/4"]), helps(m).sides[-1])


def scatter(m):
    return {"x": floats(m.x).round(4).ravel().tolist(), "y": floats(m.y).round(4).ravel().tolist()}


def limits(m):
    known = [outwards(measure.sampled_mean(row)) for row in m.gaps]
    return {"limits": [[float(each.lower), float(each.upper)] for each in known]}


SAME = Assumption("both gaps of a pair belong to the same solver", lambda m: not m.shuffled)
BONUS, SHUFFLED = "a moderate bonus is better than none and than a large one", "shuffled solvers"


def figure(ax, rows):
    """Gap inside inverse reinforcement learning against the gap offline; and the gap offline against the bonus."""
    ax, right = panels(ax, 2)
    shown = next(row["data"] for row in rows if row["part"] == "statement" and not row.get("control"))
    x, y = (np.array(shown[name]).reshape(-1, len(PAIRS)) for name in "xy")
    ax.plot(x.ravel(), y.ravel(), ".", color="0.8", markersize=3, label="a seed")
    for k, style in enumerate("o^svDP"):
        columns = slice(k, None, len(SOLVERS))
        ax.plot(
            x.mean(axis=0)[columns], y.mean(axis=0)[columns], style, color=f"C{k + (k > 0)}", label=list(SOLVERS)[k]
        )
    known = next(row["sides"][-1] for row in rows if row["part"] == "statement" and not row.get("control"))
    failing = next(row["sides"][-1] for row in rows if row.get("control") and row["label"] == SHUFFLED)
    ax.plot([], [], " ", label=f"rank correlation {known:.2f}")
    ax.plot([], [], "xC1", label=f"shuffled: {failing:.2f} (fails)")
    ax.set(xlabel="gap offline, true reward", ylabel="gap inside inverse RL")
    known = next(row["data"]["limits"] for row in rows if row["part"] == BONUS and not row.get("control"))
    low, high = np.array(known).T
    places = np.arange(len(BONUSES))
    right.errorbar(places, (low + high) / 2, (high - low) / 2, fmt="oC0", capsize=2, label="mean over seeds, 99 %")
    right.set(xlabel="bonus $c$", ylabel="gap offline, true reward", xticks=places)
    right.set_xticklabels(BONUSES)
    for each, columns in ((ax, 3), (right, 1)):
        each.legend(ncols=columns, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=6)


CLAIM = Claim(
    "offline_efficacy_predicts_imitation",
    check,
    lambda: [measure_pairs()],
    formula=r"\mathrm{median}\; \mathrm{corr}\big( \mathrm{rank}\, x,\ \mathrm{rank}\, y \big) \ge \tfrac12",
    papers=("wu2024", "rashidinejad2021"),
    tags=("pessimism", "inverse-reinforcement-learning", "sample-complexity"),
    assumes=(SAME,),
    controls=(
        Control(SHUFFLED, lambda: measure_pairs(shuffle=True), drops=SAME.name),
        Control("nearly perfect correlation", measure_pairs, tightens=nearly_one),
        Control("an excess of 1/4 without a bonus", bonuses, tightens=more, part=BONUS),
    ),
    also=(Part(BONUS, lambda: [bonuses()], helps, data=limits),),
    figure=figure,
    data=scatter,
    resolution=Fraction(1, GRID),
)
