"""In zero-sum games averages of fictitious play can be 4 / (3 sqrt T) from equilibrium, of optimistic weights O(1/T).

Statement  Rock, paper, scissors: from first actions 0 and 0, ties going to the first action, the frequencies of
           fictitious play after T = 9 k^2 rounds satisfy
               NashConv(x_T, y_T) = 4 / (9 k) = 4 / (3 sqrt T),
           a slope of exactly -1/2. Optimistic exponential weights at a constant rate in (0, 1/2], from uniform
           strategies, in any zero-sum game with payoffs in [-1, 1] and A and B actions:
               T NashConv(mean x_t, mean y_t) = Reg_1 + Reg_2 <= (log A + log B) / rate + 2 rate,
           a slope of at most -1, while plain exponential weights at a constant rate can exceed this bound: they do at
           rate 1/2 where wins are paid 1, 1/2 and 1/4.
Assumes    payoffs in [-1, 1], opposed; a rate of at most 1/2; optimistic weights.
Units      NashConv is the sum of the players' gains from a best response; T / 2^17 is added to the bound for the
           rounding of weights to multiples of 2^-24.
Kind       for all (by proof; enumerated on three games, at three rates); exists
Source     adapted from Syrgkanis, Agarwal, Luo and Schapire, 2015, and Robinson, 1951.
Proof      proofs/games/average_gaps_fall_at_two_rates.md
"""

from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import floats, objects, rational
from ...base.interval import stack
from ...ink.figures import panels
from ...ink.simplex import simplex
from ...instances.instance import Instance
from ...instances.library.games_learning import rock_paper_scissors
from ...learn import FollowTheLeader, Hedge
from ...learn.dynamics import LearningDynamics
from ...learn.dynamics.play import join
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import forbid_deviations

STAKES = ((1, "1/2", "1/4"), (1, 1, "1/2"), (1, "1/3", "1/3"))
RATES, ROUNDS, LAST = ("1/2", "1/4", "1/8"), (16, 64, 256, 1024), 1024


@cache
def play(stakes, rate, optimistic=True):
    """Exponential weights against each other: game, rate, and average strategies `[k,i,a]` after each of ROUNDS."""
    game = rock_paper_scissors(*stakes).game
    found = LearningDynamics(Hedge(rate, optimistic=optimistic)).play(game.to_float(), LAST)
    strategies = found.exact_strategies()
    averages = np.stack([strategies[:T].sum(axis=0) / T for T in ROUNDS])
    return Instance(game=game, rate=rational(rate), averages=averages, optimistic=optimistic)


def nash_conv(m, strategies):
    return measure.regret(m.game, join(m.game.actions, strategies), "coarse").sum()


def check(m, log_term=1):
    """T NashConv of the averages against the bound on the sum of both regrets."""
    size = measure.logarithm(m.rate * 0 + 3) * 2
    gaps = stack([nash_conv(m, each) * T for T, each in zip(ROUNDS, m.averages, strict=True)])
    bounds = stack([size / m.rate * log_term + m.rate * 2 + m.game.like([T])[0] / 2**17 for T in ROUNDS])
    return Bound(gaps, bounds)


def without_the_range(m):
    return check(m, log_term=0)


# ---- fictitious play
def frequencies(k):
    m = rock_paper_scissors()
    rule, rounds = LearningDynamics(FollowTheLeader()), 9 * k * k
    played = rule.play(m.game.to_float(), rounds, start=floats(m.start), every=rounds).average[-1]
    counts = np.rint(played * rounds).astype(int)
    return m.replace(k=k, averages=objects(counts) / rounds)


def squares():
    return [frequencies(k) for k in (1, 2, 3, 7, 20, 50)]


def of_fictitious_play(m):
    return Equal({"NashConv": (nash_conv(m, m.averages), m.game.like([4])[0] / (9 * m.k))})


def at_rate_one(m):
    """4 / (9 k^2), in proportion to 1 / T."""
    return Equal({"NashConv": (nash_conv(m, m.averages), m.game.like([4])[0] / (9 * m.k**2))})


def runs():
    return [play(stakes, rate) for stakes in STAKES for rate in RATES]


# ---- figure
def trajectory(m):
    """Average gaps of three dynamics at rounds that grow geometrically, and optimistic weights."""
    at = np.unique(np.geomspace(1, LAST, 60).astype(int)) - 1
    game, rate = m.game.to_float(), str(m.rate)
    rules = {
        "optimistic": Hedge(rate, optimistic=True),
        "plain": Hedge(rate),
        "fictitious": FollowTheLeader(),
    }
    found = {name: LearningDynamics(rule).play(game, LAST) for name, rule in rules.items()}
    gaps = {name: list(each.average_gap[at]) for name, each in found.items()}
    path = [list(row) for row in found["optimistic"].strategies[::4, 0]]
    rival = [list(row) for row in found["plain"].strategies[::4, 0]]
    return gaps | {
        "T": [int(t) + 1 for t in at],
        "path": path,
        "rival": rival,
        "rate": [float(floats(objects([m.rate]))[0])],
    }


def figure(ax, rows):
    """Average gaps against the rounds, and the weights of the first player."""
    lines, triangle = panels(ax, 2)
    data = next(row["data"] for row in rows if not row.get("control") and row.get("data"))
    T, rate = np.array(data["T"]), data["rate"][0]
    lines.plot(T, data["fictitious"], "C2", label="fictitious play")
    lines.plot(T, data["optimistic"], "C0", label="optimistic weights")
    lines.plot(T, data["plain"], "C1", label="plain weights (fails)")
    lines.plot(T, (2 * np.log(3) / rate + 2 * rate) / T, "k--", label="bound on optimistic weights")
    lines.set(xlabel="rounds $T$", ylabel="NashConv of the averages", xscale="log", yscale="log")
    lines.legend(fontsize=6)
    simplex(triangle, ((data["rival"], "-C1", None), (data["path"], "-C0", "optimistic")), names=("R", "P", "S"))


def is_zero_sum(m):
    sums, sizes = m.game.r.sum(axis=0), abs(m.game.r)
    return not (sums != 0).any() and (sizes <= 1).all()


OPPOSED = Assumption("opposed payoffs in [-1, 1]", is_zero_sum)
SMALL = Assumption("a rate of at most 1/2", lambda m: m.rate <= m.game.like(["1/2"])[0])
OPTIMISTIC = Assumption("optimistic weights", lambda m: m.optimistic)
FICTITIOUS = "fictitious play"
CLAIM = Claim(
    "average_gaps_fall_at_two_rates",
    check,
    runs,
    formula=(
        r"\mathrm{NashConv}^{\text{fictitious}}_{9 k^2} = \frac{4}{9 k}, \qquad T\, \mathrm{NashConv}^{\text{optimistic}}_T \le "
        r"\frac{\log A + \log B}{\eta} + 2 \eta"
    ),
    papers=("syrgkanis2015", "robinson1951"),
    tags=("games", "no-regret", "equilibria"),
    assumes=(OPPOSED, SMALL, OPTIMISTIC),
    controls=(
        Control("plain weights", witness=lambda: play(STAKES[0], "1/2", optimistic=False), drops=OPTIMISTIC.name),
        Control("without the logarithms", witness=lambda: play(STAKES[0], "1/8"), tightens=without_the_range),
        Control("a slope of -1", witness=lambda: frequencies(3), tightens=at_rate_one, at="NashConv", part=FICTITIOUS),
        Control(
            "players that cannot deviate",
            witness=lambda: frequencies(3),
            sabotages=measure.regret,
            by=forbid_deviations,
            part=FICTITIOUS,
        ),
    ),
    also=(Part(FICTITIOUS, squares, of_fictitious_play),),
    data=trajectory,
    figure=figure,
    sides=("$T$ NashConv", "bound"),
)
