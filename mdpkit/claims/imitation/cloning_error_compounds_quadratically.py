"""The value gap of behavioural cloning is at most quadratic in the horizon, and on a cliff it is quadratic.

Statement  |J(E) - J(L)| <= sum_t (H-t) e_t <= H(H+1)/2 max_t e_t,   e_t = E_{s ~ d_t^E} TV(E, L)(s).
           For eps H <= 1, a learner that falls off a cliff with probability eps per step has gap >= (1 - eps H/2) eps
           H(H+1)/2.
Assumes    rewards in [0, 1]; finite horizon.
Units      e_t is a per-step total variation in [0, 1]; J is the undiscounted return.
Kind       for all; exists
Source     adapted from Ross and Bagnell, 2010.
Proof      proofs/imitation/cloning_error_compounds_quadratically.md
"""

import numpy as np

from ... import measure
from ...instances.library.imitation.cliff import cliff
from ...instances.library.imitation.families import TWO_POLICIES
from ...model import MDP
from ...verify.claim import Assumption, Bound, Claim, Control, Formal, Part
from ...verify.faults import exchange_states


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


# ---- instances that attain the order of the bound
def cliffs():
    return [cliff(H, f"1/{k * H}") for H in (1, 2, 3, 5, 8, 13) for k in (1, 4, 100)]


def attains(m):
    H, gap, _ = sides(m)
    return Bound((1 - m.eps * H / 2) * m.eps * (H * (H + 1) // 2), gap)


# ---- controls
UNIT = Assumption("rewards in [0, 1]", lambda m: (m.mdp.r >= 0).all() and (m.mdp.r <= 1).all())
AT = 5, "1/20"
CLIFF, PAID_MORE = "the cliff attains the rate", "rewards up to 3"


def figure(ax, rows):
    """The gap per unit of error and step, gap / (eps H) with eps = max_t e_t, against the horizon."""
    H = np.arange(1, 14)
    ax.plot(H, (H + 1) / 2, "k--", label="bound $(H + 1)/2$")
    found, falls = (
        [row for row in rows if row["part"] == part and not row.get("control")] for part in ("statement", CLIFF)
    )
    found = [
        (row["sizes"]["H"], row["ratio"] * (row["sizes"]["H"] + 1) / 2) for row in found if row["ratio"] is not None
    ]
    ax.plot(*zip(*found, strict=True), ".C3", label="tightest of each size")
    for k, mark, words in ((100, "oC0", "1/100H"), (1, "^C0", "1/H")):
        at = [row for row in falls if row["parameters"]["eps"] == f"1/{k * row['sizes']['H']}"]
        ax.plot(
            [row["sizes"]["H"] for row in at],
            [row["sides"][-1] * k for row in at],
            mark,
            label=f"cliff, $\\varepsilon = {words}$",
        )
    ax.plot(H, H / H, "C1", label="linear in $H$ (fails)")
    gap, bound = next(row["sides"] for row in rows if row.get("control") and row["label"] == PAID_MORE)
    ax.plot(AT[0], gap / bound * (AT[0] + 1) / 2, "xC1", label="rewards up to 3 (fails)")
    ax.set(xlabel="horizon $H$", ylabel="value gap $/\\,(\\varepsilon H)$")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


CLAIM = Claim(
    "cloning_error_compounds_quadratically",
    check,
    TWO_POLICIES,
    formula=(
        r"\lvert J(E) - J(L) \rvert \le \sum_{t=0}^{H-1} (H-t)\, e_t \le \tfrac{H(H+1)}{2} \max_t e_t, \qquad e_t "
        r"= \mathbb{E}_{s \sim d_t^E}\, \mathrm{TV}(E_t, L_t)(s)"
    ),
    papers=("ross2010",),
    tags=("behavioural-cloning",),
    formal=(
        Formal(
            "Lean 4",
            "jin-yidan/verified-rl",
            "27ad2be",
            "behavior_cloning_bound",
            "weaker",
            "H^2 eps under a hypothesis at every state and step that implies H(H+1)/2 eps",
        ),
    ),
    assumes=(UNIT,),
    controls=(
        Control("a linear constant", witness=lambda: cliff(*AT), tightens=linear),
        Control(PAID_MORE, witness=lambda: cliff(*AT, reward=3), drops=UNIT.name),
        Control(
            "errors off the expert's occupancy",
            witness=lambda: cliff(*AT),
            sabotages=measure.occupancy,
            by=exchange_states,
        ),
    ),
    also=(Part(CLIFF, cliffs, attains, assumes=(UNIT,)),),
    accepts=("mdp", MDP, ("P", "r", "rho")),
    figure=figure,
)
