"""Cloning needs no interaction but its loss is quadratic in H; with queries on the learner's own states it is linear.

Statement  A road pays 1 per step, and at each step is in one of two states, with probabilities p and 1-p; a wrong
           action leads to an absorbing state without reward. Averaged over all sets of n demonstrations, the cloned
           policy, which is uniform over both actions where there is no demonstration, has
               E[J(E) - J(L)] = sum_{k=1..H} (1 - (1-e)^k) >= (1 - e H/2) e H(H+1)/2,   e = (p (1-p)^n + (1-p) p^n) / 2,
           after n H rows of demonstrations, 0 steps, 0 resets and 0 queries. With p = 1/(n+1), e >= 1/(6 (n+1)).
           In a ditch, which only one of 2H actions leaves, with just enough smoothing for a clone to slip with
           probability e = 1/(4H), cloning loses at least (3/8) e H^2, and the third round of DAgger, its queries
           counted, at most (5/2) e H.
Assumes    rewards in [0, 1]; the learner queries the expert on its own states (last bound).
Units      rewards in [0, 1]; J is the undiscounted return; counts are those of the learner's Meter.
Kind       exists (enumerated, n H <= 9 for the samples and H = 2..16 for the ditch)
Source     adapted from Ross, Gordon and Bagnell, 2011, and Rajaraman, Yang, Jiao and Ramchandran, 2020.
Proof      proofs/imitation/cloning_needs_no_interaction_but_pays_quadratically.md
"""

from dataclasses import replace
from functools import cache
from itertools import product
from math import comb, prod

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.library.imitation.road import ditch, fog
from ...learn import Cloning, DAgger, fit, grant
from ...model import TabularPolicy, Trajectories
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

SPENT = "demonstrations", "episodes", "steps", "resets", "queries"


def mean_gap(m):
    gaps = stack([measure.value_gap(m.mdp, m.expert, TabularPolicy(table)) for table in m.policies])
    return (gaps * m.weights).sum()


def slip(m):
    """Probability that the action at a step on the road is wrong, in a state without demonstrations at that step."""
    return (m.p * (1 - m.p) ** m.n + (1 - m.p) * m.p**m.n) / 2


def loss(m, e):
    """The value gap on a cliff with slips of probability e."""
    return sum(1 - (1 - e) ** k for k in range(1, m.mdp.horizon.H + 1))


def counts(m):
    used = {name: rational(getattr(m, name)) for name in ("steps", "resets", "queries", "demonstrations")}
    due = {"demonstrations": m.n * m.mdp.horizon.H}
    return {name: (count, rational(due.get(name, 0))) for name, count in used.items()}


def check(m):
    return Equal({"gap": (mean_gap(m), loss(m, slip(m))), **counts(m)})


def one_step(m):
    """As if a slip cost only its own reward."""
    return Equal({**check(m).pairs, "gap": (mean_gap(m), slip(m) * m.mdp.horizon.H)})


def quadratic(m):
    e, H = slip(m), m.mdp.horizon.H
    return Bound((1 - e * H / 2) * e * (H * (H + 1) // 2), mean_gap(m))


def rare(m):
    return Bound(1 / rational(6 * (m.n + 1)), slip(m))


def from_the_fall(value, problem, policy):
    """The value from the state after a fall."""
    return value(replace(problem, rho=problem.rho[::-1]), policy)


# ---- instances: learners, and the counts of their meters
def run(learner, m, **granted):
    """A fitted learner, and the counts of its meter."""
    access = grant(m.mdp, expert=m.expert, **granted)
    answer = fit(learner, access, rng=np.random.default_rng(0))
    return answer, {name: getattr(answer.used, name) for name in SPENT}


def every_sample(H, n, p):
    """All sets of n demonstrations in the fog, by counts of state 1 at each step: cloned policies and probabilities."""
    m, p = fog(H, p), rational(p)
    chance = [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    policies, weights = [], []
    for shown in product(range(n + 1), repeat=H):
        obs = [int(episode < shown[t]) for episode in range(n) for t in range(H)]
        rows = dict(t=[*range(H)] * n, weight=objects([f"1/{n}"] * (n * H)))
        answer, used = run(Cloning(), m, demonstrations=Trajectories(obs, [0] * (n * H), **rows))
        policies.append(answer.policy.table)
        weights.append(prod(chance[k] for k in shown))
    return m.replace(policies=objects(policies), weights=objects(weights), p=p, n=n, **used)


def smooth(H, asks, eps=None, rounds=3):
    """Cloning or DAgger's last round in a ditch with 2H actions, smoothed to slip with probability eps on the road."""
    A, eps = 2 * H, rational(f"1/{4 * H}" if eps is None else eps)
    m, smoothing = ditch(H, A), str(eps / (A - 1 - A * eps))
    if asks:
        learner = DAgger(rounds, smoothing=smoothing, demonstrated=True)
        answer, used = run(learner, m, demonstrations="exact", episodes="exact", queries="exact")
        return m.replace(learner=answer.policy.members[-1], eps=eps, **used)
    answer, used = run(Cloning(smoothing), m, demonstrations="exact")
    return m.replace(learner=answer.policy, eps=eps, **used)


# ---- the ditch
def cloning_gap(m):
    H = m.mdp.horizon.H
    return Bound(m.eps * (3 * H * H) / 8, measure.value_gap(m.mdp, m.expert, m.learner))


def query_gap(m):
    return Bound(measure.value_gap(m.mdp, m.expert, m.learner), m.eps * (5 * m.mdp.horizon.H) / 2)


ASKS = Assumption("the learner queries the expert on its own states", lambda m: m.queries > 0)
UNIT = Assumption("rewards in [0, 1]", lambda m: (m.mdp.r >= 0).all() and (m.mdp.r <= 1).all())
CLONED, ASKED, NEVER = "cloning at the ditch", "querying at the ditch", "cloning without queries"
LENGTHS, BETWEEN = (*range(2, 9), 12, 16), (9, 10, 11, 13, 14, 15)


@cache
def samples():
    return [every_sample(H, n, f"1/{n + 1}") for n, most in ((1, 6), (2, 3), (3, 3)) for H in range(1, most + 1)]


def figure(ax, rows):
    """In the ditch, the gap per unit of slip and step, gap / (e H), against the horizon."""
    H = np.arange(2, 17)
    ax.plot(H, H * 3 / 8, ":C0", label="$3H/8$")
    for part, style, side in ((CLONED, "^C0", -1), (ASKED, "oC2", 0)):
        at = [row for row in rows if row["part"] == part and not row.get("control")]
        ax.plot(
            [row["sizes"]["H"] for row in at], [row["sides"][side] * 4 for row in at], style, label=part, markersize=4
        )
    ax.plot(H, 0 * H + 5 / 2, "k--", label="bound $5/2$")
    gap, bound = next(row["sides"] for row in rows if row.get("control") and row["label"] == NEVER)
    ax.plot(LENGTHS[-1], 5 / 2 * gap / bound, "xC1", label="no queries (fails)")
    ax.set(xlabel="horizon $H$", ylabel="value gap $/\\,(e H)$")
    ax.legend()


CLAIM = Claim(
    "cloning_needs_no_interaction_but_pays_quadratically",
    check,
    samples,
    formula=(
        r"\mathbb{E}\,[J(E) - J(L)] = \sum_{k=1}^H \big( 1 - (1-e)^k \big) \ge \Big( 1 - \tfrac{eH}{2} \Big)\, e\, "
        r"\tfrac{H(H+1)}{2}, \qquad e = \tfrac12 \big( p (1-p)^n + (1-p) p^n \big)"
    ),
    papers=("ross2011", "rajaraman2020"),
    tags=("behavioural-cloning", "interactive-learning", "sample-complexity"),
    assumes=(UNIT,),
    controls=(
        Control("a mistake costs one step", witness=lambda: every_sample(3, 2, "1/3"), tightens=one_step, at="gap"),
        Control(
            "every episode starts in the absorbing state",
            witness=lambda: every_sample(2, 1, "1/2"),
            sabotages=measure.value,
            by=from_the_fall,
        ),
        Control(NEVER, witness=lambda: smooth(LENGTHS[-1], asks=False), drops=ASKS.name, part=ASKED),
    ),
    also=(
        Part("quadratic in the horizon", samples, quadratic, assumes=(UNIT,)),
        Part("unseen states for every n", samples, rare),
        Part(
            CLONED,
            lambda: [smooth(H, asks=False) for H in LENGTHS],
            cloning_gap,
            assumes=(UNIT,),
            thorough=lambda: [smooth(H, asks=False) for H in BETWEEN],
        ),
        Part(
            ASKED,
            lambda: [smooth(H, asks=True) for H in LENGTHS],
            query_gap,
            assumes=(UNIT, ASKS),
            thorough=lambda: [smooth(H, asks=True) for H in BETWEEN],
        ),
    ),
    figure=figure,
)
