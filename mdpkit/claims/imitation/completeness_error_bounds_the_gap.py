"""PSDP loses at most the completeness error of its class times the coverage of the comparator; this is attained.

Statement  Let L be any policy, R a finite class of decision rules, nu_t a reset distribution and, for Q = Q^L,
               eps_t = E_{nu_t} max_a Q(s, a) - max_{rule in R} E_{nu_t} Q(s, rule),
               e_t = max_{rule in R} E_{nu_t} Q(s, rule) - E_{nu_t} Q(s, L),
           the completeness error and the error of step t's choice; R divides their sum, and does not enter it. For
           every comparator C, in the class or not,
               J(C) - J(L) <= sum_t C_t (eps_t + e_t),   C_t = max_s d_t^C(s) / nu_t(s).
           With slips of probability eps, GUITAR with resets to the expert's states has e_t = 0 and attains it, for the
           expert as the comparator and every C_t = 1, on the cliff, and on the ladder if its rule climbs: the gap is H
           times the mean of eps_t, which grows like eps H/2 on the cliff and is at most 2 eps on the ladder.
Assumes    the resets cover the comparator.
Units      eps_t and e_t in units of Q, a sum of H - t rewards; no range of rewards is assumed.
Kind       for all; exists
Source     adapted from Espinosa-Dice, Choudhury, Sun and Swamy, 2025; Bagnell, Kakade, Ng and Schneider, 2003.
Proof      proofs/imitation/completeness_error_bounds_the_gap.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import Interval, stack
from ...ink.figures import bound
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.ladder import ladder, turnoff
from ...learn import GUITAR, FiniteRewards, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def values(m, best=lambda Q, m: Q.max(axis=-1)):
    """Per step `[t]`: E_nu max_a Q, the maximum of E_nu Q over the rules, and E_nu Q(s, L)."""
    Q = measure.action_value(m.mdp, m.learner)
    table = np.broadcast_to(m.learner.table, (m.mdp.horizon.H, *m.learner.table.shape[-2:]))
    in_class = stack([(m.resets * (Q * rule).sum(axis=-1)).sum(axis=-1) for rule in m.rules]).max(axis=0)
    played = (m.resets * (Q * table).sum(axis=-1)).sum(axis=-1)
    return (m.resets * best(Q, m)).sum(axis=-1), in_class, played


def check(m, **how):
    highest, in_class, played = values(m, **how)
    eps, e = highest - in_class, in_class - played
    return Bound(measure.value_gap(m.mdp, m.comparator, m.learner), (m.coverage * (eps + e)).sum())


def without_coverage(m):
    highest, _, played = values(m)
    return Bound(measure.value_gap(m.mdp, m.comparator, m.learner), (highest - played).sum())


def of_the_expert(m):
    """With the comparator's action in place of the best one."""
    return check(m, best=lambda Q, m: (Q * m.comparator.table).sum(axis=-1))


def without_completeness(m):
    _, in_class, played = values(m)
    return Bound(measure.value_gap(m.mdp, m.comparator, m.learner), (m.coverage * (in_class - played)).sum())


def states_of(mdp, policy):
    """State distribution `[t,s]` as plain numbers."""
    known = measure.occupancy(mdp, policy)
    if isinstance(known, Interval):
        known = known.lower if known.exact else known.mid
    return known.sum(axis=-1)


def cover(mdp, comparator, resets):
    """C_t `[t]`: the maximum ratio of the comparator's states to the resets, where there are resets."""
    there = np.asarray(resets > 0)
    return np.where(there, states_of(mdp, comparator) / np.where(there, resets, 1), 0).max(axis=-1)


def process(x):
    return MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"]))


def resets(x):
    """A drawn share of at least 1/8 is on the comparator's states."""
    return states_of(process(x), TabularPolicy(x.comparator)) * x.share[()] + x.elsewhere * (1 - x.share[()])


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        comparator=Simplex("H", "S", to="A"),
        learner=Simplex("H", "S", to="A"),
        rules=Simplex("K", "S", to="A"),
        elsewhere=Simplex("H", to="S"),
        share=Box(lower="1/8"),
    ),
    sizes=dict(H=(1, 4), S=(1, 3), A=(2, 3), K=(1, 3)),
    models=dict(
        mdp=process,
        comparator=lambda x: TabularPolicy(x.comparator),
        learner=lambda x: TabularPolicy(x.learner),
        rules=lambda x: x.rules,
        resets=resets,
        coverage=lambda x: cover(process(x), TabularPolicy(x.comparator), resets(x)),
    ),
)


# ---- GUITAR attains it
def learn(H, eps="1/1000", climbs=True, both=False):
    """GUITAR on the cliff or the ladder, with the class of the rule that climbs, or of both."""
    m = ladder(H, eps, climbs)
    learner = GUITAR(rules=m.rules if both else m.rules[1:], rewards=FiniteRewards(m.mdp.r[None]), rounds=1)
    answer = fit(learner, grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact"), rng=None)
    nu = states_of(m.mdp, m.expert)
    return Instance(
        mdp=m.mdp,
        comparator=m.expert,
        learner=answer.trace["policy"][-1],
        rules=learner.rules,
        resets=nu,
        coverage=cover(m.mdp, m.expert, nu),
        eps=eps,
        H=H,
        climbs=climbs,
    )


HORIZONS = 4, 8, 16, 32, 64


def list_tight():
    return [learn(H, climbs=climbs) for climbs in (False, True) for H in HORIZONS] + [learn(8, "1/3", both=True)]


def attains(m):
    """gap = H mean_t eps_t, and no choice errs."""
    highest, in_class, played = values(m)
    gap = measure.value_gap(m.mdp, m.comparator, m.learner)
    return Equal({"gap": (gap, (highest - in_class).sum()), "choices": (in_class, played)})


def mean_error(m):
    highest, in_class, _ = values(m)
    return (highest - in_class).sum() / m.H


def grows(m):
    """The mean completeness error on the cliff is between (1 - eps H/2) eps (H+1)/2 and eps (H+1)/2."""
    most = rational(m.eps) * (m.H + 1) / 2
    return Bound(most * (1 - rational(m.eps) * m.H / 2), mean_error(m), most)


def stays_small(m):
    return Bound(mean_error(m), rational(m.eps) * 2)


# ---- controls
def on_the_turnoff(aside=0, where=("1/2", "1/2")):
    """Resets to the start, then to the road and beside it; every rule is allowed."""
    m = turnoff(3, aside)
    nu = objects([[1, 0, 0], *[[0, *where]] * 2])
    rules = objects(np.eye(2, dtype=int)[np.indices((2, 2, 2)).reshape(3, -1).T])
    coverage = cover(m.mdp, m.expert, nu)
    return Instance(
        mdp=m.mdp,
        comparator=m.expert,
        learner=m.learner,
        rules=rules,
        resets=nu,
        coverage=np.maximum(coverage, objects(1)[()]),
    )


COVERS = Assumption(
    "the resets cover the comparator",
    lambda m: measure.occupancy(m.mdp, m.comparator).sum(axis=-1) <= m.coverage[:, None] * m.resets,
)
CLIFF, LADDER = "on the cliff the error grows", "on the ladder it stays bounded"
CLAIM = Claim(
    "completeness_error_bounds_the_gap",
    check,
    FAMILY,
    formula=(
        r"J(C) - J(L) \le \sum_t C_t (\varepsilon_t + e_t), \qquad "
        r"\varepsilon_t = \mathbb{E}_{\nu_t} \max_a Q^L(s,a) - "
        r"\max_{\pi \in R} \mathbb{E}_{\nu_t} Q^L(s, \pi), \quad C_t = \max_s \frac{d_t^C(s)}{\nu_t(s)}"
    ),
    papers=("espinosadice2025", "bagnell2003"),
    tags=("misspecification", "resets", "inverse-reinforcement-learning"),
    assumes=(COVERS,),
    controls=(
        Control(
            "resets that do not cover the comparator", witness=lambda: on_the_turnoff(where=(0, 1)), drops=COVERS.name
        ),
        Control("without the coverage", witness=on_the_turnoff, tightens=without_coverage),
        Control(
            "the expert's action in place of the best",
            witness=lambda: on_the_turnoff("1/2"),
            tightens=of_the_expert,
        ),
        Control("the error of the choice alone", witness=lambda: learn(4), tightens=without_completeness),
    ),
    also=(
        Part("GUITAR attains it", list_tight, attains, assumes=(COVERS,)),
        Part(CLIFF, lambda: [learn(H, climbs=False) for H in HORIZONS], grows),
        Part(LADDER, lambda: [learn(H) for H in HORIZONS], stays_small),
    ),
    accepts=("mdp", MDP, ("P", "r", "rho")),
    figure=bound,
    sides=(r"$J(C) - J(L)$", r"$\sum_t C_t (\varepsilon_t + e_t)$"),
)
