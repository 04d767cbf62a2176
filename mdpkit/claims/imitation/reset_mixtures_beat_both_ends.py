"""Where rewards are sparse and slips unavoidable, mixed resets beat the expert's states alone and the learner's.

Statement  On a combination lock with a ladder of H = 12 steps, each of which slips with probability 1/20, FILTER fits
           the known reward in two rounds of PSDP with 48 episodes per step, from states drawn from the reset
           distribution with a share alpha on the expert's states. Over seeds its last policy has
               8 median gap(alpha = 1/4) <= median gap(alpha = 0), median gap(alpha = 1).
           With alpha = 0 the digits are not found, with alpha = 1 the ladder is never tried. If every right digit is
           paid, nothing else changed, the median for alpha = 0 is at most 1/2. On trees, HA episodes from the expert's
           states find the optimal leaf; on the ladder alpha = 1 loses order eps H^2, alpha = 1/2 at most 2 eps H.
Assumes    the reward is paid at the last step alone; ties go to the rule that stays down.
Units      J is the undiscounted return, in [0, 1] on the lock; each median with confidence 99/100, from 20 seeds.
Kind       exists (enumerated; sampled seeds)
Source     adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.
Proof      proofs/imitation/reset_mixtures_beat_both_ends.md
"""

from fractions import Fraction
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import Interval, stack
from ...ink.figures import panels
from ...instances.library.imitation.ladder import ladder, lock_with_ladder
from ...instances.library.imitation.tree import policy_to_leaf, tree
from ...learn import FILTER, PSDP, FiniteRewards, fit, grant
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

H, EPS, ROUNDS, ROLLOUTS, SEEDS = 12, "1/20", 2, 48, 20
SHARES = "0", "1/10", "1/4", "3/4", "1"
FEW = "0", "1/4", "1"


@cache
def learn(sparse=True, benevolent=False, shares=SHARES, seeds=SEEDS):
    """Tables `[share,seed,t,s,a]` of FILTER's last policies on the lock."""
    m = lock_with_ladder(H, EPS, sparse)
    rules = m.rules[::-1] if benevolent else m.rules
    tables = np.stack([np.stack([run(sparse, benevolent, share, seed) for seed in range(seeds)]) for share in shares])
    return m.replace(rules=rules, tables=objects(tables), shares=" ".join(shares), sparse=sparse, seeds=seeds)


@cache
def run(sparse, benevolent, share, seed):
    """Table `[t,s,a]` of FILTER's last policy for one share and one seed."""
    m = lock_with_ladder(H, EPS, sparse)
    rules, floats, expert = m.rules[::-1] if benevolent else m.rules, m.mdp.to_float(), m.expert.to_float()
    rewards = FiniteRewards(floats.r[None])
    learner = FILTER(rational(share), rewards=rewards, rules=rules, rounds=ROUNDS, rollouts=ROLLOUTS)
    rngs = np.random.default_rng(seed).spawn(2)
    access = grant(floats, expert=expert, demonstrations="exact", episodes=10**4, resets=10**5, rng=rngs[0])
    return fit(learner, access, rng=rngs[1]).trace["policy"][-1].table.astype(int)


def median(m, share):
    """The median value gap over seeds for a share of resets on the expert's states."""
    tables = m.tables[m.shares.split().index(share)]
    gaps = [measure.value_gap(m.mdp, m.expert, TabularPolicy(table)) for table in tables]
    low, high = (measure.sampled_median([getattr(gap, end)[()] for gap in gaps]) for end in ("lower", "upper"))
    return Interval(low.lower, high.upper, "sampled")


def check(m, factor=8):
    """The median for 1/4 against the smaller one for 0 and 1, or the one of these that was run."""
    limits = [median(m, share) for share in ("0", "1") if share in m.shares.split()]
    return Bound(median(m, "1/4") * factor, stack(limits).min())


def sixteen(m):
    return check(m, 16)


def ends(m):
    """Confidence limits of the median for every share."""
    limits = {share: median(m, share) for share in m.shares.split()}
    return {share: [float(each.lower), float(each.upper)] for share, each in limits.items()}


# ---- what fails at either end, exactly
def in_tree(H, A=2):
    """PSDP with resets to the expert's states finds the last leaf, if the learner is leftmost elsewhere."""
    m = tree(A, H, leaf=A**H - 1)
    learner = PSDP(default_policy=policy_to_leaf(0, A, H))
    granted = dict(demonstrations="exact", resets="exact", rewards=True, rng=np.random.default_rng(0))
    answer = fit(learner, grant(m.mdp, expert=m.expert, **granted), rng=np.random.default_rng(0))
    return m.replace(learner=answer.policy, resets=answer.used.resets, A=A, H=H)


def finds_the_leaf(m):
    resets = rational(m.resets), rational(m.A * m.H)
    return Equal({"return": (measure.value(m.mdp, m.learner), rational(1)), "resets": resets})


def on_the_ladder(H, eps="1/1000"):
    """Tables `[share,t,s,a]` of FILTER with exact values, for the shares 1/2 and 1."""
    m, tables = ladder(H, eps), []
    for share in ("1/2", "1"):
        learner = FILTER(rational(share), rewards=FiniteRewards(m.mdp.r[None]), rules=m.rules, rounds=1)
        access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
        tables.append(fit(learner, access, rng=None).trace["policy"][-1].table)
    return m.replace(tables=np.stack(tables), eps=eps, H=H)


def ladder_gaps(m):
    return [measure.value_gap(m.mdp, m.expert, TabularPolicy(table)) for table in m.tables]


def apart(m):
    mixed, alone = ladder_gaps(m)
    e, H = rational(m.eps), m.H
    return Bound(mixed, e * (2 * H - 1), e * H * (H + 1) / 2 * (1 - e * H / 2), alone)


def in_slips(m):
    mixed, alone = ladder_gaps(m)
    return {"gaps": [(each / rational(m.eps)).mid for each in (mixed, alone)]}


# ---- figure
def figure(ax, rows):
    """Episodes in a tree, gaps on the ladder against the horizon, and medians on the lock against the share."""
    ax, middle, right = panels(ax, 3)
    own = {part: [row for row in rows if row["part"] == part and not row.get("control")] for part in (TREE, LADDER)}
    steps = np.arange(2, 9)
    ax.plot(steps, 2.0**steps / 2 - 1, "k--", label="no resets: $A^H/2 - 1$")
    found = [(row["parameters"]["H"], row["parameters"]["resets"]) for row in own[TREE]]
    ax.plot(*zip(*found, strict=True), "oC0", label="expert resets: $HA$")
    ax.set(xlabel="horizon $H$", ylabel="episodes for a return of 1/2", yscale="log", xticks=steps[::2])
    lengths = np.array([row["parameters"]["H"] for row in own[LADDER]])
    gaps = np.array([row["data"]["gaps"] for row in own[LADDER]]).T
    middle.plot(lengths, lengths * (lengths + 1) / 2, "k:", label="$H(H+1)/2$")
    middle.plot(lengths, 2 * lengths - 1, "k--", label="$2H-1$")
    middle.plot(lengths, gaps[1], "sC4", label=r"$\alpha = 1$")
    middle.plot(lengths, gaps[0], "oC0", label=r"$\alpha = 1/2$")
    middle.set(xlabel="horizon $H$", ylabel=r"gap on the ladder $/ \varepsilon$", xscale="log", yscale="log")
    middle.minorticks_off()
    middle.set_xticks(lengths, [str(length) for length in lengths])
    for name, style, words in (("statement", "o-C0", "sparse reward"), (DENSE, "x:C1", "dense reward (fails)")):
        (row,) = (row for row in rows if row["part"] == name and not row.get("control"))
        limits = np.array([row["data"][share] for share in row["parameters"]["shares"].split()])
        at = [float(Fraction(share)) for share in row["parameters"]["shares"].split()]
        mean = limits.mean(axis=1)
        right.errorbar(at, mean, [mean - limits[:, 0], limits[:, 1] - mean], fmt=style, capsize=2, label=words)
    right.set(xlabel=r"share $\alpha$ on the expert's states", ylabel="median value gap")
    for each in (ax, middle, right):
        each.legend(ncols=2 if each is middle else 1, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=6)


def finds_half(m):
    """Without sparsity the learner's own states alone lose at most half."""
    return Bound(median(m, "0"), rational("1/2"))


SPARSE = Assumption("the reward is paid at the last step alone", lambda m: (m.mdp.r[:-1] == 0).all())
STAYS = Assumption("ties go to the rule that stays down", lambda m: m.rules[0, 1, 1] == 0)
TREE, LADDER, DENSE = "resets find the leaf of a tree", "the ladder", "if every right digit is paid"
CLAIM = Claim(
    "reset_mixtures_beat_both_ends",
    check,
    lambda: [learn()],
    formula=(
        r"8\, \mathrm{median}\; \mathrm{gap}(\alpha = \tfrac14) \le "
        r"\min_{\alpha \in \{0, 1\}} \mathrm{median}\; \mathrm{gap}(\alpha)"
    ),
    papers=("swamy2023",),
    tags=("resets", "inverse-reinforcement-learning", "misspecification"),
    assumes=(SPARSE, STAYS),
    controls=(
        Control(
            "a reward at every step", witness=lambda: learn(False, shares=("0", "1/4"), seeds=44), drops=SPARSE.name
        ),
        Control(
            "a benevolent default",
            witness=lambda: learn(benevolent=True, shares=("1/4", "1"), seeds=8),
            drops=STAYS.name,
        ),
        Control("a sixteenth", witness=learn, tightens=sixteen),
    ),
    also=(
        Part(TREE, lambda: [in_tree(H) for H in range(2, 7)], finds_the_leaf),
        Part(LADDER, lambda: [on_the_ladder(H) for H in (8, 16, 32, 64)], apart, data=in_slips),
        Part(DENSE, lambda: [learn(False, shares=FEW)], finds_half, data=ends),
    ),
    data=ends,
    figure=figure,
)
