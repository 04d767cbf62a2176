"""Games of two players and two actions, each with an expert mediator and a learner."""

import numpy as np

from ...base.arrays import objects, rational
from ...model import Finite, JointPolicy, MarkovGame
from ..blocks import Box, Simplex
from ..catalogue import Exact, expect_integer, named_instance
from ..family import Family
from ..instance import Instance


def two_players(*mediators, **sizes) -> Family:
    """Games of two players with time-varying laws and rewards, and mediators with these names.

    Args: sizes: ranges of H, S, and the numbers A and B of actions.
    """
    joint = ("A", "B")
    return Family(
        blocks=dict(
            P=Simplex("H", "S", joint, to="S"),
            r=Box("H", 2, "S", joint),
            rho=Simplex(to="S"),
            **{name: Simplex("H", "S", to=joint) for name in mediators},
        ),
        sizes=sizes,
        models=dict(
            game=lambda x: MarkovGame(
                x.P, x.r, x.rho, horizon=Finite(x.sizes["H"]), actions=(x.sizes["A"], x.sizes["B"])
            ),
            **{name: lambda x, name=name: JointPolicy(getattr(x, name)) for name in mediators},
        ),
    )


TWO_PLAYERS = two_players("expert", "learner", H=(1, 3), S=(1, 3), A=(2, 2), B=(2, 2))
"""Games of two players with rewards in [0, 1], an expert mediator and a learner."""


# ---- one state: joint actions are 00, 01, 10, 11
EVEN, MISMATCHED, MATCHED = ["1/4"] * 4, [0, 1, 1, 0], ["1/2", 0, 0, "1/2"]


@named_instance
def matching_pennies(H: int = 2, stake: Exact = 1) -> Instance:
    """Matching pennies, repeated, with a learner that correlates the players' actions.

    Player 1 is paid for a match, player 2 for a mismatch. The expert recommends all four pairs with equal probability,
    an equilibrium; the learner recommends matches only. Its swap regret attains the bound 2 u H e, for every H.

    Args:
        H: number of repetitions.
        stake: of each of the players.

    Returns: `game`, `expert` and `learner`.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.

    >>> matching_pennies(3).learner.table[0]
    array([1/2, 0, 0, 1/2], dtype=object)
    """
    game = MarkovGame(
        objects(np.ones((1, 4, 1), dtype=int)),
        objects([[[stake, 0, 0, stake]], [[0, stake, stake, 0]]]),
        horizon=Finite(H),
        actions=(2, 2),
    )
    return Instance(game=game, expert=JointPolicy(objects([EVEN])), learner=JointPolicy(objects([MATCHED])))


@named_instance
def moulin_vial(H: int = 1, correlated: bool = True) -> Instance:
    """A repeated 3 x 3 game after Moulin and Vial; the mediator recommends (0, 0) or (1, 1) with probability 1/2 each.

    No player gains by ignoring the recommendations, and one that deviates as a function of them gains H/2: a coarse
    correlated equilibrium that is not a correlated one.

    Args:
        H: number of repetitions.
        correlated: whether the recommendations are correlated; if not, their parts are drawn independently.

    Returns: `game` and `mediator`.
    Source: adapted from Moulin and Vial, 1978, and Aumann, 1974.

    >>> moulin_vial().mediator.table.reshape(3, 3)[:2, :2]
    array([[1/2, 0],
           [0, 1/2]], dtype=object)
    """
    first, second = [[0, 1, 1], [0, 2, -1], [-1, 0, 1]], [[1, -1, 2], [0, 0, -2], [1, 0, 2]]
    pair = [["1/2", 0], [0, "1/2"]] if correlated else [["1/4", "1/4"], ["1/4", "1/4"]]
    law = [[*pair[0], 0], [*pair[1], 0], [0, 0, 0]]
    once = objects(np.ones((1, 9, 1), dtype=int))
    game = MarkovGame(once, objects([first, second]).reshape(2, 1, 9), horizon=Finite(H), actions=(3, 3))
    return Instance(game=game, mediator=JointPolicy(objects(law).reshape(1, 9)))


# ---- a fork: a common branch, and one that the expert seldom or never visits
START, COMMON, RARE = 0, 1, 2


def make_fork(H: int, b: Exact, first: dict, expert: dict, learner: dict) -> Instance:
    """A fork: a_1 = 1 leads to RARE, and a_1 = 0 to RARE with probability b, else to COMMON; both are absorbing.

    Args:
        H: horizon.
        b: probability of RARE if the first player plays 0.
        first: what the first player is paid, `first[s][j]`; the second is paid nothing.
        expert, learner: laws of joint actions by state; 00 where left out.
    """
    b = rational(b)
    P = objects(np.zeros((3, 4, 3), dtype=int))
    P[START, :2, COMMON], P[START, :2, RARE] = 1 - b, b
    P[START, 2:, RARE] = P[COMMON, :, COMMON] = P[RARE, :, RARE] = rational(1)
    r = objects(np.zeros((2, 3, 4), dtype=int))
    for s, paid in first.items():
        r[0, s] = objects(paid)
    game = MarkovGame(P, r, objects([1, 0, 0]), horizon=Finite(H), actions=(2, 2))
    expert, learner = (
        JointPolicy(objects([laws.get(s, [1, 0, 0, 0]) for s in range(3)])) for laws in (expert, learner)
    )
    return Instance(game=game, b=b, expert=expert, learner=learner)


@named_instance
def fork(H: int = 3, b: Exact = 0, slip: Exact = 1) -> Instance:
    """A fork with a branch that the expert visits with probability b, and a deviating player for certain.

    There a_2 = 1 pays the first player, and the learner recommends it with probability `slip`. For b = 0 expert and
    learner have the same occupancy and values, and their regrets differ by H - 1: value equivalence is not regret
    equivalence. For b > 0 the regret gap is (1 - b)/b times the expected number of mistakes.

    Args:
        H: horizon.
        b: probability with which the expert visits the rare branch.
        slip: probability of the learner's mistake there, at each step.

    Returns: `game`, `expert`, `learner`, `b` and `slip`.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.

    >>> fork(5).learner.table[RARE]
    array([0, 1, 0, 0], dtype=object)
    """
    slip = rational(slip)
    return Instance(slip=slip, **vars(make_fork(H, b, {RARE: [0, 1, 0, 1]}, {}, {RARE: [1 - slip, slip, 0, 0]})))


@named_instance
def rare_pennies(H: int = 3, b: Exact = "1/4", strays: bool = False) -> Instance:
    """A fork whose rare branch is matching pennies, of the same value as the common branch.

    The learner correlates the pennies, and may itself move to the rare branch. The share of the bound 2 u H e / b that
    it attains is (1 + b)/2, and tends to 1 with H if it strays.

    Args:
        H: horizon.
        b: probability with which the expert visits the rare branch.
        strays: whether the learner recommends a_1 = 1 at the start.

    Returns: `game`, `expert`, `learner` and `b`.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.

    >>> rare_pennies(4).expert.table[RARE]
    array([1/4, 1/4, 1/4, 1/4], dtype=object)
    """
    learner = {RARE: MATCHED, **({START: [0, 0, 1, 0]} if strays else {})}
    return make_fork(H, b, {COMMON: ["1/2"] * 4, RARE: MISMATCHED}, {RARE: EVEN}, learner)


# ---- what a mistake costs only while a player deviates
STAKES, CALM, OTHER = 1, 2, 2


@named_instance
def hidden_stakes(H: int = 3, later: Exact = 1) -> Instance:
    """A mistake that costs one stake at its own step, and H - 1 more to a player that deviates.

    At the start a_2 = 1 leads to STAKES, where playing 1 when 0 is recommended pays `later` per step; a_2 = 0 leads to
    CALM. The expert draws a_2 uniformly, the learner recommends a_2 = 1; at the start the first player is paid for
    a_1 = a_2. The range of the expert's action values is u_0 = 1 if nobody deviates, and the regret gap (H+1)/2 times
    2 u_0 H e: recoverability must be taken under deviations.

    Args:
        H: horizon.
        later: reward per step of a deviation at STAKES.

    Returns: `game`, `expert` and `learner`.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.

    >>> hidden_stakes(4).game
    MarkovGame(S=3, actions=(2, 2), Finite(H=4), rational)
    """
    P = np.zeros((3, 4, 3), dtype=int)
    P[START, [0, 2], CALM] = P[START, [1, 3], STAKES] = P[STAKES, :, STAKES] = P[CALM, :, CALM] = 1
    r = objects(np.zeros((2, 3, 4), dtype=int))
    r[0, START], r[0, STAKES] = objects([1, 0, 0, 1]), objects([0, 0, later, later])
    obeyed = objects([[1, 0, 0, 0]] * 3)
    expert, learner = obeyed.copy(), obeyed.copy()
    expert[START], learner[START] = objects(["1/2", "1/2", 0, 0]), objects([0, 1, 0, 0])
    game = MarkovGame(objects(P), r, objects([1, 0, 0]), horizon=Finite(H), actions=(2, 2))
    return Instance(game=game, expert=JointPolicy(expert), learner=JointPolicy(learner))


@named_instance
def bonus_chain(u: int = 2, H: int = 4, slip: Exact = "1/10", seen: Exact = "1/4") -> Instance:
    """A chain of u states that pay only a player that deviates.

    Disobeying at the start leads to OTHER; there the learner slips into the chain, whose states pay for disobeying and
    lead back. The range of the expert's action values is 1 if nobody deviates, and u under deviations.

    Args:
        u: length of the chain.
        H: horizon.
        slip: probability of the learner's mistake at OTHER.
        seen: probability with which the expert visits OTHER.

    Returns: `game`, `expert` and `learner`.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.

    >>> bonus_chain(4).game
    MarkovGame(S=7, actions=(2, 2), Finite(H=4), rational)
    """
    expect_integer("u", u, 1)
    S, slip, seen = 3 + u, rational(slip), rational(seen)
    P, r = objects(np.zeros((S, 4, S), dtype=int)), np.zeros((2, S, 4), dtype=int)
    P[START, :2] = objects([0, 1 - seen, seen, *[0] * u])
    P[START, 2:, OTHER] = P[1, :, 1] = P[OTHER, [0, 2], OTHER] = P[OTHER, [1, 3], 3] = rational(1)
    for k in range(3, S):
        P[k, :, k + 1 if k + 1 < S else OTHER] = rational(1)
    r[0, 3:, 2:] = 1
    obeyed = objects([[1, 0, 0, 0]] * S)
    learner = obeyed.copy()
    learner[OTHER] = objects([1 - slip, slip, 0, 0])
    game = MarkovGame(P, objects(r), objects([1, *[0] * (S - 1)]), horizon=Finite(H), actions=(2, 2))
    return Instance(game=game, expert=JointPolicy(obeyed), learner=JointPolicy(learner))
