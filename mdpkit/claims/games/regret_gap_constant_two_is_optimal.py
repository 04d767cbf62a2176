"""The constant 2 in the regret gap bound is optimal for any number of players, for swap and for coarse deviations.

Statement  For n players, and for deviations that observe the recommendation (swap) or do not (coarse),
               max_i R_i(L) - max_i R_i(E) <= 2 u H e,
               e = 1/H max E_{L o phi} sum_t TV(L, E) over that class and obedience,
           with u as in regret_gap_is_bounded_by_recoverability. For every H equality holds: for swap deviations in
           matching pennies with a learner that correlates the players' actions, and for coarse deviations with a
           learner that changes only the actions of a player that is paid nothing. Obedience must be counted in e: with
           n >= 3 actions, without it the left side can be n/2 times the right side for coarse deviations.
Assumes    finite horizon.
Units      R_i is regret in units of reward; e is an average over the steps, in [0, 1]; u is a range, here over swap
           deviations, and is computed exactly at all sizes that are drawn.
Kind       for all; exists
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/regret_gap_constant_two_is_optimal.md
"""

from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.games import hidden_stakes, matching_pennies
from ...model import Finite, JointPolicy, MarkovGame
from ...verify.claim import Bound, Claim, Control, Equal, Part
from ...verify.faults import recoverability_without_deviations

CLASSES = ("swap", "coarse")


def check(m, swap=2, coarse=2):
    """Both classes of deviations at once, `[swap, coarse]`."""
    u, gaps, mistakes = measure.recoverability(m.game, m.expert), [], []
    for name in CLASSES:
        gaps.append(measure.regret_gap(m.game, m.expert, m.learner, name))
        mistakes.append(measure.deviation_error(m.game, m.expert, m.learner, name) * m.game.horizon.H)
    return Bound(stack(gaps), stack([u * mistakes[0] * swap, u * mistakes[1] * coarse]))


NEARLY = Fraction(199, 100)


def attains(m):
    gap, right = check(m).sides
    return Equal({"swap": (gap[0], right[0])})


def attained_blindly(m):
    gap, right = check(m).sides
    return Equal({name: (gap[k], right[k]) for k, name in enumerate(CLASSES)})


JOINT = ("A", "B", "C")
FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", JOINT, to="S"),
        r=Box("H", 3, "S", JOINT),
        rho=Simplex(to="S"),
        expert=Simplex("H", "S", to=JOINT),
        learner=Simplex("H", "S", to=JOINT),
    ),
    sizes=dict(H=(1, 3), S=(1, 2), A=(2, 4), B=(2, 3), C=(1, 2)),
    models=dict(
        game=lambda x: MarkovGame(
            x.P, x.r, x.rho, horizon=Finite(x.sizes["H"]), actions=tuple(x.sizes[part] for part in JOINT)
        ),
        expert=lambda x: JointPolicy(x.expert),
        learner=lambda x: JointPolicy(x.learner),
    ),
)


# ---- one state, two parts: joint actions are 00, 01, 10, 11
def unpaid_partner(H):
    """The first player, recommended 0, is paid for a match; the second plays uniformly (expert) or 1 (learner)."""
    game = matching_pennies(H).game
    r = game.r.copy()
    r[1] = objects(0)
    game = MarkovGame(game.P, r, game.rho, horizon=Finite(H), actions=(2, 2))
    expert, learner = (JointPolicy(objects([law])) for law in (["1/2", "1/2", 0, 0], [0, 1, 0, 0]))
    return Instance(game=game, expert=expert, learner=learner)


def meeting(n):
    """The players draw the same one of n actions and meet at state 1, where action 0 pays; only the learner avoids it.

    A blind deviator meets the other with probability 1/n. State 2, without a meeting, pays what the expert earns at 1.
    """
    J, START, MET, APART = n * n, 0, 1, 2
    P, r = np.zeros((3, J, 3), dtype=int), np.zeros((2, 3, J), dtype=int)
    P[START, :, APART] = P[MET, :, MET] = P[APART, :, APART] = 1
    same = np.arange(n) * (n + 1)
    P[START, same] = np.eye(3, dtype=int)[MET]
    r[0, MET, :n] = r[0, APART] = 1
    expert = objects(np.zeros((3, J), dtype=int))
    expert[START, same], expert[[MET, APART], 0] = rational(f"1/{n}"), rational(1)
    learner = expert.copy()
    learner[MET] = objects(np.eye(J, dtype=int)[n])
    game = MarkovGame(objects(P), objects(r), objects([1, 0, 0]), horizon=Finite(2), actions=(n, n))
    return Instance(game=game, expert=JointPolicy(expert), learner=JointPolicy(learner))


def without_obedience(error, game, expert, learner, deviations="swap"):
    """The error under the deviations of the class alone."""
    distance = measure.total_variation(expert, learner)
    apart = getattr(distance, "lower", distance)
    paid = np.repeat(np.repeat(apart[..., None, :, None], game.players, axis=-3), game.J, axis=-1)
    priced = MarkovGame(game.P, paid, game.rho, horizon=game.horizon, actions=game.actions)
    return (measure.regret(priced, learner, deviations) + measure.value(priced, learner)).max() / game.horizon.H


def add_observer(m):
    """With a third player whose two actions, drawn uniformly, have no effect."""
    g = m.game
    r = np.repeat(np.concatenate([g.r, g.r[:1] * 0]), 2, axis=2)
    game = MarkovGame(np.repeat(g.P, 2, axis=1), r, g.rho, horizon=g.horizon, actions=(2, 2, 2))
    expert, learner = (JointPolicy(np.repeat(policy.table, 2, axis=1) / 2) for policy in (m.expert, m.learner))
    return Instance(game=game, expert=expert, learner=learner)


def all_games():
    games = [matching_pennies(H, stake) for H in range(1, 9) for stake in (1, 3)]
    return games + [add_observer(m) for m in games[:4]]


def figure(ax, rows):
    """Regret gap / (u H e) against the horizon: found, attained, and the constants."""
    H = np.arange(1, 9)
    ax.plot(H, 2 * H**0, "k--", label="constant 2")
    ax.plot(H, 1.99 * H**0, "C1", label="constant 1.99 (fails)")
    for part, pair, style, words in (
        (PENNIES, "swap", "oC0", "pennies"),
        (BLIND, "coarse", "sC0", "unpaid partner, coarse"),
    ):
        at = [row for row in rows if row["part"] == part and not row.get("control")]
        ratio = [2 * row["pairs"][pair][0] / row["pairs"][pair][1] for row in at]
        ax.plot(
            [row["sizes"]["H"] for row in at], ratio, style, mfc="none", markersize=4 + 4 * (part == BLIND), label=words
        )
    found = [row for row in rows if row["part"] == "statement" and not row.get("control") and row["ratio"] is not None]
    ax.plot(
        [row["sizes"]["H"] for row in found],
        [2 * row["ratio"] for row in found],
        ".C3",
        label="tightest of each size, $u$ exact",
    )
    ax.set(xlabel="horizon $H$", ylabel="regret gap $/\\,(uH\\varepsilon)$")
    ax.legend(fontsize=6)


PENNIES, BLIND = "matching pennies", "an unpaid partner"
CLAIM = Claim(
    "regret_gap_constant_two_is_optimal",
    check,
    FAMILY,
    formula=(
        r"\max_i R_i(L) - \max_i R_i(E) \le 2\,u\,H\,e, \qquad e = \frac1H \max_{i, \varphi} \sum_t \mathbb{E}_{s "
        r"\sim d_t^{L \circ \varphi}}\, \mathrm{TV}(L, E)(s)"
    ),
    papers=("tang2024",),
    tags=("regret", "recoverability"),
    controls=(
        Control("a constant of 1.99", witness=lambda: matching_pennies(2), tightens=lambda m: check(m, swap=NEARLY)),
        Control(
            "1.99 for coarse deviations", witness=lambda: unpaid_partner(2), tightens=lambda m: check(m, coarse=NEARLY)
        ),
        Control(
            "u without deviations",
            witness=lambda: hidden_stakes(4),
            sabotages=measure.recoverability,
            by=recoverability_without_deviations,
        ),
        Control(
            "mistakes of coarse deviators without those of the obedient",
            witness=lambda: meeting(3),
            sabotages=measure.deviation_error,
            by=without_obedience,
        ),
    ),
    also=(
        Part(PENNIES, all_games, attains),
        Part(BLIND, lambda: [unpaid_partner(H) for H in range(1, 9)], attained_blindly),
    ),
    figure=figure,
)
