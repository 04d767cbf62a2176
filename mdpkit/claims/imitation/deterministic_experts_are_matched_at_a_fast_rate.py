"""From N states of the expert, matched scores lose order 1/N if its cost is certain, and 1/sqrt(N) if it is not.

Statement  Let n count N independent states of an expert with law q on S states, and let the learner's law of states be
           (n + 1) / (N + S), the expert's score being that of these smoothed counts. For a cost f of states let
           g = |E_q f - E f(learner)|, V = Var_q f, and D the triangular discrimination of the two laws. Then
               (E g)^2 <= (2 V + E g) E D,    E D <= (S-1)/(N+1),
           hence E g <= sqrt(2 V (S-1)/(N+1)) + (S-1)/(N+1). If the expert's cost is certain, V = 0, this is
           (S-1)/(N+1), and an expert at one free state, all others of cost 1, has E g = (S-1)/(N+S). For a fair coin
           and N even, (E g)^2 >= N / (8 (N+2)^2), of order 1/N: this learner does not have the fast rate there.
           SMILING, given smoothed counts, has their law.
Assumes    costs in [0, 1]; the expert's cost is certain (fast rate).
Units      g and f in units of cost; the gap is H g for state laws averaged over H steps.
Kind       for all (enumerated); identity (an expert at one free state); exists
Source     adapted from Wu, Chen, Swamy, Brantley and Sun, 2025.
Proof      proofs/imitation/deterministic_experts_are_matched_at_a_fast_rate.md
"""

from functools import lru_cache
from math import comb

import numpy as np

from ... import measure
from ...base.arrays import nearest, objects, rational
from ...instances.instance import Instance
from ...instances.library.imitation.choices import choices
from ...learn import SMILING, fit, grant
from ...model import TabularPolicy, Trajectories
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def law_of(m):
    return objects(m.expert.split())


def cost_of(m):
    return objects(m.cost.split())


def counts(N, q):
    """All counts of N draws that can occur: pairs of the number of draws of each state and their probability."""
    if len(q) == 1:
        return [((N,), q[0] ** N)]
    most = N if q[0] > 0 else 0
    return [
        ((k, *rest), chance * comb(N, k) * q[0] ** k)
        for k in range(most + 1)
        for rest, chance in counts(N - k, q[1:])
        if chance > 0
    ]


@lru_cache(maxsize=64)
def means(expert, cost, N):
    """E g and E D over the counts of N draws."""
    q, f = objects(expert.split()), objects(cost.split())
    gap = divergence = rational(0)
    for n, chance in counts(N, list(q)):
        law = objects([k + 1 for k in n]) / (N + len(q))
        gap += abs(((q - law) * f).sum()) * chance
        divergence += measure.triangular(q, law) * chance
    return gap, divergence


def mean_gap(m):
    return means(m.expert, m.cost, m.N)[0]


def mean_divergence(m):
    return means.__wrapped__(m.expert, m.cost, m.N)[1]


def variance(m):
    q, f = law_of(m), cost_of(m)
    return (q * f**2).sum() - (q * f).sum() ** 2


def estimation_error(m):
    return rational(len(law_of(m)) - 1) / (m.N + 1)


def check(m, varies=2):
    g = mean_gap(m)
    scale = variance(m) * varies + g
    return Bound(g**2, scale * mean_divergence(m), scale * estimation_error(m))


def half_the_error(m):
    g = mean_gap(m)
    return Bound(g**2, (variance(m) * 2 + g) * estimation_error(m) / 2)


def fast(m):
    return Bound(mean_gap(m), estimation_error(m))


def equals(m):
    S = len(law_of(m))
    return Equal({"gap": (mean_gap(m), rational(S - 1) / (m.N + S))})


def slow(m):
    return Bound(rational(m.N) / (8 * (m.N + 2) ** 2), mean_gap(m) ** 2)


# ---- instances
def draw(q, f, N):
    """An expert with law q of states, a cost f, and N states of its."""
    return Instance(expert=" ".join(map(str, q)), cost=" ".join(map(str, f)), N=N)


SURE, COIN = ([1, 0], [0, 1]), (["1/2", "1/2"], [0, 1])
THREE = (["1/2", "3/10", "1/5"], [0, "1/2", 1])


def experts():
    return [
        *(draw(*expert, N) for expert in (SURE, COIN) for N in (1, 2, 4, 16, 64)),
        *(draw([1, 0, 0], [0, 1, 1], N) for N in (1, 8)),
        *(draw(*THREE, N) for N in (2, 8)),
        draw(["9/10", "1/10"], [0, 1], 16),
    ]


def larger():
    return [*(draw(*expert, 256) for expert in (SURE, COIN)), draw(*THREE, 24)]


def certain():
    return [draw([1, *[0] * others], [0, *[1] * others], N) for others in (1, 2, 5) for N in (1, 4, 16, 64)]


def coins():
    return [draw(*COIN, N) for N in (2, 4, 16, 64)]


# ---- SMILING, shown smoothed counts
def show_counts():
    """Runs of SMILING on states in the proportions of smoothed counts, with the law of its last policy."""
    made = []
    for n in ((3, 1), (16, 0), (2, 1, 4)):
        law = objects([k + 1 for k in n]) / (sum(n) + len(n))
        m = choices(["1/2", "1/2"] if len(n) == 2 else ["1/3"] * 3, [0] * len(n), 2)
        rows = np.arange(len(n) + 1)
        seen = Trajectories(rows, 0 * rows, t=(rows > 0).astype(int), weight=objects([1, *law]))
        access = grant(m.mdp, expert=m.expert, demonstrations=seen, episodes="exact")
        answer = fit(SMILING(limit=True, score="last", rounds=4), access, rng=np.random.default_rng(0))
        last = TabularPolicy(answer.trace["policy"][-1].table[0, :1])
        made.append(Instance(shown=TabularPolicy(law[None]), learned=last))
    return made


def matches(m):
    return Bound(measure.total_variation(m.shown, m.learned).max(), rational("1/100000"))


def squared_variation(triangular, p, q):
    return abs(p - q).sum() ** 2 / 4


def numbers(m):
    error = estimation_error(m)
    return {"g": [nearest(mean_gap(m))], "bound": [np.sqrt(2 * nearest(variance(m) * error)) + nearest(error)]}


def figure(ax, rows):
    """The mean gap and its bound against the number of the expert's states, for a certain and a random cost."""
    at = [row for row in rows if row["part"] == "statement" and "data" in row][:10]
    for part, colour, words in ((at[:5], "C0", "expert at one state"), (at[5:], "C2", "fair coin")):
        N = [row["parameters"]["N"] for row in part]
        ax.plot(N, [row["data"]["g"][0] for row in part], "o", color=colour, label=words)
        ax.plot(N, [row["data"]["bound"][0] for row in part], "k--", linewidth=0.8)
    ax.plot([], [], "k--", label="bound")
    ax.plot(
        16,
        next(row["sides"][1] for row in rows if row.get("control") and row["label"] == SWAPPED),
        "xC1",
        label="fast rate for the coin (fails)",
    )
    ax.set(xlabel="states $N$ of the expert", ylabel="mean gap per step", yscale="log")
    ax.set_xscale("log", base=2)
    ax.legend(fontsize=6)


UNIT = Assumption("costs in [0, 1]", lambda m: ((cost_of(m) >= 0) & (cost_of(m) <= 1)).all())
SURELY = Assumption("the expert's cost is certain", lambda m: variance(m) == 0)
FAST, SWAPPED = "the fast rate", "the fast rate for an expert whose cost is random"
CLAIM = Claim(
    "deterministic_experts_are_matched_at_a_fast_rate",
    check,
    experts,
    formula=(
        r"\mathbb{E}\, g \le \sqrt{2\, \mathrm{Var}_q f\, \frac{S-1}{N+1}} + \frac{S-1}{N+1}, \qquad g = \big\lvert "
        r"\mathbb{E}_q f - \tfrac{1}{N+S} \textstyle\sum_s (n_s + 1) f(s) \big\rvert"
    ),
    papers=("wu2025",),
    tags=("scores", "state-only", "sample-complexity"),
    assumes=(UNIT,),
    controls=(
        Control("half of the estimation error", witness=lambda: draw(*SURE, 16), tightens=half_the_error),
        Control("no variance", witness=lambda: draw(*COIN, 16), tightens=lambda m: check(m, varies=0)),
        Control(
            "squared total variation",
            witness=lambda: draw(*SURE, 16),
            sabotages=measure.triangular,
            by=squared_variation,
        ),
        Control(SWAPPED, witness=lambda: draw(*COIN, 16), drops=SURELY.name, part=FAST),
    ),
    also=(
        Part(FAST, certain, fast, assumes=(UNIT, SURELY)),
        Part("an expert at one free state", certain, equals, assumes=(UNIT,)),
        Part("a fair coin is slow", coins, slow, assumes=(UNIT,)),
        Part("SMILING has the law that it is shown", show_counts, matches),
    ),
    thorough=larger,
    data=numbers,
    figure=figure,
)
