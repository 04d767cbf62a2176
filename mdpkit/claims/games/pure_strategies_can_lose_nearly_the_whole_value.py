"""In a zero-sum Markov game the max-min over pure actions can miss the value by all but one unit of reward.

Statement  Let V be the value of a zero-sum Markov game to its first player, and W what backward induction gives where
           at every step it plays the pure action of highest security level. Then in every state
               0 <= V - W <= H - (1 - n^-H) / (n - 1),   n the smaller number of actions.
           For every n >= 2 and H equality holds in an evasion game, where W = 0. Over one step the bound is 1 - 1/n;
           repeating it at every step would suggest H (1 - 1/n), which is too small for H >= 2.
Assumes    finite horizon; both players have at least two actions; rewards in [0, 1].
Units      V and W in units of the largest reward of a step.
Kind       for all; exists
Source     adapted from Shapley, 1953; the constant is this project's own.
Proof      proofs/games/pure_strategies_can_lose_nearly_the_whole_value.md
"""

from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import Finite, MarkovGame
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def smaller(game):
    return min(game.actions), game.horizon.H


def most(game):
    """H - (1 - n^-H) / (n - 1)."""
    n, H = smaller(game)
    return game.like(H - (1 - Fraction(1, n**H)) / (n - 1))


def gaps(m):
    """V - W at the first step, `[s]`."""
    return (measure.minimax_values(m.game) - measure.minimax_values(m.game, pure=True))[0]


def check(m):
    gap = gaps(m)
    return Bound(stack([gap.max(), gap.min() * 0]), stack([gap.max() * 0 + most(m.game), gap.min()]))


def one_step_at_a_time(m):
    """The bound of one step, H times."""
    n, H = smaller(m.game)
    gap = gaps(m)
    return Bound(
        stack([gap.max(), gap.min() * 0]), stack([gap.max() * 0 + m.game.like(H * (1 - Fraction(1, n))), gap.min()])
    )


def attains(m):
    return Equal({"gap": (gaps(m).max(), gaps(m).max() * 0 + most(m.game))})


def zero_sum(P, r, horizon, actions):
    return MarkovGame(P, np.stack([r, -r], axis=-3), horizon=horizon, actions=actions)


FAMILY = Family(
    blocks=dict(P=Simplex("S", ("A", "B"), to="S"), r=Box("S", ("A", "B"))),
    sizes=dict(H=(1, 3), S=(1, 2), A=(2, 3), B=(2, 3)),
    models=dict(
        game=lambda x: zero_sum(x.P, x.r, Finite(x.sizes["H"]), (x.sizes["A"], x.sizes["B"])),
    ),
)


# ---- evasion: until the players first choose different actions, no reward; from then on 1 at every step
def evasion(H, n, more=0, reward=1):
    """The second player searches among n + more actions, of which the last ones never match."""
    P, r = np.zeros((2, n, n + more, 2), dtype=int), np.zeros((2, n, n + more), dtype=int)
    P[0, ..., 1] = P[1, ..., 1] = 1
    r[:] = reward
    same = np.arange(n)
    P[0, same, same], r[0, same, same] = [1, 0], 0
    J = n * (n + more)
    return Instance(
        game=zero_sum(objects(P.reshape(2, J, 2)), objects(r.reshape(2, J)), Finite(H), (n, n + more)),
    )


def first_mover(minimax_values, game, pure=False):
    """In place of the value, what the first player earns if it observes the second: the min-max over pure actions."""
    if pure:
        return minimax_values(game, pure)
    A, B = game.actions
    turned = game.r[..., 0, :, :].reshape(-1, game.S, A, B).swapaxes(2, 3).reshape(-1, game.S, A * B)
    P = game.P.reshape(game.S, A, B, game.S).swapaxes(1, 2).reshape(game.P.shape)
    mirror = MarkovGame(P, np.stack([-turned[0], turned[0]]), game.rho, horizon=game.horizon, actions=(B, A))
    return -minimax_values(mirror, pure=True)


def figure(ax, rows):
    """The gap against the horizon: evasion games of n actions, their bounds, and H (1 - 1/n) for n = 2."""
    for n, style in ((2, "oC0"), (3, "sC0"), (5, "^C0")):
        at = [row for row in rows if row["part"] == EVASION and not row.get("control") and row["sizes"]["A"] == n]
        at = sorted((row["sizes"]["H"], *row["pairs"]["gap"]) for row in at)
        ax.plot([H for H, _, _ in at], [gap for _, gap, _ in at], style, mfc="none", label=f"evasion, $n={n}$")
        ax.plot([H for H, _, _ in at], [end for _, _, end in at], "k--", lw=0.8, label="the bound" if n == 2 else None)
    H = np.arange(1, 9)
    ax.plot(H, H / 2, "C1", label="$H(1 - 1/n)$, $n = 2$ (fails)")
    ax.set(xlabel="horizon $H$", ylabel="value minus pure max-min")
    ax.legend(fontsize=6)


def rewards_within_one(m):
    return ((m.game.r[..., 0, :, :] >= 0) & (m.game.r[..., 0, :, :] <= 1)).all()


EVASION = "attained by evasion"
UNIT = Assumption("rewards in [0, 1]", rewards_within_one)
CLAIM = Claim(
    "pure_strategies_can_lose_nearly_the_whole_value",
    check,
    FAMILY,
    formula=r"0 \le V_0(s) - W_0(s) \le H - \frac{1 - n^{-H}}{n - 1}, \qquad n = \min(A, B)",
    papers=("shapley1953",),
    tags=("equilibria", "zero-sum"),
    assumes=(UNIT,),
    controls=(
        Control("the one-step bound at every step", lambda: evasion(3, 2), tightens=one_step_at_a_time),
        Control("rewards of 2", lambda: evasion(2, 2, reward=2), drops=UNIT.name),
        Control(
            "the min-max over pure actions as the value",
            lambda: evasion(2, 2),
            sabotages=measure.minimax_values,
            by=first_mover,
        ),
    ),
    also=(
        Part(
            EVASION,
            lambda: [
                evasion(H, n, more) for n in (2, 3, 5) for more in (0, 1) for H in (1, 2, 3, 5, 8) if n + more < 6
            ],
            attains,
            assumes=(UNIT,),
        ),
    ),
    figure=figure,
)
