"""Swap regret exceeds trigger regret by at most sum_{l=1}^{H-1} (1 - A^-l), which is attained: trigger is not swap.

Statement  Let the rewards of a player with A actions lie in [0, 1]. For every mediator
               R_trigger <= R_swap <= R_trigger + sum_{l=1}^{H-1} (1 - A^-l),
           and the right-hand side is attained for all H and A >= 2 by a mediator with R_trigger = 0. So a trigger
           (extensive-form-like) equilibrium may have a swap regret of this size, close to H - 1 with many actions:
           trigger equilibria contain correlated ones strictly as soon as H >= 2.
Assumes    finite horizon; rewards in [0, 1].
Units      R is the largest gain of the player over the class, in units of reward; A is its number of actions.
Kind       for all; exists
Source     classes adapted from Morrill et al., 2021; the bound is proved here.
Proof      proofs/games/trigger_regret_bounds_swap_regret.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.interval import stack
from ...instances.instance import Instance
from ...instances.library.games import two_players
from ...model import Finite, JointPolicy, MarkovGame
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

START, GUESS, OVER = 0, 1, 2


def worth(m, A):
    """sum_{l=1}^{H-1} (1 - A^-l)."""
    like = m.game.like
    return sum((1 - like(1) / like(A**level) for level in range(1, m.game.horizon.H)), start=like(0))


def excess(m):
    """R_swap - R_trigger `[i]`."""
    return measure.regret(m.game, m.mediator, "swap") - measure.regret(m.game, m.mediator, "trigger")


def check(m):
    bound = np.stack([m.game.like(worth(m, A)) for A in m.game.actions])
    return Bound(excess(m), excess(m) * 0 + bound)


def guess_once(m):
    """With H - 1 chances to guess that are lost one by one, each worth 1 - 1/A."""
    like = m.game.like
    bound = np.stack([(1 - like(1) / like(A)) * (m.game.horizon.H - 1) for A in m.game.actions])
    return Bound(excess(m), excess(m) * 0 + bound)


def attains(m):
    R = stack([measure.regret(m.game, m.mediator, name)[0] for name in ("trigger", "swap")])
    return Equal({"trigger": (R[0], 0), "swap": (R[1], worth(m, m.game.actions[0]))})


FAMILY = two_players("mediator", H=(2, 3), S=(1, 3), A=(2, 3), B=(2, 3))


# ---- guessing games
def guesses(H, A=2, stake=1):
    """Obeying at START pays the value of guessing blindly; disobeying leads to GUESS, and a wrong guess ends the game.

    At GUESS the mediator recommends one of the A pairs (a, a), each equally likely, and the first player is paid the
    stake for playing what the second one plays. Observing recommendations it wins H - 1 times; guessing it wins
    sum_{l=1}^{H-1} A^-l times on average, which is what it is paid for obeying at START.
    """
    J = A * A
    P, r = objects(np.zeros((3, J, 3), dtype=int)), objects(np.zeros((2, 3, J), dtype=int))
    first, second = np.divmod(np.arange(J), A)
    P[START, first == 0, OVER] = P[START, first != 0, GUESS] = P[OVER, :, OVER] = objects(1)[()]
    P[GUESS, first == second, GUESS] = P[GUESS, first != second, OVER] = objects(1)[()]
    blind = sum((objects(1)[()] / A**level for level in range(1, H)), start=objects(0)[()])
    r[0, START, first == 0] = blind * stake
    r[0, GUESS, first == second] = objects(stake)[()]
    table = objects(np.zeros((3, J), dtype=int))
    table[START, 0] = table[OVER, 0] = objects(1)[()]
    table[GUESS, first == second] = objects(1)[()] / A
    game = MarkovGame(P, r, objects([1, 0, 0]), horizon=Finite(H), actions=(A, A))
    return Instance(game=game, mediator=JointPolicy(table))


def list_tight():
    return [guesses(H, A) for A in (2, 3) for H in (1, 2, 3, 4)] + [guesses(H, 5) for H in (2, 3)]


def trigger_as_coarse(regret, game, joint, deviations="swap"):
    """Trigger regret without the obedience before the first disobedience."""
    return regret(game, joint, "coarse" if deviations == "trigger" else deviations)


def recommend_match():
    """One step: recommended a match, each with probability 1/2, and paid for a mismatch."""
    game = MarkovGame(objects([[[1]] * 4]), objects([[[0, 1, 1, 0]]] * 2), horizon=Finite(1), actions=(2, 2))
    return Instance(game=game, mediator=JointPolicy(objects([["1/2", 0, 0, "1/2"]])))


def figure(ax, rows):
    """Swap regret of the guessing games, with trigger regret 0, against the horizon."""
    shown = [row for row in rows if row["part"] == TIGHT and not row.get("control")]
    for k, A in enumerate(sorted({row["sizes"]["A"] for row in shown})):
        mine = [row for row in shown if row["sizes"]["A"] == A]
        H = [row["sizes"]["H"] for row in mine]
        ax.plot(
            H,
            [row["pairs"]["swap"][0] for row in mine],
            "so^"[k % 3],
            color=f"C{(0, 2, 5)[k % 3]}",
            label=f"swap, $A={A}$",
        )
        steps = range(1, max(H) + 1)
        ax.plot(steps, [sum(1 - A**-level for level in range(1, h)) for h in steps], "-", color=f"C{(0, 2, 5)[k % 3]}")
    steps = [1, 2, 3, 4]
    ax.plot(steps, [0] * 4, "k.", label="trigger, every $A$")
    ax.plot(steps, [h - 1 for h in steps], "k--", label="$H-1$")
    ax.plot(steps, [(h - 1) / 2 for h in steps], "C1", label="$(H-1)/2$, $A=2$ (fails)")
    ax.set(xlabel="horizon $H$", ylabel="largest gain")
    ax.legend()


TIGHT = "guessing games attain the bound"
UNIT = Assumption("rewards in [0, 1]", lambda m: (m.game.r >= 0).all() and (m.game.r <= 1).all())
CLAIM = Claim(
    "trigger_regret_bounds_swap_regret",
    check,
    FAMILY,
    formula=(
        r"R_{\text{trigger}} \le R_{\text{swap}} \le R_{\text{trigger}} + \sum_{l=1}^{H-1} \big( 1 - A^{-l} \big)"
    ),
    papers=("morrill2021",),
    tags=("regret", "equilibria"),
    assumes=(UNIT,),
    controls=(
        Control("every guess is worth 1 - 1/A", witness=lambda: guesses(3), tightens=guess_once),
        Control("stakes of 2", witness=lambda: guesses(3, stake=2), drops=UNIT.name),
        Control("trigger regret as coarse", witness=recommend_match, sabotages=measure.regret, by=trigger_as_coarse),
    ),
    also=(Part(TIGHT, list_tight, attains),),
    accepts=("game", MarkovGame, ("P", "rho")),
    figure=figure,
)
