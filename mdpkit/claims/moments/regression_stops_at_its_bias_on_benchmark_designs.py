"""On the designs of DeepGMM and Deep IV regression stops at its bias, and the game's error falls as n^(-1/2).

Statement  `deepgmm_zoo` and `hartford_demand` have C equally likely cells (C = 1 in the zoo; the times and types of
           demand) with outcomes Y = h0(X) + e, e independent of the instrument z, of mean 0 and variance s^2. In every
           cell the game against all functions of z has the solution h0, and the regression is h0 + E[e given X].
           Put B^2 = E (E[e given X])^2, A = P(x given z), D_z = diag(P(z)), V = C s^2 sum_x P(x) [(A' D_z A)^-1]_xx.
           Sampled, for the zoo with 5 points (step) and with 7 (sin) and demand with 10 prices, both fits on the
           frequencies of n draws, n = N, 32 N and 1024 N, N = 2^12 (zoo) and 2^22 (demand):
               9/10 B^2  <=  median |h_regression - h0|^2  <=  11/10 B^2,
               V / (5 n)  <=  median |h_game - h0|^2  <=  2 V / n.
           From N to 1024 N the root of the game's median has a slope within .1 of -1/2 in log n, and that of the
           regression's within .01 of 0. Other sizes of the designs may need more draws.
Assumes    E[e given X] is not 0 (for the regression's medians).
Units      squared errors are means over the law of X, in units of Y^2; medians of 401 data sets, confidence 99.9 %, a
           seed per design and n; fits are computed in floats, with rounding far below the width of the intervals.
Kind       identity (enumerated); rate (sampled)
Source     adapted from Bennett, Kallus and Schnabel, 2019; Hartford, Lewis, Leyton-Brown and Taddy, 2017.
Proof      proofs/moments/regression_stops_at_its_bias_on_benchmark_designs.md
"""

from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import floats
from ...base.interval import stack
from ...base.lifting import alike, enclose
from ...exact.linear import enclosed_solution, product
from ...instances import instrumental
from ...instances.instance import Instance
from ...instances.library.moments_designs import deepgmm_zoo, hartford_demand
from ...solve import regression, solve
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


# ---- the designs: `law[z,u,x]` of every cell c, the `error[u]` and the response `h0[c,x]`
def zoo(shape="step", points=5):
    m = deepgmm_zoo(shape, points)
    return Instance(law=m.joint, error=(m.outcome - m.h0)[:, 0], h0=m.h0[None])


def demand():
    m = hartford_demand()
    return Instance(law=m.law, error=m.error, h0=m.h0.reshape(m.law.shape[2], -1).T)


def unconfounded_zoo():
    """The zoo with an error that is independent of the cause."""
    m = zoo()
    return m.replace(law=m.law.sum(axis=1)[:, None] * m.law.sum(axis=(0, 2))[:, None])


def outcomes(m):
    """Y as `outcome[c,u,x]`."""
    return m.h0[:, None, :] + m.error[:, None]


def bias(m):
    """E[e given X], `[x]`."""
    law, error = enclose(m.law), enclose(m.error)
    return (law * error[:, None]).sum(axis=(0, 1)) / law.sum(axis=(0, 1))


def check(m, seen="z"):
    games = stack([solve(instrumental(m.law, outcome, seen)).h for outcome in outcomes(m)])
    regressions = stack([regression(m.law, outcome) for outcome in outcomes(m)])
    return Equal({"the game": (games, m.h0), "regression": (regressions, m.h0 + bias(m))})


def observe_cause(m):
    return check(m, seen="x")


# ---- limits
def squared_bias(m):
    """B^2."""
    return measure.norm_power(bias(m), m.law.sum(axis=(0, 1)), 2)


def variance(m):
    """V: n times the mean squared error of the game, in the limit of many draws."""
    problem, law, error = instrumental(m.law, outcomes(m)[0]), enclose(m.law), enclose(m.error)
    A, weights = alike(problem.A, problem.weights)
    K = problem.A.shape[1]
    inverse = enclosed_solution(product((A * weights[:, None]).T, A), alike(np.eye(K, dtype=int))[0])
    unit = (law.sum(axis=(0, 1)) * inverse[np.arange(K), np.arange(K)]).sum()
    return unit * (law * error[:, None] ** 2).sum() * len(m.h0)


# ---- data
def fit(counts, outcome):
    """Game and regression `[c,x]` on the counts `[c,z,u,x]` of a data set."""
    paid = counts * outcome[:, None]
    seen, draws = counts.sum(axis=2), counts.sum(axis=(2, 3))
    game = np.linalg.solve(seen / draws[..., None], (paid.sum(axis=(2, 3)) / draws)[..., None])[..., 0]
    return game, paid.sum(axis=(1, 2)) / seen.sum(axis=1)


@cache
def median_errors(design, n):
    """Confidence intervals `[2]` for the medians of |h - h0|^2 of the game and the regression, from n draws each."""
    m, rng = DESIGNS[design](), np.random.default_rng([design, n])
    law, outcome, h0 = floats(m.law), floats(outcomes(m)), floats(m.h0)
    shape, causes = (len(h0), *law.shape), law.sum(axis=(0, 1))
    chances = np.broadcast_to(law / law.sum(), shape).ravel() / len(h0)
    errors = []
    for _ in range(401):
        fits = fit(rng.multinomial(n, chances).reshape(shape), outcome)
        errors.append([((h - h0) ** 2 @ causes).mean() for h in fits])
    return stack([measure.sampled_median(column, "999/1000") for column in np.transpose(errors)])


DESIGNS = (zoo, lambda: zoo("sin", 7), demand, unconfounded_zoo)
LEAST = (2**12, 2**12, 2**22, 2**12)
"""The least number of draws of each design."""


def sample(design):
    """A design and its numbers of draws, N, 32 N and 1024 N."""
    return DESIGNS[design]().replace(design=design, n=[LEAST[design] * factor for factor in (1, 32, 1024)])


def list_samples():
    return [sample(design) for design in range(3)]


def medians(m):
    """Medians `[n]` of the game, and of the regression."""
    found = stack([median_errors(m.design, n) for n in m.n])
    return found[:, 0], found[:, 1]


def plateau(m):
    level = squared_bias(m)
    return Bound(level * 9 / 10, medians(m)[1], level * 11 / 10)


def rate(m):
    limit = stack([variance(m) / n for n in m.n])
    return Bound(limit / 5, medians(m)[0], limit * 2)


def fall(median):
    """The slope of the root within .1 of -1/2: the square falls by 2^8 to 2^12 for 2^10 times the draws."""
    return Bound(median[0] / 2**12, median[2], median[0] / 2**8)


def slope_of_the_game(m):
    return fall(medians(m)[0])


def slope_of_the_regression(m):
    """Within .01 of 0: the square changes by less than 8/7 for 2^10 times the draws, and log2(8/7) < 1/5."""
    _, median = medians(m)
    return Bound(median[0] * 7 / 8, median[2], median[0] * 8 / 7)


def regression_as_the_game(m):
    """As if the regression's median fell at the game's rate."""
    left, middle, _ = slope_of_the_regression(m).sides
    return Bound(left, middle, fall(medians(m)[1]).sides[2])


def numbers(m):
    game, fitted = ([[float(x.lower), float(x.upper)] for x in median] for median in medians(m))
    return {
        "n": m.n,
        "game": game,
        "regression": fitted,
        "V": [float(variance(m).mid)],
        "bias": [float(squared_bias(m).mid)],
    }


MOVED = Assumption("E[e given X] is not 0", lambda m: (squared_bias(m) > 0).all_yes())
PLATEAU, RATE = "the regression's plateau", "the game's rate"
FALLS, STAYS = "the game's slope", "the regression's slope"


def figure(ax, rows):
    """Roots of the medians against n on three designs, with the limits (V/n)^(1/2) and the biases B."""
    found = [row["data"] for row in rows if row["part"] == RATE and row.get("data")]
    designs = (("C0", "o", "zoo, 5 points"), ("C2", "s", "zoo, 7 points"), ("C4", "^", "demand"))
    for data, (colour, style, words) in zip(found, designs, strict=False):
        n, ends = np.array(data["n"], dtype=float), np.sqrt(data["game"])
        ax.vlines(n, *ends.T, color=colour)
        ax.plot(n, ends.mean(axis=1), style, color=colour, label=f"game, {words}")
        ax.plot(n, (data["V"][0] / n) ** 0.5, "k--", linewidth=0.8)
        ax.plot(n, n * 0 + data["bias"][0] ** 0.5, "k:", linewidth=0.8)
    n, ends = ([x for data in found for x in data[name]] for name in ("n", "regression"))
    ax.vlines(n, *np.sqrt(ends).T, color="C1")
    ax.plot(n, np.sqrt(ends).mean(axis=1), "dC1", label="regression (fails)")
    for style, label in (("k--", "$(V/n)^{1/2}$"), ("k:", "bias $B$")):
        ax.plot([], [], style, linewidth=0.8, label=label)
    ax.set(xlabel="draws $n$", ylabel="median error", xscale="log", yscale="log")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


CLAIM = Claim(
    "regression_stops_at_its_bias_on_benchmark_designs",
    check,
    lambda: [make() for make in DESIGNS[:3]],
    formula=(
        r"\mathrm{median}\, \lvert \bar h - h_0 \rvert^2 \in \Big[ \frac{9}{10} B^2, \frac{11}{10} B^2 \Big], \qquad "
        r"\mathrm{median}\, \lvert h_n - h_0 \rvert^2 \in \Big[ \frac{V}{5n}, \frac{2V}{n} \Big]"
    ),
    papers=("bennett2019", "hartford2017"),
    tags=("conditional-moments", "instrumental-variables"),
    controls=(
        Control("test functions of the cause", zoo, tightens=observe_cause, at="the game"),
        Control("no confounder", lambda: sample(3), drops=MOVED.name, part=STAYS),
        Control("the game's slope for the regression", lambda: sample(0), tightens=regression_as_the_game, part=STAYS),
    ),
    also=(
        Part(PLATEAU, list_samples, plateau, assumes=(MOVED,)),
        Part(RATE, list_samples, rate, data=numbers),
        Part(FALLS, list_samples, slope_of_the_game),
        Part(STAYS, list_samples, slope_of_the_regression, assumes=(MOVED,)),
    ),
    figure=figure,
)
