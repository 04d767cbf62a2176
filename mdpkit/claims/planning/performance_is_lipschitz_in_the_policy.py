"""Two policies at total variation at most e in every state differ in return by at most e/((1-g)(1-g+ge)), attained.

Statement  Let e = max_s TV(pi(.|s), pi'(.|s)) and g = gamma. Then
               |J(pi) - J(pi')| <= e / ((1-g) (1-g+ge)) <= e / (1-g)^2 .
           Over H steps, with e the maximum over steps too,
               |J(pi) - J(pi')| <= sum_{t=1}^H (1 - (1-e)^t) <= e H(H+1)/2 .
           For every e and g, and every H, two policies that differ in one state of two attain the first bound: one
           leaves the only rewarding state with probability e a step, forgoing the reward, the other stays.
Assumes    rewards lie in [0, 1].
Units      TV in [0, 1]; J is the (discounted) total return, not normalised.
Kind       for all; exists (enumerated)
Source     adapted from Kakade and Langford, 2002.
Proof      proofs/planning/performance_is_lipschitz_in_the_policy.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MDP, Discounted, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def distance(m):
    """The largest total variation distance of the two policies in any state."""
    return measure.total_variation(m.policy, m.other).max()


def gap(m):
    return abs(measure.value_gap(m.mdp, m.policy, m.other))


def check(m):
    e, g = distance(m), m.mdp.horizon.gamma
    return Bound(gap(m), e / ((1 - g) * (1 - g + e * g)), e / (1 - g) ** 2)


def finite_check(m):
    e, H = distance(m), m.mdp.horizon.H
    parted = sum(1 - (1 - e) ** t for t in range(1, H + 1))
    return Bound(gap(m), parted, e * H * (H + 1) / 2)


def attains(m):
    left, right, *_ = (check if isinstance(m.mdp.horizon, Discounted) else finite_check)(m).sides
    return Equal({"gap": (left, right)})


def half(m):
    left, right, _ = check(m).sides
    return Bound(left, right / 2)


def one_horizon(m):
    return Bound(gap(m), distance(m) / (1 - m.mdp.horizon.gamma))


def with_mean_distance(m):
    """The bound with the mean distance over states in place of the largest."""
    e, g = measure.total_variation(m.policy, m.other).sum() / m.mdp.S, m.mdp.horizon.gamma
    return Bound(gap(m), e / ((1 - g) * (1 - g + e * g)))


BOTH = dict(policy=lambda x: TabularPolicy(x.policy), other=lambda x: TabularPolicy(x.other))
BLOCKS = dict(P=Simplex("S", "A", to="S"), r=Box("S", "A"), rho=Simplex(to="S"))
DISCOUNTED = Family(
    blocks=dict(
        **BLOCKS, gamma=Choice(of=("0", "1/2", "9/10")), policy=Simplex("S", to="A"), other=Simplex("S", to="A")
    ),
    sizes=dict(S=(1, 3), A=(2, 3)),
    models=dict(mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Discounted(x.gamma)), **BOTH),
)
FINITE = Family(
    blocks=dict(**BLOCKS, policy=Simplex("H", "S", to="A"), other=Simplex("H", "S", to="A")),
    sizes=dict(H=(1, 4), S=(1, 3), A=(2, 3)),
    models=dict(mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])), **BOTH),
)


# ---- the slipping policy, controls and figure
def slip(e="1/10", horizon=None, reward=1):
    """Staying in state 0 pays; the other action, played with probability e, leads to a state that pays nothing."""
    mdp = MDP(
        objects([[[1, 0], [0, 1]], [[0, 1], [0, 1]]]),
        objects([[reward, 0], [0, 0]]),
        objects([1, 0]),
        horizon=horizon or Discounted("9/10"),
    )
    stays = TabularPolicy(objects([[1, 0], [1, 0]]))
    slips = TabularPolicy(np.stack([1 - objects([e, 0]), objects([e, 0])], axis=1))
    return Instance(mdp=mdp, policy=stays, other=slips)


DISTANCES = ("0", "1/100", "1/10", "1/3", "1")


def slips():
    horizons = [*(Discounted(gamma) for gamma in ("0", "1/2", "9/10")), *map(Finite, (1, 4))]
    return [slip(e, horizon) for horizon in horizons for e in DISTANCES]


def square(total_variation, p, q):
    """The squared distance, as if the gap were of second order; the same at distances of 0 and 1."""
    e = total_variation(p, q)
    return e * e


def point(m):
    """The distance, the gap and the discounted number of steps, for the figure."""
    return {"point": [distance(m).mid, gap(m).mid, measure.occupancy(m.mdp, m.policy).sum().mid]}


def figure(ax, rows):
    """Bounds against the distance of the policies, at gamma = 9/10."""
    e = np.linspace(0, 1, 201)
    ax.plot(e, e / (0.1 * (0.1 + 0.9 * e)), "k--", label=r"$e/((1-\gamma)(1-\gamma+\gamma e))$")
    ax.plot(e, e / 0.1, color="C1", label=r"$e/(1-\gamma)$ (fails)")
    ax.plot(e, e / 0.01, ":", color="0.6", label=r"$e/(1-\gamma)^2$")
    found = [row["data"]["point"] for row in rows if row["part"] == ATTAINED and not row.get("control")]
    at = [(left, up) for left, up, steps in found if round(steps) == 10]
    ax.plot(*zip(*at, strict=True), "oC0", label="slipping policy")
    ax.set(xlabel=r"distance $e$ of the policies", ylabel="gap in return", ylim=(0, 12))
    ax.legend(fontsize=6)


ATTAINED = "a policy that slips"
UNIT = Assumption("rewards lie in [0, 1]", lambda m: ((m.mdp.r >= 0) & (m.mdp.r <= 1)).all())
CLAIM = Claim(
    "performance_is_lipschitz_in_the_policy",
    check,
    DISCOUNTED,
    formula=(
        r"\lvert J(\pi) - J(\pi') \rvert \le \frac{e}{(1-\gamma)(1-\gamma+\gamma e)} \le \frac{e}{(1-\gamma)^2}, \qquad "
        r"e = \max_s \mathrm{TV}(\pi(\cdot \mid s), \pi'(\cdot \mid s))"
    ),
    papers=("kakade2002",),
    tags=("discounted", "policy-distance"),
    assumes=(UNIT,),
    controls=(
        Control("half the constant", witness=slip, tightens=half),
        Control("one factor of 1/(1-gamma)", witness=slip, tightens=one_horizon),
        Control("the mean over states", witness=slip, tightens=with_mean_distance),
        Control("rewards up to 2", witness=lambda: slip(reward=2), drops=UNIT.name),
        Control("the square of the distance", witness=slip, sabotages=measure.total_variation, by=square),
    ),
    also=(
        Part("finite horizon", FINITE, finite_check, assumes=(UNIT,)),
        Part(ATTAINED, slips, attains, assumes=(UNIT,), data=point),
    ),
    figure=figure,
)
