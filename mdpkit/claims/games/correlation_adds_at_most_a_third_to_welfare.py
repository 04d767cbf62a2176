"""In 2x2 games with nonnegative payoffs a correlated equilibrium earns at most 4/3 of the best Nash equilibrium.

Statement  In every game of two players, two actions each and nonnegative payoffs
               max_Nash W <= max_CE W <= 4/3 max_Nash W,   W the total payoff,
           and 4/3 is the least constant: in chicken with payoffs 1 - e, 1, e, 0 and 0 < e <= 1/3 the ratio of the two
           maxima is (4/3) / (1 + e). Stated for the games with two equilibria where the players play differently: the
           correlated equilibrium that never recommends that both dare earns at most 4/3 of the best of the two and the
           mixed one.
Assumes    two players with two actions each; nonnegative payoffs; e <= 1/3 for the ratio in chicken.
Units      W in units of payoff; the payoffs are those of one step.
Kind       for all; exists
Source     adapted from Ashlagi, Monderer and Tennenholtz, 2008.
Proof      proofs/games/correlation_adds_at_most_a_third_to_welfare.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import Interval, stack
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import Finite, JointPolicy, MarkovGame
from ...solve import CorrelatedEquilibrium, nash_equilibria, solve
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

# joint actions: 0 both yield, 1 and 2 one of them dares, 3 both dare
YIELD, FIRST_YIELDS, FIRST_DARES, DARE = range(4)


def welfare(m, joint):
    return measure.value(m.game, joint).sum()


def best_nash(m):
    return stack([welfare(m, joint) for joint in (m.pure, m.other, m.mixed)]).max()


def check(m, times=4):
    return Bound(welfare(m, m.mediator) * 3, best_nash(m) * times)


def nine_sevenths(m):
    """With 9/7 in place of 4/3."""
    left, right = check(m).sides
    return Bound(left, right * 27 / 28)


def against_the_pure(m):
    """Without the mixed equilibrium."""
    return Bound(welfare(m, m.mediator) * 3, stack([welfare(m, joint) for joint in (m.pure, m.other)]).max() * 4)


def largest_welfares(m):
    """Of the Nash and the correlated equilibria of the game, all enumerated and by linear programming."""
    nash = max(pair.payoff.sum() for pair in nash_equilibria(m.game))
    return Interval(objects(nash)), solve(m.game, CorrelatedEquilibrium()).value[:, 0, 0].sum()


def are_best_equilibria(m):
    """None of the four leaves a gain, they have the largest welfares, and the ratio is (4/3) / (1 + e)."""
    gains = {
        name: (measure.regret(m.game, getattr(m, name)).max(), 0) for name in ("mediator", "pure", "other", "mixed")
    }
    nash, correlated = largest_welfares(m)
    return Equal(
        {
            **gains,
            "best Nash": (best_nash(m), nash),
            "best correlated": (welfare(m, m.mediator), correlated),
            "ratio": (correlated * 3 * (1 + m.e), nash * 4),
        }
    )


def any_game(m):
    """The largest welfares of one game."""
    nash, correlated = largest_welfares(m)
    return Bound(nash * 3, correlated * 3, nash * 4)


def play_once(x, first, second):
    one = x.like(np.ones((1, 4, 1), dtype=int))
    return MarkovGame(one, np.stack([first, second])[:, None], x.like([1]), horizon=Finite(1), actions=(2, 2))


def chicken(x):
    """Against a player that yields, daring gains x_i over c_i; against one that dares, yielding gains y_i over e_i."""
    x1, x2 = x.gain
    y1, y2 = x.safe
    (c1, c2), (e1, e2) = x.peace, x.crash
    return play_once(x, np.stack([c1, y1 + e1, x1 + c1, e1]), np.stack([c2, x2 + c2, y2 + e2, e2]))


def recommend(x):
    """Both obedience constraints of yielding are tight, and both players never dare."""
    (x1, x2), (y1, y2) = x.gain, x.safe
    weights = np.stack([y1 * y2, x1 * y2, x2 * y1, x1 * 0])
    return JointPolicy((weights / weights.sum())[None])


def mix(x):
    """Each player makes the other indifferent."""
    (x1, x2), (y1, y2) = x.gain, x.safe
    weights = np.stack([y1 * y2, y2 * x1, x2 * y1, x1 * x2])
    return JointPolicy((weights / weights.sum())[None])


def certain(x, j):
    return JointPolicy(x.like(np.eye(4, dtype=int)[j])[None])


FAMILY = Family(
    blocks=dict(
        gain=Box(2, lower="1/100"),
        safe=Box(2, lower="1/100"),
        peace=Box(2),
        crash=Box(2),
    ),
    sizes={},
    models=dict(
        game=chicken,
        mediator=recommend,
        pure=lambda x: certain(x, FIRST_YIELDS),
        other=lambda x: certain(x, FIRST_DARES),
        mixed=mix,
    ),
)


def aumanns(e):
    """Chicken: 1 - e each for yielding, 1 and e for daring alone and yielding to it, 0 for a crash."""
    e = rational(e)
    third = objects(["1/3", "1/3", "1/3", 0])
    return Instance(
        e=e,
        game=MarkovGame(
            objects([[[1]] * 4]), objects([[[1 - e, e, 1, 0]], [[1 - e, 1, e, 0]]]), horizon=Finite(1), actions=(2, 2)
        ),
        mediator=JointPolicy(third[None]),
        pure=JointPolicy(objects([[0, 1, 0, 0]])),
        other=JointPolicy(objects([[0, 0, 1, 0]])),
        mixed=JointPolicy(objects([["1/4"] * 4])),
    )


def below_zero():
    """Chicken with e = 1/10, less 1/2 of every payoff."""
    m = aumanns("1/10")
    game = MarkovGame(m.game.P, m.game.r - objects("1/2")[()], horizon=Finite(1), actions=(2, 2))
    return m.replace(game=game)


def draw_games(count=40, most=4):
    """Games of small integers, many of them degenerate, and Aumann's game."""
    rng = np.random.default_rng(8)
    drawn = [objects(rng.integers(0, most + 1, (2, 1, 4))) for _ in range(count)]
    drawn += [objects([[[6, 2, 7, 0]], [[6, 7, 2, 0]]])]
    P = objects([[[1]] * 4])
    return [Instance(game=MarkovGame(P, r, horizon=Finite(1), actions=(2, 2))) for r in drawn]


def low_gain():
    """The gains from daring are small against what yielding to it saves: the mixed equilibrium is nearly peace."""
    e = rational("1/1000")
    game = MarkovGame(
        objects([[[1]] * 4]),
        objects([[[1, "1/10", 1 + e, 0]], [[1, 1 + e, "1/10", 0]]]),
        horizon=Finite(1),
        actions=(2, 2),
    )
    ratio = e * 10
    law = objects([1, ratio, ratio, 0]) / (1 + ratio * 2)
    mixed = objects([1, ratio, ratio, ratio * ratio]) / ((1 + ratio) * (1 + ratio))
    return aumanns(e).replace(game=game, mediator=JointPolicy(law[None]), mixed=JointPolicy(mixed[None]))


def figure(ax, rows):
    """Welfare of the best correlated against that of the best Nash equilibrium."""
    shown = [row["sides"] for row in rows if row["part"] == ANY and not row.get("control") and row["sides"]]
    found = [row["sides"] for row in rows if row["part"] == "statement" and not row.get("control") and row["sides"]]
    most = max(sides[0] / 3 for sides in shown)
    ax.plot([0, most], [0, most * 4 / 3], "k--", label="4/3")
    ax.plot([0, most], [0, most * 9 / 7], "C1", label="9/7 (fails)")
    ax.plot([0, most], [0, most], "k:", label="equal")
    ax.plot([sides[0] / 3 for sides in shown], [sides[1] / 3 for sides in shown], "oC0", ms=3, label="any game")
    ax.plot([sides[-1] / 4 for sides in found], [sides[0] / 3 for sides in found], "^C2", ms=4, label="found by search")
    ax.set(xlabel="best Nash welfare", ylabel="best correlated welfare")
    ax.legend()


ANY, NEAR = "all equilibria of any game", "chicken comes arbitrarily close"
SMALL = Assumption("e is at most 1/3", lambda m: m.e <= rational("1/3"))
POSITIVE = Assumption("payoffs are nonnegative", lambda m: (m.game.r >= 0).all())
CLAIM = Claim(
    "correlation_adds_at_most_a_third_to_welfare",
    check,
    FAMILY,
    formula=r"\max_{\text{Nash}} W \le \max_{\text{CE}} W \le \frac43\, \max_{\text{Nash}} W",
    papers=("ashlagi2008",),
    tags=("equilibria",),
    assumes=(POSITIVE,),
    controls=(
        Control("9/7 in place of 4/3", witness=lambda: aumanns("1/100"), tightens=nine_sevenths),
        Control("without the mixed equilibrium", witness=low_gain, tightens=against_the_pure),
        Control("payoffs below 0", witness=below_zero, drops=POSITIVE.name),
        Control("e above 1/3", witness=lambda: aumanns("1/2"), drops=SMALL.name, part=NEAR),
    ),
    also=(
        Part(
            NEAR,
            lambda: [aumanns(e) for e in ("1/3", "1/10", "1/1000")],
            are_best_equilibria,
            assumes=(POSITIVE, SMALL),
        ),
        Part(ANY, draw_games, any_game, assumes=(POSITIVE,)),
    ),
    figure=figure,
)
