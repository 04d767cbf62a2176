"""A round of REBEL is a step of mirror descent over all policies, and of natural policy gradient in a log-linear class.

Statement  Let the first response y be drawn from pi, the second z from a base mu, and let
               L(pi') = E_x E_{y ~ pi, z ~ mu} (h(y) - h(z) - (r(y) - r(z)))^2, h = log(pi'/pi) / eta.
           In the log-linear class pi_theta ~ pi e^(phi theta) the minimisers of L solve M theta = eta b, M = E d d' and
           b = E d (r(y) - r(z)) with d = phi(y) - phi(z). If mu = pi,
               M = 2 F,  b = 2 grad J,  F = E_pi s s', grad J = E_pi s r, s = phi - E_pi phi,
           so that the minimiser of smallest norm is exactly the natural gradient step eta F^+ grad J, also if F is
           singular. Over all policies, with pi* = pi e^(eta r) / Z,
               L(pi') = 2 E_x Var_pi(log(pi'/pi*)) / eta^2 if mu = pi,
           and pi* has loss 0 for every base that pi covers.
Assumes    the base is the policy (the log-linear class); the policy has full support (over all policies).
Units      L in squared units of reward; theta is dimensionless.
Kind       identity; exists (a singular F, and the learner, enumerated)
Source     adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024; Kakade, 2001.
Proof      proofs/preference/rebel_is_natural_policy_gradient.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.interval import Interval
from ...base.lifting import enclose, law
from ...exact.linear import enclosed_solution
from ...ink.figures import panels
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.library.coverage import BETA, LAW, PROMPTS, WEIGHTS, fill_support
from ...instances.library.preference.regression import two_features
from ...learn import REBEL, LogLinear, fit, grant
from ...model import PreferenceProblem, TabularPolicy
from ...solve import tilt
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def normal_equations(m):
    """M and b, as sums over all pairs."""
    phi, r = enclose(m.features), enclose(m.problem.reward)
    chance = law(m.problem, "rho")[:, None, None] * law(m.policy, "table")[:, :, None] * enclose(m.base)[:, None, :]
    d, gain = phi[:, :, None, :] - phi[:, None, :, :], r[:, :, None] - r[:, None, :]
    M = (chance[..., None, None] * d[..., :, None] * d[..., None, :]).sum(axis=2).sum(axis=1).sum(axis=0)
    return M, ((chance * gain)[..., None] * d).sum(axis=2).sum(axis=1).sum(axis=0)


def natural_gradient(m, centre=1):
    """The Fisher matrix F and grad J; with centre 0 the moments of an unpaired regression."""
    pi, phi = law(m.policy, "table"), enclose(m.features)
    weight = law(m.problem, "rho")[:, None] * pi
    s = phi - (pi[..., None] * phi).sum(axis=1)[:, None, :] * centre
    F = (weight[..., None, None] * s[..., :, None] * s[..., None, :]).sum(axis=1).sum(axis=0)
    return F, ((weight * enclose(m.problem.reward))[..., None] * s).sum(axis=1).sum(axis=0)


def check(m):
    (M, b), (F, gradient) = normal_equations(m), natural_gradient(m)
    return Equal({"Fisher matrix": (M, F * 2), "gradient": (b, gradient * 2)})


def regress_singles(m):
    """As if the reward of single responses were regressed, without the normalisation."""
    pairs, (_, moment) = check(m).pairs, natural_gradient(m, centre=0)
    return Equal({**pairs, "gradient": (pairs["gradient"][0], moment * 2)})


FAMILY = Family(
    blocks=dict(
        policy=LAW,
        rho=PROMPTS,
        reward=Box("X", "Y", lower=-1, upper=1),
        features=Box("X", "Y", "K", lower=-2, upper=2),
    ),
    sizes=dict(X=(1, 2), Y=(2, 3), K=(1, 2)),
    models=dict(
        problem=lambda x: PreferenceProblem(x.policy, reward=x.reward, rho=x.rho),
        policy=lambda x: TabularPolicy(x.policy),
        base=lambda x: x.policy,
        features=lambda x: x.features,
    ),
)


# ---- the step
def features_of(mix, base="policy"):
    """Two features, multiplied by the matrix `mix` of two rows: more than two are dependent, and F is singular."""
    m, mix = two_features(base), objects(mix)
    return m.replace(features=m.features @ mix, mix=mix)


def independent(base="policy"):
    return features_of([[1, 0], [0, 1]], base)


def dependent(base="policy"):
    """The third feature is the sum of the others."""
    return features_of([[1, 0, 1], [0, 1, 1]], base)


def step_of_two(m):
    """F^-1 grad J of the first two features."""
    return enclosed_solution(*natural_gradient(m.replace(features=m.features[..., :2])))


def natural_step(m):
    """F^+ grad J = mix' (mix mix')^-1 F_2^-1 grad J_2, with F_2 and J_2 of the first two features."""
    mix = enclose(m.mix)
    gram = (mix[:, None, :] * mix[None, :, :]).sum(axis=-1)
    return (mix * enclosed_solution(gram, step_of_two(m))[:, None]).sum(axis=0)


def smallest_solution(m):
    """The step solves the normal equations, and is orthogonal to the kernel of F."""
    (M, b), (F, _), step, kernel = normal_equations(m), natural_gradient(m), natural_step(m), np.array([1, 1, -1])
    return Equal(
        {
            "equations": ((M * step).sum(axis=-1), b),
            "kernel": ((F * kernel).sum(axis=-1), kernel * 0),
            "orthogonal": ((step * kernel).sum(), 0),
        }
    )


def without_the_third(m):
    """The natural step of the first two features."""
    step = step_of_two(m)
    return Equal({**smallest_solution(m).pairs, "orthogonal": (step[0] + step[1], 0)})


# ---- all policies
def sum_over_pairs(m, g, base):
    """E_x E_{y ~ reference, z ~ base} (g(y) - g(z))^2, as a sum over all pairs."""
    rho, reference = law(m.problem, "rho"), law(m.problem, "reference")
    d = g[:, :, None] - g[:, None, :]
    return (d * d * (rho[:, None, None] * reference[:, :, None] * enclose(base)[:, None, :])).sum()


def over_all(m):
    """In the problem the policy is the reference and the base the data; beta = 1/eta and weights are e^(eta r)."""
    best = tilt(m.problem)
    reference, beta = m.problem.reference, m.problem.beta
    excess = measure.logarithm(m.policy.table / best.table) * beta
    variance = measure.relative_error(excess, reference, reference, m.problem.rho)  # 2 Var
    error, of_best = (
        measure.logarithm(policy.table / (reference * m.problem.weights)) * beta for policy in (m.policy, best)
    )
    return Equal(
        {
            "loss": (sum_over_pairs(m, error, reference), variance),
            "loss of the tilt": (sum_over_pairs(m, of_best, m.base), 0),
        }
    )


ALL = Family(
    blocks=dict(reference=LAW, weights=WEIGHTS, policy=LAW, base=LAW, rho=PROMPTS, beta=BETA),
    sizes=dict(X=(1, 2), Y=(2, 3)),
    models=dict(
        problem=lambda x: PreferenceProblem(fill_support(x.reference), weights=x.weights, rho=x.rho, beta=x.beta),
        policy=lambda x: TabularPolicy(fill_support(x.policy)),
        base=lambda x: x.base,
    ),
)


def skew():
    """Two responses, the second three times as good, at the reference's uniform policy."""
    m = two_features()
    problem = PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]]))
    return m.replace(problem=problem, policy=TabularPolicy(objects([["1/3", "2/3"]])), base=problem.reference)


def without_pairs(relative_error, excess, first, second, weights):
    """The mean square of single responses, in place of the differences of pairs."""
    g = excess if isinstance(excess, Interval) else np.asarray(excess)
    return (((g * g) * (first + second)).sum(axis=-1) * weights).sum()


# ---- the learner
def learner_margins(m):
    """Largest difference of the learner's log-ratio margins from those of the exact natural gradient step."""
    step = (enclose(m.features) * natural_step(m)).sum(axis=-1)
    access = grant(m.problem, rewards=True)
    law = "policy" if (m.base == m.policy.table).all() else TabularPolicy(m.base)
    first, second = fit(REBEL(LogLinear(m.features), 2, base=law), access, rng=None).trace["policy"]
    ratio = np.rint(2**40 * second.table / first.table)
    table = objects(ratio.astype(np.int64).astype(object))
    moved = measure.logarithm(table) - step
    return Bound(abs(moved - moved[:, :1]).max(), m.problem.like("1/10000000000")[()])


# ---- figure
def steps_by_base(m):
    """Steps with bases between the policy and the uniform law, and their margins against the natural gradient's."""
    if m.features.shape[-1] > 2:
        return {}
    natural, phi = step_of_two(m), enclose(m.features)
    slope = natural_gradient(m)[1]
    found = {"share": [], "step": [], "apart": [], "natural": list(natural.mid), "gradient": list(slope.mid)}
    uniform = m.base * 0 + m.problem.like("1/3")[()]
    for k in range(9):
        share = m.problem.like(f"{k}/8")[()]
        step = enclosed_solution(*normal_equations(m.replace(base=m.base * (1 - share) + uniform * share)))
        moved = (phi * (step - natural)).sum(axis=-1).mid
        found["share"].append(k / 8)
        found["step"].append(list(step.mid))
        found["apart"].append(float(np.ptp(moved, axis=-1).max()))
    return found


def figure(ax, rows):
    """Steps of REBEL in the plane of the parameters, and their distance from the natural gradient, by the base."""
    left, right = panels(ax, 2)
    data = next(row["data"] for row in rows if row["part"] == LEARNER and row.get("data"))
    steps = np.array(data["step"])
    left.plot(*steps.T, "x-C1", label="REBEL, base with uniform (fails)")
    left.plot(*steps[0], "oC0", label="REBEL, base: the policy")
    left.plot(*data["natural"], "k+", ms=10, zorder=5, label="natural gradient $F^+ \\nabla J$")
    left.plot(*data["gradient"], "sC2", label="gradient $\\nabla J$")
    left.plot(0, 0, ".k")
    left.set(xlabel=r"$\theta_1$", ylabel=r"$\theta_2$")
    right.plot(data["share"][1:], data["apart"][1:], "x-C1", label="base with uniform (fails)")
    right.plot(0, data["apart"][0], "oC0", label="base: the policy")
    right.axhline(0, color="k", linestyle="--", label="natural gradient")
    right.set(xlabel="share of the uniform law in the base", ylabel="difference of margins")
    for each in (left, right):
        each.legend(fontsize=6, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1))


ON_POLICY = Assumption("the base is the policy", lambda m: (m.base == m.policy.table).all())
EVERY, LEARNER, SINGULAR = "over all policies", "the learner's step", "a singular Fisher matrix"
CLAIM = Claim(
    "rebel_is_natural_policy_gradient",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E}\, d d^\top = 2 F, \quad \mathbb{E}\, d\, (r(y) - r(z)) = 2 \nabla J, \qquad d = \phi(y) - "
        r"\phi(z), \quad y, z \sim \pi, \qquad \theta = \eta F^+ \nabla J"
    ),
    papers=("gao2024", "kakade2001"),
    tags=("preferences", "policy-gradient"),
    assumes=(ON_POLICY,),
    controls=(
        Control("a uniform second response", lambda: two_features("uniform"), drops=ON_POLICY.name),
        Control("single responses regressed", two_features, tightens=regress_singles, at="gradient"),
        Control("single responses, over all", skew, sabotages=measure.relative_error, by=without_pairs, part=EVERY),
        Control(
            "the learner, a uniform second response",
            lambda: independent("uniform"),
            drops=ON_POLICY.name,
            part=LEARNER,
        ),
        Control(
            "the step of two features alone", dependent, tightens=without_the_third, at="orthogonal", part=SINGULAR
        ),
    ),
    also=(
        Part(EVERY, ALL, over_all),
        Part(LEARNER, lambda: [independent(), dependent()], learner_margins, assumes=(ON_POLICY,), data=steps_by_base),
        Part(SINGULAR, lambda: [dependent()], smallest_solution, assumes=(ON_POLICY,)),
    ),
    figure=figure,
)
