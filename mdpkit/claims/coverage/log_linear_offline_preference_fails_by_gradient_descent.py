"""Gradient descent on the offline loss of a log-linear class can converge to an arbitrarily bad policy of pair error 0.

Statement  Let pi_theta = ref e^(phi theta) / Z, with one compared pair (y, z) and d = phi(y) - phi(z) != 0. Gradient
           descent on the offline loss, started at the reference, converges to theta = d (r(y) - r(z)) / (beta |d|^2),
           which has pair error 0. For every k >= 4 there is such a problem with a third response, unseen and of
           reference mass 2^-k, in which this limit has suboptimality at least beta k log 2, while two-stage RLHF with
           rewards of the range seen on the pair has suboptimality at most beta 8 / 2^k. The highest reward that it can
           assign to the third response is the same linear reward, clipped to that range.
Assumes    the policy is the limit of gradient descent; the features lift the third response by at least 2k.
Units      J in units of reward; the lift of a response is (phi - phi(z)) d / |d|^2, so that y has lift 1 and z has lift
           0.
Kind       exists (enumerated; that descent converges, and to where, is proved in the note)
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024.
Proof      proofs/coverage/log_linear_offline_preference_fails_by_gradient_descent.md
"""

import numpy as np

from ... import measure
from ...base.arrays import rational
from ...instances.instance import Instance
from ...instances.library.coverage import rare_third
from ...model import TabularPolicy
from ...solve import TwoStageRLHF, solve, tilt
from ...verify.claim import Assumption, Bound, Claim, Control, Part

RATIO = 4
"""e^((r(y) - r(z)) / beta): a square, so that lifts may be halves."""


def lifts(features):
    """Twice the lift of each response, integers: the two compared ones come first."""
    d = features[0] - features[1]
    return 2 * (features - features[1]) @ d // (d @ d)


def end_of_descent(problem, features):
    """The limit of gradient descent from the reference on the loss of the pair."""
    root = rational(RATIO // 2)
    return tilt(problem, problem.like([[root ** int(power) for power in lifts(features)]]))


def gap(m, policy):
    return measure.value_gap(m.problem, tilt(m.problem), policy)


def sure_loss(m):
    """beta k log 2"""
    return measure.logarithm(m.problem.like(2)) * m.problem.beta * m.k


def check(m):
    return Bound(sure_loss(m), gap(m, m.policy))


def double(m):
    return Bound(sure_loss(m) * 2, gap(m, m.policy))


def clip_reward(m):
    """Two-stage RLHF with rewards of the observed range, maximal for the third response: the clipped learned reward."""
    kept = solve(m.problem, TwoStageRLHF(width=RATIO, unseen=1)).policy
    return Bound(gap(m, kept), m.problem.beta * 8 / 2**m.k, sure_loss(m), gap(m, m.policy))


# ---- exact instances and controls
def lift_third(k, third=None, pair=((1, 0), (0, 0)), policy=None):
    """The third response is bad, rare and unseen; its features are `third`, by default such that it is lifted by 2k."""
    problem = rare_third(k, (RATIO, 1, "1/2"), data=("1/2", "1/2", 0)).problem
    features = np.array([*pair, (2 * k, 1) if third is None else third])
    return Instance(problem=problem, features=features, k=k, policy=policy or end_of_descent(problem, features))


def one_hot(k):
    return lift_third(k, third=(0, 0, 1), pair=((1, 0, 0), (0, 1, 0)))


def stay_at_reference(k):
    return lift_third(k, policy=TabularPolicy(lift_third(k).problem.reference))


def at_the_end(m):
    end = end_of_descent(m.problem, m.features)
    return (m.policy.table == end.table).all() and measure.pair_error(m.problem, end) == 0


ENDED = Assumption("the policy is the limit of gradient descent", at_the_end)
LIFTED = Assumption("the features lift the third response by at least 2k", lambda m: lifts(m.features)[2] >= 4 * m.k)


def figure(ax, rows):
    """Gaps at the limit of descent and for the clipped reward, against the reference mass of the unseen response."""
    found = [row for row in rows if row["part"] == CLIPPED and not row.get("control")]
    mass = [2.0 ** -row["parameters"]["k"] for row in found]
    ends = [row["data"]["sides"] for row in found]
    for k, style, words in (
        (3, "oC0", "end of descent"),
        (2, "k--", "$k \\log 2$"),
        (1, "k:", "$8 / 2^k$"),
        (0, "sC2", "clipped reward"),
    ):
        ax.plot(mass, [side[k] for side in ends], style, label=words)
    for row in rows:
        if row.get("control") and row["label"] == APART:
            ax.plot(2.0**-20, row["sides"][1], "xC1", label="one-hot features (fails)")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.invert_xaxis()
    ax.set(xlabel="reference mass $2^{-k}$ of the unseen response", ylabel="value gap $/ \\beta$")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


CLIPPED, APART = "the reward clipped to its observed range", "one-hot features"
SIZES = (4, 8, 12, 16, 20, 24, 32, 40)
CLAIM = Claim(
    "log_linear_offline_preference_fails_by_gradient_descent",
    check,
    instances=lambda: [lift_third(k) for k in SIZES],
    formula=(
        r"\theta_\infty = \frac{r(y) - r(z)}{\beta\, \lvert d \rvert^2}\, d, \qquad J(\pi^*) - "
        r"J(\pi_{\theta_\infty}) \ge \beta\, k \log 2, \qquad J(\pi^*) - J(\pi_g) \le \frac{8 \beta}{2^k}"
    ),
    papers=("song2024",),
    tags=("preferences", "coverage"),
    assumes=(ENDED, LIFTED),
    controls=(
        Control(APART, witness=lambda: one_hot(20), drops=LIFTED.name),
        Control(
            "features that encode the low reward", witness=lambda: lift_third(20, third=(-1, 0)), drops=LIFTED.name
        ),
        Control("stopped at the reference", witness=lambda: stay_at_reference(20), drops=ENDED.name),
        Control("twice the loss", witness=lambda: lift_third(20), tightens=double),
    ),
    also=(
        Part(
            CLIPPED,
            lambda: [lift_third(k) for k in SIZES],
            clip_reward,
            assumes=(ENDED, LIFTED),
            data=lambda m: {
                "sides": [side.mid if hasattr(side, "mid") else float(side) for side in clip_reward(m).sides]
            },
        ),
    ),
    figure=figure,
)
