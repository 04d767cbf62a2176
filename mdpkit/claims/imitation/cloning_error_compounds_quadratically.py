"""A cloned policy loses at most quadratically in the horizon, and a cliff does lose that much.

Statement  |J(E) - J(L)| <= sum_t (H-t) e_t <= H(H+1)/2 max_t e_t,   e_t = E_{s ~ d_t^E} TV(E, L)(s).
           For eps H <= 1 a cliff has gap >= (1 - eps H/2) eps H(H+1)/2, and lanes on which the learner slips at one
           step each have gap = H(H+1)/2 max_t e_t.
Assumes    rewards in [0, 1]; finite horizon.
Units      e_t is a per-step total variation in [0, 1]; J is the undiscounted return.
Kind       for all; exists
Source     adapted from Ross and Bagnell, 2010.
Proof      proofs/cloning_error_compounds_quadratically.md
"""

from types import SimpleNamespace as Models

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...model import MDP, Finite, TabularPolicy
from .._claim import Assumption, Bound, Claim, Control, Equal, Part


def sides(m):
    H = m.mdp.horizon.H
    gap = abs(measure.value_gap(m.mdp, m.expert, m.learner))
    return H, gap, measure.cloning_error(m.mdp, m.expert, m.learner)


def check(m):
    H, gap, e = sides(m)
    return Bound(gap, (e * np.arange(H, 0, -1)).sum(), e.max() * (H * (H + 1) // 2))


def linear(m):
    H, gap, e = sides(m)
    return Bound(gap, e.max() * H)


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        expert=Simplex("H", "S", to="A", within="mask"),
        learner=Simplex("H", "S", to="A", within="mask"),
    ),
    sizes=dict(H=(1, 5), S=(1, 3), A=(2, 3)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        expert=lambda x: TabularPolicy(x.expert),
        learner=lambda x: TabularPolicy(x.learner),
    ),
)


# ---- instances that reach the bound
def cliff(H, eps, reward=1):
    """State 0 pays while action 0 is played; action 1 falls to the absorbing state 1, which pays nothing."""
    eps = rational(eps)
    P = objects([[[1, 0], [0, 1]], [[0, 1], [0, 1]]])
    mdp = MDP(P, objects([[reward, 0], [0, 0]]), objects([1, 0]), horizon=Finite(H))
    learner = TabularPolicy(objects([[1 - eps, eps], [1, 0]]))
    return Models(mdp=mdp, eps=eps, expert=TabularPolicy(objects([[1, 0], [1, 0]])), learner=learner)


def cliffs():
    return [cliff(H, f"1/{k * H}") for H in (1, 2, 3, 5, 8, 13) for k in (1, 4, 100)]


def attained(m):
    H, gap, _ = sides(m)
    return Bound((1 - m.eps * H / 2) * m.eps * (H * (H + 1) // 2), gap)


def disjoint_slips(H):
    """H lanes, each the start with probability 1/H; on lane t the learner falls at step t into state H, which pays nothing."""
    P, r = np.zeros((H + 1, 2, H + 1), dtype=int), np.zeros((H + 1, 2), dtype=int)
    for lane in range(H):
        P[lane, 0, lane] = P[lane, 1, H] = r[lane, 0] = 1
    P[H, :, H] = 1
    stay = np.broadcast_to([1, 0], (H, H + 1, 2)).copy()
    slips = stay.copy()
    slips[np.arange(H), np.arange(H)] = [0, 1]
    rho = objects([f"1/{H}"] * H + [0])
    mdp = MDP(objects(P), objects(r), rho, horizon=Finite(H))
    return Models(mdp=mdp, expert=TabularPolicy(objects(stay)), learner=TabularPolicy(objects(slips)))


def met(m):
    H, gap, e = sides(m)
    return Equal({"gap": (gap, e.max() * (H * (H + 1) // 2))})


# ---- controls
UNIT = Assumption("rewards in [0, 1]", lambda m: (m.mdp.r >= 0).all() and (m.mdp.r <= 1).all())


def on_the_fallen_state(occupancy, problem, policy):
    return occupancy(problem, policy)[:, ::-1]


def figure(ax, rows):
    """The cliff's gap and the bound against the horizon, at eps = 1/(4H), and the linear bound that it breaks."""
    at = [row for row in rows if row["part"] == "the cliff loses that much" and row["parameters"]["eps"] == f"1/{4 * row['sizes']['H']}"]
    H = np.array([row["sizes"]["H"] for row in at])
    eps = 1 / (4 * H)
    ax.plot(H, eps * H * (H + 1) / 2, "k--", label="bound  $\\varepsilon H(H+1)/2$")
    ax.plot(H, [row["sides"][-1] for row in at], "o-", color="C0", label="gap on the cliff")
    ax.plot(H, eps * H, color="C1", label="linear in $H$ (fails)")
    ax.set(xlabel="horizon $H$  ($\\varepsilon = 1/4H$)", ylabel="value gap")
    ax.legend()


CLAIM = Claim(
    "cloning_error_compounds_quadratically",
    check,
    FAMILY,
    assumes=(UNIT,),
    controls=(
        Control("a linear constant", witness=lambda: cliff(5, "1/20"), tightens=linear),
        Control("rewards up to 3", witness=lambda: cliff(5, "1/20", reward=3), drops="rewards in [0, 1]"),
        Control("errors where the expert never is", witness=lambda: cliff(5, "1/20"), sabotages=measure.occupancy, by=on_the_fallen_state),
    ),
    also=(
        Part("the cliff loses that much", cliffs, attained, assumes=(UNIT,)),
        Part("disjoint slips attain the bound", lambda: [disjoint_slips(H) for H in range(1, 9)], met, assumes=(UNIT,)),
    ),
    accepts=("mdp", MDP, ("P", "r", "rho")),
    figure=figure,
)
