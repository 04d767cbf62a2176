"""A vanishing on-policy KL penalty selects, among the policies of pair error 0, the one closest to the reference.

Statement  For a prompt let S be the set of responses in the data, p = pi*(. given S), A = exp(-sum_S p log(p/ref))
           and e = ref(not S). Among the policies of pair error 0 the one closest to the reference gives S the mass
           s* = A/(A + e), and is proportional to ref outside S. Every policy of pair error 0 has
               E_x KL(pi || ref) >= E_x -log(A + e),
           with excess E_x kl(s, s*) if it gives S the mass s and is proportional to ref outside S.
           As lambda tends to 0, the minimisers of the offline loss + lambda E_x KL(pi || ref) converge to that policy.
Assumes    the policy has pair error 0.
Units      KL in nats; kl(s, t) = s log(s/t) + (1-s) log((1-s)/(1-t)).
Kind       for all
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024 (HyPO).
Proof      proofs/coverage/hybrid_preference_picks_the_closest_minimiser.md (the limit is proved there but not checked)
"""

from ... import measure
from ...base.arrays import objects
from ...ink.figures import bound
from ...instances.blocks import Box, Choice
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import LAW, PROMPTS, WEIGHTS, fill_support, hide_response
from ...model import PreferenceProblem, TabularPolicy
from ...solve import zero_error_policy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def check(m):
    return Bound(measure.closest_divergence(m.problem), measure.divergence_from_reference(m.problem, m.policy))


def double(m):
    return Bound(measure.closest_divergence(m.problem) * 2, measure.divergence_from_reference(m.problem, m.policy))


def excess(m):
    """The excess at any other mass is the binary KL divergence from the optimal mass."""
    s, away = measure.closest_mass(m.problem), m.mass
    shown = (measure.logarithm(1 - away) - measure.logarithm(s)) * (1 - away)
    unseen = (measure.logarithm(away) - measure.logarithm(measure.closest_unseen_mass(m.problem))) * away
    found = measure.divergence_from_reference(
        m.problem, zero_error_policy(m.problem, away)
    ) - measure.closest_divergence(m.problem)
    return Equal({"excess": (found, measure.prompt_average(m.problem, shown + unseen))})


def problem(x):
    """The data never show one response of each prompt, and perhaps others."""
    return PreferenceProblem(fill_support(x.reference), weights=x.weights, data=hide_response(x), rho=x.rho)


BLOCKS = dict(reference=LAW, weights=WEIGHTS, data=LAW, rho=PROMPTS, hidden=Choice("X", of="Y"))
FAMILY = Family(
    blocks=dict(**BLOCKS, mass=Box("X", lower="1/64", upper="63/64"), rest=LAW),
    sizes=dict(X=(1, 2), Y=(3, 4)),
    models=dict(problem=problem, policy=lambda x: zero_error_policy(problem(x), x.mass, fill_support(x.rest))),
)
IN_PROPORTION = Family(
    blocks=dict(**BLOCKS, mass=Choice("X", of=("1/64", "1/4", "1/2", "15/16"))),
    sizes=dict(X=(1, 2), Y=(3, 4)),
    models=dict(problem=problem, mass=lambda x: x.mass),
)


# ---- controls
def three(policy=None):
    given = PreferenceProblem(
        objects([["49/100", "49/100", "1/50"]]), weights=objects([[7, 1, 1]]), data=objects([["1/2", "1/2", 0]])
    )
    return Instance(
        problem=given, policy=zero_error_policy(given, "1/20") if policy is None else TabularPolicy(objects([policy]))
    )


EXPLAINED = Assumption("the policy has pair error 0", lambda m: measure.pair_error(m.problem, m.policy) == 0)


def on_offline_samples(divergence_from_reference, problem, policy):
    """The average of log pi/ref over the data in place of the policy's own responses."""
    logs = measure.logarithm(policy.table) - measure.logarithm(problem.reference)
    return measure.prompt_average(problem, (logs * problem.data).sum(axis=-1))


CLAIM = Claim(
    "hybrid_preference_picks_the_closest_minimiser",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E}_x \mathrm{KL}(\pi \,\Vert\, \mathrm{ref}) \ge \mathbb{E}_x \big[ - \log (A + e) \big], \qquad "
        r"A = \exp \Big( - \sum_S p \log \frac{p}{\mathrm{ref}} \Big), \quad e = \mathrm{ref}(\text{not } S), "
        r"\quad p = \pi^*(\cdot \mid S)"
    ),
    papers=("song2024",),
    tags=("preferences", "kl-regularisation"),
    assumes=(EXPLAINED,),
    controls=(
        Control("the reference itself", witness=lambda: three(["49/100", "49/100", "1/50"]), drops=EXPLAINED.name),
        Control("twice the divergence", witness=three, tightens=double),
        Control("offline samples", witness=three, sabotages=measure.divergence_from_reference, by=on_offline_samples),
    ),
    also=(Part("the excess at any other mass", IN_PROPORTION, excess),),
    figure=bound,
    sides=(r"$E_x\,[-\log(A + e)]$", r"$E_x\,KL(\pi \| ref)$"),
)
