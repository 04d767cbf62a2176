"""Average regrets of repeated play are the regrets of its average law; in a zero-sum game their sum is NashConv.

Statement  Let n players play a one-shot game for T rounds with mixed strategies x_t, and let s be the average over the
           rounds of the law of their joint actions, x_t^1 x ... x x_t^n. For every player,
               R_coarse(s) = Reg_i / T,   R_swap(s) = SwapReg_i / T,
           Reg_i being the largest gain of one fixed action over the rounds, SwapReg_i that of a function of the own
           action. So play without regret is asymptotically a coarse correlated equilibrium, and without swap regret a
           correlated one. If two players' payoffs are opposed, the time averages satisfy
               NashConv(mean of x_t, mean of y_t) = (Reg_1 + Reg_2) / T.
Assumes    nothing for the first two; opposed payoffs of two players for the third.
Units      NashConv and regrets in units of payoff; Reg_i is a sum over T rounds.
Kind       identity
Source     adapted from Freund and Schapire, 1997, Hart and Mas-Colell, 2000, and Blum and Mansour, 2007.
Proof      proofs/games/regrets_of_play_are_those_of_its_average.md
"""

from functools import reduce

import numpy as np

from ... import measure
from ...base.interval import stack
from ...base.lifting import enclose, law
from ...ink.figures import identity
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.games_learning import one_shot
from ...model import Finite, JointPolicy, MarkovGame, TabularPolicy
from ...verify.claim import Assumption, Claim, Control, Equal, Part
from ...verify.faults import ignore_recommendations


def product_law(strategies):
    """Law `[j]` of joint actions of players that draw their actions independently."""
    return reduce(lambda joint, x: (joint[:, None] * x[None, :]).reshape(-1), strategies)


def plays(m):
    """Policies of the players, with a row `[t,a]` a round."""
    return [getattr(m, name) for name in "xyz"[: m.game.players]]


def average_law(m):
    """s, as a mediator."""
    laws = [product_law(rows) for rows in zip(*(x.table for x in plays(m)), strict=True)]
    return JointPolicy((sum(laws) / len(laws))[None])


def product_of_averages(m):
    return JointPolicy(product_law([x.table.sum(axis=0) / len(x.table) for x in plays(m)])[None])


def gains(m):
    """For each player i, its strategies `[t,a]` and its expected payoffs `[t,b]` of all actions, round by round."""
    strategies = [law(x, "table") for x in plays(m)]
    for i, own in enumerate(strategies):
        payoff = np.moveaxis(m.game.r[i, 0].reshape(m.game.actions), i, 0)
        payoff = enclose(payoff.reshape(len(payoff), -1))
        others = [x for k, x in enumerate(strategies) if k != i]
        laws = [product_law([x[t] for x in others]) for t in range(len(own))]
        yield own, stack([(payoff * chances[None]).sum(axis=-1) for chances in laws])


def external_regrets(m):
    return [g.sum(axis=0).max() - (x * g).sum() for x, g in gains(m)]


def swap_regrets(m):
    """sum over actions a of max_b sum_t x_t(a) (g_t(b) - g_t(a))."""
    found = []
    for x, g in gains(m):
        earned = (x[:, :, None] * g[:, None, :]).sum(axis=0)
        found.append(sum(earned[a].max() - earned[a, a] for a in range(earned.shape[0])))
    return found


def compare(m, joint):
    T = len(m.x.table)
    sides = (("coarse", external_regrets(m)), ("swap", swap_regrets(m)))
    return Equal({name: (measure.regret(m.game, joint, name), stack([r / T for r in each])) for name, each in sides})


def check(m):
    return compare(m, average_law(m))


def of_the_product(m):
    return compare(m, product_of_averages(m))


def zero_sum(m):
    gap = measure.regret(m.game, product_of_averages(m), "coarse").sum()
    return Equal({"NashConv": (gap, sum(external_regrets(m)) / len(m.x.table))})


def of_the_last(m):
    """The same for the last strategies in place of the averages."""
    last = JointPolicy(product_law([x.table[-1] for x in plays(m)])[None])
    gap = measure.regret(m.game, last, "coarse").sum()
    return Equal({"NashConv": (gap, sum(external_regrets(m)) / len(m.x.table))})


def make_game(x, payoffs):
    counts = tuple(x.sizes[name] for name in "ABC"[: len(payoffs)])
    r = np.stack([each.reshape(1, -1) for each in payoffs])
    once = r[0][..., None] * 0 + 1
    return MarkovGame(once, r, horizon=Finite(1), actions=counts)


THREE = Family(
    blocks=dict(
        r=Box(3, "A", "B", "C", lower=-1), x=Simplex("T", to="A"), y=Simplex("T", to="B"), z=Simplex("T", to="C")
    ),
    sizes=dict(A=(2, 3), B=(2, 2), C=(1, 2), T=(1, 3)),
    models=dict(
        game=lambda x: make_game(x, list(x.r)),
        x=lambda x: TabularPolicy(x.x),
        y=lambda x: TabularPolicy(x.y),
        z=lambda x: TabularPolicy(x.z),
    ),
)
TWO = Family(
    blocks=dict(r=Box("A", "B", lower=-1), x=Simplex("T", to="A"), y=Simplex("T", to="B")),
    sizes=dict(A=(2, 3), B=(2, 3), T=(1, 4)),
    models=dict(
        game=lambda x: make_game(x, [x.r, -x.r]), x=lambda x: TabularPolicy(x.x), y=lambda x: TabularPolicy(x.y)
    ),
)


def pure_rounds(first, second, pairs):
    """Rounds of pure actions."""
    game = one_shot(first, second)
    x, y = (game.like(np.eye(len(first), dtype=int)[[pair[i] for pair in pairs]]) for i in range(2))
    return Instance(game=game, x=TabularPolicy(x), y=TabularPolicy(y))


def coordination():
    """Both players are paid for a match, and matched in both rounds: on 0, then on 1."""
    return pure_rounds([[1, 0], [0, 1]], [[1, 0], [0, 1]], [(0, 0), (1, 1)])


def wrong_recommendation():
    """The first player is paid for a mismatch and matched in both rounds, on 0, then on 1."""
    return pure_rounds([[0, 1], [1, 0]], [[1, 0], [0, 1]], [(0, 0), (1, 1)])


def pennies():
    """Matching pennies, with a mismatch and then a match."""
    return pure_rounds([[1, -1], [-1, 1]], [[-1, 1], [1, -1]], [(0, 1), (0, 0)])


OPPOSED = Assumption(
    "opposed payoffs of two players", lambda m: m.game.players == 2 and not (m.game.r.sum(axis=0) != 0).any()
)
ZERO_SUM = "NashConv of the averages"
CLAIM = Claim(
    "regrets_of_play_are_those_of_its_average",
    check,
    THREE,
    formula=(
        r"R_i^{\text{coarse}}\Big(\frac1T \sum_t x_t^1 \otimes \dots \otimes x_t^n\Big) = \frac{\mathrm{Reg}_i}{T}, \qquad "
        r"\mathrm{NashConv}(\bar x, \bar y) = \frac{\mathrm{Reg}_1 + \mathrm{Reg}_2}{T}"
    ),
    papers=("freund1997", "hart2000", "blum2007"),
    tags=("games", "no-regret", "regret"),
    controls=(
        Control("the product of the averages", witness=coordination, tightens=of_the_product, at="coarse"),
        Control("swap regret by marginals", wrong_recommendation, sabotages=measure.regret, by=ignore_recommendations),
        Control("payoffs that are not opposed", witness=coordination, drops=OPPOSED.name, part=ZERO_SUM),
        Control("the last strategies", witness=pennies, tightens=of_the_last, at="NashConv", part=ZERO_SUM),
    ),
    also=(Part(ZERO_SUM, TWO, zero_sum, assumes=(OPPOSED,)),),
    figure=identity,
    sides=("regret of the average law", "average regret"),
)
