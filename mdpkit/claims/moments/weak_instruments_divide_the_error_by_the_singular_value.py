"""The game's squared error falls as 1/n, divided by the squared singular value of a weak instrument.

Statement  Let A = P(x given z) have full column rank and K >= 2 columns, let every z have a weight w_z > 0, and draw
           n w_z independent outcomes Y for each z, with E[Y given z] = (A h0)(z) and Var(Y given z) = 1. Put
           D_z = diag(w), D_x = diag(w A), and let sigma be the smallest singular value of D_z^(1/2) A D_x^(-1/2),
           V = sum_x (w A)_x [(A' D_z A)^-1]_xx, and h_n the game's solution with the sample means of Y. Then
               E |h_n - h0|^2 = V / n,   E PRMSE(h_n)^2 = K / n,   K - 1 + 1/sigma^2 <= V <= 1 + (K - 1)/sigma^2,
           both bounds equal for K = 2. The lower one is attained if all singular values except sigma are 1, the upper
           one if all except the 1 of the constants are sigma. Sampled on channels of sigma = 2^-k and V = 1 + 4^k, with
           Y = h0(X) + u, a sign u independent of z and X, and A estimated from the same draws as Y:
               V / (10 n)  <=  median |h_n - h0|^2  <=  3 V / (2 n),
           and the root of the median has a slope within .1 of -1/2 in log n, and within .2 of -1 in log sigma.
Assumes    the instrument identifies h: A has full column rank, and every z a positive weight.
Units      squared errors are means over the law of X, in units of the variance of Y given z; sigma^2 is rounded down to
           a multiple of 2^-20; medians of 101 data sets (slopes: 401), confidence 99.9 %, a seed per n and k.
Kind       for all; identity; rate (sampled)
Source     adapted from Dikkala, Lewis, Mackey and Syrgkanis, 2020; Staiger and Stock, 1997.
Proof      proofs/moments/weak_instruments_divide_the_error_by_the_singular_value.md
"""

from itertools import product as combinations

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import Interval
from ...base.lifting import alike
from ...exact.linear import enclosed_solution, full_rank, product
from ...instances import instrumental
from ...instances.blocks import Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.moments import noisy_channel
from ...model import MomentProblem
from ...solve import solve, two_stage_least_squares
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

LEVEL = 2**20
"""`measure.identification` rounds down to multiples of 1/LEVEL."""


def variance(problem):
    """V = sum over x of the law of x times the diagonal entry of (A' D_z A)^-1."""
    A, weights = alike(problem.A, problem.weights)
    K = problem.A.shape[1]
    inverse = enclosed_solution(product((A * weights[:, None]).T, A), alike(np.eye(K, dtype=int))[0])
    return (product(A.T, weights) * inverse[np.arange(K), np.arange(K)]).sum()


def singular(problem):
    return measure.identification(problem, problem.weights @ problem.A)


def check(m):
    level, K = singular(m.problem), m.problem.A.shape[1]
    return Bound(level * variance(m.problem), level + (K - 1))


def from_below(m):
    """K - 1 + 1/sigma^2 <= V, times sigma^2, which lies below the next multiple of 1/LEVEL."""
    level, K = singular(m.problem), m.problem.A.shape[1]
    return Bound(level * (K - 1) + 1, (level * LEVEL + 1) * variance(m.problem) / LEVEL)


def as_if_strong(m):
    """As if the instrument had no part in the error: V = K, as for a regression."""
    K = m.problem.A.shape[1]
    return Bound(variance(m.problem) * singular(m.problem), singular(m.problem) * K)


def channel(x):
    """A of full column rank: rows near different causes, which a weak instrument moves towards one law."""
    Z, K = x.A.shape
    rows = (x.A + 2 * x.like(np.eye(K, dtype=int)[np.arange(Z) % K])) / 3
    return rows * x.like(x.strength) + x.common * (1 - x.like(x.strength))


FAMILY = Family(
    blocks=dict(
        A=Simplex("Z", to="X"),
        common=Simplex(to="X"),
        weights=Simplex(to="Z"),
        strength=Choice(of=("1", "1/4", "1/32")),
    ),
    sizes=dict(Z=(3, 3), X=(2, 3)),
    models=dict(
        problem=lambda x: MomentProblem(channel(x), x.weights * 0, (x.weights + x.like(["1/3"] * 3)) / 2),
    ),
)


# ---- channels of strength 2^-k, and three causes
def list_channels():
    return [noisy_channel(k).replace(V=1 + rational(4) ** k) for k in range(1, 9)]


def attains(m):
    return Equal({"V": (variance(m.problem), m.V), "bound": check(m).sides})


def three_causes(rows, V, bound):
    """Three equally likely values of the instrument, and the bound on V that the channel attains."""
    return Instance(problem=MomentProblem(objects(rows), objects([0] * 3), objects(["1/3"] * 3)), V=V, bound=bound)


def list_three():
    """Singular values 1, 1, 1/2 and 1, 1/2, 1/2."""
    half, sixth = objects(["1/2", "1/6"])
    one_pair = [[1, 0, 0], [0, half + half / 2, half / 2], [0, half / 2, half + half / 2]]
    symmetric = sixth + half * np.eye(3, dtype=int)
    return [three_causes(one_pair, 6, "lower"), three_causes(symmetric, 9, "upper")]


def attains_one(m):
    level, V = singular(m.problem), variance(m.problem)
    pairs = {"lower": (level * V, level * 2 + 1), "upper": (level * V, level + 2)}
    return Equal({"V": (V, m.V), m.bound: pairs[m.bound]})


def design(k, repeats):
    """The channel with `repeats` draws of each instrument value, and e = 1 or -1 with equal probability."""
    return noisy_channel(k).replace(repeats=repeats, n=2 * repeats)


def mean_errors(m):
    """Means over all sign patterns of e, by enumeration."""
    problem, h0 = m.problem, m.problem.like([0, 1])
    truth, law = problem.A @ h0, problem.weights @ problem.A
    outcome = {sum(signs): 0 for signs in combinations((1, -1), repeat=m.repeats)}
    for signs in combinations((1, -1), repeat=m.repeats):
        outcome[sum(signs)] += 1
    errors = projected = Interval(objects(0))
    for one, first in outcome.items():
        for two, second in outcome.items():
            noise = problem.like([one, two]) / m.repeats
            h = solve(MomentProblem(problem.A, truth + noise, problem.weights)).h
            share = rational(first * second) / 4**m.repeats
            psi = measure.moment_residual(MomentProblem(problem.A, truth, problem.weights), h)
            errors = errors + measure.norm_power(h - h0, law, 2) * share
            projected = projected + measure.projected_error(psi, problem.weights) * share
    return errors, projected


def averages(m):
    errors, projected = mean_errors(m)
    return Equal({"error": (errors * m.n, variance(m.problem)), "projected error": (projected * m.n, 2)})


# ---- data
def sample(k, exponent):
    return Instance(k=k, n=10**exponent, seed=10 * exponent + k)


def population(m):
    """The joint law [z,u,x] of the channel of strength 2^-k and an independent sign u, and Y = h0(X) + u."""
    A = noisy_channel(m.k).problem.A
    return objects([[row, row] for row in A]) / 4, objects([[1, 2], [-1, 0]])


def fit(joint, outcome):
    problem = instrumental(joint, outcome)
    return two_stage_least_squares(problem, np.eye(len(problem.b), dtype=int))


def median_error(m, data_sets=101):
    settings = dict(data_sets=data_sets, confidence="999/1000", rng=np.random.default_rng(m.seed))
    return measure.sampled_error(fit, *population(m), objects([0, 1]), m.n, **settings)


def rate(m, limit=None):
    V = variance(instrumental(*population(m)))
    return Bound(V / (10 * m.n), median_error(m), (V * 3 / 2 if limit is None else V * 0 + limit) / m.n)


def rate_of_strong_instruments(m):
    """V = 2, as for an instrument that is the cause."""
    return rate(m, 2)


def steps(first, second, power):
    """Two samples, and 2^-power: the factor of the median squared error at the slope that is claimed."""
    return Instance(first=Instance(**first), second=Instance(**second), power=power)


def slope(m):
    """The root of the median within a fifth of its slope: the square falls by 2^-(6/5 power) to 2^-(4/5 power)."""
    before, after, fifth = median_error(m.first, 401), median_error(m.second, 401), m.power // 5
    return Bound(before / 2 ** (6 * fifth), after, before / 2 ** (4 * fifth))


def list_slopes():
    """1024 times the draws at sigma = 1/2, for a slope of -1/2 in n; sigma from 1/4 to 1/128, for -1 in sigma."""
    in_n = steps(dict(k=1, n=2**10, seed=101), dict(k=1, n=2**20, seed=102), 10)
    in_sigma = steps(dict(k=7, n=2**22, seed=103), dict(k=2, n=2**22, seed=104), 10)
    return [in_n, in_sigma]


def slope_of_a_fast_rate(m):
    """As if the root fell with a slope of -1 in log n, at most 4/5 of it."""
    before, after, _ = slope(m).sides
    return Bound(after, before * 2 ** (6 * (m.power // 5)) / 2 ** (8 * m.power // 5))


def numbers(m):
    V, found = variance(instrumental(*population(m))).mid, median_error(m)
    return {"n": [m.n], "V": [float(V)], "error": [float(found.lower), float(found.upper)]}


def identified(m):
    return full_rank(m.problem.A) and (m.problem.weights > 0).all()


IDENTIFIED = Assumption("the instrument identifies h", identified)
BELOW, CHANNELS, THREE = "from below", "equal on channels", "one bound attained by three causes"
MEANS, RATE, SLOPES = "means over all signs", "the median", "slopes of the root of the median"


def strong(identification, problem, law):
    return identification(problem, law) * 0 + 1


SPAN = np.array([10**3, 10**6])
"""Numbers of draws between which the figure draws limits."""


def figure(ax, rows):
    """Root of the median squared error against n for three strengths, with the limit (V/n)^(1/2)."""
    found = [row for row in rows if row["part"] == RATE and row.get("data")]
    for colour, V in zip(("C0", "C2", "C4"), sorted({row["data"]["V"][0] for row in found}), strict=False):
        mine = sorted((row["data"] for row in found if row["data"]["V"][0] == V), key=lambda data: data["n"][0])
        n, ends = np.array([data["n"][0] for data in mine]), np.sqrt([data["error"] for data in mine])
        ax.vlines(n, *ends.T, color=colour)
        ax.plot(n, ends.mean(axis=1), "o", color=colour, label=f"$1/\\sigma = {round((V - 1) ** 0.5)}$")
        ax.plot(SPAN, (V / SPAN) ** 0.5, "k--", linewidth=0.8, label="$(V/n)^{1/2}$" if colour == "C0" else None)
    ax.plot(SPAN, (2 / SPAN) ** 0.5, "C1x-", label="rate of a strong instrument, at $1/\\sigma = 8$ (fails)")
    ax.set(xlabel="draws $n$", ylabel="median error", xscale="log", yscale="log")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


CLAIM = Claim(
    "weak_instruments_divide_the_error_by_the_singular_value",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E}\, \lvert h_n - h_0 \rvert^2 = \frac{V}{n}, \qquad \mathbb{E}\, \mathrm{PRMSE}(h_n)^2 = \frac{K}{n}, "
        r"\qquad K - 1 + \frac{1}{\sigma^2} \le V \le 1 + \frac{K - 1}{\sigma^2}"
    ),
    papers=("dikkala2020", "staiger1997"),
    tags=("conditional-moments", "instrumental-variables"),
    assumes=(IDENTIFIED,),
    controls=(
        Control("the error of a regression", lambda: noisy_channel(2), tightens=as_if_strong),
        Control("sigma = 1", lambda: list_channels()[1], sabotages=measure.identification, by=strong, part=CHANNELS),
        Control(
            "the rate of a strong instrument", lambda: sample(3, 4), tightens=rate_of_strong_instruments, part=RATE
        ),
        Control("a slope of -1 in n", lambda: list_slopes()[0], tightens=slope_of_a_fast_rate, part=SLOPES),
    ),
    also=(
        Part(BELOW, FAMILY, from_below, assumes=(IDENTIFIED,)),
        Part(CHANNELS, list_channels, attains),
        Part(THREE, list_three, attains_one),
        Part(MEANS, lambda: [design(k, repeats) for k in (1, 3) for repeats in (1, 2)], averages),
        Part(
            RATE,
            lambda: [sample(1, 3), sample(1, 5), sample(3, 4), sample(3, 6)],
            rate,
            thorough=lambda: [sample(2, e) for e in (3, 4, 5, 6)],
            data=numbers,
        ),
        Part(SLOPES, list_slopes, slope),
    ),
    figure=figure,
)
