"""Two mediators with the same occupancy can differ in regret by H - 1.

Statement  For every H >= 2 there is a two-player game with an expert E of swap regret 0 and a learner L such that
           d^L = d^E at every step, J_i(L) = J_i(E) for both players, and max_i R_i(L) - max_i R_i(E) = H - 1.
Assumes    the learner differs from the expert only at unvisited states: L = E wherever d_t^E(s) > 0.
Units      rewards in [0, 1]; regret is the largest gain of one player by a swap deviation.
Kind       exists (enumerated, H = 2..30)
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/value_equivalence_is_not_regret_equivalence.md
"""

import numpy as np

from ... import measure
from ...instances.library.games import fork
from ...verify.claim import Assumption, Claim, Control, Equal
from ...verify.faults import forbid_deviations


def facts(m):
    visits = measure.occupancy(m.game, m.expert), measure.occupancy(m.game, m.learner)
    values = measure.value(m.game, m.expert), measure.value(m.game, m.learner)
    return {
        "occupancy": visits,
        "value": values,
        "expert regret": (measure.regret(m.game, m.expert).max(), 0),
        "regret gap": (measure.regret_gap(m.game, m.expert, m.learner), m.game.horizon.H - 1),
    }


def check(m):
    return Equal(facts(m))


def larger(m):
    same = facts(m)
    return Equal({**same, "regret gap": (same["regret gap"][0], m.game.horizon.H)})


def unseen(m):
    visits = measure.occupancy(m.game, m.expert)
    changed = np.flatnonzero((m.learner.table != m.expert.table).any(axis=1))
    return (visits[:, changed] == 0).all_yes()


UNSEEN = Assumption("the learner differs from the expert only at unvisited states", unseen)


def numbers(m):
    """The largest differences of occupancies and of values."""
    same = facts(m)
    return {name: [abs(same[name][0] - same[name][1]).max().mid] for name in ("occupancy", "value")}


def figure(ax, rows):
    """The regret gap against the horizon, the gaps in occupancy and value, and the game."""
    found = [row for row in rows if not row.get("control")]
    H = [row["sizes"]["H"] for row in found]
    ax.plot(H, [h - 1 for h in H], "k--", label="$H - 1$")
    ax.plot(H, [row["pairs"]["regret gap"][0] for row in found], "oC0", label="regret gap")
    ax.plot(
        H,
        [max(row["data"]["occupancy"] + row["data"]["value"]) for row in found],
        ".C2",
        label="gap in visits and values",
    )
    ax.plot(H, H, "C1", label="a gap of $H$ (fails)")
    ax.set(xlabel="horizon $H$", ylabel="gap", ylim=(-2, 36))
    ax.legend(loc="lower right", bbox_to_anchor=(1.03, 0.07))
    drawing = ax.inset_axes([0, 0.55, 0.5, 0.45], xlim=(-0.4, 1.6), ylim=(-0.4, 1.1))
    drawing.axis("off")
    centred = dict(ha="center", va="center", fontsize=7)
    for x, y, words in ((0, 0.5, "start"), (1.1, 1, "common"), (1.1, 0.1, "rare")):
        drawing.text(x, y, words, bbox=dict(boxstyle="round", fill=False), **centred)
    for y, action in ((0.9, 0), (0.2, 1)):
        drawing.annotate("", (0.75, y), (0.3, 0.5), arrowprops=dict(arrowstyle="->"))
        drawing.text(0.35, y, f"$a_1 = {action}$", **centred)
    drawing.text(0.7, -0.3, "pays if $a_2 = 1$", **centred)


CLAIM = Claim(
    "value_equivalence_is_not_regret_equivalence",
    check,
    instances=lambda: [fork(H) for H in range(2, 31)],
    formula=r"d_t^L = d_t^E, \qquad J_i(L) = J_i(E), \qquad \max_i R_i(E) = 0, \qquad \max_i R_i(L) = H - 1",
    papers=("tang2024",),
    tags=("regret", "value-gap"),
    assumes=(UNSEEN,),
    controls=(
        Control("the expert visits the fork", witness=lambda: fork(5, "1/4"), drops=UNSEEN.name),
        Control("a gap of H", witness=lambda: fork(5), tightens=larger, at="regret gap"),
        Control("no deviations", witness=lambda: fork(5), sabotages=measure.regret, by=forbid_deviations),
    ),
    data=numbers,
    figure=figure,
)
