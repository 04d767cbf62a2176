"""The suboptimality of a policy in KL-regularised RLHF is beta times its KL divergence from the optimal policy.

Statement  Let J(pi) = E_x [ E_pi r - beta KL(pi || ref) ], with maximiser pi* = ref e^(r/beta) / Z over all policies.
           Then
               J(pi*) - J(pi) = beta E_x KL(pi || pi*)
           for every policy pi, where one side is infinite if and only if the other is.
Assumes    nothing: any reference, prompts, reward, beta > 0.
Units      J in units of reward, KL in nats, beta in units of reward per nat.
Kind       identity
Source     adapted from Korbak, Elsahar, Kruszewski and Dymetman, 2022.
Proof      proofs/coverage/gap_is_kl_to_the_optimum.md
"""

from ... import measure
from ...base.arrays import objects
from ...ink.figures import identity
from ...instances.blocks import Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import BETA, LAW, PROMPTS, WEIGHTS, confine_policy
from ...model import PreferenceProblem, TabularPolicy
from ...solve import tilt
from ...verify.claim import Claim, Control, Equal, Part


def sides(m, best):
    return measure.value_gap(m.problem, best, m.policy), measure.divergence_from(
        m.problem, m.policy, best
    ) * m.problem.beta


def check(m):
    return Equal({"gap": sides(m, tilt(m.problem))})


def backward(m):
    best = tilt(m.problem)
    return Equal({"gap": (sides(m, best)[0], measure.divergence_from(m.problem, best, m.policy) * m.problem.beta)})


def best_in_a_class(m):
    """The optimum of the class that contains only the uniform policy, in place of the optimum over all policies."""
    return Equal({"gap": sides(m, TabularPolicy(m.problem.like([[f"1/{m.problem.Y}"] * m.problem.Y] * m.problem.X)))})


FAMILY = Family(
    blocks=dict(reference=LAW, weights=WEIGHTS, rho=PROMPTS, beta=BETA, policy=Simplex("X", to="Y", within="support")),
    sizes=dict(X=(1, 3), Y=(1, 4)),
    models=dict(
        problem=lambda x: PreferenceProblem(x.reference, weights=x.weights, rho=x.rho, beta=x.beta),
        policy=lambda x: TabularPolicy(x.policy),
    ),
    repair=confine_policy,
)


# ---- exact instances and controls
def leaning(reference=("1/2", "1/4", "1/4"), policy=("1/4", "1/4", "1/2"), beta=2):
    problem = PreferenceProblem(objects([reference]), weights=objects([[1, 3, "1/2"]]), beta=beta)
    return Instance(problem=problem, policy=TabularPolicy(objects([policy])))


def outside():
    """The policy gives positive probability to a response outside the support of the reference."""
    return [leaning(("1/2", "1/2", 0), (0, f"{k - 1}/{k}", f"1/{k}")) for k in (2, 3, 100)]


def halve(divergence_from, problem, policy, other):
    return divergence_from(problem, policy, other) / 2


CLAIM = Claim(
    "gap_is_kl_to_the_optimum",
    check,
    FAMILY,
    formula=(
        r"J(\pi^*) - J(\pi) = \beta\, \mathbb{E}_x \mathrm{KL}(\pi \,\Vert\, \pi^*), \qquad J(\pi) = \mathbb{E}_x "
        r"\big[ \mathbb{E}_\pi r - \beta\, \mathrm{KL}(\pi \,\Vert\, \mathrm{ref}) \big]"
    ),
    papers=("korbak2022",),
    tags=("preferences", "kl-regularisation"),
    controls=(
        Control("the divergence of the optimum from the policy", witness=leaning, tightens=backward, at="gap"),
        Control("the optimum of a smaller class", witness=leaning, tightens=best_in_a_class, at="gap"),
        Control("half of the divergence", witness=leaning, sabotages=measure.divergence_from, by=halve),
    ),
    also=(Part("a policy outside the reference's support has infinite loss", outside, check),),
    accepts=("problem", PreferenceProblem, ("reference", "weights", "rho", "beta")),
    figure=identity,
    sides=(r"$J(\pi^*) - J(\pi)$", r"$\beta\,E_x\,KL(\pi \| \pi^*)$"),
)
