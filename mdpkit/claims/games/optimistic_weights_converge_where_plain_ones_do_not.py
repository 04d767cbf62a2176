"""Optimistic weights approach equilibrium at small rates in three games like rock, paper, scissors; plain ones do not.

Statement  Let two players of a zero-sum game with a fully mixed equilibrium (x*, y*) play exponential weights at one
           rate, each x_{t+1}(a) proportional to x_t(a) e^(rate * gain of a at t) from positive first strategies. Then
           KL(x*, x_t) + KL(y*, y_t) never falls: from anywhere but (x*, y*) the strategies do not converge to it,
           whatever the rate. In three games like rock, paper, scissors, from uniform strategies and at rates
           1/4 and 1/2, NashConv of the strategies exceeds 1/8 at ten rounds from 3100 to 4000, and that of optimistic
           weights, which count the last gain twice, is below 1/1000 at each of them. It exceeds
           1/1000 at rate 2 in one of the games, and at rate 4 in all three.
Assumes    a fully mixed equilibrium; simultaneous play at equal rates; the payoffs are opposed; a rate of at most 1/2
           for the optimistic weights.
Units      NashConv is the sum of the players' gains from a best response; winners are paid between 1/4 and 1. The
           weights are rounded to multiples of 2^-24.
Kind       exists (enumerated); for all rounds and games (divergence, by proof; observed at 19 rounds from uniform
           strategies)
Source     adapted from Bailey and Piliouras, 2018, and Wei, Lee, Zhang and Luo, 2021.
Proof      proofs/games/optimistic_weights_converge_where_plain_ones_do_not.md
"""

from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import floats, objects, rational
from ...base.interval import stack
from ...ink.figures import panels
from ...ink.responses import best_response_field
from ...ink.simplex import simplex
from ...instances.instance import Instance
from ...instances.library.games_learning import one_shot, rock_paper_scissors
from ...learn import Hedge
from ...learn.dynamics import LearningDynamics
from ...learn.dynamics.play import join
from ...verify.claim import Assumption, Bound, Claim, Control, Part
from ...verify.faults import forbid_deviations

STAKES, RATES, LAST = ((1, "1/2", "1/4"), (1, 1, "1/2"), (1, "1/3", "1/3")), ("1/4", "1/2"), 4000
LATE = np.arange(3100, LAST + 1, 100)
"""Rounds at which the strategies are judged."""
PENNIES = [[1, -1], [-1, 2]], [[-1, 1], [1, -2]]
"""Matching pennies with a higher stake on a match of 1, for the figure."""
EARLY = np.array([1, 2, 3, 5, 8, 12, 17, 25, 40, 70, 100, 150, 200, 250, 300, 350, 400, 450, 500])
"""Rounds at which the divergence from the equilibrium is observed."""


@cache
def play(stakes, rate):
    m = rock_paper_scissors(*stakes)
    return run(m.game, rate, None).replace(p=m.equilibrium)


def run(game, rate, start):
    """Strategies `[k,i,a]` of plain and of optimistic weights after LATE rounds, and of the former after EARLY ones."""
    rules = {"plain": Hedge(rate), "optimistic": Hedge(rate, optimistic=True)}
    found = {name: LearningDynamics(rule).play(game.to_float(), LAST, start=start) for name, rule in rules.items()}
    late = {name: each.exact_strategies()[LATE - 1] for name, each in found.items()}
    return Instance(game=game, rate=rational(rate), early=found["plain"].exact_strategies()[EARLY - 1], **late)


def nash_convs(m, strategies):
    return stack([measure.regret(m.game, join(m.game.actions, each), "coarse").sum() for each in strategies])


def check(m):
    plain, optimistic = nash_convs(m, m.plain), nash_convs(m, m.optimistic)
    near, far = m.game.like(["1/1000", "1/8"])
    return Bound(stack([optimistic.max(), plain.min() * 0 + far]), stack([plain.min() * 0 + near, plain.min()]))


def with_plain_weights(m):
    """Plain weights as if they were as near as the optimistic ones."""
    plain = nash_convs(m, m.plain)
    near, far = m.game.like(["1/1000", "1/8"])
    return Bound(stack([plain.max(), plain.min() * 0 + far]), stack([plain.min() * 0 + near, plain.min()]))


def likelihoods(m, strategies):
    """prod_a x(a)^(7 p(a)) y(a)^(7 p(a)): e to minus 7 (or 5) times the divergence, up to a factor."""
    power = np.rint(floats(m.p / m.p.min())).astype(int).tolist()
    found = []
    for x, y in strategies:
        number = x[0] * 0 + 1
        for a, times in enumerate(power):
            number = number * (x[a] * y[a]) ** times
        found.append(number)
    return m.game.like(found)


def diverges(m):
    """Later likelihoods of the equilibrium against the earlier ones."""
    found = likelihoods(m, m.early)
    return Bound(found[1:] / found[:-1], found[1:] * 0 + 1)


def converges(m):
    """The wrong way round: the likelihood of the equilibrium grows."""
    found = likelihoods(m, m.early)
    return Bound(found[:-1] / found[1:], found[1:] * 0 + 1)


def runs():
    return [play(stakes, rate) for stakes in STAKES for rate in RATES]


def saddle():
    """The first row and the first column dominate: plain weights converge, to a corner."""
    game = one_shot([[0, 1, 1], [-1, 0, 0], [-1, 0, 0]], [[0, -1, -1], [1, 0, 0], [1, 0, 0]])
    return run(game, "1/4", None).replace(p=objects(["1", 0, 0]))


def is_mixed(m):
    """Whether p is a fully mixed equilibrium strategy of both players."""
    gain = m.game.r[0, 0].reshape(3, 3) @ m.p
    return (m.p > 0).all() and not (gain != gain[0]).any()


# ---- figure
def trajectory(m):
    at, game = np.unique(np.geomspace(1, LAST, 200).astype(int)) - 1, m.game.to_float()
    rules = {"plain": Hedge("1/4"), "optimistic": Hedge("1/4", optimistic=True)}
    found = {name: LearningDynamics(rule).play(game, LAST) for name, rule in rules.items()}
    gaps = {name: list(each.last_gap[at]) for name, each in found.items()}
    paths = {f"path, {name}": [list(row) for row in each.strategies[:400:2, 0]] for name, each in found.items()}
    pennies = one_shot(*PENNIES).to_float()
    for name, rule in rules.items():
        square = LearningDynamics(rule).play(pennies, 300).strategies[:, :, 1]
        paths[f"square, {name}"] = [list(row) for row in square]
    return gaps | paths | {"T": [int(t) + 1 for t in at], "p": list(floats(m.p))}


def figure(ax, rows):
    """NashConv of the strategies against the rounds, weights in matching pennies, and those of the first player."""
    lines, square, triangle = panels(ax, 3)
    data = next(row["data"] for row in rows if not row.get("control") and row.get("data"))
    paths = (data["path, plain"], "-C1", "plain"), (data["path, optimistic"], "-C0", "optimistic")
    simplex(triangle, paths, marks={"equilibrium": (data["p"], "*k")}, names=("R", "P", "S"))
    triangle.legend(fontsize=6, loc="upper left", bbox_to_anchor=(-0.2, 1.05))
    lines.plot(data["T"], data["plain"], "C1", label="plain weights (fails)")
    lines.plot(data["T"], np.maximum(data["optimistic"], 2.0**-24), "C0", label="optimistic weights")
    ways = (data["square, plain"], "-C1", "plain"), (data["square, optimistic"], "-C0", "optimistic")
    best_response_field(square, *np.array(PENNIES), ways, {"equilibrium": ([2 / 5, 2 / 5], "*k")})
    for level in (1 / 8, 1 / 1000):
        lines.axhline(level, color="k", ls="--", lw=0.7, label=None if level < 1 / 8 else "1/8 and 1/1000")
    lines.set(xlabel="rounds $t$", ylabel="NashConv of the strategies", xscale="log", yscale="log")
    lines.legend(fontsize=6, loc="lower left")


MIXED = Assumption("a fully mixed equilibrium", is_mixed)
SMALL = Assumption("a rate of at most 1/2", lambda m: m.rate <= m.game.like(["1/2"])[0])
DIVERGENCE = "the divergence never falls"
CLAIM = Claim(
    "optimistic_weights_converge_where_plain_ones_do_not",
    check,
    runs,
    formula=(
        r"\mathrm{KL}(x^*, x_{t+1}) + \mathrm{KL}(y^*, y_{t+1}) \ge \mathrm{KL}(x^*, x_t) + \mathrm{KL}(y^*, y_t), \qquad "
        r"\mathrm{NashConv}(x_t^{\text{opt}}, y_t^{\text{opt}}) < 10^{-3} < \frac18 < \mathrm{NashConv}(x_t, y_t)"
    ),
    papers=("bailey2018", "wei2021"),
    tags=("games", "no-regret", "equilibria"),
    assumes=(MIXED, SMALL),
    controls=(
        Control("an equilibrium at a corner", witness=saddle, drops=MIXED.name),
        Control("optimistic weights at rate 4", witness=lambda: play(STAKES[0], "4"), drops=SMALL.name),
        Control("plain weights", witness=lambda: play(STAKES[0], "1/4"), tightens=with_plain_weights),
        Control(
            "players that cannot deviate",
            witness=lambda: play(STAKES[0], "1/4"),
            sabotages=measure.regret,
            by=forbid_deviations,
        ),
        Control("a divergence that falls", witness=lambda: play(STAKES[0], "1/4"), tightens=converges, part=DIVERGENCE),
    ),
    also=(Part(DIVERGENCE, runs, diverges, assumes=(MIXED,)),),
    data=trajectory,
    figure=figure,
)
