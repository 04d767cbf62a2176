"""Demonstrations in the policy's batches replace exploration if rewards are sparse and unseen actions are worth 0.

Statement  On a tree of 6 actions and 3 steps the expert goes to a leaf, drawn uniformly. The class holds the rewards
           in [-1, 1] of the last step alone, and actions without data have the value 0. Let g be the imitation gap
           after 20 rounds, as a share of the largest. Over the seeds of HyPE with half of each batch from one
           demonstration, and of the online method, which has twice the episodes and no demonstration in its batches,
               median g(hybrid) <= 1/6 < 1/2 <= median g(online).
           If the class holds rewards of every step, the online method has median g <= 1/5 too: the discriminator
           itself shows the way. If unseen actions have the highest value, the hybrid method explores as much, and has
           median g >= 1/2.
Assumes    rewards of the last step alone; unseen actions have the value 0; the first method's batches contain the
           demonstration.
Units      g in [0, 1], computed from the policies of a seed; each median with confidence 99/100, from 24 seeds, or 20
           in the further statements.
Kind       rate (enumerated sizes, larger ones at the profile full; sampled seeds)
Source     adapted from Ren, Swamy, Wu, Bagnell and Choudhury, 2024.
Proof      proofs/imitation/hybrid_data_help_when_rewards_are_sparse.md
"""

from fractions import Fraction
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import exactly, rational
from ...base.interval import Interval
from ...instances.instance import Instance
from ...instances.library.imitation.tree import policy_to_leaf, tree_mdp
from ...learn import BoxRewards, GradientAscent, HyPE, fit, grant
from ...verify.claim import Assumption, Bound, Claim, Control, Part

ONLINE, HYBRID = "0", "1/2"
EPISODES = {ONLINE: 4, HYBRID: 2}
GRID = 64


# ---- runs
@cache
def play(share, A, H, rounds, sparse, unseen, seed):
    """The imitation gap of HyPE over its class, as a share of the largest, on a tree with a drawn leaf."""
    rng = np.random.default_rng(seed)
    problem, expert = tree_mdp(A, H, pattern=np.zeros(0)), policy_to_leaf(int(rng.integers(A**H)), A, H).to_float()
    steps = np.arange(H) >= (H - 1 if sparse else 0)
    rewards = BoxRewards(support=np.broadcast_to(steps[:, None, None], (H, problem.S, A)))
    learner = HyPE(
        rewards,
        GradientAscent(),
        rate=4,
        expert_share=share,
        unseen=unseen,
        rounds=rounds,
        episodes=EPISODES[share],
    )
    access = grant(problem, expert=expert, demonstrations=1, episodes=EPISODES[share] * rounds, rng=rng)
    policies = fit(learner, access, rng=rng).policy.members
    d = sum(measure.occupancy(problem, policy).mid for policy in policies) / rounds
    return rewards.sup(measure.occupancy(problem, expert).mid - d) / (2 * steps.sum())


def train(A=6, H=3, rounds=20, sparse=True, unseen="zero", seeds=24, online=ONLINE, hybrid=HYBRID):
    """Gaps `[seed]` of both methods with these shares of demonstrations; None for a method leaves it out."""
    setting = dict(A=A, H=H, rounds=rounds, sparse=sparse, unseen=unseen)

    def gaps(share):
        return exactly(np.array([play(share, *setting.values(), seed) for seed in range(seeds)]))

    of_methods = {name: each and gaps(each) for name, each in (("online", online), ("hybrid", hybrid))}
    return Instance(**of_methods, share=rational(hybrid or online), **setting)


def median(gaps):
    """Of the law of the gaps, rounded outwards to 64ths: this covers the rounding of other machines."""
    known = measure.sampled_median(gaps)
    return Interval(np.floor(known.lower * GRID) / GRID, np.ceil(known.upper * GRID) / GRID, "sampled")


# ---- both sides
def check(m, most="1/6"):
    return Bound(median(m.hybrid), rational(most), rational("1/2"), median(m.online))


def less(m):
    return check(m, most="1/12")


def online_suffices(m):
    return Bound(median(m.online), rational("1/5"))


def hybrid_explores(m):
    return Bound(rational("1/2"), median(m.hybrid))


def ends(m):
    """Confidence limits of each median."""
    known = {"online": m.online, "hybrid": m.hybrid}
    limits = {name: median(gaps) for name, gaps in known.items() if gaps is not None}
    return {name: [float(each.lower), float(each.upper)] for name, each in limits.items()}


SPARSE = Assumption("rewards of the last step alone", lambda m: m.sparse)
ZERO = Assumption("unseen actions have the value 0", lambda m: m.unseen == "zero")
SHOWN = Assumption("the batches contain the demonstration", lambda m: m.share > 0)
DENSE, HIGH = "rewards of every step", "unseen actions have the highest value"


def figure(ax, rows):
    """Confidence intervals of the median gap of both methods, with the assumptions and without one of them."""
    places = {"statement": 0, DENSE: 1, HIGH: 2}
    for method, style, shift in (("online", "oC0", -0.1), ("hybrid", "^C2", 0.1)):
        at = [row for row in rows if not row.get("control") and method in (row.get("data") or {})]
        low, high = np.array([row["data"][method] for row in at]).T
        x = [places[row["part"]] + shift for row in at]
        ax.errorbar(x, (low + high) / 2, (high - low) / 2, fmt=style, capsize=2, label=method)
    ax.axhline(1 / 6, color="k", linestyle="--", label="$1/6$ and $1/2$")
    ax.axhline(1 / 2, color="k", linestyle="--")
    failing = {row["label"]: row["sides"] for row in rows if row.get("control")}
    ax.plot(1.2, failing[DENSE][-1], "xC1", label="online, 8 seeds (fails)")
    ax.plot(2.2, failing[HIGH][0], "+C1", label="hybrid, 8 seeds (fails)")
    ax.set(xlabel="reward class, value of unseen actions")
    ax.set(ylabel="median gap, share of the largest", xticks=[0, 1, 2], ylim=(0, 1.05), xlim=(-0.5, 2.5))
    ax.set_xticklabels(["sparse rewards,\nvalue 0", "rewards of\nevery step", "highest value\nfor unseen"])
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


CLAIM = Claim(
    "hybrid_data_help_when_rewards_are_sparse",
    check,
    lambda: [train()],
    formula=r"\mathrm{median}\; g(\text{hybrid}) \le \tfrac16 < \tfrac12 \le \mathrm{median}\; g(\text{online})",
    papers=("ren2024",),
    tags=("inverse-reinforcement-learning", "hybrid-data", "sample-complexity"),
    assumes=(SPARSE, ZERO, SHOWN),
    controls=(
        Control(DENSE, lambda: train(sparse=False, seeds=8), drops=SPARSE.name),
        Control(HIGH, lambda: train(unseen="optimistic", seeds=8), drops=ZERO.name),
        Control("no demonstration in the batches", lambda: train(seeds=8, hybrid=ONLINE), drops=SHOWN.name),
        Control("half of the hybrid gap", train, tightens=less),
    ),
    also=(
        Part(DENSE, lambda: [train(sparse=False, seeds=20, hybrid=None)], online_suffices, data=ends),
        Part(HIGH, lambda: [train(unseen="optimistic", seeds=20, online=None)], hybrid_explores, data=ends),
    ),
    figure=figure,
    data=ends,
    thorough=lambda: [train(4, 4, 24), train(2, 8, 24)],
    resolution=Fraction(1, GRID),
)
