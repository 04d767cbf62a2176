"""A learner labelled on its own states loses at most u (best in-class loss + average regret).

Statement  For any policies pi_1..pi_N with uniform mixture M, a class C of policies, and the losses l_k(pi) = sum_t
           E_{s ~ d_t^{pi_k}} TV(E, pi)(s), with c = min_{pi in C} (1/N) sum_k l_k(pi) and R = sum_k l_k(pi_k) - N c,
               J(E) - J(M) <= (1/N) sum_k sum_t E_{s ~ d_t^{pi_k}} [range_a Q_t^E(s, a) TV(E, pi_k)(s)] <= u (c + R/N),
           where u = max_{t,s} range_a Q_t^E(s, a). Falling off a cliff at the first step attains it for every H. The
           losses that DAgger reports are at least l_k(pi_k), with equality if the expert is deterministic.
Assumes    nothing: any finite MDP, finite horizon; the expert does not randomise (equality of the reported losses).
Units      l_k is an expected number of disagreements per episode, in [0, H]; u is in units of J, the undiscounted
           return.
Kind       for all; exists (enumerated)
Source     adapted from Ross, Gordon and Bagnell, 2011.
Proof      proofs/imitation/dagger_regret_bounds_the_gap.md
"""

from itertools import product

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stacked
from ...ink.figures import bound
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.cliff import cliff
from ...instances.library.imitation.road import ditch, fog, road
from ...learn import DAgger, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import exchange_states


def losses(m, policy, roads, cost=1):
    """l_k(policy) `[k]`; a disagreement costs 1, or `cost` by step and state."""
    apart = measure.total_variation(m.expert, policy) * cost
    return stacked([(measure.occupancy(m.mdp, road).sum(axis=-1) * apart).sum() for road in roads])


def terms(m, astray=True):
    """Per round: the mixture's gap, its mistakes weighted by their cost, the mistakes of the best policy in class, and the regret."""
    policies = [TabularPolicy(table) for table in m.learners]
    roads, N = policies if astray else [m.expert] * len(policies), len(policies)
    Q = measure.action_value(m.mdp, m.expert)
    ranges = Q.max(axis=-1) - Q.min(axis=-1)
    gap = sum(measure.value_gap(m.mdp, m.expert, policy) for policy in policies) / N
    costs, own = (
        sum(losses(m, pi, [on], cost)[0] for pi, on in zip(policies, roads, strict=True)) / N for cost in (ranges, 1)
    )
    best = stacked([losses(m, TabularPolicy(table), roads).sum() / N for table in m.rules]).min()
    return gap, costs, best, own - best


def check(m):
    gap, costs, best, regret = terms(m)
    return Bound(gap, costs, measure.recoverability(m.mdp, m.expert) * (best + regret))


def where_the_expert_goes(m):
    gap, costs, best, regret = terms(m, astray=False)
    return Bound(gap, costs, measure.recoverability(m.mdp, m.expert) * (best + regret))


def cost_to_the_learner(m):
    gap, _, best, regret = terms(m)
    return Bound(gap, measure.recoverability(m.mdp, TabularPolicy(m.learners[0])) * (best + regret))


def without_regret(m):
    gap, _, best, _ = terms(m)
    return Bound(gap, measure.recoverability(m.mdp, m.expert) * best)


def attained(m):
    gap, _, right = check(m).sides
    return Equal({"gap": (gap, right)})


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A", lower=-1),
        rho=Simplex(to="S"),
        expert=Simplex("H", "S", to="A"),
        learners=Simplex("N", "H", "S", to="A"),
        rules=Simplex("C", "H", "S", to="A"),
    ),
    sizes=dict(H=(1, 4), S=(1, 3), A=(2, 3), N=(1, 2), C=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        expert=lambda x: TabularPolicy(x.expert),
        learners=lambda x: x.learners,
        rules=lambda x: x.rules,
    ),
)


# ---- instances
def alone(m, rule=None):
    """One round, and a class of one policy, by default the expert."""
    rule = m.expert if rule is None else rule
    return Instance(
        mdp=m.mdp, expert=m.expert, learners=objects(m.learner.table)[None], rules=objects(rule.table)[None]
    )


def run_dagger(m, learner, wavers=0):
    """DAgger with exact expectations, and its reported losses. The expert leaves its action with probability `wavers`."""
    H, S, A = m.mdp.horizon.H, m.mdp.S, m.mdp.A
    sure, wavers = m.expert.table, rational(wavers)
    expert = TabularPolicy(sure * (1 - wavers) + (1 - sure) * wavers / (A - 1))
    access = grant(m.mdp, expert=expert, demonstrations="exact", episodes="exact", queries="exact")
    answer = fit(learner, access, rng=np.random.default_rng(0))
    tables = objects(np.stack([np.broadcast_to(pi.table, (H, S, A)) for pi in answer.policy.members]))
    return Instance(
        mdp=m.mdp,
        expert=expert,
        learners=tables,
        rules=objects(expert.table)[None],
        told=objects(list(answer.trace["loss"])),
    )


def plays(*wavers):
    roads = ditch(3, 2), ditch(4, 8), fog(4, "1/3"), cliff(5, 0)
    learners = DAgger(1), DAgger(2), DAgger(8), DAgger(3, smoothing="1/32", demonstrated=True)
    return [run_dagger(*each) for each in product(roads, learners, wavers)]


def as_told(m):
    gap, _, right = check(m).sides
    return Bound(gap, right, measure.recoverability(m.mdp, m.expert) * (m.told.sum() / len(m.told)))


def surely_told(m):
    own = [losses(m, policy, [policy])[0] for policy in map(TabularPolicy, m.learners)]
    return Equal({"told": (m.told, stacked(own))})


SURE = Assumption("the expert does not randomise", lambda m: ((m.expert.table == 0) | (m.expert.table == 1)).all())
TOLD = "told losses"
CLAIM = Claim(
    "dagger_regret_bounds_the_gap",
    check,
    FAMILY,
    controls=(
        Control(
            "corrected where the expert goes",
            witness=lambda: alone(road(8, "1/16", recovers=False)),
            tightens=where_the_expert_goes,
        ),
        Control("what mistakes cost the learner", witness=lambda: alone(cliff(5, 1)), tightens=cost_to_the_learner),
        Control(
            "the best rule's mistakes alone",
            lambda: alone(cliff(5, "1/20"), cliff(5, "1/40").learner),
            tightens=without_regret,
        ),
        Control(
            "mistakes in the other state",
            witness=lambda: alone(cliff(5, "1/20")),
            sabotages=measure.occupancy,
            by=exchange_states,
        ),
        Control(
            "an expert who wavers",
            witness=lambda: run_dagger(ditch(3, 2), DAgger(2), "1/8"),
            drops=SURE.name,
            part=TOLD,
        ),
    ),
    also=(
        Part("a fall at once", lambda: [alone(cliff(H, 1)) for H in (1, 2, 5, 13)], attained),
        Part("dataset aggregation", lambda: plays("0", "1/8"), as_told),
        Part(TOLD, lambda: plays("0"), surely_told, assumes=(SURE,)),
    ),
    figure=bound,
    sides=(r"$J(E) - J(M)$", r"$u\,(c + R/N)$"),
)
