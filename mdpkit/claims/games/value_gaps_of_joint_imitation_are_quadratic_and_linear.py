"""Value gaps of players grow quadratically for joint cloning and linearly for joint occupancy matching.

Statement  For every game, expert E, learner L and rewards in [0, 1],
               max_i |J_i(E) - J_i(L)| <= sum_t (H - t) e_t   and   max_i |J_i(E) - J_i(L)| <= sum_t TV(d_t^E, d_t^L),
           with e_t = E_{s ~ d_t^E} TV(E, L)(s) and d_t laws of state and joint action. So a cloning error e at every
           step costs at most e H(H+1)/2, and an occupancy error e on average at most e H. On disjoint lanes both are
           equalities for every H and every e in (0, 1/H].
Assumes    rewards in [0, 1].
Units      e_t and TV are total variations, in [0, 1]; with rewards in [-1, 1] the right sides double.
Kind       for all; exists
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/value_gaps_of_joint_imitation_are_quadratic_and_linear.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.interval import stack
from ...instances.library.games import TWO_PLAYERS, matching_pennies
from ...instances.library.games_gaps import joint_lanes
from ...model import MarkovGame, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def sides(m):
    """The largest value gap, the cloning errors e_t, and the occupancy errors at each step."""
    gap = abs(measure.value(m.game, m.expert) - measure.value(m.game, m.learner)).max()
    visits = measure.occupancy(m.game, m.expert) - measure.occupancy(m.game, m.learner)
    return gap, measure.cloning_error(m.game, m.expert, m.learner), abs(visits).sum(axis=(1, 2)) / 2


def check(m, weigh=lambda left: left):
    gap, cloned, matched = sides(m)
    left = m.game.horizon.H - np.arange(m.game.horizon.H)
    return Bound(stack([gap, gap]), stack([(cloned * weigh(left)).sum(), matched.sum()]))


def linear_in_the_horizon(m):
    return check(m, lambda left: left * 0 + 1)


def attains(m):
    gap, cloned, matched = sides(m)
    H = m.game.horizon.H
    most = m.slip * (H + 1) / 2
    return Equal(
        {"errors": (cloned * H, cloned * 0 + m.slip), "gap": (gap, most), "occupancies": (matched.sum(), most)}
    )


def of_own_actions(total_variation, p, q):
    """The larger total variation of the players' own actions, two each, in place of that of joint actions."""
    parts = []
    for pair in (((0, 1), (2, 3)), ((0, 2), (1, 3))):
        marginals = [np.stack([x.table[..., list(own)].sum(axis=-1) for own in pair], axis=-1) for x in (p, q)]
        parts.append(total_variation(*map(TabularPolicy, marginals)))
    return stack(parts).max(axis=0)


def double(m):
    return m.replace(game=replace(m.game, r=m.game.r * 2))


def figure(ax, rows):
    """The value gap over the cloning error and over the occupancy error, against the horizon."""
    at = [row for row in rows if row["part"] == LANES and row["parameters"]["slip"] == "1" and not row.get("control")]
    H, gap = (
        np.array(each, dtype=float) for each in zip(*((r["sizes"]["H"], r["pairs"]["gap"][0]) for r in at), strict=True)
    )
    mean = np.array([row["pairs"]["occupancies"][0] for row in at]) / H
    ax.plot(H, H * (H + 1) / 2, "k--", label="$H(H+1)/2$")
    ax.plot(H, gap * H, "oC0", label="per cloning error")
    ax.plot(H, H, "k:", label="$H$")
    ax.plot(H, gap / mean, "sC0", mfc="none", label="per occupancy error")
    ax.plot(H, H, "C1", lw=0.6, label="$H$ per cloning error (fails)")
    ax.set(xlabel="horizon $H$", ylabel="value gap$/\\varepsilon$")
    ax.legend()


LANES = "disjoint lanes"
UNIT = Assumption("rewards in [0, 1]", lambda m: (m.game.r >= 0).all() and (m.game.r <= 1).all())
CLAIM = Claim(
    "value_gaps_of_joint_imitation_are_quadratic_and_linear",
    check,
    TWO_PLAYERS,
    formula=(
        r"\max_i \lvert J_i(E) - J_i(L) \rvert \le \min \Big( \sum_t (H - t)\, e_t,\; \sum_t \mathrm{TV}(d_t^E, "
        r"d_t^L) \Big), \qquad e_t = \mathbb{E}_{s \sim d_t^E}\, \mathrm{TV}(E, L)(s)"
    ),
    papers=("tang2024",),
    tags=("value-gap", "behavioural-cloning", "occupancy-matching"),
    assumes=(UNIT,),
    controls=(
        Control("each cloning error counted once", witness=lambda: joint_lanes(3), tightens=linear_in_the_horizon),
        Control(
            "errors of each player's own actions",
            witness=lambda: matching_pennies(2),
            sabotages=measure.total_variation,
            by=of_own_actions,
        ),
        Control("rewards up to 2", witness=lambda: double(joint_lanes(3)), drops=UNIT.name),
    ),
    also=(
        Part(
            LANES,
            lambda: [joint_lanes(H, slip) for H in (1, 2, 3, 5, 8) for slip in ("1/5", 1)],
            attains,
            assumes=(UNIT,),
        ),
    ),
    accepts=("game", MarkovGame, ("P", "r", "rho")),
    figure=figure,
    sides=(r"$\max_i |J_i(E) - J_i(L)|$", r"cloning, occupancy"),
)
