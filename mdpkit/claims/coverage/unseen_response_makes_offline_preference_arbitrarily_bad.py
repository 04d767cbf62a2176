"""A policy of pair error 0 can put any mass on an unseen response, and its suboptimality is unbounded.

Statement  For every k there are a problem with three responses, of which the data show two, and a policy of pair error
           0 with J(pi*) - J(pi) >= beta (k/2 - 1) log 2: the third response has mass 2^-k under the reference and 1/2
           under the policy. In each of these problems the gap is beta kl(m, u), where m and u are the masses of the
           third response under pi and pi*. If the reference mass is 0, the pair error is still 0, J(pi) = -infinity,
           and E_pi r approaches the third reward.
           On the same data, two-stage RLHF with rewards of range at most beta log 4 has suboptimality at most beta 8
           log 2 / 2^k, whatever reward it assigns to the third response.
Assumes    the third response is not in the data; the policy has pair error 0.
Units      J in units of reward; kl(m, u) = m log(m/u) + (1-m) log((1-m)/(1-u)) in nats.
Kind       exists (enumerated)
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024.
Proof      proofs/coverage/unseen_response_makes_offline_preference_arbitrarily_bad.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...exact.infinite import INFINITY
from ...instances.instance import Instance
from ...instances.library.coverage import rare_third
from ...model import TabularPolicy
from ...solve import TwoStageRLHF, solve, tilt, zero_error_policy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

UNSEEN = 2


def instance(k, mass="1/2", weights=(1, 1, 1), data=("1/2", "1/2", 0), beta=1):
    """The third response has reference mass 2^-k (0 if k is None) and gets `mass`; None gives the optimum."""
    m, rest = rare_third(k, weights, data, beta), objects([[0, 0, 1]])
    return m.replace(policy=tilt(m.problem) if mass is None else zero_error_policy(m.problem, mass, rest))


def gap(m):
    return measure.value_gap(m.problem, tilt(m.problem), m.policy)


def check(m):
    return Bound(measure.logarithm(m.problem.like(2)) * m.problem.beta * (m.k - 2) / 2, gap(m))


def twice(m):
    return Bound(measure.logarithm(m.problem.like(2)) * m.problem.beta * (m.k - 2), gap(m))


def loss_of_the_mass(m):
    """The gap is beta times the KL divergence between two outcomes: the unseen response or not."""
    mass, best = (table[:, UNSEEN] for table in (m.policy.table, tilt(m.problem).table))
    outcomes = (TabularPolicy(np.stack([1 - chance, chance], axis=1)) for chance in (mass, best))
    return Equal({"gap": (gap(m), measure.kl(*outcomes).sum() * m.problem.beta)})


def lost_without_limit(m):
    error, value = measure.pair_error(m.problem, m.policy), measure.value(m.problem, m.policy)
    third = measure.reward(m.problem)[0, UNSEEN] * m.policy.table[0, UNSEEN]
    return Equal(
        {
            "pair error": (error, 0),
            "value": (value, -INFINITY),
            "reward": (measure.expected_reward(m.problem, m.policy), third),
        }
    )


def two_stage_gap(m):
    """The gap of two-stage RLHF on the same data and its bound, and the gap of the policy above its lower bound."""
    trained = solve(m.problem, TwoStageRLHF(width=4, unseen=m.unseen)).policy
    worst = measure.logarithm(m.problem.like(2)) * m.problem.beta * 8 / 2**m.k
    return Bound(measure.value_gap(m.problem, tilt(m.problem), trained), worst, *check(m).sides)


def made_up():
    return [instance(k).replace(unseen=unseen) for k in (4, 8, 16, 32) for unseen in objects([0, "1/2", 1])]


def both_ways():
    cases = ((1, 3, "1/8"), 3), ((2, 1, 16), "1/4")
    return [
        instance(k, mass, weights, beta=beta)
        for k in (1, 4, 20)
        for mass in ("1/100", "1/2", "99/100")
        for weights, beta in cases
    ]


# ---- controls
NEVER = Assumption("the third response is not in the data", lambda m: (m.problem.data[:, UNSEEN] == 0).all())
EXPLAINED = Assumption("the policy has pair error 0", lambda m: measure.pair_error(m.problem, m.policy) == 0)


def wrong_proportion():
    """The third response has mass 1/2, but the two others are not in the proportion that the data imply."""
    return Instance(problem=instance(20).problem, k=20, policy=TabularPolicy(objects([["1/8", "3/8", "1/2"]])))


def halve(kl, p, q):
    return kl(p, q) / 2


def figure(ax, rows):
    """The gap against the reference mass of the response that the data never show."""
    found = [row for row in rows if row["part"] == "statement" and not row.get("control")]
    mass = [2.0 ** -row["parameters"]["k"] for row in found]
    ax.plot(mass, [row["sides"][0] for row in found], "k--", label="$(k/2 - 1) \\log 2$")
    ax.plot(mass, [row["sides"][1] for row in found], "oC0", label="gap at pair error 0")
    for row in rows:
        if row.get("control") and row["label"] == SHOWN:
            ax.plot(2.0**-20, row["sides"][1], "xC1", label="the response is observed (fails)")
    ax.set_xscale("log", base=2)
    ax.invert_xaxis()
    ax.set(xlabel="reference mass $2^{-k}$ of the unseen response", ylabel="value gap $/ \\beta$")
    ax.legend()


SHOWN = "the response is observed"
CLAIM = Claim(
    "unseen_response_makes_offline_preference_arbitrarily_bad",
    check,
    instances=lambda: [instance(k) for k in (4, 8, 16, 32, 64, 128)],
    formula=r"J(\pi^*) - J(\pi) = \beta\, \mathrm{kl}(m, u) \ge \beta \big( \tfrac k2 - 1 \big) \log 2",
    papers=("song2024",),
    tags=("preferences", "coverage"),
    assumes=(NEVER, EXPLAINED),
    controls=(
        Control(SHOWN, witness=lambda: instance(20, None, data=("9/20", "9/20", "1/10")), drops=NEVER.name),
        Control("positive pair error", witness=wrong_proportion, drops=EXPLAINED.name, part="two outcomes"),
        Control("twice the loss", witness=lambda: instance(20), tightens=twice),
        Control(
            "half of the divergence",
            lambda: instance(4, weights=(2, 1, 16)),
            sabotages=measure.kl,
            by=halve,
            part="two outcomes",
        ),
    ),
    also=(
        Part("two outcomes", both_ways, loss_of_the_mass, assumes=(NEVER, EXPLAINED)),
        Part("a bounded reward", made_up, two_stage_gap, assumes=(NEVER, EXPLAINED)),
        Part(
            "outside the reference's support",
            lambda: [instance(None, f"{k - 1}/{k}", (1, 1, 8)) for k in (2, 10, 100)],
            lost_without_limit,
        ),
    ),
    figure=figure,
)
