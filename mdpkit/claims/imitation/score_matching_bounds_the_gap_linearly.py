"""A learner that matches the scores of the expert's states loses at most H (sqrt(2 V D) + D): no error compounds.

Statement  Let rewards be minus a cost c of states, d^E and d^L the state laws of expert and learner averaged over H
           steps, g = |J(E) - J(L)| / H, V the smaller variance of c under them, and
               D = sum_s (d^E - d^L)^2 / (d^E + d^L).  Then
               g^2 <= (2 V + g) D,  hence  |J(E) - J(L)| <= H (sqrt(2 V D) + D),
               D <= 32/27 KL(d^L || d^E),  and no constant below 223/200 would do there,
           with KL(d^L || d^E) the score divergence that SMILING minimises. A learner that strays from a free state with
           probability p at each of H - 1 steps has |J(E) - J(L)| = (1 - p/2) H D and V = 0, for every H. SMILING's own
           mixtures obey all of it, at every horizon.
Assumes    costs are of states alone; costs in [0, 1].
Units      J is the undiscounted return; D in [0, 2]; KL in nats; V in squared units of cost.
Kind       for all; identity (stray learners); exists (runs, enumerated)
Source     adapted from Wu, Chen, Swamy, Brantley and Sun, 2025.
Proof      proofs/imitation/score_matching_bounds_the_gap_linearly.md
"""

from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.choices import choices
from ...learn import SMILING, NaturalGradient, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def state_law(m, policy):
    """The law of states `[s]`, averaged over steps."""
    return measure.occupancy(m.mdp, policy).sum(axis=-1).sum(axis=0) / m.mdp.horizon.H


def moments(m):
    """g, V and D."""
    laws, cost = [state_law(m, policy) for policy in (m.expert, m.learner)], -m.mdp.r[:, 0]
    means = [measure.mean_product(cost, 1, law) for law in laws]
    V = stack([measure.mean_product(cost, cost, law) - mean**2 for law, mean in zip(laws, means, strict=True)]).min()
    return abs(measure.value_gap(m.mdp, m.expert, m.learner)) / m.mdp.horizon.H, V, measure.triangular(*laws)


def check(m, part=1):
    g, V, D = moments(m)
    return Bound(g**2, (V * 2 + g / part) * D)


def divergence(p, q):
    """KL(p || q) of two laws `[s]`."""
    return measure.kl(TabularPolicy(p[None]), TabularPolicy(q[None]))[0]


def of_laws(m, constant=Fraction(32, 27)):
    return Bound(measure.triangular(m.P, m.Q), divergence(m.P, m.Q) * constant)


def by_kl(m):
    return of_laws(m, constant=1)


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        rho=Simplex(to="S"),
        c=Box("S"),
        E=Simplex("H", "S", to="A"),
        L=Simplex("H", "S", to="A"),
    ),
    sizes=dict(H=(2, 4), S=(2, 3), A=(2, 3)),
    models=dict(
        mdp=lambda x: MDP(x.P, np.repeat(-x.c[:, None], x.sizes["A"], axis=1), x.rho, horizon=Finite(x.sizes["H"])),
        expert=lambda x: TabularPolicy(x.E),
        learner=lambda x: TabularPolicy(x.L),
    ),
)
LAWS = Family(
    blocks=dict(P=Simplex(to="S"), Q=Simplex(to="S")),
    sizes=dict(S=(2, 4)),
    models=dict(P=lambda x: x.P, Q=lambda x: (x.Q * 99 + 1) / (99 + x.sizes["S"])),
)


# ---- learners that stray
def stray(H, p, height=1):
    """An expert at a free state, and a learner that is at a costly one with probability p from the second step on."""
    m, p = choices([1, 0], [0, height], H), rational(p)
    return m.replace(learner=TabularPolicy(np.broadcast_to(objects([1 - p, p]), (3, 2))), p=p)


def paid_by_action():
    """One state, and two actions of different cost."""
    mdp = MDP(objects([[[1], [1]]]), objects([[0, -1]]), horizon=Finite(2))
    return Instance(mdp=mdp, expert=TabularPolicy(objects([[1, 0]])), learner=TabularPolicy(objects([[0, 1]])))


def of_strays(m):
    g, V, D = moments(m)
    return Equal({"gap": (g, (1 - m.p / 2) * D), "variance": (V, 0)})


# ---- SMILING's own mixtures
def run(H, law, costs, rounds=4):
    """A mixture of SMILING's policies for an expert that draws its states from a law."""
    m = choices(law, costs, H)
    learner = SMILING(policy_player=NaturalGradient("1/2"), limit=True, smoothing="1/1000", rounds=rounds)
    access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
    return m.replace(learner=fit(learner, access, rng=np.random.default_rng(0)).policy.to_tabular(m.mdp))


def runs():
    experts = (["99/100", "1/100"], [0, 1]), (["1/2", "1/3", "1/6"], [0, "1/2", 1])
    return [run(H, *each) for each in experts for H in (2, 4, 8, 16)]


def of_runs(m):
    g, V, D = moments(m)
    d_L, d_E = (state_law(m, policy) for policy in (m.learner, m.expert))
    kl = (d_L * (measure.logarithm(d_L) - measure.logarithm(d_E))).sum()
    return Bound(g**2, (V * 2 + g) * D, (V * 2 + g) * kl * Fraction(32, 27))


def of_a_rare_state(m):
    return Bound(divergence(m.P, m.Q) * Fraction(223, 200), measure.triangular(m.P, m.Q))


def numbers(m):
    """Horizon, gap and bound, in units of J."""
    H, (g, V, D) = m.mdp.horizon.H, (each.mid for each in moments(m))
    return {"H": [H], "gap": [H * g], "bound": [H * (np.sqrt(2 * V * D) + D)]}


def figure(ax, rows):
    """The gap of SMILING's mixtures and its bounds against the horizon, and a learner that strays."""
    ends = {part: [row for row in rows if row["part"] == part and "data" in row] for part in (RUNS, STRAY)}
    half = len(ends[RUNS]) // 2
    kinds = (
        (ends[RUNS][:half], "C0", "SMILING, expert at one state"),
        (ends[RUNS][half:], "C2", "SMILING, expert at three"),
    )
    kinds = (*kinds, (ends[STRAY][1::2], "C4", "stray, $p = 1/1000$"))
    for at, colour, words in kinds:
        H, gap, most = ([row["data"][name][0] for row in at] for name in ("H", "gap", "bound"))
        ax.plot(H, gap, "o", color=colour, label=words)
        ax.plot(H, most, "k--", linewidth=0.8)
    ax.plot([], [], "k--", label="bound $H (\\sqrt{2VD} + D)$")
    left, _ = next(row["sides"] for row in rows if row.get("control") and row["label"] == VARIATION)
    ax.plot(4, 4 * left**0.5, "xC1", label="above the bound by TV$^2$ (fails)")
    ax.set(xlabel="horizon $H$", ylabel="$|J(E) - J(L)|$", yscale="log")
    ax.set_xscale("log", base=2)
    ax.legend(fontsize=5, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1))


def squared_variation(triangular, p, q):
    return abs(p - q).sum() ** 2 / 4


def pair(p, q):
    """Laws that give the second of two states probabilities p and q."""
    p, q = rational(p), rational(q)
    return Instance(P=objects([1 - p, p]), Q=objects([1 - q, q]))


def of_states(m):
    return (m.mdp.r == m.mdp.r[:, :1]).all()


STATES = Assumption("costs are of states alone", of_states)
UNIT = Assumption("costs in [0, 1]", lambda m: ((m.mdp.r <= 0) & (m.mdp.r >= -1)).all())
VARIATION = "squared total variation"
KL, STRAY, RUNS = "at most 32/27 of the KL divergence", "learners that stray", "runs of SMILING"
CLAIM = Claim(
    "score_matching_bounds_the_gap_linearly",
    check,
    FAMILY,
    formula=(
        r"\lvert J(E) - J(L) \rvert \le H \big( \sqrt{2 V D} + D \big), \qquad D = \sum_s \frac{(d^E - d^L)^2(s)}{(d^E + "
        r"d^L)(s)} \le \tfrac{32}{27}\, \mathrm{KL}(d^L \Vert d^E)"
    ),
    papers=("wu2025",),
    tags=("scores", "state-only", "second-order"),
    assumes=(STATES, UNIT),
    controls=(
        Control("half of the gap", witness=lambda: stray(4, "1/100"), tightens=lambda m: check(m, part=2)),
        Control("costs of actions", witness=paid_by_action, drops=STATES.name),
        Control("costs up to 4", witness=lambda: stray(4, "1/100", 4), drops=UNIT.name),
        Control(
            VARIATION,
            witness=lambda: stray(4, "1/100"),
            sabotages=measure.triangular,
            by=squared_variation,
        ),
        Control("the KL divergence itself", witness=lambda: pair("11/1000", "1/20"), tightens=by_kl, part=KL),
    ),
    also=(
        Part(KL, LAWS, of_laws),
        Part("nearly attained at a rare state", lambda: [pair("2234/10000000", "1/1000")], of_a_rare_state),
        Part(
            STRAY,
            lambda: [stray(H, p) for H in (2, 8, 32) for p in ("1/2", "1/1000")],
            of_strays,
            assumes=(STATES, UNIT),
            data=numbers,
        ),
        Part(RUNS, runs, of_runs, assumes=(STATES, UNIT), data=numbers),
    ),
    figure=figure,
)
