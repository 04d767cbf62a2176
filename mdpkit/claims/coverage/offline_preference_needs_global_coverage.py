"""The pair error bounds the suboptimality of a policy if and only if the data cover every response.

Statement  Let S be the set of responses to each prompt that the data show. A policy has pair error 0 if and only if it
           is proportional to pi* on S; its mass outside S, and how that is distributed, are arbitrary. A policy of pair
           error 0 with mass m outside S has suboptimality at least
               beta E_x kl(m, u) >= beta E_x (m log(1/u) - log 2),   u = pi*(not S).
           Since u can be arbitrarily small, no function of the pair error bounds the suboptimality.
           If S contains every response, (J(pi*) - J(pi))^2 <= C_glo^2 e / 2 for every pi of pair error e, so that pair
           error 0 implies optimality.
Assumes    the policy has pair error 0, and gives the rest (the responses outside S) its mass m; last sentence: the data
           show every response.
Units      J in units of reward; kl(m, u) = m log(m/u) + (1-m) log((1-m)/(1-u)) in nats.
Kind       for all
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024.
Proof      proofs/coverage/offline_preference_needs_global_coverage.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...ink.figures import bound
from ...instances.blocks import Choice
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import BETA, LAW, PROMPTS, WEIGHTS, fill_support, hide_response
from ...model import PreferenceProblem, TabularPolicy
from ...solve import tilt, zero_error_policy
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def shown_or_not(m, policy):
    """Probabilities of the responses that the data show and of the others, for each prompt."""
    shown = m.problem.data != 0
    return TabularPolicy(np.stack([(policy.table * part).sum(axis=-1) for part in (shown, ~shown)], axis=-1))


def gap(m):
    return measure.value_gap(m.problem, tilt(m.problem), m.policy)


def check(m):
    best = shown_or_not(m, tilt(m.problem))
    given = TabularPolicy(np.stack([1 - m.mass, m.mass], axis=-1))
    return Bound(measure.prompt_average(m.problem, measure.kl(given, best)) * m.problem.beta, gap(m))


def all_of_the_surprise(m):
    """m log(1/u), without the entropy of the two outcomes."""
    unseen = shown_or_not(m, tilt(m.problem)).table[:, 1]
    return Bound(measure.prompt_average(m.problem, -measure.logarithm(unseen) * m.mass) * m.problem.beta, gap(m))


def enough(m):
    coverage = measure.full_coverage(m.problem)
    return Bound(gap(m) ** 2, coverage**2 * measure.pair_error(m.problem, m.policy) / 2)


def without_coverage(m):
    return Bound(gap(m) ** 2, measure.pair_error(m.problem, m.policy) / 2)


def problem(x, data):
    return PreferenceProblem(fill_support(x.reference), weights=x.weights, data=data, rho=x.rho, beta=x.beta)


def partly(x):
    """The problem whose data never show one response of each prompt, and perhaps others."""
    return problem(x, hide_response(x))


BLOCKS = dict(reference=LAW, weights=WEIGHTS, data=LAW, rho=PROMPTS, beta=BETA, policy=LAW)
LEFT_OUT = Family(
    blocks=dict(**BLOCKS, hidden=Choice("X", of="Y"), mass=Choice("X", of=("1/8", "1/2", "7/8", "63/64"))),
    sizes=dict(X=(1, 2), Y=(2, 4)),
    models=dict(
        problem=partly,
        mass=lambda x: x.mass,
        policy=lambda x: zero_error_policy(partly(x), x.mass, fill_support(x.policy)),
    ),
)
SHOWN = Family(
    blocks=BLOCKS,
    sizes=dict(X=(1, 2), Y=(2, 3)),
    models=dict(
        problem=lambda x: problem(x, fill_support(x.data)), policy=lambda x: TabularPolicy(fill_support(x.policy))
    ),
)


# ---- controls
def three(data=("1/2", "1/2", 0), optimal=False):
    law = objects([["1/4", "1/2", "1/4"]])
    given = PreferenceProblem(law, weights=objects([[1, 2, 4]]), data=objects([data]))
    half = objects(["1/2"])
    return Instance(problem=given, mass=half, policy=tilt(given) if optimal else zero_error_policy(given, half))


def mostly_on_unseen():
    m = three(("499/1000", "499/1000", "1/500"), optimal=True)
    return Instance(problem=m.problem, policy=TabularPolicy(objects([["1/100", "1/50", "97/100"]])))


ALL_SHOWN = "the data cover every response"
EXPLAINED = Assumption("the policy has pair error 0", lambda m: measure.pair_error(m.problem, m.policy) == 0)
MASS = Assumption(
    "the policy's mass on unseen responses is m", lambda m: (shown_or_not(m, m.policy).table[:, 1] == m.mass).all()
)
COVERED = Assumption(ALL_SHOWN, lambda m: (m.problem.data > 0).all())


def gap_on_the_data(value_gap, problem, expert, learner):
    """Both policies conditioned on the responses that the data show."""
    parts = [policy.table * (problem.data != 0) for policy in (expert, learner)]
    return value_gap(problem, *(TabularPolicy(part / part.sum(axis=-1)[:, None]) for part in parts))


CLAIM = Claim(
    "offline_preference_needs_global_coverage",
    check,
    LEFT_OUT,
    formula=(
        r"J(\pi^*) - J(\pi) \ge \beta\, \mathbb{E}_x \mathrm{kl}(m, u) \ge \beta\, \mathbb{E}_x \big[ m \log "
        r"\tfrac1u - \log 2 \big], \qquad u = \pi^*(\text{not } S)"
    ),
    papers=("song2024",),
    tags=("preferences", "coverage"),
    assumes=(EXPLAINED, MASS),
    controls=(
        Control("the optimum", witness=lambda: three(optimal=True), drops=MASS.name),
        Control("the bound without h(m)", witness=three, tightens=all_of_the_surprise),
        Control("the gap on observed responses", witness=three, sabotages=measure.value_gap, by=gap_on_the_data),
        Control("without the coverage", witness=mostly_on_unseen, tightens=without_coverage, part=ALL_SHOWN),
    ),
    also=(Part(ALL_SHOWN, SHOWN, enough, assumes=(COVERED,)),),
    figure=bound,
    sides=(r"$\beta\,E_x\,kl(m, u)$", r"$J(\pi^*) - J(\pi)$"),
)
