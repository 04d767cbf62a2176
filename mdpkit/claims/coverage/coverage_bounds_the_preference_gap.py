"""The squared suboptimality is at most half the pair error times the concentrabilities of the policy and the optimum.

Statement  For every policy pi, whether or not it minimises a loss,
               (J(pi*) - J(pi))^2 <= C(pi*) C(pi) e / 2,
           where C(pi) = max pi/mu and e is the mean squared error, over pairs of responses drawn from mu, of the
           differences of the reward beta log(pi/ref) that pi implies.
           The constant 1/2 is optimal: two responses with mu uniform, pi* = (2^-k, 1 - 2^-k) and pi = (1 - n, n)
           approach it.
           Also (J(pi*) - J(pi))^2 <= (chi2(pi* || mu) + chi2(pi || mu)) e <= 2 (C_glo - 1) e, with chi2 averaged over
           the prompts and C_glo = max 1/mu.
Assumes    the data mu cover every response that pi or pi* gives; the reference gives every response that they (the
           data) show.
Units      J in units of reward; e in squared units of reward.
Kind       for all; exists (the constant)
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024, who state the gap as O(C_glo sqrt(e)).
Proof      proofs/coverage/coverage_bounds_the_preference_gap.md
"""

from ... import measure
from ...base.arrays import objects, rational
from ...ink.figures import bound
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import BETA, LAW, PROMPTS, fill_support
from ...model import PreferenceProblem, TabularPolicy
from ...solve import tilt
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def terms(m):
    """The squared gap, both coverage coefficients, and the pair error."""
    best = tilt(m.problem)
    gap, e = measure.value_gap(m.problem, best, m.policy), measure.pair_error(m.problem, m.policy)
    return gap**2, measure.concentrability(m.problem, best), measure.concentrability(m.problem, m.policy), e


def check(m):
    gap, C_best, C, e = terms(m)
    return Bound(gap, C_best * C * e / 2)


def without_the_policy(m):
    gap, C_best, _, e = terms(m)
    return Bound(gap, C_best * e / 2)


def a_quarter(m):
    gap, C_best, C, e = terms(m)
    return Bound(gap, C_best * C * e / 4)


def nearly_attains(m):
    gap, C_best, C, e = terms(m)
    return Bound(C_best * C * e / 2 * m.share, gap)


def by_chi_square(m):
    gap, *_, e = terms(m)
    best, own = (measure.concentrability(m.problem, policy, kind="chi2") for policy in (tilt(m.problem), m.policy))
    return Bound(gap, (best + own) * e, (measure.full_coverage(m.problem) - 1) * e * 2)


FAMILY = Family(
    blocks=dict(reference=LAW, optimum=LAW, data=LAW, policy=LAW, rho=PROMPTS, beta=BETA),
    sizes=dict(X=(1, 2), Y=(2, 3)),
    models=dict(
        problem=lambda x: PreferenceProblem(
            fill_support(x.reference),
            weights=fill_support(x.optimum) / fill_support(x.reference),
            data=fill_support(x.data),
            rho=x.rho,
            beta=x.beta,
        ),
        policy=lambda x: TabularPolicy(fill_support(x.policy)),
    ),
)


# ---- exact instances and controls
def two_responses(k, n, data=("1/2", "1/2")):
    """pi* = (2^-k, 1 - 2^-k), pi = (1 - n, n)."""
    problem = PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 2**k - 1]]), data=objects([data]))
    return Instance(problem=problem, policy=TabularPolicy(objects([[1 - rational(n), rational(n)]])))


def rare_in_data():
    """The data give little probability to a response that the policy gives half of the time."""
    return two_responses(8, "1/2", ("1/100", "99/100"))


def approaching():
    """k = 2^j and n = 1/k: the attained share of the bound is at least 1 - (2j + 2)/k."""
    found = []
    for j in range(4, 10):
        m = two_responses(2**j, f"1/{2**j}")
        found.append(m.replace(k=2**j, share=1 - rational(2 * j + 2) / 2**j))
    return found


def data_cover(m):
    shown = m.problem.data > 0
    return (shown | ~((m.policy.table > 0) | (tilt(m.problem).table > 0)))[m.problem.rho > 0].all()


COVERED = Assumption("the data cover the support of pi and of pi*", data_cover)
IMPLIED = Assumption("the reference covers the data", lambda m: (m.problem.reference > 0)[m.problem.data > 0].all())


def by_the_reference(concentrability, problem, policy, mu=None, kind="sup"):
    return concentrability(problem, policy, problem.reference, kind)


CLAIM = Claim(
    "coverage_bounds_the_preference_gap",
    check,
    FAMILY,
    formula=(
        r"\big( J(\pi^*) - J(\pi) \big)^2 \le \tfrac12\, C(\pi^*)\, C(\pi)\, e, \qquad \big( J(\pi^*) - J(\pi) "
        r"\big)^2 \le \big( \chi^2(\pi^* \,\Vert\, \mu) + \chi^2(\pi \,\Vert\, \mu) \big)\, e"
    ),
    papers=("song2024",),
    tags=("preferences", "coverage"),
    assumes=(COVERED, IMPLIED),
    controls=(
        Control("without the coverage of pi", witness=rare_in_data, tightens=without_the_policy),
        Control("half of the constant", witness=lambda: two_responses(64, "1/64"), tightens=a_quarter),
        Control(
            "coverage by the reference", witness=rare_in_data, sabotages=measure.concentrability, by=by_the_reference
        ),
    ),
    also=(
        Part("the constant is approached", approaching, nearly_attains, assumes=(COVERED, IMPLIED)),
        Part("by chi-square", FAMILY, by_chi_square, assumes=(COVERED, IMPLIED)),
    ),
    figure=bound,
    sides=(r"$(J(\pi^*) - J(\pi))^2$", r"$C(\pi^*)\,C(\pi)\,e/2$"),
)
