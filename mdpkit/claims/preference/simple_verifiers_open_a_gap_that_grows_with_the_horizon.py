"""If the reward is a simple function of a long completion, RLHF beats DPO over all policies, by more with length.

Statement  Completions are H bits, the reward is 3/2 parity + 7/10 (number of ones - H/2), beta = 1, and 200 comparisons
           of uniform pairs are observed. Let A fit the two parameters of the reward and optimise it exactly, and B be
           DPO over all policies. In KL(policy || optimum), with the median over data sets,
               2^(H/2) median KL(A) <= median KL(B),   H = 4, 6 (and 8).
           The gap closes, or reverses, without its causes. At H = 1 both have the same policy. DPO over the policies of
           the two-parameter rewards is A. At H = 6, with an automaton of two states per step as the generator, DPO
           loses at most half as much as with a table. With one reward drawn at random for each completion, A loses at
           least as much as B (H = 6). With the features of all bits but the last, A loses at least 3/10 (H = 6),
           whatever the data. Sixteen times the comparisons do not make up: median KL(A) at 50 is below median KL(B) at
           800 (H = 6).
Assumes    the reward is linear in the verifier's features; the generator is a table.
Units      KL in nats; each median with confidence 99/100 from at least 24 data sets. On other data sets, at 200
           comparisons, the ridges are the best of six, or within noise of it: 1/300 for A and B, 1/100 for the
           automaton. At 800 comparisons B has its best ridge there, 1/1000.
Kind       rate (enumerated sizes, larger ones at the profile full; sampled data sets)
Source     adapted from Swamy, Choudhury, Sun, Wu and Bagnell, 2026.
Proof      proofs/preference/simple_verifiers_open_a_gap_that_grows_with_the_horizon.md
"""

from fractions import Fraction
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import exactly, floats, rational
from ...base.interval import Interval
from ...base.mode import propose
from ...ink.figures import panels
from ...instances.instance import Instance
from ...instances.library.preference.bits import parity_verifier
from ...learn import DPO, RLHF, AllPolicies, BradleyTerry, LogLinear, fit, grant
from ...model import PreferenceProblem
from ...solve import solve
from ...verify.claim import Assumption, Bound, Claim, Control, Part

VERIFIER, TABLE, SAME, AUTOMATON = "a simple reward", "a table", "policies of simple rewards", "an automaton"
GRID = 2**14


# ---- runs
@cache
def setting(H, simple=True):
    """The problem in floats, its optimum, and the features of its verifier, of a mistaken one and of an automaton."""
    m = parity_verifier(H)
    problem = m.problem.to_float()
    if not simple:
        drawn = np.random.default_rng(H).normal(size=problem.reward.shape) * floats(m.problem.reward).std()
        problem = PreferenceProblem(problem.reference, reward=drawn)
    return problem, solve(problem).policy, *(LogLinear(floats(f)) for f in (m.verifier, m.mistaken, m.automaton))


@cache
def play(learner, H, N, seed, simple=True, right=True):
    """The learner's policy on the N comparisons of a seed, and KL(policy || optimum)."""
    problem, best, verifier, mistaken, automaton = setting(H, simple)
    used = verifier if right else mistaken
    learners = {
        VERIFIER: RLHF(BradleyTerry(used, ridge="1/300")),
        TABLE: DPO(AllPolicies(), ridge="1/1000" if N > 200 else "1/300"),
        SAME: DPO(used, ridge="1/300"),
        AUTOMATON: DPO(automaton, ridge="1/100"),
    }
    data = comparisons(H, N, seed, simple)
    policy = fit(learners[learner], grant(problem, preferences=data), rng=None).policy
    with propose():
        return policy.table, float(measure.divergence_from(problem, policy, best))


@cache
def comparisons(H, N, seed, simple):
    return grant(setting(H, simple)[0], preferences=N, rng=np.random.default_rng(seed)).comparisons()


def train(H, generator=TABLE, simple=True, right=True, seeds=40, N=(200, 200), spread=False):
    """KL divergences `[seed]` of the reward's and the generator's policies from N comparisons each."""
    of = dict(simple=simple, right=right)
    first, direct = (
        [play(learner, H, n, seed, **of) for seed in range(seeds)]
        for learner, n in zip((VERIFIER, generator), N, strict=True)
    )
    apart = max(np.abs(a - b).max() for (a, _), (b, _) in zip(first, direct, strict=True))
    return Instance(
        reward=exactly(np.array([loss for _, loss in first])),
        direct=exactly(np.array([loss for _, loss in direct])),
        apart=rational(f"{int(np.ceil(apart * 10**6))}/{10**6}") if spread else rational(0),
        H=H,
        generator=generator,
        linear=simple and right,
        samples=" ".join(map(str, N)),
    )


def median(losses):
    """Of the law of the losses, rounded outwards: this covers the rounding of other machines."""
    known = measure.sampled_median(losses)
    return Interval(np.floor(known.lower * GRID) / GRID, np.ceil(known.upper * GRID) / GRID, "sampled")


# ---- both sides
def check(m, base=2):
    return Bound(median(m.reward) * base ** (m.H // 2), median(m.direct))


def by_the_number_of_completions(m):
    """With 2^H in place of 2^(H/2)."""
    return check(m, base=4)


def agree(m):
    """Both learners have the same policies, to rounding."""
    return Bound(m.apart, rational("1/100000"))


def loses_half(m):
    """DPO with an automaton against DPO with a table, which is in the place of the reward."""
    return Bound(median(m.direct) * 2, median(m.table))


def reverses(m):
    return Bound(median(m.direct), median(m.reward))


def has_a_floor(m):
    """The smallest loss of any data set, rounded down."""
    return Bound(rational("3/10"), Interval(np.floor(floats(m.reward) * GRID).min() / GRID, np.inf, "sampled"))


def makes_up(m):
    return Bound(median(m.reward), median(m.direct))


def limits(m):
    """Confidence limits of each median."""
    known = {"reward": m.reward, "direct": m.direct}
    return {name: [float(end) for end in (median(x).lower, median(x).upper)] for name, x in known.items()}


def curves(m):
    """Confidence limits of both learners' medians for each number of comparisons."""
    runs = {N: limits(train(m.H, seeds=24, N=(N, N))) for N in (50, 200, 800)}
    return {f"{name} {N}": ends for N, run in runs.items() for name, ends in run.items()}


# ---- instances
def sizes():
    return [train(H) for H in (4, 6)]


def with_automaton():
    return [train(6, AUTOMATON).replace(table=train(6).direct)]


def mistaken_verifier():
    """Of all bits but the last; the comparisons grow."""
    return [train(6, SAME, right=False, seeds=24, N=(N, N)) for N in (50, 200, 800)]


LINEAR = Assumption("the reward is linear in the verifier's features", lambda m: m.linear)
TABULAR = Assumption("the generator is a table", lambda m: m.generator == TABLE)
ONE, EQUAL, SMALL = "one token", "policies of equal class", "a small automaton"
COMPLEX, WRONG, MORE = "no simple verifier", "a wrong verifier", "sixteen times the comparisons"


def figure(ax, rows):
    """Medians of KL against H, against the number of comparisons, and where the gap closes."""
    ax, middle, right = panels(ax, 3)
    own = {}
    for row in rows:
        if not row.get("control") and row.get("data"):
            own.setdefault(row["part"], []).append(row)
    bars = own.get(ONE, []) + own["statement"]
    for name, shift, colour, words in (("reward", -0.2, "C0", "reward first"), ("direct", 0.2, "C2", "DPO, table")):
        low, high = np.array([row["data"][name] for row in bars]).T
        at, mid = np.arange(len(bars)) + shift, (low + high) / 2
        ax.bar(at, mid, 0.4, yerr=mid - low, color=colour, label=words, capsize=2)
    ax.set_xticks(range(len(bars)), [str(row["parameters"]["H"]) for row in bars])
    ax.set(xlabel="completion length $H$", ylabel="median KL from the optimum", yscale="log")
    (row,) = own[MORE]
    found = {"o-C0": [row["data"][f"reward {N}"] for N in (50, 200, 800)]}
    found["s-C2"] = [row["data"][f"direct {N}"] for N in (50, 200, 800)]
    found["x:C1"] = [row["data"]["reward"] for row in own[WRONG]]
    for (style, ends), words in zip(
        found.items(), ("reward first", "DPO, table", "wrong verifier (fails)"), strict=True
    ):
        low, high = np.array(ends).T
        middle.errorbar((50, 200, 800), (low + high) / 2, (high - low) / 2, fmt=style, capsize=2, label=words)
    middle.axhline(0.3, color="k", linestyle="--", label="floor $3/10$")
    middle.set(xlabel="comparisons, $H = 6$", ylabel="median KL", xscale="log", yscale="log")
    middle.minorticks_off()
    middle.set_xticks([50, 200, 800], ["50", "200", "800"])
    cells = (
        ("table", own["statement"][-1]),
        ("auto-\nmaton", own[SMALL][-1]),
        ("equal\nclass", own[EQUAL][-1]),
        ("complex\nreward", own[COMPLEX][-1]),
    )
    for k, (_, row) in enumerate(cells):
        for name, shift, colour in (("reward", -0.2, "C0"), ("direct", 0.2, "C2")):
            low, high = row["data"][name]
            right.bar(k + shift, (low + high) / 2, 0.4, yerr=(high - low) / 2, color=colour, capsize=2)
    right.set_xticks(range(len(cells)), [words for words, _ in cells], fontsize=6)
    right.set(xlabel="generator, or reward", ylabel="median KL, $H = 6$", yscale="log")
    ax.legend(loc="upper left", fontsize=6)
    middle.legend(loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=6, ncols=2)


CLAIM = Claim(
    "simple_verifiers_open_a_gap_that_grows_with_the_horizon",
    check,
    sizes,
    formula=(
        r"2^{H/2}\; \mathrm{median}\; \mathrm{KL}(\pi_A \,\Vert\, \pi^*) \le "
        r"\mathrm{median}\; \mathrm{KL}(\pi_B \,\Vert\, \pi^*)"
    ),
    papers=("swamy2026",),
    tags=("preferences", "sample-complexity"),
    assumes=(LINEAR, TABULAR),
    controls=(
        Control("a reward drawn for each completion", lambda: train(6, simple=False, seeds=24), drops=LINEAR.name),
        Control("a verifier that misses the last bit", lambda: train(6, right=False, seeds=24), drops=LINEAR.name),
        Control("the policies of the simple rewards", lambda: train(6, SAME), drops=TABULAR.name),
        Control("a gap as large as the number of completions", lambda: train(6), tightens=by_the_number_of_completions),
    ),
    also=(
        Part(ONE, lambda: [train(1, seeds=24, spread=True)], agree, assumes=(LINEAR, TABULAR), data=limits),
        Part(EQUAL, lambda: [train(6, SAME, spread=True)], agree, assumes=(LINEAR,), data=limits),
        Part(SMALL, with_automaton, loses_half, assumes=(LINEAR,), data=limits),
        Part(COMPLEX, lambda: [train(6, simple=False, seeds=24)], reverses, assumes=(TABULAR,), data=limits),
        Part(WRONG, mistaken_verifier, has_a_floor, data=limits),
        Part(MORE, lambda: [train(6, seeds=100, N=(50, 800))], makes_up, assumes=(LINEAR, TABULAR), data=curves),
    ),
    figure=figure,
    data=limits,
    thorough=lambda: [train(8)],
    resolution=Fraction(1, GRID),
)
