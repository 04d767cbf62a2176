"""The regret gap of a cloned mediator scales as 1/b, where b is the coverage of the demonstrations.

Statement  Let D be the set of pairs (t, s) that some swap deviation from the learner reaches and at which the two
           mediators differ. If the expert visits every pair of D with probability at least b, then
               max_i R_i(L) - max_i R_i(E) <= 2 u H e / b,   e = 1/H sum_t E_{s ~ d_t^E} TV(E, L)(s).
           On a fork with u = 1 the gap is (1 - b) H e / b.
Assumes    the expert visits every pair of D; finite horizon.
Units      e is a total variation averaged over the steps; u is a range of action values; R_i is swap regret.
Kind       for all; exists
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/cloning_regret_gap_scales_with_coverage.md
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ... import measure
from ...ink.figures import draw_graph, panels
from ...instances.library.games import TWO_PLAYERS, fork, rare_pennies
from ...kernels import finite
from ...model import MarkovGame
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def sides(m):
    """The regret gap, u, H e and b."""
    seen = measure.cloning_error(m.game, m.expert, m.learner).sum()
    gap, u = measure.regret_gap(m.game, m.expert, m.learner), measure.recoverability(m.game, m.expert)
    return gap, u, seen, measure.coverage(m.game, m.expert, m.learner)


def check(m):
    gap, u, seen, b = sides(m)
    return Bound(gap * b, u * seen * 2)


def without_coverage(m):
    return Bound(sides(m)[0], check(m).sides[-1])


def copy_expert_off_its_support(x):
    """The learner equals the expert off the expert's support; with a user's own game, other draws are rejected."""
    if not hasattr(x, "P"):
        return x
    visits = finite.occupancy(x.P, x.rho, x.expert, len(x.P)).sum(axis=2)
    return type(x)(**{**vars(x), "learner": np.where((visits > 0)[..., None], x.learner, x.expert)})


# ---- forks
def on_the_fork(m):
    gap, u, seen, b = sides(m)
    facts = {"regret gap": (gap, (1 - m.b) / m.b * seen), "mistakes": (seen, m.b * m.slip * (m.game.horizon.H - 1))}
    return Equal({**facts, "coverage": (b, m.b), "range": (u, 1)})


def of_the_learner(coverage, game, expert, learner):
    return coverage(game, learner, expert)


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


SEEN = Assumption(
    "the expert visits every reachable state where the mediators differ",
    lambda m: measure.covers(m.game, m.expert, m.learner),
)
SHARES = ("1/2", "1/4", "1/10", "1/30", "1/100")


def slips(horizons=(2, 3, 5)):
    return [fork(H, b, slip) for H in horizons for b in SHARES for slip in ("1/200", 1)]


def slips_of_the_figure():
    """Those of the figure: every horizon for b = 1/10, and every b for H = 10."""
    return [fork(10, b, "1/200") for b in SHARES] + [fork(20, "1/10", "1/200")]


CLAIM = Claim(
    "cloning_regret_gap_scales_with_coverage",
    check,
    replace(TWO_PLAYERS, repair=copy_expert_off_its_support),
    formula=(
        r"\max_i R_i(L) - \max_i R_i(E) \le \frac{2\,u\,H\,e}{b}, \qquad e = \frac1H \sum_t \mathbb{E}_{s \sim "
        r"d_t^E}\, \mathrm{TV}(E, L)(s)"
    ),
    papers=("tang2024",),
    tags=("regret", "coverage", "behavioural-cloning"),
    assumes=(SEEN,),
    controls=(
        Control("without 1/b", witness=lambda: fork(10, "1/10", "1/200"), tightens=without_coverage),
        Control("a rare state never visited", witness=lambda: fork(5, 0, "1/2"), drops=SEEN.name),
        Control(
            "the learner's coverage",
            witness=lambda: rare_pennies(10, "1/10", True),
            sabotages=measure.coverage,
            by=of_the_learner,
        ),
    ),
    also=(
        Part(
            "the fork",
            lambda: slips() + slips_of_the_figure(),
            on_the_fork,
            assumes=(SEEN,),
            thorough=lambda: slips((10, 20)),
        ),
    ),
    accepts=("game", MarkovGame, ("P", "r", "rho")),
    figure=figure,
)
