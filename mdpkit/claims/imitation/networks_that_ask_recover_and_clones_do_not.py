"""A cloned network's loss per mistake grows with the horizon when recovery was never demonstrated; DAgger's does not.

Statement  State 0 pays 1 for one action, which stays; the others fall into state 1, from which one of 8 actions leads
           back. Let r = (J(E) - J(L)) / sum_t E_{s ~ d_t^E} TV(E, L)(s) be the loss of a network per mistake under the
           expert's occupancy. Over the seeds of two-layer networks trained by Adam, at H = 12, 16, 24, 32,
               median r(third round of DAgger) <= 5/2 < H/4 <= median r(cloning),
           where cloning makes no query; a clone trained for as many steps as DAgger does not recover either.
Assumes    the second network was trained on its own states: it queried the expert there, and queries were
           counted.
Units      rewards in [0, 1]; r in units of J, the undiscounted return; each median with confidence 99/100, from 8 seeds
           of any law.
Kind       rate (enumerated horizons, sampled seeds)
Source     adapted from Ross, Gordon and Bagnell, 2011.
Proof      proofs/imitation/networks_that_ask_recover_and_clones_do_not.md
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import Interval
from ...deep.learners.cloning import Cloning
from ...deep.learners.dagger import DAgger
from ...instances.instance import Instance
from ...learn import fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control

SEEDS, ROUNDS, LENGTHS, ACTIONS = 8, 3, (12, 16, 24, 32), 8
NETWORK = Cloning(width=16, steps=60, rate=1 / 100, time="none")


def ditch(H):
    """At state 0 action 0 is right, at state 1 the last one."""
    right = np.array([[1, *[0] * (ACTIONS - 1)], [*[0] * (ACTIONS - 1), 1]])
    P = np.stack([right, 1 - right], axis=-1)
    mdp = MDP(objects(P), objects(right * [[1], [0]]), objects([1, 0]), horizon=Finite(H))
    return mdp, TabularPolicy(objects(right))


def train(H, asks=True, seeds=SEEDS):
    """Tables `[seed,s,a]` of clones and of DAgger's last policies; without `asks`, clones trained for as many steps."""
    mdp, expert = ditch(H)
    clones, others, queries = [], [], 0
    for seed in range(seeds):
        offline = grant(mdp, expert=expert, demonstrations="exact")
        clones.append(fit(NETWORK, offline, rng=np.random.default_rng(seed)).policy)
        if not asks:
            others.append(
                fit(replace(NETWORK, steps=ROUNDS * NETWORK.steps), offline, rng=np.random.default_rng(seed)).policy
            )
            continue
        access = grant(mdp, expert=expert, demonstrations="exact", episodes="exact", queries="exact")
        answer = fit(DAgger(ROUNDS, demonstrated=True, cloning=NETWORK), access, rng=np.random.default_rng(seed))
        others.append(answer.policy.members[-1])
        queries = answer.used.queries
    tables = (objects(np.stack([policy.to_tabular(mdp).table for policy in each])) for each in (clones, others))
    return Instance(
        mdp=mdp, expert=expert, **dict(zip(("clones", "others"), tables, strict=True)), queries=queries, H=H
    )


def a_slip(m, tables):
    """Median loss per mistake over seeds, rounded outwards to eighths to cover rounding errors of other machines."""
    policies = [TabularPolicy(table) for table in tables]
    lost = [
        measure.value_gap(m.mdp, m.expert, pi) / measure.cloning_error(m.mdp, m.expert, pi).sum() for pi in policies
    ]
    low, high = (measure.sampled_median([getattr(each, end)[()] for each in lost]) for end in ("lower", "upper"))
    return Interval(np.floor(low.lower * 8) / 8, np.ceil(high.upper * 8) / 8, "sampled")


def check(m, cost="5/2"):
    return Bound(a_slip(m, m.others), rational(cost), rational(m.H) / 4, a_slip(m, m.clones))


def one_reward(m):
    return check(m, "1")


def ends(m):
    """Confidence limits of each median."""
    medians = {"cloning": a_slip(m, m.clones), "asking": a_slip(m, m.others)}
    return {name: [float(each.lower), float(each.upper)] for name, each in medians.items()}


def figure(ax, rows):
    """Loss per mistake against the horizon: bars from the lower to the upper limits of the medians."""
    at = [row for row in rows if not row.get("control")]
    H = [row["sizes"]["H"] for row in at]
    for name, style in (("cloning", "^C0"), ("asking", "oC2")):
        low, high = np.array([row["data"][name] for row in at]).T
        ax.errorbar(H, (low + high) / 2, (high - low) / 2, fmt=style, capsize=2, label=name)
    ax.plot([], [], "k|", markersize=8, label="bar: ends of the median")
    ax.plot(H, np.array(H) / 4, ":C0", label="$H/4$")
    ax.plot(H, [5 / 2] * len(H), "k--", label="bound $5/2$")
    mute = next(row["sides"] for row in rows if row.get("control") and row["label"] == MUTE)
    ax.plot(AT, mute[0], "xC1", label="no queries (fails)")
    ax.set(xlabel="horizon $H$", ylabel="value gap per mistake")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


ASKS = Assumption("the second network was trained on its own states", lambda m: m.queries > 0)
MUTE, AT = "no queries", 16
CLAIM = Claim(
    "networks_that_ask_recover_and_clones_do_not",
    check,
    lambda: [train(H) for H in LENGTHS],
    formula=(
        r"\mathrm{median}\; r(\text{DAgger}) \le \tfrac52 < \tfrac H4 \le \mathrm{median}\; r(\text{cloning}), "
        r"\qquad r(L) = \frac{J(E) - J(L)}{\sum_t \mathbb{E}_{s \sim d_t^E}\, \mathrm{TV}(E, L)(s)}"
    ),
    papers=("ross2011",),
    tags=("behavioural-cloning", "interactive-learning", "networks"),
    assumes=(ASKS,),
    controls=(
        Control(MUTE, witness=lambda: train(AT, asks=False), drops=ASKS.name),
        Control("a mistake costs one reward", witness=lambda: train(AT), tightens=one_reward),
    ),
    figure=figure,
    data=ends,
    resolution=Fraction(1, 8),
)
