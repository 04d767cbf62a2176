"""Regrets of deviation classes are partially ordered: constant <= coarse <= trigger <= swap; one-shot only below swap.

Statement  For every mediator and every player i
               R_constant <= R_coarse <= R_trigger <= R_swap,   0 <= R_trigger,   0 <= R_one-shot <= R_swap.
           Each inequality can be strict, and one-shot is not comparable with constant, coarse or trigger.
           If the mediator draws the players' actions independently, R_swap <= R_coarse, so that coarse, trigger and
           swap coincide.
Assumes    finite horizon.
Units      R_i is the largest gain of player i over the class, in units of reward; constant and coarse may be negative.
Kind       for all; exists
Source     adapted from Morrill et al., 2021, and Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/deviation_classes_are_ordered.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...ink.figures import panels
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import Finite, JointPolicy, MarkovGame
from ...verify.claim import Bound, Claim, Control, Equal, Part
from ...verify.faults import ignore_recommendations

CLASSES = ("constant", "coarse", "trigger", "swap", "one-shot")
CHAIN = (("constant", "coarse"), ("coarse", "trigger"), ("trigger", "swap"))
LINKS = (
    *CHAIN,
    ("one-shot", "swap"),
    ("nothing", "one-shot"),
    ("nothing", "trigger"),
    ("swap, apart", "coarse, apart"),
)


def gains(m):
    """Regret `[i]` by class; "apart" for the mediator that draws the players' actions independently."""
    found = {name: measure.regret(m.game, m.mediator, name) for name in CLASSES}
    apart = {f"{name}, apart": measure.regret(m.game, m.apart, name) for name in ("coarse", "swap")}
    return {**found, **apart, "nothing": found["swap"] * 0}


def check(m, links=LINKS):
    found = gains(m)
    return Bound(*(stack([found[link[end]] for link in links]) for end in (0, 1)))


def claiming(k, low, high):
    """The check with link k replaced by low <= high."""
    return lambda m: check(m, (*LINKS[:k], (low, high), *LINKS[k + 1 :]))


def independent(first, second):
    """The product mediator of first[t,s,a] for the first player and second[t,s,b] for the second."""
    both = first[..., :, None] * second[..., None, :]
    return JointPolicy(both.reshape(*both.shape[:-2], -1))


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", ("A", "B"), to="S"),
        r=Box("H", 2, "S", ("A", "B"), lower=-1),
        rho=Simplex(to="S"),
        mediator=Simplex("H", "S", to=("A", "B")),
        first=Simplex("H", "S", to="A"),
        second=Simplex("H", "S", to="B"),
    ),
    sizes=dict(H=(1, 3), S=(1, 2), A=(2, 3), B=(1, 2)),
    models=dict(
        game=lambda x: MarkovGame(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"]), actions=(x.sizes["A"], x.sizes["B"])),
        mediator=lambda x: JointPolicy(x.mediator),
        apart=lambda x: independent(x.first, x.second),
    ),
)


# ---- one state, and the second player is paid nothing: joint actions are 00, 01, 10, 11
MATCH, ONE, ZERO = (
    [1, 0, 0, 1],
    [0, 0, 1, 1],
    [1, 1, 0, 0],
)  # what the first player is paid for: a match, playing 1, playing 0
UNMATCHED, MATCHED = [0, "1/2", "1/2", 0], ["1/2", 0, 0, "1/2"]


def steps(name, paid, laws, expected):
    r = np.zeros((len(paid), 2, 1, 4), dtype=int)
    r[:, 0, 0] = paid
    single = MarkovGame(
        objects(np.ones((1, 4, 1), dtype=int)), objects(r), objects([1]), horizon=Finite(len(paid)), actions=(2, 2)
    )
    mediator, even = JointPolicy(objects(laws)[:, None]), objects([["1/2", "1/2"]])
    return Instance(
        name=name, game=single, mediator=mediator, apart=independent(even, even), expected=objects(expected)
    )


def mismatch(H):
    return steps(
        f"recommended the mismatch, H = {H}",
        [MATCH] * H,
        [UNMATCHED] * H,
        [rational(H) / 2, rational(H) / 2, rational(H + 1) / 2, H, 1],
    )


def wrong_twice():
    return steps("recommended 0, paid for 1", [ONE, ONE], [[0, 1, 0, 0]] * 2, [2, 2, 2, 2, 1])


def changing():
    return steps("paid for 1, then for 0", [ONE, ZERO], [[1, 0, 0, 0], [0, 0, 1, 0]], [1, 2, 2, 2, 1])


def useful_later():
    return steps(
        "paid for 1, then recommended the match", [ONE, MATCH], [[1, 0, 0, 0], MATCHED], ["1/2", "1/2", "1/2", 1, 1]
    )


def witnesses():
    return [mismatch(1), mismatch(3), wrong_twice(), changing(), useful_later()]


def as_computed_by_hand(m):
    found = gains(m)
    return Equal({name: (found[name][0], value) for name, value in zip(CLASSES, m.expected, strict=True)})


def figure(ax, rows):
    """The gain of every class in each of the small games that separate the classes."""
    panels(ax, 1)
    shown = [row for row in rows if row["part"] == "every link can be strict"]
    for k, name in enumerate(CLASSES):
        height = [row["pairs"][name][0] for row in shown]
        words = "one-shot (fails to fit in)" if name == "one-shot" else name
        ax.barh(np.arange(len(shown)) + 0.15 * (k - 2), height, 0.14, color=f"C{(0, 6, 2, 5, 1)[k]}", label=words)
    ax.set_yticks(range(len(shown)), [row["parameters"]["name"].replace(", ", ",\n") for row in shown])
    ax.set(xlabel="largest gain $R_1$", ylabel="game", xlim=(0, 4.5), xticks=range(4))
    ax.invert_yaxis()
    ax.legend(loc="center right")


CLAIM = Claim(
    "deviation_classes_are_ordered",
    check,
    FAMILY,
    formula=(
        r"R_{\text{constant}} \le R_{\text{coarse}} \le R_{\text{trigger}} \le R_{\text{swap}}, \qquad 0 \le "
        r"R_{\text{trigger}}, \qquad 0 \le R_{\text{one-shot}} \le R_{\text{swap}}"
    ),
    papers=("morrill2021", "tang2024"),
    tags=("regret", "equilibria"),
    controls=(
        Control("one-shot is below coarse", witness=lambda: mismatch(1), tightens=claiming(0, "one-shot", "coarse")),
        Control("one-shot is below trigger", witness=useful_later, tightens=claiming(3, "one-shot", "trigger")),
        Control("coarse is below one-shot", witness=wrong_twice, tightens=claiming(1, "coarse", "one-shot")),
        Control("coarse is below constant", witness=changing, tightens=claiming(0, "coarse", "constant")),
        Control("trigger is below coarse", witness=lambda: mismatch(1), tightens=claiming(1, "trigger", "coarse")),
        Control("swap is below trigger", witness=lambda: mismatch(2), tightens=claiming(2, "swap", "trigger")),
        Control("swap by marginals", witness=lambda: mismatch(1), sabotages=measure.regret, by=ignore_recommendations),
    ),
    also=(Part("every link can be strict", witnesses, as_computed_by_hand),),
    accepts=("game", MarkovGame, ("P", "r", "rho")),
    figure=figure,
)
