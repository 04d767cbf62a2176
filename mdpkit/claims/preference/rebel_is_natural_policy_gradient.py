"""A round of REBEL is a step of mirror descent over all policies, and of natural policy gradient in a log-linear class.

Statement  Let the first response y be drawn from pi, the second z from a base mu, and let
               L(pi') = E_x E_{y ~ pi, z ~ mu} (h(y) - h(z) - (r(y) - r(z)))^2, h = log(pi'/pi) / eta.
           In the log-linear class pi_theta ~ pi e^(phi theta) the minimisers of L solve M theta = eta b, M = E d d' and
           b = E d (r(y) - r(z)) with d = phi(y) - phi(z). If mu = pi,
               M = 2 F,  b = 2 grad J,  F = E_pi s s', grad J = E_pi s r, s = phi - E_pi phi,
           so that the minimiser of smallest norm is exactly the natural gradient step eta F^+ grad J, also if F is
           singular. Over all policies, with pi* = pi e^(eta r) / Z,
               L(pi') = 2 E_x Var_pi(log(pi'/pi*)) / eta^2 if mu = pi,
           and pi* has loss 0 for every base.
Assumes    the base is the policy (the log-linear class).
Units      L in squared units of reward; theta is dimensionless.
Kind       identity; exists (the learner, enumerated)
Source     adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024; Kakade, 2001.
Proof      proofs/preference/rebel_is_natural_policy_gradient.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.interval import Interval
from ...base.lifting import enclose
from ...exact.linear import enclosed_solution
from ...ink.figures import identity
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
    phi, r = m.features, m.problem.reward
    law = m.problem.rho[:, None, None] * m.policy.table[:, :, None] * m.base[:, None, :]
    d, gain = phi[:, :, None, :] - phi[:, None, :, :], r[:, :, None] - r[:, None, :]
    M = (law[..., None, None] * d[..., :, None] * d[..., None, :]).sum(axis=2).sum(axis=1).sum(axis=0)
    return M, ((law * gain)[..., None] * d).sum(axis=2).sum(axis=1).sum(axis=0)


def natural_gradient(m, centre=1):
    """The Fisher matrix F and grad J; with centre 0 the moments of an unpaired regression."""
    weight = m.problem.rho[:, None] * m.policy.table
    mean = (m.policy.table[..., None] * m.features).sum(axis=1)
    s = m.features - mean[:, None, :] * centre
    F = (weight[..., None, None] * s[..., :, None] * s[..., None, :]).sum(axis=1).sum(axis=0)
    return F, ((weight * m.problem.reward)[..., None] * s).sum(axis=1).sum(axis=0)


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


# ---- all policies
def over_all(m):
    """In the problem the policy is the reference and the base the data; beta = 1/eta and weights are e^(eta r)."""
    best = tilt(m.problem)
    excess = measure.logarithm(m.policy.table / best.table) * m.problem.beta
    reference = m.problem.reference
    loss = measure.relative_error(excess, reference, reference, m.problem.rho)
    fitted = measure.logarithm(best.table / (reference * m.problem.weights)) * m.problem.beta
    return Equal(
        {
            "loss": (measure.pair_error(m.problem, m.policy), loss),
            "loss of the tilt": (measure.relative_error(fitted, reference, m.base, m.problem.rho), 0),
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
    F, gradient = (enclose(part) for part in natural_gradient(m))
    step = (enclose(m.features) * enclosed_solution(F, gradient)).sum(axis=-1)
    access = grant(m.problem, rewards=True)
    law = "policy" if (m.base == m.policy.table).all() else TabularPolicy(m.base)
    first, second = fit(REBEL(LogLinear(m.features), 2, base=law), access, rng=None).trace["policy"]
    ratio = np.rint(2**40 * second.table / first.table)
    table = objects(ratio.astype(np.int64).astype(object))
    moved = measure.logarithm(table) - step
    return Bound(abs(moved - moved[:, :1]).max(), m.problem.like("1/10000000000")[()])


ON_POLICY = Assumption("the base is the policy", lambda m: (m.base == m.policy.table).all())
EVERY, LEARNER = "over all policies", "the learner's step"
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
            lambda: two_features("uniform"),
            drops=ON_POLICY.name,
            part=LEARNER,
        ),
    ),
    also=(
        Part(EVERY, ALL, over_all),
        Part(LEARNER, lambda: [two_features()], learner_margins, assumes=(ON_POLICY,)),
    ),
    figure=identity,
)
