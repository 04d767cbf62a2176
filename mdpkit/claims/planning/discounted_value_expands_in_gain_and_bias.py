"""The discounted value is gain/(1-gamma) plus the bias, up to (1-gamma)/gamma times the span of a third coefficient.

Statement  Let g and h be the gain and the bias of a stationary policy and k the bias of the reward h, that is k = H h
           with the deviation matrix H; its chain may be multichain or periodic. For every 0 < gamma < 1
               max_s |V_gamma(s) - g(s)/(1-gamma) - h(s)| <= (1-gamma)/gamma (max k - min k).
           On a chain that pays 1 a step until it stops, with probability p a step, the ratio of the two sides is
           (1-p) p gamma / (1-gamma + p gamma); it tends to 1 for gamma -> 1 and then p -> 0: the constant 1 is optimal.
Assumes    rewards and transitions do not depend on time; h has stationary mean 0 in every recurrent class.
Units      V_gamma is the discounted return, not normalised; h is in units of reward, k in reward times steps.
Kind       for all; rate; exists (enumerated)
Source     adapted from Miller and Veinott, 1969; Blackwell, 1962.
Proof      proofs/planning/discounted_value_expands_in_gain_and_bias.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MDP, Discounted, TabularPolicy
from ...verify.claim import Bound, Claim, Control, Equal, Part


def parts(m):
    """The errors of one and of two terms of the expansion, the span of the third coefficient, and 1/(1-gamma)."""
    lifetime = measure.occupancy(m.mdp, m.policy).sum()
    g, h, third = measure.laurent_coefficients(m.mdp, m.policy, 3)
    first = measure.state_value(m.mdp, m.policy) - g * lifetime
    return abs(first).max(), abs(first - h).max(), third.max() - third.min(), lifetime


def check(m):
    _, error, span, lifetime = parts(m)
    return Bound(error, span / (lifetime - 1))


def gain_alone(m):
    error, _, span, lifetime = parts(m)
    return Bound(error, span / (lifetime - 1))


def second_order(m):
    _, error, span, lifetime = parts(m)
    return Bound(error, span / (lifetime - 1) / lifetime)


def has_ratio(m):
    """The share of the bound in closed form."""
    error, right = check(m).sides
    p, gamma = m.mdp.P[0, 0, 1], m.mdp.horizon.gamma
    return Equal({"error": (error, right * (1 - p) * p * gamma / (1 - gamma + p * gamma))})


FAMILY = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        r=Box("S", "A", lower=-1),
        policy=Simplex("S", to="A"),
        gamma=Choice(of=("1/4", "1/2", "9/10", "99/100", "9999/10000")),
    ),
    sizes=dict(S=(2, 3), A=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, horizon=Discounted(x.gamma[()])),
        policy=lambda x: TabularPolicy(x.policy),
    ),
)


# ---- instances, controls and figure
def stopping(p, gamma):
    """A chain that pays 1 a step until it stops, with probability p a step."""
    P = objects([[[1 - objects(p)[()], p]], [[0, 1]]])
    mdp = MDP(P, objects([[1], [0]]), horizon=Discounted(gamma))
    return Instance(mdp=mdp, policy=TabularPolicy(objects([[1], [1]])), name=p)


def cycle():
    """Two states that are visited in turn, of which one pays."""
    mdp = MDP(objects([[[0, 1]], [[1, 0]]]), objects([[1], [0]]), horizon=Discounted("99/100"))
    return Instance(mdp=mdp, policy=TabularPolicy(objects([[1], [1]])))


def relative_to_the_first(coefficients, *args):
    """The bias shifted to 0 in the first state, a solution of g + h = r + P h of another mean."""
    y = coefficients(*args)
    second = (np.arange(y.shape[0]) == 1).astype(int)
    return y - y[1][0] * second[:, None]


def list_chains():
    return [stopping(p, gamma) for p in ("1/2", "1/8", "1/64") for gamma in ("1/2", "9/10", "99/100", "9999/10000")]


def ends(m):
    """Error and bound for the figure, and the error if the bias is left out."""
    alone, error, span, lifetime = parts(m)
    found = {"error": error, "alone": alone, "bound": span / (lifetime - 1), "lifetime": lifetime}
    return {name: [number.mid] for name, number in found.items()}


def figure(ax, rows):
    """Errors of one and of two terms against 1-gamma, for the chain that stops with probability 1/8."""
    data = [row["data"] for row in rows if row["part"] == CHAIN and row["parameters"]["name"] == "1/8"]
    gap = 1 / np.array([each["lifetime"][0] for each in data])
    lines = {"bound": ("k--", "bound"), "error": ("o-C0", "gain and bias"), "alone": ("x-C1", "gain alone (fails)")}
    for name, (style, words) in lines.items():
        ax.loglog(gap, [each[name][0] for each in data], style, markersize=3, label=words)
    ax.set(xlabel=r"$1-\gamma$", ylabel="error of the expansion")
    ax.legend(fontsize=6)


CHAIN = "a chain that stops"
CLAIM = Claim(
    "discounted_value_expands_in_gain_and_bias",
    check,
    FAMILY,
    formula=(
        r"\Big\lvert V_\gamma(s) - \frac{g(s)}{1-\gamma} - h(s) \Big\rvert \le \frac{1-\gamma}{\gamma}\, "
        r"(\max k - \min k), \qquad k = H h"
    ),
    papers=("miller1969", "blackwell1962"),
    tags=("average-reward", "discounted"),
    controls=(
        Control("the gain alone", witness=lambda: stopping("1/8", "99/100"), tightens=gain_alone),
        Control("an error of second order", witness=lambda: stopping("1/8", "99/100"), tightens=second_order),
        Control(
            "a bias of another mean",
            witness=cycle,
            sabotages=measure.laurent_coefficients,
            by=relative_to_the_first,
        ),
    ),
    also=(Part(CHAIN, list_chains, has_ratio, data=ends),),
    figure=figure,
)
