"""The quadratic bounds of behavioural cloning are attained at errors of any size, not only as the error vanishes.

Statement  |J(E) - J(L)| <= sum_t (H-t) e_t <= H^2 mean_t e_t,   e_t = E_{s ~ d_t^E} TV(E, L)(s).
           For all e_t with sum_t e_t <= 1 there is an MDP of disjoint lanes, with one slip on each, in which
           J(E) - J(L) = sum_t (H-t) e_t. An error at the first step only attains the last bound, and equal errors
           attain the bound H(H+1)/2 max_t e_t of cloning_error_compounds_quadratically.
Assumes    rewards in [0, 1]; finite horizon.
Units      e_t is a per-step total variation in [0, 1]; J is the undiscounted return.
Kind       for all; exists
Source     adapted from Ross and Bagnell, 2010.
Proof      proofs/imitation/cloning_bound_is_attained_at_finite_error.md
"""

import numpy as np

from ... import measure
from ...instances.library.imitation.cliff import cliff, lanes
from ...instances.library.imitation.families import TWO_POLICIES
from ...model import MDP
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Formal, Part
from ...verify.faults import exchange_states


def sides(m):
    H = m.mdp.horizon.H
    gap = abs(measure.value_gap(m.mdp, m.expert, m.learner))
    return H, gap, measure.cloning_error(m.mdp, m.expert, m.learner)


def check(m):
    H, gap, e = sides(m)
    return Bound(gap, (e * np.arange(H, 0, -1)).sum(), e.sum() * H)


def mean_for_largest(m):
    """H(H+1)/2 times the mean error."""
    H, gap, e = sides(m)
    return Bound(gap, e.sum() * (H + 1) / 2)


# ---- instances that attain the bounds
def disjoint_slips(H):
    """Equal errors, of 1/H each."""
    return lanes([f"1/{H}"] * H)


def first_slip(H, e):
    return lanes([e, *[0] * (H - 1)])


def profiles():
    """Increasing and decreasing errors, an error at the last step, and errors on some of the lanes."""
    grows = [[f"{t}/{2 * H * H}" for t in range(1, H + 1)] for H in (2, 3, 5)]
    return [lanes(e) for e in (*grows, *(each[::-1] for each in grows), [0, 0, "2/3"], ["1/5", 0, "1/7", 0])]


def in_full(m):
    H, gap, e = sides(m)
    return Equal({"errors": (e, m.e), "gap": (gap, (e * np.arange(H, 0, -1)).sum())})


def equal_errors(m):
    H, gap, e = sides(m)
    return Equal({"gap": (gap, e.max() * (H * (H + 1) // 2))})


def all_at_first(m):
    gap, _, right = check(m).sides
    return Equal({"gap": (gap, right)})


def beside(m):
    """The value gap on a cliff of the same horizon with slips of probability 1/H at every step."""
    H = m.mdp.horizon.H
    return {"cliff": [sides(cliff(H, f"1/{H}"))[1].mid]}


UNIT = Assumption("rewards in [0, 1]", lambda m: (m.mdp.r >= 0).all() and (m.mdp.r <= 1).all())
EQUAL, FIRST, PAID_MORE = "equal errors on disjoint lanes", "one error, at the first step", "rewards up to 3"


def figure(ax, rows):
    """The gap per unit of error and step, gap / (eps H) with eps = mean_t e_t, against the horizon."""
    found, equal, first = (
        [row for row in rows if row["part"] == part and not row.get("control")] for part in ("statement", EQUAL, FIRST)
    )
    H = np.array([row["sizes"]["H"] for row in equal])
    ax.plot(H, H, "k--", label="bound $H$")
    ax.plot(H, (H + 1) / 2, "C1", label="$(H + 1)/2$ (fails)")
    slips = [(row["sizes"]["H"], row["sizes"]["H"] * row["pairs"]["gap"][0] / row["pairs"]["gap"][1]) for row in first]
    ax.plot(*zip(*slips, strict=True), "oC0", mfc="none", markersize=6, label="first step alone")
    ax.plot(
        H, [row["pairs"]["gap"][0] for row in equal], "sC0", mfc="none", markersize=6, label="disjoint slips of $1/H$"
    )
    ax.plot(H, [row["data"]["cliff"][0] for row in equal], "^C0", label="cliff, slips of $1/H$")
    tightest = [(row["sizes"]["H"], row["sizes"]["H"] * row["ratio"]) for row in found if row["ratio"] is not None]
    ax.plot(*zip(*tightest, strict=True), ".C3", label="tightest of each size")
    ax.set(xlabel="horizon $H$", ylabel="value gap $/\\,(\\varepsilon H)$")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


CLAIM = Claim(
    "cloning_bound_is_attained_at_finite_error",
    check,
    TWO_POLICIES,
    formula=(
        r"\lvert J(E) - J(L) \rvert \le \sum_{t=0}^{H-1} (H-t)\, e_t \le H^2\, \mathrm{mean}_t\, e_t, \qquad e_t = "
        r"\mathbb{E}_{s \sim d_t^E}\, \mathrm{TV}(E_t, L_t)(s)"
    ),
    papers=("ross2010",),
    tags=("behavioural-cloning",),
    formal=(
        Formal(
            "Lean 4",
            "jin-yidan/verified-rl",
            "27ad2be",
            "value_gap_le_sum",
            "weaker",
            "a sum of assumed per-step advantage bounds; no total variation and no instance that attains it",
        ),
    ),
    assumes=(UNIT,),
    controls=(
        Control(
            "the mean error in place of the largest", witness=lambda: first_slip(4, "1/3"), tightens=mean_for_largest
        ),
        Control(PAID_MORE, witness=lambda: lanes(["1/2", "1/3"], reward=3), drops=UNIT.name),
        Control(
            "errors on other lanes", witness=lambda: first_slip(4, 1), sabotages=measure.occupancy, by=exchange_states
        ),
    ),
    also=(
        Part(EQUAL, lambda: [disjoint_slips(H) for H in range(1, 14)], equal_errors, assumes=(UNIT,), data=beside),
        Part(
            FIRST, lambda: [first_slip(H, e) for H in (2, 5, 8, 13) for e in ("1/7", 1)], all_at_first, assumes=(UNIT,)
        ),
        Part("any errors", profiles, in_full, assumes=(UNIT,)),
    ),
    accepts=("mdp", MDP, ("P", "r", "rho")),
    figure=figure,
)
