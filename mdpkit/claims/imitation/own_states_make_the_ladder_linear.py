"""Where no rule avoids slips, resets to the expert's states alone lose order eps H^2, and mixed resets 2 eps H.

Statement  On the ladder every rule of the class slips with probability eps on top; ties at states never reset to go to
           the rule that stays down. FILTER with the share alpha of its resets on the expert's states has the gap
               alpha = 1:            sum_k (1 - (1 - eps)^k), k = 1..H,
               0 <= alpha < 1:       2 eps H / (1 + eps) - eps (1 - eps) (1 - (-eps)^H) / (1 + eps)^2,
           in every round. The first is at least (1 - eps H/2) eps H(H+1)/2, the second at most (2H - 1) eps.
           Without the ladder every alpha has the first gap; if ties go to the rule that climbs, all have the second.
Assumes    the ladder leads back to the top; ties go to the rule that stays down; the reward is known, and the values
           exact.
Units      rewards in [0, 1]; J is the undiscounted return; eps is a probability per step on top.
Kind       exists (enumerated)
Source     adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023; Espinosa-Dice, Choudhury, Sun and Swamy, 2025.
Proof      proofs/imitation/own_states_make_the_ladder_linear.md
"""

import numpy as np

from ... import measure
from ...base.arrays import rational
from ...base.interval import stack
from ...instances.library.imitation.ladder import ladder
from ...learn import FILTER, FiniteRewards, fit, grant
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

EPS = "1/1000"
HALF = "1/2"


def learn(H, alpha, eps=EPS, rounds=2, **which):
    """FILTER's policies in each round on the ladder."""
    m = ladder(H, eps, **which).replace(**which)
    learner = FILTER(rational(alpha), rewards=FiniteRewards(m.mdp.r[None]), rules=m.rules, rounds=rounds)
    answer = fit(learner, grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact"), rng=None)
    tables = np.stack([policy.table for policy in answer.trace["policy"]])
    return m.replace(learners=tables, alpha=str(alpha), eps=eps, H=H)


def gaps(m):
    """The value gap of each round's policy."""
    return stack([measure.value_gap(m.mdp, m.expert, TabularPolicy(table)) for table in m.learners])


def cliff_gap(m):
    return sum(1 - (1 - rational(m.eps)) ** k for k in range(1, m.H + 1))


def ladder_gap(m):
    e, H = rational(m.eps), m.H
    return 2 * e * H / (1 + e) - e * (1 - e) * (1 - (-e) ** H) / (1 + e) ** 2


def check(m):
    alone = m.alpha == "1" and not of_goodwill(m)
    return Equal({"gap": (gaps(m), cliff_gap(m) if alone or not has_ladder(m) else ladder_gap(m))})


def learners():
    return [
        learn(H, alpha, eps, 3, climbs=climbs, benevolent=benevolent)
        for H, eps in ((1, HALF), (2, "1/10"), (5, "1/10"), (8, EPS), (32, EPS))
        for alpha in (0, "1/10", HALF, 1)
        for climbs, benevolent in ((True, False), (True, True), (False, False))
    ]


def exchange_returns(m):
    """As if the share did not matter."""
    return Equal({"gap": (gaps(m), ladder_gap(m))})


# ---- slopes
HORIZONS = 8, 16, 32, 64, 128


def is_quadratic(m):
    H, e = m.H, rational(m.eps)
    most = e * H * (H + 1) / 2
    return Bound((1 - e * H / 2) * most, gaps(m).min(), gaps(m).max(), most)


def is_linear(m):
    H, e = m.H, rational(m.eps)
    return Bound((1 - e) * (2 * H - 1) * e, gaps(m).min(), gaps(m).max(), (2 * H - 1) * e)


def of_one_step(m):
    """As if a slip cost its own reward only, and not that of the step back."""
    return Bound(*is_linear(m).sides[:-1], rational(m.eps) * m.H)


def in_units_of_slips(m):
    return {"gap": list((gaps(m) / rational(m.eps)).mid)}


# ---- assumptions
def has_ladder(m):
    return m.mdp.P[1, 0, 0] == 1


def of_goodwill(m):
    return m.rules[0, 1, 0] == 1


LADDER = Assumption("the ladder leads back to the top", has_ladder)
STAYS = Assumption("ties go to the rule that stays down", lambda m: not of_goodwill(m))
ALONE, SHARED = "the expert's states alone", "a share on its own states"


def figure(ax, rows):
    """The gap in units of eps against the horizon, for both kinds of resets, with both controls."""
    H = np.array([8.0, 128.0])
    ax.plot(H, H * (H + 1) / 2, "k:", label="$H(H+1)/2$")
    ax.plot(H, 2 * H - 1, "k--", label="$2H - 1$")
    for part, style, words in ((ALONE, "sC4", r"$\alpha = 1$"), (SHARED, "oC0", r"$\alpha = 1/2$")):
        found = [row for row in rows if row["part"] == part and not row.get("control")]
        found = [(row["parameters"]["H"], row["data"]["gap"][-1]) for row in found]
        ax.plot(*zip(*found, strict=True), style, label=words)
    own = [row["parameters"] | row["data"] for row in rows if row["part"] == "statement" and not row.get("control")]
    for share, climbs, kind, style, words in (
        ("1/2", False, False, "xC1", r"$\alpha = 1/2$, no ladder (fails)"),
        ("1", True, True, "+C1", r"$\alpha = 1$, benevolent ties (fails)"),
    ):
        found = [
            (row["H"], row["gap"][-1])
            for row in own
            if (str(row["alpha"]), row["climbs"], row["benevolent"], row["eps"]) == (share, climbs, kind, EPS)
        ]
        ax.plot(*zip(*found, strict=True), style, label=words)
    ax.set(xlabel="horizon $H$", ylabel=r"value gap $/ \varepsilon$", xscale="log", yscale="log")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


CLAIM = Claim(
    "own_states_make_the_ladder_linear",
    check,
    learners,
    formula=(
        r"J(E) - J(L_1) = \sum_{k=1}^H \big( 1 - (1-\varepsilon)^k \big), \qquad "
        r"J(E) - J(L_\alpha) = \frac{2 \varepsilon H}{1 + \varepsilon} - "
        r"\frac{\varepsilon (1 - \varepsilon) (1 - (-\varepsilon)^H)}{(1 + \varepsilon)^2} \le (2H - 1)\, \varepsilon"
    ),
    papers=("swamy2023", "espinosadice2025"),
    tags=("resets", "misspecification", "recoverability"),
    controls=(
        Control("no ladder", witness=lambda: learn(8, HALF, climbs=False), drops=LADDER.name, part=SHARED),
        Control("a benevolent default", witness=lambda: learn(8, 1, benevolent=True), drops=STAYS.name, part=ALONE),
        Control(
            "a slip that costs its own reward only", witness=lambda: learn(8, HALF), tightens=of_one_step, part=SHARED
        ),
        Control("every share alike", witness=lambda: learn(8, 1), tightens=exchange_returns, at="gap"),
    ),
    also=(
        Part(ALONE, lambda: [learn(H, 1) for H in HORIZONS], is_quadratic, (LADDER, STAYS), data=in_units_of_slips),
        Part(SHARED, lambda: [learn(H, HALF) for H in HORIZONS], is_linear, (LADDER, STAYS), data=in_units_of_slips),
    ),
    data=in_units_of_slips,
    figure=figure,
)
