"""Copying the expert where its visitation is below b bounds the regret gap by 2uHe/b, asymptotically tight in H.

Statement  If L = E wherever d_t^E(s) < b, then
               max_i R_i(L) - max_i R_i(E) <= 2 u H e / b,   e = 1/H sum_t E_{s ~ d_t^E} TV(E, L)(s).
           For matching pennies at a place that the expert visits with probability b, the left side is (1 + b)/2 times
           the right side for every H >= 2, and (H-1)/((H-1) + 2/b) times it if the learner itself also moves to that
           place: the supremum over H is 1 for every b. The constant 2 can be replaced by 1 + b + H e/2 where this is
           smaller; for H = 2 and b <= 1/2 the optimal constant is 1 + b.
Assumes    the learner equals the expert wherever the expert's visitation is below b.
Units      b is the probability of a place (t, s); e is a total variation averaged over the steps; u is a range; R_i is
           swap regret.
Kind       for all; exists
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/coverage_gated_regret_is_asymptotically_tight.md
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import rational
from ...base.interval import stack
from ...instances.blocks import Choice
from ...instances.library.games import TWO_PLAYERS, rare_pennies
from ...kernels import finite
from ...model import JointPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def sides(m):
    """The regret gap, u H e / b, and H e."""
    seen = measure.cloning_error(m.game, m.expert, m.learner).sum()
    return measure.regret_gap(m.game, m.expert, m.learner), measure.recoverability(m.game, m.expert) * seen / m.b, seen


def check(m):
    gap, price, seen = sides(m)
    few = price * (seen / 2 + (1 + m.b))
    return Bound(gap, stack([few, price * 2]).min(), price * 2)


def without_threshold(m):
    gap, price, _ = sides(m)
    return Bound(gap, price * 2 * m.b)


def of_two_steps(m):
    gap, price, _ = sides(m)
    return Bound(gap, price * (1 + m.b))


def gate(learner, expert, visits, b):
    """learner[t,s,j], but expert[t,s,j] where visits[t,s] < b."""
    return np.where((visits < b)[..., None], expert, learner)


def gate_learner(x):
    """The drawn learner, set to the expert where the expert's visitation is below b."""
    visits = finite.occupancy(x.P, x.rho, x.expert, len(x.P)).sum(axis=2)
    return type(x)(**{**vars(x), "learner": gate(x.learner, x.expert, visits, x.b)})


GATED = replace(
    TWO_PLAYERS,
    blocks={**TWO_PLAYERS.blocks, "b": Choice(of=("1/2", "1/4", "1/10"))},
    models={**TWO_PLAYERS.models, "b": lambda x: x.b[()]},
    repair=gate_learner,
)


# ---- pennies at a place that the expert visits with probability b after the first step, and never before
def pennies(H, b, strays=False):
    m = rare_pennies(H, b, strays)
    visits = measure.occupancy(m.game.player(0), m.expert).lower.sum(axis=2)
    learner, expert = (np.stack([each.table] * H) for each in (m.learner, m.expert))
    return m.replace(learner=JointPolicy(gate(learner, expert, visits, m.b)), strays=int(strays))


def claiming(b, m):
    """The instance with another threshold b."""
    return m.replace(b=rational(b))


def shares(m):
    (left, _, right), steps = check(m).sides, m.game.horizon.H - 1
    return Equal({"share": (left / right, m.b * steps / (m.b * steps + 2) if m.strays else (1 + m.b) / 2)})


SHARES, FURTHER, LENGTHS = ("1", "1/2", "1/4", "1/10"), ("3/4", "1/100"), (2, 3, 6)


def list_pennies(shares, lengths):
    return [pennies(H, b, strays) for strays in (False, True) for b in shares for H in lengths]


def all_pennies():
    return list_pennies(SHARES, LENGTHS) + list_pennies(SHARES[1:], [20])


def further_pennies():
    return list_pennies(FURTHER, (*LENGTHS, 20, 60)) + list_pennies(SHARES, [60])


def seldom_alike(m):
    visits = measure.occupancy(m.game.player(0), m.expert).sum(axis=-1).lower
    differ = np.broadcast_to((m.learner.table != m.expert.table).any(axis=-1), visits.shape)
    return (visits[differ] >= m.b).all()


def elsewhere(occupancy, problem, policy):
    """The occupancy with the order of the states reversed."""
    return occupancy(problem, policy)[:, ::-1]


def figure(ax, rows):
    """Regret gap / bound against the horizon: the closed form, and the tightest instance found of each size."""
    ax.axhline(1, color="k", linestyle="--", label="bound")
    at = [row for row in rows if row["part"] == LISTED and not row.get("control")]
    for b, mark in (("1/2", "s"), ("1/4", "o"), ("1/10", "^")):
        for strays, face in ((1, None), (0, "none")):
            found = [row for row in at if row["parameters"]["b"] == b and row["parameters"]["strays"] == strays]
            H, share = zip(*((row["sizes"]["H"], row["pairs"]["share"][0]) for row in found), strict=True)
            words = f"$b = {b}$" + (", straying" if strays else "")
            ax.plot(H, share, mark + "-C0", mfc=face, alpha=0.4 + float(Fraction(b)), label=words)
    ax.axhline(0.625, color="C1", label="$(1+b)/2$, $b = 1/4$ (fails)")
    found = [
        (row["sizes"]["H"], row["ratio"])
        for row in rows
        if row["part"] == "statement" and not row.get("control") and row["ratio"] is not None
    ]
    ax.plot(*zip(*found, strict=True), ".C3", label="tightest of each size, any $b$")
    ax.set(xlabel="horizon $H$", ylabel="regret gap / bound", xscale="log", ylim=(0, 1.05))
    ax.legend(fontsize=6, ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


TWO, LISTED = "two steps", "pennies at the rare state"
SHORT = Assumption("two steps, and a threshold of at most 1/2", lambda m: m.game.horizon.H == 2 and bool(2 * m.b <= 1))
SEEN = Assumption("the learner equals the expert where the expert's visitation is below b", seldom_alike)
CLAIM = Claim(
    "coverage_gated_regret_is_asymptotically_tight",
    check,
    GATED,
    formula=(
        r"L = E \text{ wherever } d_t^E(s) < b \;\Rightarrow\; \max_i R_i(L) - \max_i R_i(E) \le "
        r"\frac{2\,u\,H\,e}{b}, \qquad e = \frac1H \sum_t \mathbb{E}_{s \sim d_t^E}\, \mathrm{TV}(E, L)(s)"
    ),
    papers=("tang2024",),
    tags=("regret", "coverage"),
    assumes=(SEEN,),
    controls=(
        Control("without the threshold", witness=lambda: pennies(3, "1/10"), tightens=without_threshold),
        Control("1 + b in longer games", witness=lambda: pennies(20, "1/4", True), drops=SHORT.name, part=TWO),
        Control(
            "a threshold above the visitation", witness=lambda: claiming("1/2", pennies(3, "1/10")), drops=SEEN.name
        ),
        Control(
            "visitation of another state", witness=lambda: pennies(5, "1/2"), sabotages=measure.occupancy, by=elsewhere
        ),
    ),
    also=(
        Part(TWO, replace(GATED, sizes={**GATED.sizes, "H": (2, 2)}), of_two_steps, assumes=(SEEN, SHORT)),
        Part(LISTED, all_pennies, shares, assumes=(SEEN,), thorough=further_pennies),
    ),
    figure=figure,
)
