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
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.instance import Instance
from ...model import Finite, JointPolicy, MarkovGame
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from .value_equivalence_is_not_regret_equivalence import nobody_deviates

START, STAKES, CALM = 0, 1, 2


def hidden_stakes(H, later=1):
    """At the start a_2 = 1 leads to STAKES, where playing 1 when 0 is recommended pays `later` per step; a_2 = 0 to CALM.

    The expert draws a_2 uniformly, the learner plays a_2 = 1; at the start the first player is paid for a_1 = a_2.
    """
    P = np.zeros((3, 4, 3), dtype=int)
    P[START, [0, 2], CALM] = P[START, [1, 3], STAKES] = P[STAKES, :, STAKES] = P[CALM, :, CALM] = 1
    r = np.zeros((2, 3, 4), dtype=int)
    r[0, START], r[0, STAKES] = [1, 0, 0, 1], [0, 0, later, later]
    obeyed = objects([[1, 0, 0, 0]] * 3)
    expert, learner = obeyed.copy(), obeyed.copy()
    expert[START], learner[START] = objects(["1/2", "1/2", 0, 0]), objects([0, 1, 0, 0])
    game = MarkovGame(objects(P), objects(r), objects([1, 0, 0]), horizon=Finite(H), actions=(2, 2))
    return Instance(game=game, expert=JointPolicy(expert), learner=JointPolicy(learner))


def bonus_chain(u, H, slip, seen):
    """Disobeying at the start leads to OTHER; there the learner slips into u states that pay for disobeying and lead back."""
    other, S = 2, 3 + u
    slip, seen = rational(slip), rational(seen)
    P, r = objects(np.zeros((S, 4, S), dtype=int)), np.zeros((2, S, 4), dtype=int)
    P[START, :2] = objects([0, 1 - seen, seen, *[0] * u])
    P[START, 2:, other] = P[1, :, 1] = P[other, [0, 2], other] = P[other, [1, 3], 3] = rational(1)
    for k in range(3, S):
        P[k, :, k + 1 if k + 1 < S else other] = rational(1)
    r[0, 3:, 2:] = 1
    obeyed = objects([[1, 0, 0, 0]] * S)
    learner = obeyed.copy()
    learner[other] = objects([1 - slip, slip, 0, 0])
    game = MarkovGame(P, objects(r), objects([1, *[0] * (S - 1)]), horizon=Finite(H), actions=(2, 2))
    return Instance(game=game, expert=JointPolicy(obeyed), learner=JointPolicy(learner))


def of_the_obeyed(recoverability, game, expert):
    """u_0: the widest range of any player's action values when no player deviates."""
    return stack([recoverability(game.player(i), expert) for i in range(game.players)]).max()


def sides(m):
    """The regret gap, 2 H e, and u_0."""
    gap = measure.regret_gap(m.game, m.expert, m.learner)
    mistakes = measure.deviation_error(m.game, m.expert, m.learner) * (2 * m.game.horizon.H)
    return gap, mistakes, of_the_obeyed(measure.recoverability, m.game, m.expert)


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
        Control("no deviations", witness=lambda: hidden_stakes(4), sabotages=measure.regret, by=nobody_deviates),
    ),
    also=(Part("a chain of bonus states hides its length", chains, between),),
    figure=figure,
)
