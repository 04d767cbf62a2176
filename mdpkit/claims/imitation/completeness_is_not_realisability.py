"""Expert resets lose nothing if the class contains the expert; mixed resets may, unless the class is complete.

Statement  If the class of decision rules contains the expert's, then for every policy L
               J(E) - J(L) <= sum_t e_t,   e_t = max_{rule in R} E_{d_t^E} Q^L(s, rule) - E_{d_t^E} Q^L(s, L),
           so that policy search under the expert's states, e_t = 0, loses nothing, whatever the completeness error.
           Neither property implies the other. On two instances what each costs is exact:
               common rule, a class with the expert that is not complete: GUITAR's gap is 0 with resets to the expert's
               states and H = sum_t C_t eps_t with half of the resets elsewhere;
               button, a complete class without the expert: GUITAR loses nothing with either, and cloning in the class
               loses sum_k (1 - (1 - eps)^k), k = 1..H, order eps H^2.
Assumes    the class contains the expert's rule; the resets are to the expert's states.
Units      rewards in [0, 1] or [0, 2]; e_t in units of Q, a sum of H - t rewards; J is the undiscounted return.
Kind       for all; exists (enumerated)
Source     adapted from Espinosa-Dice, Choudhury, Sun and Swamy, 2025; Bagnell, Kakade, Ng and Schneider, 2003.
Proof      proofs/imitation/completeness_is_not_realisability.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import Interval, stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.ladder import button, common_rule, ladder
from ...learn import GUITAR, FiniteRewards, fit, grant
from ...model import MDP, Finite, TabularPolicy, Trajectories
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def gap(m):
    return measure.value_gap(m.mdp, m.expert, m.learner)


def values(m):
    """Per step `[t]`, means under the resets: of max_a Q, the maximum over the rules, and of Q(s, L)."""
    Q = measure.action_value(m.mdp, m.learner)
    in_class = stack([(m.resets * (Q * rule).sum(axis=-1)).sum(axis=-1) for rule in m.rules]).max(axis=0)
    return (
        (m.resets * Q.max(axis=-1)).sum(axis=-1),
        in_class,
        (m.resets * (Q * m.learner.table).sum(axis=-1)).sum(axis=-1),
    )


def check(m):
    _, in_class, played = values(m)
    return Bound(gap(m), (in_class - played).sum())


def process(x):
    return MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"]))


def states_of(mdp, policy):
    """State distribution `[t,s]` as plain numbers."""
    known = measure.occupancy(mdp, policy)
    if isinstance(known, Interval):
        known = known.lower if known.exact else known.mid
    return known.sum(axis=-1)


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        expert=Simplex("S", to="A"),
        learner=Simplex("H", "S", to="A"),
        others=Simplex("K", "S", to="A"),
    ),
    sizes=dict(H=(1, 4), S=(1, 3), A=(2, 3), K=(1, 2)),
    models=dict(
        mdp=process,
        expert=lambda x: TabularPolicy(x.expert),
        learner=lambda x: TabularPolicy(x.learner),
        rules=lambda x: np.concatenate([x.expert[None], x.others]),
        resets=lambda x: states_of(process(x), TabularPolicy(x.expert)),
    ),
)


# ---- GUITAR, with resets to the expert's states and with half of them elsewhere
def search(m, elsewhere=None):
    """GUITAR's policy for the problem's reward; `elsewhere` is a state on which half of the resets are."""
    H, shares = m.mdp.horizon.H, {}
    resets = states_of(m.mdp, m.expert)
    if elsewhere is not None:
        shares["offline"] = Trajectories([elsewhere] * H, [0] * H, t=range(H), weight=objects([1] * H))
        resets = resets / 2 + objects(np.arange(m.mdp.S) == elsewhere) / 2
    learner = GUITAR(rules=m.rules, rewards=FiniteRewards(m.mdp.r[None]), rounds=1, **shares)
    answer = fit(learner, grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact"), rng=None)
    return Instance(
        mdp=m.mdp,
        expert=m.expert,
        learner=answer.trace["policy"][-1],
        rules=m.rules,
        resets=resets,
        share="1" if elsewhere is None else "1/2",
        H=H,
        eps=str(getattr(m, "eps", 0)),
    )


def clone(m):
    """The rule of the class that agrees most with the expert on its own states."""
    own = measure.occupancy(m.mdp, m.expert).lower.sum(axis=0)
    agreement = [(own * rule).sum() for rule in m.rules]
    return TabularPolicy(m.rules[agreement.index(max(agreement))])


def costs(m):
    """The gap of GUITAR, of cloning in the class, and the bound by completeness errors and coverage, all in rewards."""
    best, in_class, _ = values(m)
    return gap(m), measure.value_gap(m.mdp, m.expert, clone(m)), (best - in_class).sum() / rational(m.share)


HORIZONS = 1, 2, 4, 8


def realisable():
    return [search(common_rule(H), elsewhere) for H in HORIZONS for elsewhere in (None, 1)]


def pays_for_completeness(m):
    """Without the expert's resets alone the incomplete class costs H, its bound; cloning costs nothing."""
    found, cloned, most = costs(m)
    lost = rational(0 if m.share == "1" else m.H)
    return Equal({"gap": (found, lost), "bound": (most, lost), "cloning": (cloned, rational(0))})


def outdoes(m):
    """Where both states are the expert's, GUITAR outdoes it by as much as the bound by completeness errors."""
    found, _, most = costs(m)
    half = rational(m.H) / 2
    return Equal({"gap": (found, -half), "bound": (most, half)})


def complete():
    return [
        search(button(H, eps), elsewhere) for H in HORIZONS for eps in ("1/10", "1/1000") for elsewhere in (None, 1)
    ]


def pays_for_realisability(m):
    """The complete class costs policy search nothing, and cloning the expert's value."""
    found, cloned, most = costs(m)
    falls = sum(1 - (1 - rational(m.eps)) ** k for k in range(1, m.H + 1))
    return Equal({"bound": (most, found * 0), "cloning": (cloned, falls), "gap": (found, falls - m.H)})


def learn_nothing(H):
    """On the common rule, a learner that plays action 1 everywhere."""
    m = search(common_rule(H))
    return m.replace(learner=TabularPolicy(objects([[[0, 1]] * 2] * H)))


# ---- figure
def in_rewards(m):
    return {"costs": [(each / m.H).mid for each in costs(m)]}


def figure(ax, rows):
    """Gap per step of GUITAR and of cloning in the class, for both classes and both kinds of resets, with the bound."""
    bars, kinds = [], ((REALISABLE, "with E"), (COMPLETE, "complete"))
    for part, words in kinds:
        for share, resets in (("1", "at E"), ("1/2", "mixed")):
            found = [row for row in rows if row["part"] == part and not row.get("control")]
            found = [
                row
                for row in found
                if row["parameters"]["share"] == share and row["parameters"]["eps"] in ("0", "1/10")
            ]
            bars.append((f"{words},\n{resets}", max(found, key=lambda row: row["parameters"]["H"])["data"]["costs"]))
    at, gaps = np.arange(len(bars)), np.array([each for _, each in bars]).T
    ax.bar(at - 0.2, gaps[0], 0.35, color="C0", label="GUITAR")
    ax.bar(at + 0.2, gaps[1], 0.35, color="C4", label="cloning in the class")
    ax.plot(at - 0.2, gaps[2], "k_", markersize=14, label=r"bound $\sum_t C_t \varepsilon_t$")
    ax.axhline(0, color="k", linewidth=0.5)
    ax.set(xlabel="class of rules and resets", ylabel=f"value gap $/ H$, $H = {max(HORIZONS)}$")
    ax.plot(at[1] - 0.2, gaps[0][1], "xC1", label="resets elsewhere (fails)")
    ax.set_xticks(at, [words for words, _ in bars])
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


CONTAINS = Assumption(
    "the class contains the expert's rule", lambda m: any((rule == m.expert.table).all() for rule in m.rules)
)
THERE = Assumption(
    "the resets are to the expert's states",
    lambda m: m.resets == measure.occupancy(m.mdp, m.expert).sum(axis=-1),
)


def one_rule_less(m):
    """The errors of the choices among all rules but the first, the expert's."""
    return check(m.replace(rules=m.rules[1:]))


REALISABLE, COMPLETE = "the expert in an incomplete class", "a complete class without the expert"
CLAIM = Claim(
    "completeness_is_not_realisability",
    check,
    FAMILY,
    formula=(
        r"E \in R \implies J(E) - J(L) \le \sum_t "
        r"\Big( \max_{\pi \in R} \mathbb{E}_{d_t^E} Q^L(s, \pi) - \mathbb{E}_{d_t^E} "
        r"Q^L(s, L) \Big)"
    ),
    papers=("espinosadice2025", "bagnell2003"),
    tags=("misspecification", "resets", "behavioural-cloning"),
    assumes=(CONTAINS, THERE),
    controls=(
        Control("a class without the expert", witness=lambda: search(ladder(3)), drops=CONTAINS.name),
        Control("resets elsewhere", witness=lambda: search(common_rule(3), 1), drops=THERE.name),
        Control("without the expert's rule", witness=lambda: learn_nothing(3), tightens=one_rule_less),
    ),
    also=(
        Part(REALISABLE, realisable, pays_for_completeness, assumes=(CONTAINS,), data=in_rewards),
        Part("both states are the expert's", lambda: [search(common_rule(H, "1/2")) for H in HORIZONS], outdoes),
        Part(COMPLETE, complete, pays_for_realisability, data=in_rewards),
    ),
    accepts=("mdp", MDP, ("P", "r", "rho")),
    figure=figure,
)
