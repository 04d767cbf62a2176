"""Online DPO may need exponentially many rounds in R / beta to find a good response that the reference rarely gives.

Statement  Two responses with rewards 0 and R, a reference that gives the good one with probability e = e^(-R/(2 beta)),
           and a class of policies that begins with the reference. Each round compares a response of the
           policy with one of the reference; the policy of least loss is played, and ties go to the reference. For every
           number T of rounds, exactly,
               P( J(pi*) - J(pi_T) >= (1/2 - e) R ) >= (1 - 2 e (1 - e))^T >= 1 - 2 T e,
           so that online DPO fails with probability at least 1/2 for all T <= e^(R/(2 beta)) / 4. The gap of the
           reference lies between (1/2 - e) R and (1/2 - e) R + beta e. With XPO's bonus of weight 1/4 and the class of
           the reference, the optimum and one policy between, the optimum is played after e^(R/(2 beta)) / 4 rounds
           with probability at least 15/16 (k = 3, 4, 5).
Assumes    no bonus; ties go to the reference; the reference gives the good response with probability e^(-R/(2 beta)).
Units      R and J in units of reward; e = 2^-k and R = 2 k beta log 2 are exact.
Kind       exists (enumerated: k = 3..6, and 7 at the profile full; for every k by proof, but for XPO)
Source     adapted from Xie, Foster, Krishnamurthy, Rosset, Awadallah and Rakhlin, 2025.
Proof      proofs/preference/passive_exploration_fails_for_exponentially_long.md
"""

import numpy as np

from ... import measure
from ...base.arrays import rational
from ...base.lifting import enclose
from ...instances.library.preference.arms import rare_good_response
from ...learn.preference.two_responses import policy_law
from ...model import TabularPolicy
from ...solve import tilt
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def small(m):
    """e = e^(-R/(2 beta))."""
    return rational(1) / 2**m.k


def half_of_the_reward(m):
    """(1/2 - e) R."""
    return measure.reward(m.problem)[0, 1] * (rational("1/2") - small(m))


def gap(m, table):
    return measure.value_gap(m.problem, tilt(m.problem), TabularPolicy(table))


def chance_to_fail(m):
    """P( J(pi*) - J(pi_T) >= (1/2 - e) R ), exactly."""
    law = enclose(m.law)
    fails = np.array([int(bool(gap(m, table) >= half_of_the_reward(m))) for table in m.tables])
    return (law * fails).sum()


def check(m):
    e = small(m)
    return Bound((1 - 2 * e * (1 - e)) ** m.rounds, chance_to_fail(m))


def count_the_reference_alone(m):
    """As if only the reference's own draws counted."""
    return Bound((1 - small(m)) ** m.rounds, chance_to_fail(m))


def fails_half_of_the_time(m):
    e = small(m)
    return Bound(rational("1/2"), 1 - 2 * e * m.rounds, (1 - 2 * e * (1 - e)) ** m.rounds, chance_to_fail(m))


def five_eighths(m):
    return Bound(rational("5/8"), chance_to_fail(m))


def reference_loses_half(m):
    low = half_of_the_reward(m)
    return Bound(low, gap(m, m.tables[0]), low + (low * 0 + small(m)) * m.problem.beta)


def finds(m):
    """The optimum is played with probability at least 15/16."""
    return Bound(rational("15/16"), enclose(m.law)[1])


# ---- instances
def play(k, rounds=None, optimism=0, **options):
    """With the exact law of the policy; by default after e^(R/(2 beta)) / 4 rounds."""
    m = rare_good_response(k, **options)
    rounds, optimism = 2 ** (k - 2) if rounds is None else rounds, rational(optimism)
    law = policy_law(m.problem, m.tables, rounds, optimism)
    return m.replace(rounds=rounds, optimism=optimism, law=law)


def by_rounds():
    return [play(k, rounds) for k in (3, 4, 5) for rounds in (1, 2 ** (k - 2), 2**k // 2)]


def curve(m):
    return {"rounds": [m.rounds], "k": [m.k], "chance": [float(chance_to_fail(m).mid)]}


NO_BONUS = Assumption("no bonus", lambda m: m.optimism == 0)
TIES = Assumption("ties go to the reference", lambda m: (m.tables[0] == m.problem.reference).all())
RARE = Assumption(
    "the reference gives the good response with probability e^(-R/(2 beta))",
    lambda m: m.problem.reference[0, 1] ** 2 * m.problem.weights[0, 1] == 1,
)
EVERY = (NO_BONUS, TIES, RARE)
HALF, LOSS, FOUND = "half of the time", "the reference's loss", "the bonus finds the response"


def figure(ax, rows):
    """Probability of failure after e^(R/(2 beta)) / 4 rounds against R / beta, with and without the bonus."""
    found = {
        part: sorted(
            (row["data"]["k"][0], row["data"]["rounds"][0], row["data"]["chance"][0])
            for row in rows
            if row["part"] == part and not row.get("control")
        )
        for part in (HALF, FOUND)
    }
    for part, style, words in ((HALF, "o-C0", "online DPO"), (FOUND, "^-C2", "XPO, $\\alpha = 1/4$")):
        ax.plot([2 * k * np.log(2) for k, _, _ in found[part]], [c for *_, c in found[part]], style, label=words)
    ax.axhline(1 / 2, color="k", linestyle="--", label="$1/2$")
    failing = {row["label"]: row["sides"] for row in rows if row.get("control")}
    for label, style in ((OTHER_TIES, "xC1"), (AMPLE, "+C1")):
        ax.plot(2 * 4 * np.log(2), failing[label][1], style, label=f"{label} (fails)")
    ax.set(xlabel=r"$R / \beta$", ylabel=r"chance to fail, $T = e^{R/(2\beta)} / 4$", ylim=(-0.05, 1))
    ax.legend(fontsize=6, ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


OTHER_TIES, AMPLE = "ties go to the optimum", "ample reference mass"
CLAIM = Claim(
    "passive_exploration_fails_for_exponentially_long",
    check,
    by_rounds,
    formula=(
        r"P \Big( J(\pi^*) - J(\pi_T) \ge \big( \tfrac12 - \varepsilon \big) R \Big) \ge (1 - 2 \varepsilon (1 - "
        r"\varepsilon))^T \ge 1 - 2 T \varepsilon, \qquad \varepsilon = e^{-R / (2 \beta)}"
    ),
    papers=("xie2025",),
    tags=("preferences", "exploration"),
    assumes=EVERY,
    controls=(
        Control(OTHER_TIES, lambda: play(4, passive_first=False), drops=TIES.name),
        Control(AMPLE, lambda: play(4, reference="1/4"), drops=RARE.name),
        Control("XPO's bonus", lambda: play(4, optimism="1/4"), drops=NO_BONUS.name),
        Control("if one good response sufficed", lambda: play(4), tightens=count_the_reference_alone),
        Control("five eighths of the time", lambda: play(5), tightens=five_eighths, part=HALF),
    ),
    also=(
        Part(
            HALF,
            lambda: [play(k) for k in (3, 4, 5, 6)],
            fails_half_of_the_time,
            assumes=EVERY,
            data=curve,
            thorough=lambda: [play(7)],
        ),
        Part(LOSS, lambda: [play(k, 1) for k in (1, 3, 6, 20, 60)], reference_loses_half, assumes=(RARE,)),
        Part(
            FOUND,
            lambda: [play(k, optimism="1/4") for k in (3, 4)],
            finds,
            assumes=(TIES, RARE),
            data=curve,
            thorough=lambda: [play(5, optimism="1/4")],
        ),
    ),
    figure=figure,
    sides=("probability that no pair is informative", "probability to fail"),
)
