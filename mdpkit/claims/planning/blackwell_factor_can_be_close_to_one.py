"""The discount from which a Blackwell optimal policy is optimal can be arbitrarily close to 1 with two states.

Statement  Either take 1 at once, or wait for b > 1, which comes with probability p a step. Blackwell optimal policies
           wait. Waiting is optimal for exactly the discounts gamma >= (1 - b p) / (1-p), and below it loses
           (1 - b p - gamma (1-p)) / (1 - gamma (1-p)). So no bound below 1 holds for all processes of two states and
           two actions with rewards in [0, 1]: the factor is 1 - (b-1) p/(1-p), and p = 2^-L takes L bits. Waiting and
           taking have gain 0 and biases b and 1, so average optimality does not tell them apart. With one state alone
           the factor is 0.
Assumes    what comes later is more than what can be taken at once; its mean over a step, b p, is at most 1.
Units      returns are discounted and not normalised; the reward for waiting is its mean, b p.
Kind       exists (enumerated)
Source     adapted from Grand-Clément and Petrik, 2023; Blackwell, 1962.
Proof      proofs/planning/blackwell_factor_can_be_close_to_one.md
"""

from dataclasses import replace
from itertools import product

import numpy as np

from ... import measure
from ...base.arrays import nearest, objects
from ...base.interval import stack
from ...instances.instance import Instance
from ...model import MDP, Average, Discounted, TabularPolicy
from ...solve.blackwell import blackwell_optimal
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def terms(mdp):
    """The probability p of what comes later, and its reward b: waiting pays b p on average."""
    p = mdp.P[0, 1, 1]
    return p, mdp.r[0, 1] / p


def check(m):
    """The factor, and what waiting loses at discounts below, at and above it, each with its closed form."""
    mdp, waits = m.mdp.to_exact(), m.waits.to_exact()
    p, b = terms(mdp)
    factor = (1 - b * p) / (1 - p)
    gammas = [gamma for gamma in (factor / 2, factor * (1 - p), factor, (1 + factor) / 2) if 0 <= gamma < 1]
    expected = [(1 - b * p - gamma * (1 - p)) / (1 - gamma * (1 - p)) for gamma in gammas]
    expected = [x if x > 0 else 0 * x for x in expected]
    lost = stack([loss(mdp, waits, gamma) for gamma in gammas])
    return Equal({"factor": (measure.blackwell_factor(mdp), factor), "loss": (lost, objects(expected))})


def loss(mdp, waits, gamma):
    """Optimal value less that of waiting in the first state."""
    problem = replace(mdp, horizon=Discounted(gamma))
    return measure.optimal_value(problem)[0] - measure.state_value(problem, waits)[0]


def compare_long_run(m):
    """Gain 0 for both policies; the bias is b for waiting and 1 for taking."""
    mdp = m.mdp.to_exact()
    _, b = terms(mdp)
    waits, takes = (measure.laurent_coefficients(mdp, policy.to_exact(), 2) for policy in (m.waits, m.takes))
    biases = stack([waits[1][0], takes[1][0]])
    return Equal({"gains": (stack([waits[0], takes[0]]), 0), "biases": (biases, objects([b, 1]))})


def is_this_close(m):
    mdp = m.mdp.to_exact()
    p, b = terms(mdp)
    return Bound(1 - measure.blackwell_factor(mdp), (b - 1) * p / (1 - p))


def is_closer(m):
    left, right = is_this_close(m).sides
    p, _ = terms(m.mdp.to_exact())
    return Bound(left, right * (1 - p))


# ---- instances, controls and figure
def waiting(L, late=2):
    """State 0: take 1 at once, or wait for `late`, which comes with probability 2^-L a step; state 1 is the end."""
    p, late = objects(f"1/{2**L}")[()], objects(late)[()]
    P = objects([[[0, 1], [1 - p, p]], [[0, 1], [0, 1]]])
    mdp = MDP(P, objects([[1, p * late], [0, 0]]), objects([1, 0]), horizon=Average())
    takes, waits = (TabularPolicy(objects(np.eye(2, dtype=int)[[a, 0]])) for a in (0, 1))
    return Instance(mdp=mdp, takes=takes, waits=waits, late=late, L=L)


def list_bits():
    """Bits of p for b = 2, and other b: the least and the largest reward for waiting that the statement allows."""
    return [waiting(L) for L in (2, 3, 5, 10, 20, 40)] + [
        waiting(L, b) for L, b in ((1, 2), (3, "9/8"), (3, 5), (3, 8))
    ]


def follow_the_gain(blackwell_factor, problem):
    """The discount from which on the first policy of the highest gain stays optimal: 1 if it is not optimal near 1.

    A policy is optimal near 1 if all its terms of order up to S are those of a Blackwell optimal policy.
    """
    plans = product(range(problem.A), repeat=problem.S)
    policies = [TabularPolicy(objects(np.eye(problem.A, dtype=int)[list(plan)])) for plan in plans]
    gains = stack([measure.laurent_coefficients(problem, policy, 1)[0] for policy in policies])
    highest = gains.max(axis=0)
    first = next(policy for policy, gain in zip(policies, gains, strict=True) if bool((gain >= highest).all()))
    best, _ = blackwell_optimal(problem)
    mine, ideal = (measure.laurent_coefficients(problem, policy, problem.S + 1) for policy in (first, best))
    factor = blackwell_factor(problem)
    return factor if bool((mine == ideal).all()) else factor * 0 + 1


def curve(m):
    """What comes later, and values of waiting on a grid of discounts, for the figure."""
    gammas = [objects(f"{k}/40")[()] for k in range(40)]
    problem = [replace(m.mdp, horizon=Discounted(gamma)) for gamma in gammas]
    worth = [measure.state_value(each, m.waits)[0].mid for each in problem]
    return {
        "late": [nearest(terms(m.mdp.to_exact())[1])],
        "gamma": [nearest(gamma) for gamma in gammas],
        "waits": worth,
    }


def figure(ax, rows):
    """Value of waiting against the discount: it passes 1, the value of taking, the closer to 1 the smaller p is."""
    for row in rows:
        if row["part"] != "statement" or row.get("control") or row["data"]["late"] != [2]:
            continue
        L, gamma, worth = row["parameters"]["L"], row["data"]["gamma"], np.array(row["data"]["waits"])
        if L in (2, 3, 5):
            ax.plot(gamma, worth, "C0", alpha=1.2 - L / 5, label=f"wait for 2, $p = 2^{{-{L}}}$")
        if L == 2:  # the value of waiting is proportional to what it pays
            ax.plot(gamma, worth / 2, "C1", label="wait for 1, $p = 2^{-2}$ (fails)")
    ax.axhline(1, color="k", linestyle="--", label="take 1 at once")
    ax.set(xlabel=r"discount $\gamma$", ylabel="value of the first state")
    ax.legend(fontsize=6)


LATER = Assumption("what comes later is more than what can be taken at once", lambda m: m.late > 1)
MEAN = Assumption("its mean over a step, b p, is at most 1", lambda m: (m.mdp.r <= 1).all())
CLOSE, GAINS = "1 - factor is at most (b-1) p/(1-p)", "equal gains"
CLAIM = Claim(
    "blackwell_factor_can_be_close_to_one",
    check,
    list_bits,
    formula=(
        r"\gamma_{\mathrm{Bw}} = \frac{1 - bp}{1 - p} = 1 - \frac{(b-1)\,p}{1-p} \;\longrightarrow\; 1 \quad (p \to 0)"
    ),
    papers=("grandclement2023", "blackwell1962"),
    tags=("average-reward", "discounted"),
    assumes=(LATER, MEAN),
    controls=(
        Control("what comes later is no more", witness=lambda: waiting(5, late=1), drops=LATER.name),
        Control("waiting pays more than taking", witness=lambda: waiting(1, late=3), drops=MEAN.name),
        Control("gains decide", witness=lambda: waiting(5), sabotages=measure.blackwell_factor, by=follow_the_gain),
        Control("closer than (b-1) p", witness=lambda: waiting(5), tightens=is_closer, part=CLOSE),
    ),
    also=(
        Part(CLOSE, list_bits, is_this_close, assumes=(LATER, MEAN)),
        Part(GAINS, list_bits, compare_long_run),
    ),
    data=curve,
    figure=figure,
)
