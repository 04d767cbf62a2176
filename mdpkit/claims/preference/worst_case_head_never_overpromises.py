"""The best of n by a worst-case score is worth at least its score, unless all members overestimate some response.

Statement  Let g = min_i g_i be the worst-case head of members g_1, ..., g_M, and pi_n the best of n by g. If at every
           response some member is at most the true reward r, then
               E_{pi_n} r >= E_{pi_n} g >= E_{pi_(n-1)} g,   n >= 2:
           the score promises no more than it delivers, for every n, and the promise does not fall as n grows. If all
           members have the same errors and overestimate some response, the head is each of them, the assumption fails,
           and the true reward can be arbitrarily far below the score.
           Sampled: with 400 equally likely responses, standard normal rewards and five members, each of which errs by a
           normal of deviation 1/2 and overestimates 3 % of the responses by 6 more, independently, the median gain in
           true reward of the best of 64, or 256, by the head over that by one member is at least 1.
Assumes    at every response some member does not overestimate (first statement).
Units      rewards and scores in units of reward.
Kind       for all; exists (sampled: 20 seeds)
Source     adapted from Coste, Anwar, Kirk and Krueger, 2024.
Proof      proofs/preference/worst_case_head_never_overpromises.md
"""

import numpy as np

from ... import measure
from ...base.arrays import bare, objects, rational
from ...base.interval import Interval
from ...base.mode import propose
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import fill_support
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def worst(scores):
    """min_i g_i `[y]`, by comparisons, so that fractions stay fractions."""
    lowest = scores[0]
    for member in scores[1:]:
        lowest = np.where(member < lowest, member, lowest)
    return lowest


def check(m, head=worst):
    g = head(m.scores)
    law, chosen = (measure.best_of_n(m.reference, g[None], n) for n in (m.n - 1, m.n))
    return Bound((law * g).sum(), (chosen * g).sum(), (chosen * m.reward).sum())


def by_the_mean(m):
    return check(m, head=lambda scores: scores.sum(axis=0) / len(scores))


def by_the_first(m):
    return check(m, head=lambda scores: scores[0])


# ---- independent errors
def gain_of_the_head(seed, n, independent=True, Y=400):
    """True reward of the best of n by the worst-case head of five members, minus that by the first member alone."""
    rng = np.random.default_rng(seed)
    reward, law = rng.normal(size=Y), TabularPolicy(np.full((1, Y), 1 / Y))
    errors = rng.normal(size=(5, Y)) / 2 + 6 * (rng.random((5, Y)) < 3 / 100)
    scores = reward + (errors if independent else errors[:1])
    with propose():
        head, member = (measure.best_of_n(law, score[None], n)[0] for score in (worst(scores), scores[0]))
    return (head - member) @ reward


def gains_by_independence(m, least=1):
    """The interval of the median over 20 seeds, rounded outwards to eighths to cover rounding of other machines."""
    median = measure.sampled_median([gain_of_the_head(seed, m.n, m.independent) for seed in range(20)])
    return Bound(rational(least), Interval(np.floor(median.lower * 8) / 8, np.ceil(median.upper * 8) / 8, "sampled"))


def three_times_the_gain(m):
    return gains_by_independence(m, least=3)


FAMILY = Family(
    blocks=dict(
        law=Simplex("X", to="Y"),
        reward=Box("Y", lower=0, upper=1),
        slack=Box("Y", lower=0, upper=1),
        members=Box("M", "Y", lower=0, upper=2),
        honest=Choice("Y", of="M"),
    ),
    sizes=dict(X=(1, 1), M=(1, 3), Y=(2, 4), N=(1, 3)),
    models=dict(
        reference=lambda x: TabularPolicy(fill_support(x.law)),
        reward=lambda x: x.reward,
        scores=lambda x: np.where(np.arange(x.sizes["M"])[:, None] == bare(x.honest), x.reward * x.slack, x.members),
        n=lambda x: x.sizes["N"] + 1,
    ),
)


# ---- exact instances and controls
def ensemble(scores, n=8):
    """Three equally likely responses of rewards 2, 1 and 0; the last one is bad."""
    return Instance(
        reference=TabularPolicy(objects([["1/3"] * 3])), reward=objects([2, 1, 0]), scores=objects(scores), n=n
    )


def identical():
    return ensemble([[2, 1, 9]] * 3)


def one_wrong():
    """One member overestimates the worst response, the others do not."""
    return ensemble([[2, 1, 9], [2, 1, 0], [2, 1, 0]])


def figure(ax, rows):
    """Median gain in true reward of the best of n by the head over that by one member, against n."""
    found = [row for row in rows if row["part"] == SAMPLED and not row.get("control")]
    ax.plot([row["data"]["n"] for row in found], [row["data"]["gain"] for row in found], "oC0", label="median gain")
    for row in rows:
        if row.get("control") and row["label"] == SAME:
            ax.plot(256, row["sides"][1], "xC1", label="identical errors (fails)")
    ax.axhline(1, color="k", linestyle="--", label="least median gain")
    ax.set_xscale("log", base=2)
    ax.set(xlabel="$n$", ylabel="gain in true reward")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


def median_gain(m):
    """Over 20 seeds, to two digits."""
    gains = [gain_of_the_head(seed, m.n, m.independent) for seed in range(20)]
    return {"n": m.n, "gain": round(float(np.median(gains)), 2)}


CAUTIOUS = Assumption(
    "at every response some member does not overestimate", lambda m: (worst(m.scores) <= m.reward).all()
)
INDEPENDENT = Assumption("the members' errors are independent", lambda m: m.independent)
SAMPLED, SAME = "independent errors", "identical errors, sampled"
CLAIM = Claim(
    "worst_case_head_never_overpromises",
    check,
    FAMILY,
    formula=(
        r"\min_i g_i \le r \;\Rightarrow\; \mathbb{E}_{\pi_n} r \ge \mathbb{E}_{\pi_n} \min_i g_i \ge "
        r"\mathbb{E}_{\pi_{n-1}} \min_i g_i"
    ),
    papers=("coste2024",),
    tags=("preferences", "best-of-n", "pessimism"),
    assumes=(CAUTIOUS,),
    controls=(
        Control("identical errors", witness=identical, drops=CAUTIOUS.name),
        Control("the mean head", witness=one_wrong, tightens=by_the_mean),
        Control("one member alone", witness=one_wrong, tightens=by_the_first),
        Control(SAME, witness=lambda: Instance(n=256, independent=False), drops=INDEPENDENT.name, part=SAMPLED),
        Control(
            "three times the gain",
            witness=lambda: Instance(n=256, independent=True),
            tightens=three_times_the_gain,
            part=SAMPLED,
        ),
    ),
    also=(
        Part(
            SAMPLED,
            lambda: [Instance(n=n, independent=True) for n in (64, 128, 256)],
            gains_by_independence,
            assumes=(INDEPENDENT,),
            data=median_gain,
        ),
    ),
    figure=figure,
)
