"""XPO's bonus finds a rare good response in a few rounds at every beta; too large a bonus keeps returning to a bad one.

Statement  Two responses with rewards 0 and g, a reference that gives the second one with probability e^(-1/(2 beta)),
           and the optima of the rewards (0, v), v = -1, -19/20, ..., 1, as the class, after the reference itself. Let
           the gap of a run be the mean of J(pi*) - J(pi_t) over its rounds, alpha the weight of the bonus, and beta =
           3/50. For g = 4/5, over 500 rounds,
               16 median gap(alpha = 1/100) <= median gap(alpha = 0).
           With g = 1 the rounds until a gap of at most 1/10 have a median of at most 4 for alpha = 1/100 at each 1/beta
           in {4, 8, 12, 14}, and of at least e^(1/(2 beta))/16 for alpha = 0. Again with beta = 3/50 and 500 rounds: if
           g = 4/5 and the reference gives the good response with probability 3/10, the median gap for alpha = 0 is at
           most 1/20. If the rare response is not worth its divergence, g = 1/5, the last policy has a median gap of at
           most 1/100 for alpha = 0, and of at least 1/4 for alpha = 1/100: after 500 rounds at least half of the
           optimistic runs still play the bad response.
Assumes    alpha > 0; the good response is rare under the reference; the optimum plays it at least half of the time.
Units      J in units of reward; each median with confidence 99/100, from at least 24 runs.
Kind       rate (enumerated sizes, longer runs at the profile full; sampled runs)
Source     adapted from Xie, Foster, Krishnamurthy, Rosset, Awadallah and Rakhlin, 2025.
Proof      proofs/preference/optimism_finds_what_passive_exploration_misses.md
"""

from fractions import Fraction
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import exactly, rational
from ...base.interval import Interval
from ...ink.figures import panels
from ...instances.instance import Instance
from ...learn.preference.two_responses import explore
from ...model import PreferenceProblem, TabularPolicy
from ...solve import solve
from ...verify.claim import Assumption, Bound, Claim, Control, Part

GRID = 2**14
WEIGHTS = "0", "1/10000", "1/1000", "1/100", "1/10"


# ---- runs
@cache
def setting(beta, gain, chance=None):
    """The problem in floats, its class, the gap of every member, and the optimum's probability of the response."""
    beta, gain = float(Fraction(beta)), float(Fraction(gain))
    rare = np.exp(-1 / (2 * beta)) if chance is None else float(Fraction(chance))
    problem = PreferenceProblem([[1 - rare, rare]], reward=[[gain * 0, gain]], beta=beta)
    joint = np.stack([[1 - rare, rare * np.exp(v / 20 / beta)] for v in range(-20, 21)])
    tables = np.concatenate([problem.reference, joint / joint.sum(axis=1, keepdims=True)])[:, None]
    best = solve(problem).policy
    gaps = np.array([measure.value_gap(problem, best, TabularPolicy(table)).mid for table in tables])
    return problem, tables, gaps, best.table[0, 1]


@cache
def play(beta, gain, chance, weights, rounds, runs):
    """Gaps `[weight,run,t]` of the policies of all rounds."""
    problem, tables, gaps, _ = setting(beta, gain, chance)
    alpha = [float(Fraction(weight)) for weight in weights]
    return gaps[explore(problem, tables, alpha, rounds, runs, np.random.default_rng(0))]


def train(beta="3/50", gain="4/5", chance=None, weights=("1/100", "0"), rounds=500, runs=24):
    """For two weights the mean gap, the last gap, and the number of rounds until a gap of 1/10, `[weight,run]`."""
    gaps = play(beta, gain, chance, weights, rounds, runs)
    small = gaps <= 1 / 10
    first = np.where(small.any(axis=-1), small.argmax(axis=-1), rounds + 1)
    return Instance(
        mean=exactly(gaps[..., :-1].mean(axis=-1)),
        last=exactly(gaps[..., -1]),
        first=exactly(first.astype(float)),
        alpha=rational(weights[0]),
        rare=chance is None,
        optimum=exactly(np.round(setting(beta, gain, chance)[3], 3)[None])[0],
        beta=str(beta),
        wait=rational(int(np.ceil(np.exp(1 / (2 * float(Fraction(beta)))) / 16 * GRID))) / GRID,
        rounds=rounds,
        gain=gain,
        weights=" ".join(weights),
    )


def median(numbers):
    """Of the law of the numbers, rounded outwards: this covers the rounding of other machines."""
    known = measure.sampled_median(numbers)
    return Interval(np.floor(known.lower * GRID) / GRID, np.ceil(known.upper * GRID) / GRID, "sampled")


# ---- both sides
def check(m, factor=16):
    return Bound(median(m.mean[0]) * factor, median(m.mean[1]))


def a_factor_of_512(m):
    return check(m, factor=512)


def in_few_rounds(m):
    return Bound(median(m.first[0]), rational(4))


def waits(m):
    """Without the bonus, at least e^(1/(2 beta)) / 16 rounds."""
    return Bound(m.wait, median(m.first[1]))


def ample_is_harmless(m):
    return Bound(median(m.mean[1]), rational("1/20"))


def still_plays_it(m):
    """Without the bonus the last policy is near-optimal, with it the last policy still plays the bad response."""
    return Bound(median(m.last[1]), rational("1/100"), rational("1/4"), median(m.last[0]))


def at_each_beta():
    return [train(beta, "1", rounds=1000) for beta in ("1/4", "1/8", "1/12", "1/14")]


def colder():
    return [train("1/16", "1", rounds=4000)]


def limits(numbers):
    known = median(numbers)
    return [float(known.lower), float(known.upper)]


def curves(m):
    """Medians of the mean gap up to round t, for every weight."""
    found = {}
    at = [t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000) if t <= m.rounds]
    for weight, gaps in zip(WEIGHTS, play("3/50", m.gain, None, WEIGHTS, m.rounds, 24), strict=True):
        found[weight] = [float(np.median(gaps[:, :t].mean(axis=1))) for t in at]
    return {"rounds": at, **found}


def times(m):
    return {"bonus": limits(m.first[0]), "passive": limits(m.first[1])}


def last_gaps(m):
    """Medians of the last gap for every weight, if the rare response is good, and if it is not."""
    found = {gain: play("3/50", gain, None, WEIGHTS, m.rounds, 24)[..., -1] for gain in ("4/5", "1/5")}
    return {gain: [float(np.median(gaps)) for gaps in each] for gain, each in found.items()}


POSITIVE = Assumption("the bonus has a positive weight", lambda m: m.alpha > 0)
RARE = Assumption("the reference rarely gives the second response", lambda m: m.rare)
GOOD = Assumption(
    "the optimum plays the second response at least half of the time", lambda m: m.optimum >= rational("1/2")
)
TIME, WAIT = "rounds until it is found", "rounds without the bonus"
AMPLE, BAD = "ample reference mass", "a bad rare response"
FLIPPED, NOT_GOOD = "a bonus of the other sign", "a rare response that is not worth it"


def figure(ax, rows):
    """Mean gaps against rounds, rounds until success against 1/beta, and last gaps against the weight."""
    ax, middle, right = panels(ax, 3)
    own = {}
    for row in rows:
        if row.get("data") and not row.get("control"):
            own.setdefault(row["part"], []).append(row)
    (curve,) = (row["data"] for row in own["statement"][:1])
    for weight, style in zip(WEIGHTS, ("s-C0", "^-C2", "o-C4", "v-C5", "d-C6"), strict=True):
        ax.plot(curve["rounds"], curve[weight], style, ms=3, label=f"$\\alpha = {weight}$")
    failing = {row["label"]: row["sides"] for row in rows if row.get("control")}
    ax.plot(500, failing[FLIPPED][0] / 16, "xC1", label="other sign (fails)")
    ax.set(xlabel="rounds $T$", ylabel="mean gap up to $T$", xscale="log", yscale="log")
    found = sorted((1 / float(Fraction(row["parameters"]["beta"])), row["data"]) for row in own[TIME])
    at = np.array([x for x, _ in found])
    for name, style, words in (("passive", "sC0", r"$\alpha = 0$"), ("bonus", "vC5", r"$\alpha = 1/100$")):
        low, high = np.array([data[name] for _, data in found]).T
        middle.errorbar(at, (low + high) / 2, (high - low) / 2, fmt=style, capsize=2, label=words)
    middle.plot(at, np.exp(at / 2) / 16, "k--", label=r"$e^{1/(2\beta)}/16$")
    middle.set(xlabel=r"$1/\beta$", ylabel="rounds until a gap of 1/10", yscale="log")
    (last,) = (row["data"] for row in own[BAD][:1])
    places = range(len(WEIGHTS))
    right.plot(places, last["4/5"], "oC0-", label="good rare response")
    right.plot(places, last["1/5"], "xC1-", label="bad rare response (fails)")
    right.set_xticks(places, ["0", "$10^{-4}$", "$10^{-3}$", "$10^{-2}$", "$10^{-1}$"])
    right.set(xlabel=r"weight $\alpha$ of the bonus", ylabel="last gap")
    for each in (ax, middle, right):
        each.legend(fontsize=6, ncols=2 if each is ax else 1, loc="lower center", bbox_to_anchor=(0.5, 1))


CLAIM = Claim(
    "optimism_finds_what_passive_exploration_misses",
    check,
    lambda: [train()],
    formula=(
        r"16\; \mathrm{median}\; \mathrm{gap}(\alpha = \tfrac1{100}) \le \mathrm{median}\; \mathrm{gap}(\alpha = 0), "
        r"\qquad \mathrm{gap} = \frac1T \sum_{t < T} J(\pi^*) - J(\pi_t)"
    ),
    papers=("xie2025",),
    tags=("preferences", "exploration"),
    assumes=(POSITIVE, RARE, GOOD),
    controls=(
        Control(FLIPPED, lambda: train(weights=("-1/100", "0")), drops=POSITIVE.name),
        Control(AMPLE, lambda: train(chance="3/10", runs=200), drops=RARE.name),
        Control(NOT_GOOD, lambda: train(gain="1/5"), drops=GOOD.name),
        Control("a factor of 512", train, tightens=a_factor_of_512),
    ),
    also=(
        Part(TIME, at_each_beta, in_few_rounds, (POSITIVE, RARE, GOOD), data=times, thorough=colder),
        Part(WAIT, at_each_beta, waits, (POSITIVE, RARE, GOOD), thorough=colder),
        Part(AMPLE, lambda: [train(chance="3/10")], ample_is_harmless, assumes=(POSITIVE, GOOD)),
        Part(BAD, lambda: [train(gain="1/5")], still_plays_it, assumes=(POSITIVE, RARE), data=last_gaps),
    ),
    figure=figure,
    data=curves,
    thorough=lambda: [train(rounds=2000)],
    resolution=Fraction(1, GRID),
)
