"""If h0 meets the sample moments up to a slack, whatever else meets them errs by at most twice the slack.

Statement  Let A = P(x given z) and the law w of z be known, and psi_n(z) = (mean of n_z draws of Y given z) - (A h)(z)
           the sample moments of h, where E[Y given z] = (A h0)(z). Call h feasible if |psi_n(z)| <= d(z) for all z. If
           h0 is feasible, every feasible h has, for sigma the smallest singular value of D_z^(1/2) A D_x^(-1/2) with
           D_z = diag(w), D_x = diag(w A),
               sigma^2 E (h - h0)^2  <=  PRMSE(h)^2  <=  4 E d^2,
           E (h - h0)^2 under w A, the others under w; attained. Every z of positive weight meets |psi_n(z)| <= d(z)
           exactly if no adversary earns from the game with the penalty E[d |f|]:
               2 E[f psi_n] - E f^2 - 2 E[d |f|]  <=  E (|psi_n| - d)_+^2,
           attained. If the draws are independent, those of Y - (A h0)(z) in an interval of the given width, and
           d^2 = width^2 log(2 Z / miss) / (2 n_z), then h0 is infeasible with probability at most `miss`.
Assumes    h0 is feasible; the candidate h is feasible.
Units      d >= 0 in units of psi; the computed sigma^2 is rounded down to a multiple of 2^-20.
Kind       for all; exists
Source     adapted from Swamy, Choudhury, Bagnell and Wu, 2022; Hoeffding, 1963.
Proof      proofs/moments/feasible_moments_err_by_at_most_twice_their_slack.md
"""

from math import comb

import numpy as np

from ... import measure
from ...base.arrays import rational
from ...base.lifting import enclose
from ...ink.figures import bound
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.moments import noisy_channel
from ...model import MomentProblem
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def law(problem):
    return problem.weights @ problem.A


def check(m, times=4):
    """psi is the population moment of h; the problem's b is A h0."""
    psi = measure.moment_residual(m.problem, m.h)
    return Bound(measure.projected_error(psi, m.problem.weights), measure.norm_power(m.d, m.problem.weights, 2) * times)


def once(m):
    """As if a feasible h erred by the slack only."""
    return check(m, times=1)


def with_error(m):
    """The chain with the error of h, by the smallest singular value."""
    error = measure.norm_power(m.h - m.h0, law(m.problem), 2)
    return Bound(measure.identification(m.problem, law(m.problem)) * error, *check(m).sides)


def sample_moments(m, h):
    return measure.moment_residual(m.problem, h) + m.noise


def feasible(m, h):
    return (abs(sample_moments(m, h)) <= enclose(m.d)).all_yes()


def pay_for_slack(m):
    psi, weights, d = sample_moments(m, m.h), m.problem.weights, enclose(m.d)
    payoff = measure.game_payoff(psi, m.f, weights) - measure.mean_product(abs(enclose(m.f)), d, weights) * 2
    return Bound(payoff, measure.projected_error(beyond(psi, d), weights))


def beyond(psi, d):
    """The soft threshold of psi at d >= 0, z by z."""
    return psi - measure.clipped(psi, d)


def best_adversary(m):
    psi, weights, d = sample_moments(m, m.h), m.problem.weights, enclose(m.d)
    f = beyond(psi, d)
    payoff = measure.game_payoff(psi, f, weights) - measure.mean_product(abs(f), d, weights) * 2
    return Equal({"payoff": (payoff, measure.projected_error(f, weights))})


def slack(x):
    """The least slack that makes h0 and h feasible, and a margin, which may be 0."""
    shift = (x.A * (x.h0 - x.h)).sum(axis=1)
    return np.maximum(abs(x.noise), abs(shift + x.noise)) + x.margin


BLOCKS = dict(
    A=Simplex("Z", to="X"),
    weights=Simplex(to="Z"),
    h0=Box("X", lower=-1),
    h=Box("X", lower=-1),
    noise=Box("Z", lower=-1),
    f=Box("Z", lower=-2, upper=2),
    margin=Choice("Z", of=("0", "1/64", "1/4")),
)
MODELS = dict(
    problem=lambda x: MomentProblem(x.A, (x.A * x.h0).sum(axis=1), x.weights),
    h0=lambda x: x.h0,
    h=lambda x: x.h,
    noise=lambda x: x.noise,
    f=lambda x: x.f,
)
FAMILY = Family(blocks=BLOCKS, sizes=dict(Z=(1, 3), X=(1, 3)), models=MODELS | {"d": slack})
ANY = Family(blocks=BLOCKS, sizes=dict(Z=(1, 3), X=(1, 2)), models=MODELS | {"d": lambda x: x.margin})


# ---- coverage of the slack, by enumeration
def draws(counts, chance, miss):
    """n_z outcomes 0 or 1 for every z, 1 with probability `chance`."""
    return Instance(counts=np.array(counts), chance=rational(chance), miss=rational(miss))


def list_draws(*designs):
    return [draws(n, p, miss) for n in designs for p in ("1/10", "1/2") for miss in ("1/20", "3/4")]


def power(p, k):
    return p**k if k else p * 0 + 1


def inside(n, chance, squared):
    """Probability that the mean of n outcomes is within the slack of its expectation."""
    total = chance * 0
    for k in range(n + 1):
        if (chance * n - k) ** 2 <= squared * n**2:
            total = total + power(chance, k) * power(1 - chance, n - k) * comb(n, k)
    return total


def coverage(m):
    """1 - miss against the probability that all Z means are within their slack."""
    squared, chance = measure.squared_slack(m.counts, 1, m.miss), enclose(np.asarray(m.chance))
    covered = chance * 0 + 1
    for z, n in enumerate(m.counts.tolist()):
        covered = covered * inside(n, chance, squared[z])
    return Bound(1 - m.miss, covered)


# ---- the channel
def halfway(k, noise="1/2", slack="1/2"):
    """h - h0 = (1, -1), the singular vector; noise and slack are shares of the moment of h."""
    m = noisy_channel(k)
    shift = m.problem.A @ (m.h0 - m.h)
    noise, d = -shift * rational(noise), abs(shift) * rational(slack)
    return Instance(problem=m.problem, h0=m.h0, h=m.h, noise=noise, f=shift * 0, d=d)


FEASIBLE = Assumption("the truth is feasible", lambda m: feasible(m, m.h0))
OTHER = Assumption("the candidate is feasible", lambda m: feasible(m, m.h))
PENALTY, ADVERSARY, COVERAGE = "the penalised game", "the best adversary", "coverage of the slack"


def attains(m):
    return Equal({"error": with_error(m).sides[:2], "slack": with_error(m).sides[1:]})


def narrow(squared_slack, counts, width, miss):
    return squared_slack(counts, width, miss) / 8


def far():
    """The noise hides the whole moment of h: h is feasible at any slack, and h0 is not."""
    return halfway(2, noise=1, slack="1/4")


def outside():
    """The truth meets the sample moments exactly, and the candidate misses them by four times the slack."""
    return halfway(2, noise=0, slack="1/4")


def few_draws():
    return draws([9, 9], "1/2", "1/20")


CLAIM = Claim(
    "feasible_moments_err_by_at_most_twice_their_slack",
    check,
    FAMILY,
    formula=(
        r"\sigma^2\, \mathbb{E} (h - h_0)^2 \le \mathrm{PRMSE}(h)^2 \le 4\, \mathbb{E}\, d^2, \qquad "
        r"\lvert \psi_n(h) \rvert, \lvert \psi_n(h_0) \rvert \le d"
    ),
    papers=("swamy2022", "hoeffding1963"),
    tags=("conditional-moments", "finite-sample"),
    assumes=(FEASIBLE, OTHER),
    controls=(
        Control("once the slack", lambda: halfway(2), tightens=once),
        Control("a truth that is not feasible", far, drops=FEASIBLE.name),
        Control("a candidate that is not feasible", outside, drops=OTHER.name),
        Control(
            "an eighth of the squared slack",
            few_draws,
            sabotages=measure.squared_slack,
            by=narrow,
            part=COVERAGE,
        ),
    ),
    also=(
        Part("attained on channels", lambda: [halfway(k) for k in range(1, 9)], attains, assumes=(FEASIBLE, OTHER)),
        Part("the error", FAMILY, with_error, assumes=(FEASIBLE, OTHER)),
        Part(PENALTY, ANY, pay_for_slack),
        Part(ADVERSARY, ANY, best_adversary),
        Part(COVERAGE, lambda: list_draws([4], [9, 9]), coverage, thorough=lambda: list_draws([3, 20, 7], [40, 40])),
    ),
    figure=bound,
    sides=(r"$PRMSE(h)^2$", r"$4\, E\, d^2$"),
)
