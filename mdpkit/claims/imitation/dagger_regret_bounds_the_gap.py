"""A learner labelled on its own states loses at most u (best in-class loss + average regret).

Statement  For any policies pi_1..pi_N with uniform mixture M, a class C of policies, and the losses l_k(pi) = sum_t
           E_{s ~ d_t^{pi_k}} TV(E, pi)(s), with c = min_{pi in C} (1/N) sum_k l_k(pi) and R = max_{pi in C} sum_k
           [l_k(pi_k) - l_k(pi)],
               J(E) - J(M) <= (1/N) sum_k sum_t E_{s ~ d_t^{pi_k}} [range_a Q_t^E(s, a) TV(E, pi_k)(s)] <= u (c + R/N),
           where u = max_{t,s} range_a Q_t^E(s, a). Hence the gap is at most u c for a policy that no policy in the
           class beats on its own states (R <= 0), and at most u R/N for a class that contains the expert (c = 0).
           Falling off a cliff at the first step attains the bound for every H and every c and R. From exact labels
           of an expert that does not randomise, DAgger has R <= H S. The losses that DAgger reports are at least
           l_k(pi_k), with equality if the expert is deterministic.
Assumes    nothing: any finite MDP, finite horizon; no policy in the class has a lower loss (R <= 0); the expert
           is in the class (c = 0); the expert does not randomise (equality of the reported losses, R <= H S).
Units      l_k is an expected number of disagreements per episode, in [0, H]; u is in units of J, the undiscounted
           return.
Kind       for all; exists (enumerated)
Source     adapted from Ross, Gordon and Bagnell, 2011.
Proof      proofs/imitation/dagger_regret_bounds_the_gap.md
"""

from dataclasses import replace
from itertools import product

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...ink.figures import bound
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.cliff import cliff, first_fall
from ...instances.library.imitation.road import ditch, fog, road
from ...kernels import finite
from ...learn import DAgger, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Formal, Part
from ...verify.faults import exchange_states


def losses(m, policy, roads, cost=1):
    """l_k(policy) `[k]`; a disagreement costs 1, or `cost` by step and state."""
    apart = measure.total_variation(m.expert, policy) * cost
    return stack([(measure.occupancy(m.mdp, road).sum(axis=-1) * apart).sum() for road in roads])


def terms(m, astray=True):
    """Averages over the rounds: the gap, the mistakes weighted by their cost, the class error c and the regret R/N."""
    policies = [TabularPolicy(table) for table in m.learners]
    roads, N = policies if astray else [m.expert] * len(policies), len(policies)
    Q = measure.action_value(m.mdp, m.expert)
    ranges = Q.max(axis=-1) - Q.min(axis=-1)
    gap = sum(measure.value_gap(m.mdp, m.expert, policy) for policy in policies) / N
    costs, own = (
        sum(losses(m, pi, [on], cost)[0] for pi, on in zip(policies, roads, strict=True)) / N for cost in (ranges, 1)
    )
    rules = stack([losses(m, TabularPolicy(table), roads).sum() / N for table in m.rules])
    return gap, costs, rules.min(), (own - rules).max()


def check(m, astray=True):
    gap, costs, best, regret = terms(m, astray)
    return Bound(gap, costs, measure.recoverability(m.mdp, m.expert) * (best + regret))


def where_the_expert_goes(m):
    return check(m, astray=False)


def cost_to_the_learner(m):
    gap, _, best, regret = terms(m)
    return Bound(gap, measure.recoverability(m.mdp, TabularPolicy(m.learners[0])) * (best + regret))


def by_class(m):
    gap, _, best, _ = terms(m)
    return Bound(gap, measure.recoverability(m.mdp, m.expert) * best)


def by_regret(m):
    gap, _, _, regret = terms(m)
    return Bound(gap, measure.recoverability(m.mdp, m.expert) * regret)


def attains(m):
    """Against the class error and the regret known for falls at the first step."""
    gap, _, best, regret = terms(m)
    right = measure.recoverability(m.mdp, m.expert) * (best + regret)
    return Equal({"gap": (gap, right), "class error": (best, m.best), "regret": (regret, m.regret)})


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

IN_CLASS_FAMILY = replace(FAMILY, models={**FAMILY.models, "rules": lambda x: np.stack([*x.rules, x.expert])})


def unbeaten(x):
    """Of one round: every rule with a lower loss on the learner's states becomes the learner."""
    learner = x.learners[0]
    d = finite.occupancy(x.P, x.rho, learner, len(x.P)).sum(axis=2)
    own, *others = ((abs(x.expert - table).sum(axis=2) * d).sum() for table in (learner, *x.rules))
    rules = [np.where(loss < own, learner, rule) for loss, rule in zip(others, x.rules, strict=True)]
    return type(x)(**{**vars(x), "rules": np.stack(rules)})


UNBEATEN_FAMILY = replace(FAMILY, sizes={**FAMILY.sizes, "N": (1, 1)}, repair=unbeaten)


# ---- instances
def alone(m, rule=None):
    """One round, and a class of one policy, by default the expert."""
    rule = m.expert if rule is None else rule
    return Instance(
        mdp=m.mdp, expert=m.expert, learners=objects(m.learner.table)[None], rules=objects(rule.table)[None]
    )


def falling(H, falls, allowed):
    """The cliff: round k falls at the first step with probability falls[k], the class's policies with `allowed`."""
    m, falls, allowed = first_fall(H, 0), objects(falls), objects(allowed)
    learners, rules = (np.stack([first_fall(H, eps).learner.table for eps in each]) for each in (falls, allowed))
    best = min(allowed)
    regret = falls.sum() / len(falls) - best
    return Instance(mdp=m.mdp, expert=m.expert, learners=learners, rules=rules, best=best, regret=regret)


def immediate_falls():
    classes = ["1/3"], [0], ["1/7", "1/5"], [1, "1/2", 0]
    return [
        falling(H, falls, each) for H in (1, 2, 5, 13) for falls in ([1], ["1/3"], ["1/2", "1/9"]) for each in classes
    ]


def run_dagger(m, learner, wavers=0):
    """DAgger with exact expectations, and its reported losses; the expert changes action with probability `wavers`."""
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
        reported=objects(list(answer.trace["loss"])),
    )


def plays(*wavers):
    roads = ditch(3, 2), ditch(4, 8), fog(4, "1/3"), cliff(5, 0)
    learners = DAgger(1), DAgger(2), DAgger(8), DAgger(3, smoothing="1/32", demonstrated=True)
    return [run_dagger(*each) for each in product(roads, learners, wavers)]


def run_without_smoothing():
    """DAgger on labels without smoothing."""
    roads = ditch(3, 2), ditch(4, 8), fog(4, "1/3"), cliff(5, 0)
    return [run_dagger(*each) for each in product(roads, (DAgger(1), DAgger(2), DAgger(8)))]


def by_places(m):
    gap, right = by_regret(m).sides
    u, N = measure.recoverability(m.mdp, m.expert), len(m.learners)
    return Bound(gap, right, u * rational(m.mdp.horizon.H * m.mdp.S) / N)


def bound_by_reports(m):
    gap, _, right = check(m).sides
    return Bound(gap, right, measure.recoverability(m.mdp, m.expert) * (m.reported.sum() / len(m.reported)))


def reports_agree(m):
    own = [losses(m, policy, [policy])[0] for policy in map(TabularPolicy, m.learners)]
    return Equal({"reported": (m.reported, stack(own))})


SURE = Assumption("the expert does not randomise", lambda m: ((m.expert.table == 0) | (m.expert.table == 1)).all())
UNBEATEN = Assumption("no policy in the class has a lower loss", lambda m: terms(m)[3] <= 0)
IN_CLASS = Assumption("the expert is in the class", lambda m: terms(m)[2] == 0)
REPORTED, CLASS, REGRET = "reported losses", "the class error alone", "the regret alone"
CLAIM = Claim(
    "dagger_regret_bounds_the_gap",
    check,
    FAMILY,
    formula=(
        r"J(E) - J(M) \le \frac1N \sum_k \sum_t \mathbb{E}_{s \sim d_t^{\pi_k}} \big[ \mathrm{range}_a\, Q_t^E(s, "
        r"a)\; \mathrm{TV}(E, \pi_k)_t(s) \big] \le u \Big( c + \frac RN \Big), \qquad u = \max_{t,s}\, "
        r"\mathrm{range}_a\, Q_t^E(s, a)"
    ),
    papers=("ross2011",),
    tags=("interactive-learning", "no-regret"),
    formal=(
        Formal(
            "Lean 4",
            "jin-yidan/verified-rl",
            "27ad2be",
            "dagger_bound",
            "weaker",
            "H eps from an assumed per-step advantage bound; no regret and no class of policies",
        ),
    ),
    controls=(
        Control(
            "losses under the expert's occupancy",
            witness=lambda: alone(road(8, "1/16", recovers=False)),
            tightens=where_the_expert_goes,
        ),
        Control("the learner's own action values", witness=lambda: alone(cliff(5, 1)), tightens=cost_to_the_learner),
        Control(
            "the best in-class loss alone",
            witness=lambda: alone(cliff(5, "1/20"), cliff(5, "1/40").learner),
            tightens=by_class,
        ),
        Control(
            "the class error of a learner that regrets",
            witness=lambda: alone(cliff(5, "1/20"), cliff(5, "1/40").learner),
            drops=UNBEATEN.name,
            part=CLASS,
        ),
        Control(
            "the regret in a class without the expert",
            witness=lambda: alone(cliff(5, "1/20"), cliff(5, "1/40").learner),
            drops=IN_CLASS.name,
            part=REGRET,
        ),
        Control(
            "errors at the other state",
            witness=lambda: alone(cliff(5, "1/20")),
            sabotages=measure.occupancy,
            by=exchange_states,
        ),
        Control(
            "a randomised expert",
            witness=lambda: run_dagger(ditch(3, 2), DAgger(2), "1/8"),
            drops=SURE.name,
            part=REPORTED,
        ),
    ),
    also=(
        Part(CLASS, UNBEATEN_FAMILY, by_class, assumes=(UNBEATEN,)),
        Part(REGRET, IN_CLASS_FAMILY, by_regret, assumes=(IN_CLASS,)),
        Part("an immediate fall", immediate_falls, attains),
        Part("regret of dataset aggregation", run_without_smoothing, by_places, assumes=(SURE,)),
        Part("dataset aggregation", lambda: plays("0", "1/8"), bound_by_reports),
        Part(REPORTED, lambda: plays("0"), reports_agree, assumes=(SURE,)),
    ),
    figure=bound,
    sides=(r"$J(E) - J(M)$", r"$u\,(c + R/N)$"),
)
