"""Coverage coefficients increase with the class of policies: one policy, bounded rewards, a KL ball, all policies.

Statement  With C(pi) = max pi/mu and pi_g = ref e^(g/beta) / Z,
               1 + chi2(pi_g || mu) <= C(pi_g) <= C_tilt(R) <= C_ball(R/beta) <= C_glo,
           where C_tilt(R), C_ball(R/beta) and C_glo are the suprema of C over the policies pi_g of the rewards g of
           range at most R, over the policies pi with E_x KL(pi || ref) <= R/beta, and over all policies.
Assumes    the reward g has range at most R for each prompt.
Units      C has none; chi2 is averaged over the prompts; width = e^(R/beta).
Kind       for all
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024.
Proof      proofs/coverage/coverage_coefficients_are_ordered.md
"""

from ... import measure
from ...base.arrays import objects, rational
from ...ink.figures import bound
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import LAW, PROMPTS, WEIGHTS, fill_support, widest_range
from ...model import PreferenceProblem
from ...solve import tilt
from ...verify.claim import Assumption, Bound, Claim, Control


def own(m):
    """Coefficients of the tilted policy itself."""
    policy = tilt(m.problem)
    return measure.concentrability(m.problem, policy, kind="chi2") + 1, measure.concentrability(m.problem, policy)


def check(m):
    ball = measure.ball_coverage(m.problem, measure.logarithm(m.width))
    return Bound(*own(m), measure.tilt_coverage(m.problem, m.width), ball, measure.full_coverage(m.problem))


def smaller_ball(m):
    ball = measure.ball_coverage(m.problem, measure.logarithm(m.width) / 100)
    return Bound(*own(m), measure.tilt_coverage(m.problem, m.width), ball)


FAMILY = Family(
    blocks=dict(reference=LAW, weights=WEIGHTS, data=LAW, rho=PROMPTS),
    sizes=dict(X=(1, 2), Y=(2, 4)),
    models=dict(
        problem=lambda x: PreferenceProblem(x.reference, weights=x.weights, data=fill_support(x.data), rho=x.rho),
        width=lambda x: widest_range(x.weights),
    ),
)


# ---- exact instances and controls
def rare(chance="1/100", weight=9, width=9):
    """A response of high reward to which the reference and the data give a small probability."""
    law = objects([[1 - rational(chance), rational(chance)]])
    return Instance(problem=PreferenceProblem(law, weights=objects([[1, weight]])), width=rational(width))


WITHIN = Assumption("the reward has range at most R", lambda m: widest_range(m.problem.weights) <= m.width)


def by_the_policy(concentrability, problem, policy, mu=None, kind="sup"):
    """Data and policy exchanged: the concentrability of the data with respect to the policy."""
    return concentrability(problem, type(policy)(problem.data), policy.table, kind)


CLAIM = Claim(
    "coverage_coefficients_are_ordered",
    check,
    FAMILY,
    formula=(
        r"1 + \chi^2(\pi_g \,\Vert\, \mu) \le C(\pi_g) \le C_{\mathrm{tilt}}(R) \le C_{\mathrm{ball}}(R / \beta) "
        r"\le C_{\mathrm{glo}}"
    ),
    papers=("song2024",),
    tags=("preferences", "coverage"),
    assumes=(WITHIN,),
    controls=(
        Control("a ball of a hundredth of the radius", witness=rare, tightens=smaller_ball),
        Control("a reward of a larger range", witness=lambda: rare(weight=1000), drops=WITHIN.name),
        Control(
            "data and policy exchanged",
            witness=lambda: rare("1/3", "1/100", 100),
            sabotages=measure.concentrability,
            by=by_the_policy,
        ),
    ),
    figure=bound,
    sides=(r"$1 + \chi^2(\pi_g \| \mu)$", r"$C_{glo}$"),
)
