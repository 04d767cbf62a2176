"""In a misspecified class, offline preference learning can reverse a preference even if the data cover every pair.

Statement  Three responses, a uniform reference, beta = 1, rewards (1, 2, 0) log w with w > 1, and the class pi_t ~ (t,
           1/t, 1). All pairs are compared: (1,2) and (2,3) with weight 1, and (1,3) with weight h. The offline loss has
           a unique minimiser in the class. The minimiser has t > 1 if and only if
               h > T(w) = (2 (1/2 - p12) - (1/2 - p23)) / (p13 - 1/2),   pij = P(i beats j),
           and then E_pi r < E_ref r (checked as <=), although the class contains policies with E_pi r > E_ref r.
Assumes    the policy minimises the population loss in its class; the third pair is over-weighted, h > T(w).
Units      rewards; the mean reward of the reference is log w.
Kind       for all; exists (the threshold, enumerated)
Source     adapted from Gopalan, Chowdhury and Banerjee, 2026 (arXiv 2510.20413), who show that such a loss is
           misspecified.
Proof      proofs/coverage/misspecified_offline_preference_falls_below_the_reference.md
"""

import numpy as np

from ... import measure
from ...base.arrays import floats, rational
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import PreferenceProblem, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

PAIRS = ((0, 1), (1, 2), (0, 2))
FEATURES = (1, -1, 0)


def slope(weights, pairs, t):
    """d(population loss)/d(log t): sum over pairs of weight c (P_t(i beats j) - P(i beats j)), c = phi_i - phi_j."""
    total = 0
    for (i, j), weight in zip(PAIRS, pairs, strict=True):
        c = FEATURES[i] - FEATURES[j]
        odds = t**c if c > 0 else 1 / t**-c
        total = total + weight * c * (odds / (1 + odds) - weights[i] / (weights[i] + weights[j]))
    return total


def threshold(w):
    """T(w), numerator and denominator doubled."""
    p12, p23, p13 = 1 / (1 + w), w**2 / (1 + w**2), w / (1 + w)
    return (1 - 4 * p12 + 2 * p23) / (2 * p13 - 1)


def turns(m):
    """Whether the minimiser has t > 1, and whether h > T(w)."""
    (w, _, _), (_, _, h) = m.problem.weights[0], m.pairs
    return Equal({"t > 1": (int(m.t > 1), int(h > threshold(w)))})


def around_the_threshold():
    return [exact(w, t) for w in ("9/8", 3, 32) for t in ("15/16", "63/64", "65/64", "17/16")]


def member(t):
    """pi_t of the class."""
    row = np.stack([t, 1 / t, t / t])
    return TabularPolicy((row / row.sum())[None])


def check(m):
    untouched = TabularPolicy(m.problem.reference)
    return Bound(measure.expected_reward(m.problem, m.policy), measure.expected_reward(m.problem, untouched))


def a_tenth_below(m):
    low, high = check(m).sides
    return Bound(low, high * 9 / 10)


def skew(w, t):
    """The problem, and the weight h of the third pair that makes pi_t the minimiser: the slope is linear in h."""
    weights = np.stack([w, w**2, w / w])
    without, with_one = (slope(weights, (1, 1, h), t) for h in (0, 1))
    pairs = np.stack([w / w, w / w, without / (without - with_one)])
    third = w / w / 3
    problem = PreferenceProblem(np.stack([third, third, third])[None], weights=weights[None])
    return Instance(problem=problem, pairs=pairs, t=t, policy=member(t))


def build(x):
    return skew(x.w[()], 1 + (x.w[()] - 1) * x.share[()])


FAMILY = Family(
    blocks=dict(w=Box(lower="9/8", upper=32), share=Box(lower="1/64", upper="63/64")),
    sizes=dict(Y=(3, 3)),
    models={name: lambda x, name=name: getattr(build(x), name) for name in ("problem", "pairs", "t", "policy")},
)


# ---- controls
def minimises(m):
    stationary = slope(m.problem.weights[0], m.pairs, m.t) == 0
    return stationary and (m.pairs > 0).all() and (m.policy.table == member(m.t).table).all()


MINIMISES = Assumption("the policy minimises the population loss in its class", minimises)
OVERWEIGHTED = Assumption(
    "the third pair is over-weighted", lambda m: slope(m.problem.weights[0], m.pairs, rational(1)) < 0
)


def exact(w, t, played=None):
    m = skew(rational(w), rational(t))
    return m if played is None else m.replace(policy=member(rational(played)))


def numbers(m):
    """Data for the figure: the weight of the third pair, and the mean reward relative to the reference's."""
    low, high = check(m).sides
    return {"weight": floats(m.pairs[2:])[0], "share": low.mid / high.mid}


def figure(ax, rows):
    """The minimiser's mean reward against the weight of the third pair."""
    found = [row["data"] for row in rows if row["part"] == MORE]
    ax.plot([data["weight"] for data in found], [data["share"] for data in found], "o-C0", label="offline minimiser")
    ax.axhline(1, color="k", linestyle="--", label="reference")
    for row in rows:
        if row.get("control") and row["label"] == NOT_MORE:
            ax.plot(
                floats(exact(*MILD).pairs[2:]),
                row["sides"][0] / row["sides"][1],
                "xC1",
                label="not over-weighted (fails)",
            )
    ax.set_xscale("log")
    ax.set(xlabel="weight $h$ of the pair (1, 3)", ylabel="mean reward / reference's")
    ax.legend()


MORE, NOT_MORE, MILD = "growing weight", "the third pair is not over-weighted", (3, "9/10")
CLAIM = Claim(
    "misspecified_offline_preference_falls_below_the_reference",
    check,
    FAMILY,
    formula=(
        r"t > 1 \;\Leftrightarrow\; h > T(w) = \frac{2 (\frac12 - p_{12}) - (\frac12 - p_{23})}{p_{13} - \frac12}, "
        r"\qquad t > 1 \;\Rightarrow\; \mathbb{E}_{\pi_t} r < \mathbb{E}_{\mathrm{ref}}\, r"
    ),
    papers=("gopalan2026",),
    tags=("preferences", "misspecification"),
    assumes=(MINIMISES, OVERWEIGHTED),
    controls=(
        Control(NOT_MORE, witness=lambda: exact(*MILD), drops=OVERWEIGHTED.name),
        Control("a better member of the class", witness=lambda: exact(3, "3/2", played="1/2"), drops=MINIMISES.name),
        Control("a tenth below the reference", witness=lambda: exact(3, "9/8"), tightens=a_tenth_below),
    ),
    also=(
        Part(
            MORE,
            lambda: [exact(3, f"{16 + k}/16") for k in (1, 2, 4, 8, 12, 16, 20, 24, 28)],
            check,
            assumes=(MINIMISES, OVERWEIGHTED),
            data=numbers,
        ),
        Part("the threshold is T(w)", around_the_threshold, turns, assumes=(MINIMISES,)),
    ),
    figure=figure,
)
