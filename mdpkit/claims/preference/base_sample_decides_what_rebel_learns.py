"""REBEL abandons a good response that its own samples rarely contain; with offline data as base it finds it.

Statement  Three responses have features 0, 1, 3 and rewards 0, -1, 3, and policies are log-linear in the feature. With
           a uniform base every round of REBEL, at every policy, moves the parameter by at least 4/5 eta and at most
           7/5 eta: the best response wins, at a linear rate. With the policy pi itself as base the step is
               eta (9 a c + 8 b c - a b) / (a b + 9 a c + 4 b c), pi = (a, b, c),
           which is negative if 9 c/b + 8 c/a < 1; a negative step lowers both ratios, so that all further steps are
           negative, and E r < 0 in all of them: the gap stays above 3. From the starts ((1 - p)/2, (1 - p)/2, p) with
           p = 2^-8 and 2^-16, and eta = 1, REBEL's policy after 29 updates has a gap of at least 3 with its own base
           and with the reference as base, and of at most 1/100 with the uniform base. By the proof the gap after n
           updates is above 3 with its own base and at most (4/p) e^(-1.6 eta n) with the uniform base if p < 1/35.
Assumes    the data are uniform; 9 c/b + 8 c/a < 1 (the policy's own base).
Units      r and the gap in units of reward; eta = 1 for the learner.
Kind       for all; exists (the learner, enumerated)
Source     adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024.
Proof      proofs/preference/base_sample_decides_what_rebel_learns.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.library.preference.regression import misleading_pair
from ...learn import REBEL, LogLinear, fit, grant
from ...model import PreferenceProblem, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def moments(m, base):
    """E d^2 and E d (r(y) - r(z)) over pairs of the policy and the base, by polarisation."""
    phi, r = m.features[..., 0], m.problem.reward

    def mean_square(g):
        return measure.relative_error(g, m.policy.table, base, m.problem.rho)

    return mean_square(phi), (mean_square(phi + r) - mean_square(phi - r)) / 4


def uniform_step(m):
    square, slope = moments(m, m.problem.data)
    return slope / square


def check(m):
    return Bound(m.problem.like("4/5")[()], uniform_step(m))


def at_most(m):
    return Bound(uniform_step(m), m.problem.like("7/5")[()])


def more(m):
    low, step = check(m).sides
    return Bound(low * 13 / 12, step)


FAMILY = Family(
    blocks=dict(policy=Simplex("X", to="Y")),
    sizes=dict(X=(1, 1), Y=(3, 3)),
    models=dict(
        problem=lambda x: PreferenceProblem(
            x.policy, reward=x.like([[0, -1, 3]]), data=x.like([["1/3", "1/3", "1/3"]])
        ),
        policy=lambda x: TabularPolicy(x.policy),
        features=lambda x: x.like([[[0], [1], [3]]]),
    ),
)


def at(*table):
    """The problem at another policy."""
    m = misleading_pair()
    return m.replace(policy=TabularPolicy(objects([table])))


def with_data(law):
    m = misleading_pair(8)
    return m.replace(problem=replace(m.problem, data=objects([law])))


def own_base(relative_error, excess, first, second, weights):
    return relative_error(excess, first, first, weights)


# ---- the policy as its own base
def own_step(m):
    """The sums over pairs of the policy's own responses, in closed form."""
    square, slope = moments(m, m.policy.table)
    a, b, c = m.policy.table[0]
    return Equal(
        {"square": (square, (a * b + a * c * 9 + b * c * 4) * 2), "slope": (slope, (a * c * 9 + b * c * 8 - a * b) * 2)}
    )


def half_the_pairs(m):
    return Equal({**own_step(m).pairs, "slope": (moments(m, m.policy.table)[1], own_step(m).pairs["slope"][1] / 2)})


def leads_away(m):
    """The slope of the step and the mean reward are both negative."""
    _, slope = moments(m, m.policy.table)
    return Bound(stack([slope, measure.expected_reward(m.problem, m.policy)]), 0)


LOST = replace(
    FAMILY,
    blocks=dict(parts=Box("X", "Y", lower="1/4")),
    models=FAMILY.models
    | dict(
        policy=lambda x: TabularPolicy(rare_third_part(x)),
        problem=lambda x: PreferenceProblem(
            rare_third_part(x), reward=x.like([[0, -1, 3]]), data=x.like([["1/3", "1/3", "1/3"]])
        ),
    ),
)


def rare_third_part(x):
    """A policy whose third probability is at most 1/18 of the others."""
    rows = x.parts * x.like([[1, 1, "1/72"]])
    return rows / rows.sum(axis=-1)[:, None]


# ---- the learner
BASES = "policy", "reference", "offline"


def learn(k, rounds=30):
    """REBEL's policies with three bases, `runs[base,round,y]`, rounded to thousandths."""
    m = misleading_pair(k)
    access, features, runs = grant(m.problem, rewards=True), LogLinear(m.features), []
    for name in BASES:
        base = TabularPolicy(m.problem.data) if name == "offline" else name
        found = fit(REBEL(features, rounds, base=base), access, rng=None).trace["policy"]
        counts = objects(np.rint([1000 * policy.table[0] for policy in found]).astype(int))
        runs.append(counts / counts.sum(axis=-1)[:, None])  # so that results do not depend on the processor
    return m.replace(runs=np.stack(runs))


def gaps(m):
    """Gap to the best response, `[base,round]`."""
    return 3 - (m.runs * m.problem.reward[0]).sum(axis=-1)


def separates(m):
    own, reference, offline = gaps(m)[:, -1]
    return Bound(offline, m.problem.like("1/100")[()], 3, np.minimum(own, reference))


def by_round(m):
    found = gaps(m)
    return {name: [float(gap) for gap in found[n]] for n, name in enumerate(BASES)}


def figure(ax, rows):
    """Gap to the best response after each round, with three bases; offline data that miss it."""
    run = next(row["data"] for row in rows if row["part"] == LEARNER and row.get("data"))
    for name, style, words in (
        ("policy", "o-C0", "base: the policy"),
        ("reference", "s:C2", "base: the reference"),
        ("offline", "^-C4", "base: offline data"),
    ):
        ax.plot(run[name], style, markevery=3, label=words)
    ax.axhline(3, color="k", linestyle="--", label="bound without the third response")
    failing = [row for row in rows if row.get("control") and row["label"] == COMMON]
    ends = [row["sides"][-1] for row in failing if row["sides"]]
    ax.plot([29] * len(ends), ends, "xC1", label="own base, start 1/4 (fails)")
    ax.set(xlabel="round", ylabel="gap to the best response", ylim=(-0.2, 4))
    ax.legend(fontsize=6, ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


def third_is_rare(m):
    a, b, c = m.policy.table[0]
    return a > 0 and b > 0 and 9 * c * a + 8 * c * b < a * b


UNIFORM = Assumption("the data are uniform", lambda m: (m.problem.data * m.problem.Y == 1).all())
RARE = Assumption("the third response is nearly lost: 9 c/b + 8 c/a < 1", third_is_rare)
OWN, AWAY, LEARNER, COMMON = (
    "the own base",
    "the own base leads away",
    "the learner",
    "the learner, from a start that shows it",
)
CLAIM = Claim(
    "base_sample_decides_what_rebel_learns",
    check,
    FAMILY,
    formula=(
        r"\tfrac45 \eta \le \theta_{\mathrm{uniform}} \le \tfrac75 \eta, \qquad \theta_\pi = \eta\, \frac{9 a c + 8 b c - a b}"
        r"{a b + 9 a c + 4 b c}"
    ),
    papers=("gao2024",),
    tags=("preferences", "coverage", "policy-gradient"),
    assumes=(UNIFORM,),
    controls=(
        Control("offline data that miss it", lambda: with_data(["1/2", "1/2", 0]), drops=UNIFORM.name),
        Control("13/15 in place of 4/5", lambda: at(1, 0, 0), tightens=more),
        Control("the policy as base", lambda: at("1/2", "1/2", 0), sabotages=measure.relative_error, by=own_base),
        Control("each pair in one order", lambda: misleading_pair(8), tightens=half_the_pairs, at="slope", part=OWN),
        Control("a third response that is common", lambda: misleading_pair(2), drops=RARE.name, part=AWAY),
        Control(COMMON, lambda: learn(2), drops=RARE.name, part=LEARNER),
    ),
    also=(
        Part("at most 7/5", FAMILY, at_most, assumes=(UNIFORM,)),
        Part(OWN, FAMILY, own_step),
        Part(AWAY, LOST, leads_away, assumes=(RARE,)),
        Part(LEARNER, lambda: [learn(8), learn(16)], separates, assumes=(RARE,), data=by_round),
    ),
    figure=figure,
    sides=(r"$4/5$", r"step of the uniform base"),
)
