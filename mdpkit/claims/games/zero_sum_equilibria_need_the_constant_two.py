"""Even against a zero-sum equilibrium, the regret of a product-policy learner can be arbitrarily close to 2uHe.

Statement  Consider zero-sum matrix games repeated over H steps, where E is the product of the strategies of an
           equilibrium and L the product of any two strategies. As in every game, max_i R_i(L) <= 2 u H e, with u and e
           as in regret_gap_is_bounded_by_recoverability.
           In a game of 2 x 3 actions and value v <= 1/2 the left side is 1 - v/2 times the right side, for every H:
           neither zero sums, nor an equilibrium expert, nor product policies lower the constant 2.
Assumes    the expert is an equilibrium: max_i R_i(E) = 0.
Units      in the 2 x 3 game the first player's payoffs lie in [0, 1] and u = 1 is their range; e = TV(E, L), the same
           under every deviation.
Kind       for all; exists (enumerated)
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/zero_sum_equilibria_need_the_constant_two.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import Finite, JointPolicy, MarkovGame
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def sides(m):
    """The learner's regret, its gap to an equilibrium, and u H e; with one state, deviations leave e unchanged."""
    price = measure.recoverability(m.game, m.expert) * measure.cloning_error(m.game, m.expert, m.learner).sum()
    return measure.regret(m.game, m.learner).max(), price


def check(m):
    gap, price = sides(m)
    return Bound(gap, price * 2)


def three_halves(m):
    gap, price = sides(m)
    return Bound(gap, price * 3 / 2)


def share(m):
    gap, price = sides(m)
    return Equal(
        {"share": (gap, price * (2 - m.v)), "mistakes": (measure.deviation_error(m.game, m.expert, m.learner), m.v)}
    )


def once(x, payoff):
    """The zero-sum game of one step in which the first player is paid payoff[a, b]."""
    paid = payoff.reshape(1, -1)
    P = x.like(np.ones((1, paid.shape[1], 1), dtype=int))
    return MarkovGame(P, np.stack([paid, -paid]), x.like([1]), horizon=Finite(1), actions=payoff.shape)


def among(law, used):
    """The law conditioned on the used actions; the first action if these have probability 0."""
    kept = law * used
    total = kept.sum()
    some = kept / np.where(total > 0, total, 1)
    return np.where(total > 0, some, some * 0 + np.eye(1, len(law), dtype=int)[0])


def balance(x):
    """The drawn payoffs without the mean effect of either player's action, and with a penalty on unused actions."""
    rows, columns = x.payoff @ x.second, x.first @ x.payoff
    payoff = x.payoff - rows[:, None] - columns + x.first @ rows
    return payoff - np.where(x.first > 0, 0, x.worse)[:, None] + np.where(x.second > 0, 0, x.dearer)


def restrict_support(x):
    return type(x)(**{**vars(x), "first": among(x.first, x.rows), "second": among(x.second, x.columns)})


def independent(first, second):
    return JointPolicy((first[:, None] * second).reshape(1, -1))


FAMILY = Family(
    blocks=dict(
        payoff=Box("A", "B"),
        first=Simplex(to="A"),
        second=Simplex(to="B"),
        rows=Choice("A", of=(1, 0)),
        columns=Choice("B", of=(1, 0)),
        worse=Box("A"),
        dearer=Box("B"),
        played=Simplex(to="A"),
        answered=Simplex(to="B"),
    ),
    sizes=dict(A=(2, 3), B=(2, 3)),
    models=dict(
        game=lambda x: once(x, balance(x)),
        expert=lambda x: independent(x.first, x.second),
        learner=lambda x: independent(x.played, x.answered),
    ),
    repair=restrict_support,
)


# ---- the game that approaches the bound
def hair(H, v):
    """Rows (1, v, 0) and (0, v, 1). The equilibrium plays row 1 with probability v, and column 1; its value is v.

    The learner plays row 0, and column 0 with probability v; its value is 2 v - v^2, and 0 against column 2.
    """
    v = rational(v)
    paid = objects([[1, v, 0], [0, v, 1]]).reshape(1, 6)
    game = MarkovGame(
        objects(np.ones((1, 6, 1), dtype=int)), np.stack([paid, -paid]), objects([1]), horizon=Finite(H), actions=(2, 3)
    )
    learner = independent(objects([1, 0]), objects([v, 1 - v, 0]))
    return Instance(game=game, v=v, expert=independent(objects([1 - v, v]), objects([0, 1, 0])), learner=learner)


def halfway(m):
    """An expert halfway between the equilibrium and the learner, in the strategy of either player."""
    half = m.v / 2
    return m.replace(expert=independent(objects([1 - half, half]), objects([half, 1 - half, 0])))


def at_a_single_step(regret, game, joint, deviations="swap"):
    """The regret of deviations at one step only."""
    return regret(game, joint, "one-shot")


def figure(ax, rows):
    """Regret gap / bound against the value of the game, and the tightest instance found of each size."""
    at = [row for row in rows if row["part"] == HAIR and not row.get("control") and row["sizes"]["H"] == 1]
    v = [row["pairs"]["mistakes"][1] for row in at]
    ax.axhline(1, color="k", linestyle="--", label="$2uH\\varepsilon$")
    ax.axhline(0.75, color="C1", label="$\\frac{3}{2}uH\\varepsilon$ (fails)")
    ax.plot(v, [row["pairs"]["share"][0] / (2 * x) for row, x in zip(at, v, strict=True)], "oC0", label="$1 - v/2$")
    found = [
        row["ratio"]
        for row in rows
        if row["part"] == "statement" and not row.get("control") and row["ratio"] is not None
    ]
    ax.plot([0.5] * len(found), found, ".C3", label="tightest of each size, any game")
    ax.set(xlabel="value $v$ of the game", ylabel="regret gap / bound", ylim=(0, 1.05))
    ax.legend()


HAIR = "arbitrarily close to the constant"
NASH = Assumption("the expert is an equilibrium", lambda m: measure.regret(m.game, m.expert).max() == 0)
VALUES = ("1/2", "1/3", "1/5", "1/10", "1/30", "1/1000")
CLAIM = Claim(
    "zero_sum_equilibria_need_the_constant_two",
    check,
    FAMILY,
    formula=(
        r"\max_i R_i(L) \le 2\,u\,H\,e, \qquad \max_i R_i(L) = \Big( 1 - \frac v2 \Big)\, 2\,u\,H\,e \text{ in a "
        r"game of value } v \le \tfrac12"
    ),
    papers=("tang2024",),
    tags=("regret", "equilibria", "zero-sum"),
    assumes=(NASH,),
    controls=(
        Control("a constant of 3/2", witness=lambda: hair(2, "1/10"), tightens=three_halves),
        Control(
            "deviations at a single step",
            witness=lambda: hair(2, "1/10"),
            sabotages=measure.regret,
            by=at_a_single_step,
            part=HAIR,
        ),
        Control(
            "an expert halfway from an equilibrium to the learner",
            witness=lambda: halfway(hair(2, "1/10")),
            drops=NASH.name,
        ),
    ),
    also=(Part(HAIR, lambda: [hair(H, v) for v in VALUES for H in (1, 2, 7)], share, assumes=(NASH,)),),
    figure=figure,
)
