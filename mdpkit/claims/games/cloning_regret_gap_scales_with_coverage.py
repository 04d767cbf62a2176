"""A cloned mediator's regret gap grows as 1 over the coverage of the demonstrations, and no slower.

Statement  If the expert visits every place that matters with probability at least b, then
               max_i R_i(L) - max_i R_i(E) <= 2 u H e / b,   e = 1/H sum_t E_{s ~ d_t^E} TV(E, L)(s),
           where (t, s) matters if a swap deviation from the learner leads there and the two mediators differ there.
           On a fork the gap is (1 - b) H e / b, u = 1; with matching pennies at its rare end the ratio of the two sides
           is (1 + b)/2 for every H >= 2, and (H-1)/((H-1) + 2/b) where the learner also strays there by itself.
Assumes    the expert visits every place that matters; finite horizon.
Units      e is a mean over the steps of a total variation; u is a range of action values; R_i is swap regret.
Kind       for all; exists
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/cloning_regret_gap_scales_with_coverage.md
"""

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace as Models

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...kernels import finite
from ...model import Finite, JointPolicy, MarkovGame
from .._claim import Assumption, Bound, Claim, Control, Equal, Part
from .._figures import draw_graph, panels
from .regret_gap_is_bounded_by_recoverability import FAMILY

START, COMMON, RARE = 0, 1, 2


def sides(m):
    """The regret gap, u, H e and b."""
    seen = measure.cloning_error(m.game.player(0), m.expert, m.learner).sum()
    gap, u = measure.regret_gap(m.game, m.expert, m.learner), measure.recoverability(m.game, m.expert)
    return gap, u, seen, measure.coverage(m.game, m.expert, m.learner)


def check(m):
    gap, u, seen, b = sides(m)
    return Bound(gap * b, u * seen * 2)


def without_coverage(m):
    return Bound(sides(m)[0], check(m).sides[-1])


def where_seen(x):
    """The learner is the expert wherever the expert never is. Beside a user's own game, draws that are not are refused."""
    if not hasattr(x, "P"):
        return x
    visits = finite.occupancy(x.P, x.rho, x.expert, len(x.P)).sum(axis=2)
    return type(x)(**{**vars(x), "learner": np.where((visits > 0)[..., None], x.learner, x.expert)})


# ---- forks: at the start a_1 = 1 leads to RARE, a_1 = 0 to RARE with probability b, else to COMMON
def fork(H, b, first, expert, learner):
    """The first player is paid first[s,j]; expert[s] and learner[s] are laws of joint actions, 00 where left out."""
    b = rational(b)
    P = objects(np.zeros((3, 4, 3), dtype=int))
    P[START, :2, COMMON], P[START, :2, RARE] = 1 - b, b
    P[START, 2:, RARE] = P[COMMON, :, COMMON] = P[RARE, :, RARE] = rational(1)
    r = objects(np.zeros((2, 3, 4), dtype=int))
    for s, paid in first.items():
        r[0, s] = objects(paid)
    game = MarkovGame(P, r, objects([1, 0, 0]), horizon=Finite(H), actions=(2, 2))
    expert, learner = (JointPolicy(objects([laws.get(s, [1, 0, 0, 0]) for s in range(3)])) for laws in (expert, learner))
    return Models(game=game, b=b, expert=expert, learner=learner)


def slipping(H, b, slip):
    """At RARE a_2 = 1 pays the first player, and the learner plays it with probability `slip`."""
    slip = rational(slip)
    return Models(slip=slip, **vars(fork(H, b, {RARE: [0, 1, 0, 1]}, {}, {RARE: [1 - slip, slip, 0, 0]})))


EVEN, MISMATCH, MATCHED = ["1/4"] * 4, [0, 1, 1, 0], ["1/2", 0, 0, "1/2"]


def rare_pennies(H, b, strays=False):
    """Matching pennies at RARE, worth as much as COMMON; the learner correlates them, and `strays` there at the start."""
    learner = {RARE: MATCHED, **({START: [0, 0, 1, 0]} if strays else {})}
    return fork(H, b, {COMMON: ["1/2"] * 4, RARE: MISMATCH}, {RARE: EVEN}, learner)


def on_the_fork(m):
    gap, u, seen, b = sides(m)
    facts = {"regret gap": (gap, (1 - m.b) / m.b * seen), "mistakes": (seen, m.b * m.slip * (m.game.horizon.H - 1))}
    return Equal({**facts, "coverage": (b, m.b), "range": (u, 1)})


def on_pennies(m):
    left, right = check(m).sides
    return Equal({"ratio": (left / right, (1 + m.b) / 2)})


def astray(m):
    (left, right), steps = check(m).sides, m.game.horizon.H - 1
    return Equal({"ratio": (left / right, m.b * steps / (m.b * steps + 2))})


def seen_anyway(coverage, game, expert, learner):
    return coverage(game, expert, expert)


def figure(ax, rows):
    """The fork's regret gap against H, and per mistake against 1/b; the bound, and the bound without 1/b; the fork."""
    at = [row for row in rows if row["part"] == "the fork" and row["parameters"]["slip"] == "1/200"]
    H, scale = np.array([(row["sizes"]["H"], 1 / Fraction(row["parameters"]["b"])) for row in at], dtype=float).T
    gap, seen = np.array([[row["pairs"][name][0] for name in ("regret gap", "mistakes")] for row in at]).T
    by_horizon, by_coverage, graph = panels(ax, 3)
    for panel, kept, x, per in ((by_horizon, scale == 10, H, 1 + 0 * seen), (by_coverage, H == 10, scale, seen)):
        panel.plot(x[kept], (gap / per)[kept], "oC0", label="regret gap")
        panel.plot(x[kept], (2 * seen * scale / per)[kept], "k--", label="$2uH\\varepsilon/b$")
        panel.plot(x[kept], (2 * seen / per)[kept], "-C1", label="$2uH\\varepsilon$ (fails)")
    by_horizon.set(xlabel="horizon $H$  ($b = 1/10$)", ylabel="regret gap")
    by_horizon.legend()
    by_coverage.set(xlabel="$1/b$  ($H = 10$)", ylabel="regret gap / $H\\varepsilon$", xscale="log", yscale="log")
    ways = {(0, 1): "$a_1=0$: $1-b$", (0, 2): "$a_1=0$: $b$\n$a_1=1$: $1$"}
    draw_graph(graph, {0: (0, 1), 1: (2, 2), 2: (2, 0)}, ways, ["start", "common", "rare"])
    graph.text(1, -1, "there $a_2=1$ pays player 1,\nand the learner slips", ha="center", va="center")


SEEN = Assumption("the expert visits every place that matters", lambda m: measure.covers(m.game, m.expert, m.learner))
SHARES = ("1/2", "1/4", "1/10", "1/30", "1/100")


def slips():
    return [slipping(H, b, slip) for H in (2, 3, 5, 10, 20) for b in SHARES for slip in ("1/200", 1)]


CLAIM = Claim(
    "cloning_regret_gap_scales_with_coverage",
    check,
    replace(FAMILY, repair=where_seen),
    assumes=(SEEN,),
    controls=(
        Control("without 1/b", witness=lambda: slipping(10, "1/10", "1/200"), tightens=without_coverage),
        Control("a rare place never seen", witness=lambda: slipping(5, 0, "1/2"), drops=SEEN.name),
        Control("coverage where the learner is right", witness=lambda: slipping(10, "1/10", 1), sabotages=measure.coverage, by=seen_anyway),
    ),
    also=(
        Part("the fork", slips, on_the_fork, assumes=(SEEN,)),
        Part("pennies at the rare place", lambda: [rare_pennies(H, b) for H in (2, 3, 6) for b in SHARES], on_pennies, assumes=(SEEN,)),
        Part("the learner strays there", lambda: [rare_pennies(H, b, True) for H in (2, 5, 20) for b in SHARES], astray, assumes=(SEEN,)),
    ),
    accepts=("game", MarkovGame, ("P", "r", "rho")),
    figure=figure,
)
