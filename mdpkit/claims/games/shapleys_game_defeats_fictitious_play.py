"""Fictitious play on Shapley's game never comes within 1/4 of an equilibrium if the first two actions differ.

Statement  Let both players of Shapley's game best respond to the other's empirical frequencies, ties going to the first
           action, from two different first actions. Then equal actions never occur, and at every round T
               NashConv(x_T, y_T) = max x_T + max y_T - 1 + <x_T, y_T>,   max x_T + max y_T >= 1 + 1/T,
           hence NashConv(x_T, y_T) > 1/4, with x_T, y_T the frequencies of the players' actions. From equal first
           actions it falls below 1/4, and so it does in rock, paper, scissors, which is zero-sum.
Assumes    Shapley's payoffs; the first actions differ.
Units      NashConv is the sum of the players' gains from a best response; payoffs are 0 and 1.
Kind       for all (by proof; enumerated: every such start, every round up to 4096); exists
Source     adapted from Shapley, 1964, and Robinson, 1951.
Proof      proofs/games/shapleys_game_defeats_fictitious_play.md
"""

from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np

from ... import measure
from ...base.arrays import floats, objects
from ...base.interval import stack
from ...ink.figures import panels
from ...ink.simplex import simplex
from ...instances.library.games_learning import rock_paper_scissors, shapley_cycle
from ...learn import FollowTheLeader
from ...learn.dynamics import LearningDynamics
from ...learn.dynamics.play import join
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import forbid_deviations

ROUNDS, LAST = (1, 2, 4, 16, 64, 256, 1024, 4096), 4096


def counts(m):
    """How often each player has played each action, `[T,i,a]` after round T + 1: whole numbers, as are the payoffs."""
    start = tuple(map(tuple, floats(m.start)))
    return play(m.game.to_float(), start)


@cache
def play(game, start):
    found = LearningDynamics(FollowTheLeader()).play(game, LAST, start=start)
    return np.cumsum(np.rint(found.strategies).astype(int), axis=0)


def averages(m, T):
    return m.game.like(counts(m)[T - 1]) / T


def nash_conv(m, T):
    """Sum of the gains from a best response to the frequencies, of the product of the frequencies."""
    return measure.regret(m.game, join(m.game.actions, averages(m, T)), "coarse").sum()


def check(m, level="1/4"):
    gaps = stack([nash_conv(m, T) for T in ROUNDS])
    return Bound(m.game.like([level])[0], gaps.min())


def at_a_higher_level(m):
    return check(m, level="3/10")


def of_frequencies(m):
    """The formula for NashConv, and the whole numbers T (max x + max y - 1) - 1 that may not fall below 0."""
    found = {}
    for T in ROUNDS:
        x, y = averages(m, T)
        found[f"T = {T}"] = (nash_conv(m, T), x.max() + y.max() - 1 + (x * y).sum())
    return Equal(found)


def at_every_round(m):
    """1/4 against the least NashConv of all rounds, and the least T (max x + max y - 1), which is at least 1."""
    x, y = counts(m).swapaxes(0, 1)
    T = np.arange(1, LAST + 1)
    lead = x.max(axis=1) + y.max(axis=1) - T
    conv = T * lead + (x * y).sum(axis=1)  # NashConv times T^2
    least = min(Fraction(int(c), int(t) ** 2) for c, t in zip(conv, T, strict=True))
    return Bound(m.game.like([1, "1/4"]), m.game.like([int(lead.min()), least]))


def falls(m):
    """NashConv is below 1/4 from round 64 on."""
    return Bound(stack([nash_conv(m, T) for T in ROUNDS if T >= 64]).max(), m.game.like(["1/4"])[0])


def starts():
    return [shapley_cycle(a, b) for a, b in product(range(3), repeat=2) if a != b]


def twins():
    return [shapley_cycle(a, a) for a in range(3)] + [rock_paper_scissors(), rock_paper_scissors(first=1, second=2)]


def pays_shapley(m):
    return (m.game.r.sum(axis=0)[0].reshape(3, 3) == objects(1 - np.eye(3, dtype=int))).all()


def starts_apart(m):
    return (m.start[0] != m.start[1]).any()


# ---- figure
def trajectory(m):
    """Frequencies of the first player and NashConv, at rounds that grow geometrically."""
    at = np.unique(np.geomspace(1, LAST, 160).astype(int)) - 1
    found = LearningDynamics(FollowTheLeader()).play(m.game.to_float(), LAST, start=floats(m.start))
    return {
        "T": [int(t) + 1 for t in at],
        "gap": list(found.average_gap[at]),
        "first": [list(row) for row in found.average[at, 0]],
    }


def figure(ax, rows):
    """Frequencies of the first player in both games, and NashConv against the rounds."""
    lines, triangle = panels(ax, 2)
    shown = [row for row in rows if not row.get("control") and row.get("data")]
    first, twin = shown[0]["data"], shown[-1]["data"]
    paths = (first["first"], "-C0", "Shapley's game"), (twin["first"], "-C1", "rock, paper, scissors")
    simplex(triangle, paths, marks={"equilibrium": ([1 / 3] * 3, "*k")})
    triangle.legend(fontsize=6, loc="upper left", bbox_to_anchor=(-0.2, 1.05))
    lines.plot(first["T"], first["gap"], "C0", label="Shapley's game")
    lines.plot(twin["T"], twin["gap"], "C1", label="rock, paper, scissors (fails)")
    lines.axhline(1 / 4, color="k", ls="--", label="1/4")
    lines.set(xlabel="rounds $T$", ylabel="NashConv of the frequencies", xscale="log", yscale="log")
    lines.legend(fontsize=6, loc="lower left")


PAYOFFS = Assumption("Shapley's payoffs", pays_shapley)
APART = Assumption("the first actions differ", starts_apart)
CLAIM = Claim(
    "shapleys_game_defeats_fictitious_play",
    check,
    starts,
    formula=(
        r"\mathrm{NashConv}(\bar x_T, \bar y_T) = \max_a \bar x_T(a) + \max_b \bar y_T(b) - 1 + "
        r"\langle \bar x_T, \bar y_T \rangle > \frac14"
    ),
    papers=("shapley1964", "robinson1951"),
    tags=("games", "no-regret", "equilibria"),
    assumes=(PAYOFFS, APART),
    controls=(
        Control("equal first actions", witness=lambda: shapley_cycle(0, 0), drops=APART.name),
        Control("a zero-sum game", witness=lambda: rock_paper_scissors(first=1, second=2), drops=PAYOFFS.name),
        Control("within 3/10", witness=shapley_cycle, tightens=at_a_higher_level),
        Control("players that cannot deviate", witness=shapley_cycle, sabotages=measure.regret, by=forbid_deviations),
    ),
    also=(
        Part("the formula", starts, of_frequencies),
        Part("every round", starts, at_every_round),
        Part("the twins", twins, falls, data=trajectory),
    ),
    data=trajectory,
    figure=figure,
)
