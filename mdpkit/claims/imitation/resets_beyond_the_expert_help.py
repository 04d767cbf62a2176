"""Resets beyond the expert's states help where the class cannot stay on them: on the tightrope they open the bridge.

Statement  Only the expert can walk the tightrope; the bridge beside it costs c >= 0 a step. With known reward and a
           share beta of its resets on the expert's states, the others on those of a policy that takes the bridge, the
           return of GUITAR is
               J(L) = 1                        for beta = 1,
               J(L) = max(1, (1-c)(H-1))       for 0 < beta < 1,
           while J(E) = H - 1. With beta = 1 the bound sum_t eps_t by the completeness errors is attained for every c.
           With data of falls from the ladder GUITAR's gap is at most 2 eps H, while a clone in the class, with ties
           to the rule that stays down, loses order eps H^2.
Assumes    ties go to the rule that falls from the bridge; for a gain, the bridge is worth more than one step on the
           rope: (1-c)(H-1) > 1.
Units      the rope pays 1, the bridge 1 - c, per step; J is the undiscounted return.
Kind       exists (enumerated)
Source     adapted from Espinosa-Dice, Choudhury, Sun and Swamy, 2025.
Proof      proofs/imitation/resets_beyond_the_expert_help.md
"""

from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...ink.figures import panels
from ...instances.library.imitation.ladder import ladder, tightrope
from ...learn import GUITAR, FiniteRewards, fit, grant
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def run(m, offline, beta):
    """GUITAR's policy after two rounds, for the problem's reward, and the resets that it was given."""
    shares = dict(expert_share=rational(beta), offline=law(m.mdp, offline)) if rational(beta) != 1 else {}
    learner = GUITAR(rules=m.rules, rewards=FiniteRewards(m.mdp.r[None]), rounds=2, **shares)
    answer = fit(learner, grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact"), rng=None)
    own, other = (measure.occupancy(m.mdp, policy).lower.sum(axis=-1) for policy in (m.expert, offline))
    return answer.trace["policy"][-1], own * rational(beta) + other * (1 - rational(beta))


def law(mdp, policy):
    return grant(mdp, expert=policy, demonstrations="exact").demonstrations()


def walk(H, beta="1/2", c="1/10", benevolent=False):
    m = tightrope(H, c, benevolent)
    learner, resets = run(m, m.walker, beta)
    return m.replace(learner=learner, resets=resets, beta=beta, c=c, H=H)


def worth(m):
    """The return of the bridge."""
    return (1 - rational(m.c)) * (m.H - 1)


def check(m):
    """The return of GUITAR, and that of the expert."""
    bridge, one = worth(m), rational(1)
    alone = m.beta == "1" and m.rules[0, 2, 1] == 0
    return Equal(
        {
            "return": (measure.value(m.mdp, m.learner), one if alone or bridge <= 1 else bridge),
            "expert": (measure.value(m.mdp, m.expert), one * (m.H - 1)),
        }
    )


def everything_alike(m):
    """As if the share did not matter."""
    pairs = check(m).pairs
    return Equal(pairs | {"return": (pairs["return"][0], worth(m))})


def walks():
    return [walk(H, beta, c) for H in (2, 3, 5, 8) for c in COSTS for beta in SHARES]


def bound(m):
    """The gap, and sum_t C_t eps_t: the completeness errors under the resets, times 1 / beta after the start."""
    Q = measure.action_value(m.mdp, m.learner)
    in_class = stack([(m.resets * (Q * rule).sum(axis=-1)).sum(axis=-1) for rule in m.rules]).max(axis=0)
    eps = (m.resets * Q.max(axis=-1)).sum(axis=-1) - in_class
    return Bound(measure.value_gap(m.mdp, m.expert, m.learner), (eps.sum() - eps[0]) / rational(m.beta) + eps[0])


def attains(m):
    return Equal({"gap": bound(m).sides})


def stays_below(m):
    """The return of expert resets alone, one step on the rope, and the return of the bridge."""
    return Bound(measure.value(m.mdp, m.learner), rational(1), worth(m))


def of_a_step(m):
    """Return, and the two sides of the bound per step."""
    return {"return": [measure.value(m.mdp, m.learner).mid], "a step": [(side / m.H).mid for side in bound(m).sides]}


# ---- data of falls, on the ladder
def climb(H, beta="1/2", eps="1/1000"):
    """GUITAR on the ladder, with data of a policy that falls and stays down, and the rule that clones the expert."""
    m = ladder(H, eps)
    falls = TabularPolicy(objects([[0, 1], [0, 1]]))
    learner, _ = run(m, falls, beta)
    agreement = [rule[0, 0] for rule in m.rules]
    return m.replace(learner=learner, clone=TabularPolicy(m.rules[agreement.index(max(agreement))]), eps=eps, H=H)


def climbs(m):
    """The gap of GUITAR is at most 2H - 1 slips, that of the clone quadratic in H."""
    mixed, cloned = (measure.value_gap(m.mdp, m.expert, policy) for policy in (m.learner, m.clone))
    e, H = rational(m.eps), m.H
    return Bound(mixed, e * (2 * H - 1), e * H * (H + 1) / 2 * (1 - e * H / 2), cloned)


def in_slips(m):
    alone = climb(m.H, "1").learner
    gaps = [measure.value_gap(m.mdp, m.expert, policy) / rational(m.eps) for policy in (m.clone, alone, m.learner)]
    return {"gaps": [gap.mid for gap in gaps]}


# ---- figure
def figure(ax, rows):
    """Returns on the tightrope against the share, gaps on the ladder against the horizon, and gap against bound."""
    ax, middle, right = panels(ax, 3)
    own = [row for row in rows if row["part"] == "statement" and not row.get("control")]
    for c, style in zip(("0", "1/10", "1/2", "3/2"), ("o-C0", "^-C2", "s-C4", "x:C1"), strict=True):
        found = [row for row in own if (row["parameters"]["H"], row["parameters"]["c"]) == (LONGEST, c)]
        points = [(float(Fraction(row["parameters"]["beta"])), row["data"]["return"][0]) for row in found]
        ax.plot(*zip(*sorted(points), strict=True), style, label=f"$c = {c}$" + (" (fails)" if c == "3/2" else ""))
    ax.axhline(LONGEST - 1, color="k", linestyle="--", label="expert")
    ax.set(xlabel=r"share $\beta$ on the expert's states", ylabel=f"return on the tightrope, $H = {LONGEST}$")
    found = [row for row in rows if row["part"] == LADDER and not row.get("control")]
    lengths = [row["parameters"]["H"] for row in found]
    names = (("xC1", "cloning in the class"), ("sC4", "expert resets"), ("oC0", "GUITAR"))
    for gaps, (style, name) in zip(np.array([row["data"]["gaps"] for row in found]).T, names, strict=True):
        middle.plot(lengths, gaps, style, fillstyle="none" if style == "sC4" else None, label=name)
    middle.plot(lengths, [2 * H - 1 for H in lengths], "k--", label="$2H - 1$")
    middle.set(xlabel="horizon $H$", ylabel=r"gap on the ladder $/ \varepsilon$", xscale="log", yscale="log")
    middle.minorticks_off()
    middle.set_xticks(lengths, [str(length) for length in lengths])
    for alone, style, name in ((True, "sC4", r"$\beta = 1$"), (False, "oC0", r"$\beta < 1$")):
        points = [row["data"]["a step"] for row in own if (row["parameters"]["beta"] == "1") == alone]
        right.plot([y for _, y in points], [x for x, _ in points], style, label=name)
    right.plot([0, 1], [0, 1], "k--", label="equal")
    right.set(xlabel=r"bound $\sum_t C_t \varepsilon_t / H$", ylabel="gap $/ H$")
    for each in (ax, middle, right):
        each.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=6, columnspacing=1)


LONGEST = 8
COSTS, SHARES = ("0", "1/10", "1/2", "1", "3/2"), ("1/10", "1/2", "9/10", "1")
FALLS = Assumption("ties go to the rule that falls from the bridge", lambda m: m.rules[0, 2, 1] == 0)
WORTH = Assumption("the bridge is worth more than one step on the rope", lambda m: worth(m) > 1)
ALONE, LADDER = "the expert's states alone", "data of falls make the ladder linear"
CLAIM = Claim(
    "resets_beyond_the_expert_help",
    check,
    walks,
    formula=(
        r"J(L_{\beta = 1}) = 1 < J(L_{\beta < 1}) = (1-c)(H-1) \quad \text{if } (1-c)(H-1) > 1, \qquad J(E) = H - 1"
    ),
    papers=("espinosadice2025",),
    tags=("misspecification", "resets", "inverse-reinforcement-learning"),
    assumes=(FALLS,),
    controls=(
        Control("every share alike", witness=lambda: walk(5, "1"), tightens=everything_alike, at="return"),
        Control("a benevolent default", witness=lambda: walk(5, "1", benevolent=True), drops=FALLS.name, part=ALONE),
        Control("a worthless detour", witness=lambda: walk(5, "1", "3/2"), drops=WORTH.name, part=ALONE),
    ),
    also=(
        Part(
            ALONE,
            lambda: [walk(H, "1", c) for H in (4, 8, 32) for c in ("0", "1/10", "1/2")],
            stays_below,
            assumes=(FALLS, WORTH),
        ),
        Part(
            "expert resets attain the bound",
            lambda: [walk(H, "1", c) for H in (2, 4, 16) for c in COSTS],
            attains,
            assumes=(FALLS,),
        ),
        Part("the bound holds for every share", walks, bound, assumes=(FALLS,)),
        Part(LADDER, lambda: [climb(H) for H in (8, 16, 32, 64)], climbs, data=in_slips),
    ),
    data=of_a_step,
    figure=figure,
)
