"""The bound 2uHe on the regret gap is attained at every recoverability u, with rewards in [0, 1].

Statement  Play matching pennies, pay nothing for it, and let the winner collect a reward of 1 in each of the u steps
           that follow; then repeat. The expert recommends all four pairs with equal probability and the learner matches
           only. For every u >= 1 and every H that is a multiple of u + 1, recoverability is u and
               max_i R_i(L) - max_i R_i(E) = 2 u H e,
           e as in regret_gap_is_bounded_by_recoverability. For any H > u, if the last of c rounds is cut short, the
           gap is H - c and the bound u c, so that their ratio tends to 1 as H/u grows.
Assumes    the horizon is a whole number of rounds.
Units      rewards in [0, 1]; u is a range of action values, here a number of steps; e is an average over the steps.
Kind       exists (enumerated)
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/regret_gap_bound_is_attained_at_every_recoverability.md
"""

from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...instances.instance import Instance
from ...instances.library.games import EVEN, MATCHED
from ...model import Finite, JointPolicy, MarkovGame
from ...verify.claim import Assumption, Claim, Control, Equal, Part


def delayed_pennies(u, H):
    """State 0 is pennies; states 1..u pay the first player, who wins a match, and u + 1..2u the second."""
    S, MATCHES, MISMATCHES = 1 + 2 * u, [0, 3], [1, 2]
    P, r = np.zeros((S, 4, S), dtype=int), np.zeros((2, S, 4), dtype=int)
    P[0, MATCHES, 1] = P[0, MISMATCHES, u + 1] = 1
    for s in range(1, S):
        P[s, :, 0 if s in (u, 2 * u) else s + 1] = 1
    r[0, 1 : u + 1] = r[1, u + 1 :] = 1
    game = MarkovGame(objects(P), objects(r), objects([1] + [0] * (S - 1)), horizon=Finite(H), actions=(2, 2))
    expert, learner = (JointPolicy(objects([law] + [[1, 0, 0, 0]] * (S - 1))) for law in (EVEN, MATCHED))
    return Instance(game=game, expert=expert, learner=learner, u=u, rounds=-(-H // (u + 1)))


def facts(m):
    """u, the regret gap, and u H e."""
    u = measure.recoverability(m.game, m.expert)
    mistakes = measure.deviation_error(m.game, m.expert, m.learner) * m.game.horizon.H
    return u, measure.regret_gap(m.game, m.expert, m.learner), u * mistakes


def check(m, constant=2):
    u, gap, price = facts(m)
    return Equal({"recoverability": (u, m.u), "regret gap": (gap, price * constant)})


def cut_short(m):
    """The last round may be cut off; H > u, so that the first is not."""
    u, gap, price = facts(m)
    H = rational(m.game.horizon.H)
    return Equal(
        {"recoverability": (u, m.u), "gap": (gap, H - m.rounds), "bound": (price * 2, rational(m.u) * m.rounds)}
    )


def of_one_step(recoverability, game, expert):
    """The range of the rewards of one step."""
    return recoverability(game, expert) * 0 + (game.r.max() - game.r.min())


def whole(stretches=(1, 2, 3), rounds=(1, 2)):
    return [delayed_pennies(u, k * (u + 1)) for u in stretches for k in rounds]


def further():
    return whole(rounds=(3,)) + whole((5, 8), (1, 2, 3))


def cut_off():
    """Rounds of u + 1 steps, the last of which is cut off after two."""
    return [delayed_pennies(u, k * (u + 1) + 2) for u in (2, 3) for k in (1, 3, 5)]


def figure(ax, rows):
    """Regret gap / bound against H/u, for whole and unfinished rounds."""
    at = [row for row in rows if row["part"] == CUT and not row.get("control")]
    ax.axhline(1, color="k", linestyle="--", label="$2uH\\varepsilon$")
    for u, mark in ((2, "s"), (3, "^")):
        found = [row for row in at if row["parameters"]["u"] == u]
        ratio = [row["pairs"]["gap"][0] / row["pairs"]["bound"][0] for row in found]
        ax.plot(
            [row["sizes"]["H"] / u for row in found], ratio, mark + "C0", mfc="none", label=f"unfinished, $u = {u}$"
        )
    exact = [row for row in rows if row["part"] == "statement" and not row.get("control")]
    H = [row["sizes"]["H"] / row["parameters"]["u"] for row in exact]
    ax.plot(H, [row["pairs"]["regret gap"][0] / row["pairs"]["regret gap"][1] for row in exact], ".C0", label="whole")
    ax.axhline(1.99 / 2, color="C1", label="$1.99\\,uH\\varepsilon$ (fails)")
    ax.set(xlabel="$H/u$", ylabel="regret gap / bound", ylim=(0, 1.1))
    ax.legend(loc="lower right")


CUT = "an unfinished round"
WHOLE = Assumption("the horizon is a whole number of rounds", lambda m: m.game.horizon.H % (m.u + 1) == 0)
CLAIM = Claim(
    "regret_gap_bound_is_attained_at_every_recoverability",
    check,
    whole,
    formula=r"H = k(u + 1) \;\Rightarrow\; \max_i R_i(L) - \max_i R_i(E) = 2\,u\,H\,e, \qquad 0 \le r \le 1",
    papers=("tang2024",),
    tags=("regret", "recoverability"),
    assumes=(WHOLE,),
    controls=(
        Control(
            "a constant of 1.99",
            witness=lambda: delayed_pennies(2, 6),
            tightens=lambda m: check(m, Fraction(199, 100)),
            at="regret gap",
        ),
        Control("an unfinished round", witness=lambda: delayed_pennies(2, 7), drops=WHOLE.name),
        Control(
            "the range of one step's rewards",
            witness=lambda: delayed_pennies(3, 8),
            sabotages=measure.recoverability,
            by=of_one_step,
        ),
    ),
    also=(Part(CUT, cut_off, cut_short),),
    thorough=further,
    figure=figure,
)
