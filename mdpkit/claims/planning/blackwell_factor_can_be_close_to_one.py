"""The discount from which a Blackwell optimal policy is optimal can be arbitrarily close to 1 with two states.

Statement  Either take 1 at once, or wait for 2, which comes with probability p a step. Blackwell optimal policies wait.
           Waiting is optimal for exactly the discounts gamma >= (1-2p)/(1-p), and below it loses
           (1 - 2p - gamma (1-p)) / (1 - gamma (1-p)). So no bound below 1 holds for all processes of two states and two
           actions with rewards in [0, 1]: the factor is 1 - p/(1-p), and p = 2^-L takes L bits. Waiting and taking have
           gain 0, so average optimality does not tell them apart. With one state alone the factor is 0.
Assumes    0 < p <= 1/4; what comes later is more than what can be taken at once.
Units      returns are discounted and not normalised; the reward for waiting is its mean, 2p.
Kind       exists (enumerated)
Source     adapted from Grand-Clément and Petrik, 2023; Blackwell, 1962.
Proof      proofs/planning/blackwell_factor_can_be_close_to_one.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import nearest, objects
from ...base.interval import stack
from ...instances.instance import Instance
from ...model import MDP, Average, Discounted, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def check(m):
    """The factor, and what waiting loses at discounts below, at and above it, each with its closed form."""
    mdp = m.mdp.to_exact()
    p, waits = mdp.P[0, 1, 1], m.waits.to_exact()
    factor = (1 - 2 * p) / (1 - p)
    gammas = [factor / 2, factor * (1 - p), factor, (1 + factor) / 2]
    expected = [(1 - 2 * p - gamma * (1 - p)) / (1 - gamma * (1 - p)) for gamma in gammas]
    expected = [x if x > 0 else 0 * x for x in expected]
    lost = stack([loss(mdp, waits, gamma) for gamma in gammas])
    return Equal({"factor": (measure.blackwell_factor(mdp), factor), "loss": (lost, objects(expected))})


def loss(mdp, waits, gamma):
    """Optimal value less that of waiting in the first state."""
    problem = replace(mdp, horizon=Discounted(gamma))
    return measure.optimal_value(problem)[0] - measure.state_value(problem, waits)[0]


def compare_long_run(m):
    """Gain 0 for both policies; the bias of waiting is larger by 1."""
    waits, takes = (measure.laurent_coefficients(m.mdp, policy, 2) for policy in (m.waits, m.takes))
    return Equal({"gains": (waits[0], takes[0]), "biases": (waits[1][0] - 1, takes[1][0])})


def distance(m):
    """1 minus the factor, and p."""
    mdp = m.mdp.to_exact()
    return 1 - measure.blackwell_factor(mdp), mdp.P[0, 1, 1]


def is_this_close(m):
    left, p = distance(m)
    return Bound(left, p / (1 - p))


def is_closer(m):
    return Bound(*distance(m))


# ---- instances, controls and figure
def waiting(L, late=2):
    """State 0: take 1 at once, or wait for `late`, which comes with probability 2^-L a step; state 1 is the end."""
    p, late = objects(f"1/{2**L}")[()], objects(late)[()]
    P = objects([[[0, 1], [1 - p, p]], [[0, 1], [0, 1]]])
    mdp = MDP(P, objects([[1, p * late], [0, 0]]), objects([1, 0]), horizon=Average())
    takes, waits = (TabularPolicy(objects(np.eye(2, dtype=int)[[a, 0]])) for a in (0, 1))
    return Instance(mdp=mdp, takes=takes, waits=waits, late=late, L=L)


def list_bits():
    return [waiting(L) for L in (2, 3, 5, 10, 20, 40)]


def gains_decide(blackwell_factor, problem):
    """The factor 0, as if every policy of the highest gain were optimal."""
    return blackwell_factor(problem) * 0


def curve(m):
    """Losses of waiting and of taking on a grid of discounts, for the figure."""
    gammas = [objects(f"{k}/40")[()] for k in range(40)]
    problem = [replace(m.mdp, horizon=Discounted(gamma)) for gamma in gammas]
    worth = [measure.state_value(each, m.waits)[0].mid for each in problem]
    return {"gamma": [nearest(gamma) for gamma in gammas], "waits": worth}


def figure(ax, rows):
    """Value of waiting against the discount: it passes 1, the value of taking, the closer to 1 the smaller p is."""
    for row in rows:
        if row["part"] == "statement" and not row.get("control") and row["parameters"].get("L") in (2, 3, 5):
            L = row["parameters"]["L"]
            ax.plot(
                row["data"]["gamma"], row["data"]["waits"], "C0", alpha=1.2 - L / 5, label=f"wait, $p = 2^{{-{L}}}$"
            )
            if L == 2:  # the value of waiting is proportional to what it pays
                worth = [each / 4 for each in row["data"]["waits"]]
                ax.plot(row["data"]["gamma"], worth, "C1", label="wait for 1/2, $p = 2^{-2}$ (fails)")
    ax.axhline(1, color="k", linestyle="--", label="take 1 at once")
    ax.set(xlabel=r"discount $\gamma$", ylabel="value of the first state")
    ax.legend(fontsize=6)


LATER = Assumption("what comes later is more than what can be taken at once", lambda m: m.late > 1)
CLOSE, GAINS = "1 - factor is at most p/(1-p)", "equal gains"
CLAIM = Claim(
    "blackwell_factor_can_be_close_to_one",
    check,
    list_bits,
    formula=r"\gamma_{\mathrm{Bw}} = \frac{1 - 2p}{1 - p} = 1 - \frac{p}{1-p} \;\longrightarrow\; 1 \quad (p \to 0)",
    papers=("grandclement2023", "blackwell1962"),
    tags=("average-reward", "discounted"),
    assumes=(LATER,),
    controls=(
        Control("what comes later is less", witness=lambda: waiting(5, late="1/2"), drops=LATER.name),
        Control("gains decide", witness=lambda: waiting(5), sabotages=measure.blackwell_factor, by=gains_decide),
        Control("closer than p", witness=lambda: waiting(5), tightens=is_closer, part=CLOSE),
    ),
    also=(
        Part(CLOSE, list_bits, is_this_close, assumes=(LATER,)),
        Part(GAINS, list_bits, compare_long_run, assumes=(LATER,)),
    ),
    data=curve,
    figure=figure,
)
