"""Recoverability must be taken under deviations: without them it can understate the regret gap by a factor (H+1)/2.

Statement  Let u_0 be the widest range over joint actions of Q_i^E, with no player deviating. For every H there is a
           game with
               max_i R_i(L) - max_i R_i(E) = (H+1)/2 * 2 u_0 H e,
           where e is as in regret_gap_is_bounded_by_recoverability, whose bound holds with u taken under deviations.
           The mistake costs one stake (a reward of 1) at its own step, and a deviating player then draws H - 1 further
           stakes from it. On a chain of u = 4 or 8 bonus states that pay only a deviating player, u_0 = 1 and 2 u_0 H
           e <= gap <= 2 u H e.
Assumes    a deviation can reach later stakes.
Units      swap regret in units of reward in [0, 1]; e is a total variation averaged over the steps.
Kind       exists (enumerated, H = 1..16, and two chains)
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/recoverability_must_see_the_deviation.md
"""

import numpy as np

from ... import measure
from ...instances.library.games import STAKES, bonus_chain, hidden_stakes
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import forbid_deviations, recoverability_without_deviations


def sides(m):
    """The regret gap, 2 H e, and u_0."""
    gap = measure.regret_gap(m.game, m.expert, m.learner)
    mistakes = measure.deviation_error(m.game, m.expert, m.learner) * (2 * m.game.horizon.H)
    return gap, mistakes, recoverability_without_deviations(measure.recoverability, m.game, m.expert)


def check(m):
    gap, mistakes, obeyed = sides(m)
    return Equal({"obeyed range": (obeyed, 1), "regret gap": (gap, obeyed * mistakes * (m.game.horizon.H + 1) / 2)})


def counted_while_deviating(m):
    gap, mistakes, obeyed = sides(m)
    u = measure.recoverability(m.game, m.expert)
    return Equal({"obeyed range": (obeyed, 1), "regret gap": (gap, u * mistakes * (m.game.horizon.H + 1) / 2)})


def between(m):
    gap, mistakes, obeyed = sides(m)
    return Bound(obeyed * mistakes, gap, measure.recoverability(m.game, m.expert) * mistakes)


def chains():
    return [bonus_chain(u, H=40, slip="1/1000", seen="1/100000") for u in (4, 8)]


def figure(ax, rows):
    """The regret gap against the horizon, the bound with recoverability under deviations, and the bound without."""
    H = np.array([row["sizes"]["H"] for row in rows if row["part"] == "statement" and not row.get("control")])
    gap = [row["pairs"]["regret gap"][0] for row in rows if row["part"] == "statement" and not row.get("control")]
    ax.plot(H, H, "k--", label="$2uH\\varepsilon$")
    ax.plot(H, gap, "oC0", label="regret gap")
    ax.plot(H, H**0, color="C1", label="$2u_0H\\varepsilon$ (fails)")
    ax.set(xlabel="horizon $H$", ylabel="regret gap")
    ax.legend()


LATER = Assumption("a deviation can reach later stakes", lambda m: (m.game.r[0, STAKES] != 0).any())
CLAIM = Claim(
    "recoverability_must_see_the_deviation",
    check,
    instances=lambda: [hidden_stakes(H) for H in range(1, 17)],
    formula=(
        r"\max_i R_i(L) - \max_i R_i(E) = \frac{H+1}{2} \cdot 2\,u_0\,H\,e, \qquad u_0 = \max_{i,t,s} \big( \max_j "
        r"Q_{i,t}^E(s, j) - \min_j Q_{i,t}^E(s, j) \big)"
    ),
    papers=("tang2024",),
    tags=("regret", "recoverability"),
    assumes=(LATER,),
    controls=(
        Control(
            "u under deviations",
            witness=lambda: hidden_stakes(4),
            tightens=counted_while_deviating,
            at="regret gap",
        ),
        Control("no later stakes", witness=lambda: hidden_stakes(4, later=0), drops=LATER.name),
        Control("no deviations", witness=lambda: hidden_stakes(4), sabotages=measure.regret, by=forbid_deviations),
    ),
    also=(Part("a chain of bonus states hides its length", chains, between),),
    figure=figure,
)
