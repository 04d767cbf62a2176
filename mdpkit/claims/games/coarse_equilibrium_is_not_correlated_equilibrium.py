"""A coarse correlated equilibrium need not be a correlated equilibrium: its swap regret can be H/2.

Statement  In the 3 x 3 game with payoffs ((0, 1, 1), (0, 2, -1), (-1, 0, 1)) of the first player and ((1, -1, 2),
           (0, 0, -2), (1, 0, 2)) of the second, repeated over H steps, let the mediator recommend (0, 0) or (1, 1) with
           probability 1/2 each at every step. No player gains by ignoring its recommendations: max_i R_i^coarse = 0, a
           coarse correlated equilibrium. A player that deviates as a function of its recommendation gains H/2: max_i
           R_i^swap = H/2, so that it is not a correlated equilibrium.
Assumes    the recommendations are correlated: each is informative about the other player's action.
Units      regret in units of reward; payoffs are integers in [-2, 2].
Kind       exists (enumerated, H = 1..12)
Source     adapted from Moulin and Vial, 1978, and Aumann, 1974.
Proof      proofs/games/coarse_equilibrium_is_not_correlated_equilibrium.md
"""

from ... import measure
from ...base.arrays import rational
from ...instances.library.games import moulin_vial
from ...verify.claim import Assumption, Claim, Control, Equal
from ...verify.faults import ignore_recommendations


def facts(m):
    return {name: (measure.regret(m.game, m.mediator, name).max(), 0) for name in ("coarse", "swap")}


def check(m):
    found = facts(m)
    return Equal({**found, "swap": (found["swap"][0], rational(m.game.horizon.H) / 2)})


def an_equilibrium(m):
    return Equal(facts(m))


def is_correlated(m):
    law = m.mediator.table.reshape(m.game.actions)
    return (law.sum(axis=1)[:, None] * law.sum(axis=0) != law).any()


def figure(ax, rows):
    """Both regrets against the horizon."""
    H = [row["sizes"]["H"] for row in rows if not row.get("control")]
    for name, style, words in (("swap", "oC0", "swap regret"), ("coarse", "sC2", "coarse regret")):
        ax.plot(H, [row["pairs"][name][0] for row in rows if not row.get("control")], style, label=words)
    ax.plot(H, [h / 2 for h in H], "k--", label="$H/2$")
    ax.plot(H, [0] * len(H), color="C1", label="a correlated equilibrium (fails)")
    ax.set(xlabel="horizon $H$", ylabel="largest gain", ylim=(-max(H) / 40, max(H)))
    ax.legend(loc="upper left")


CORRELATED = Assumption("the recommendations are correlated", is_correlated)
CLAIM = Claim(
    "coarse_equilibrium_is_not_correlated_equilibrium",
    check,
    instances=lambda: [moulin_vial(H) for H in range(1, 13)],
    formula=r"\max_i R_i^{\text{coarse}} = 0, \qquad \max_i R_i^{\text{swap}} = \frac H2",
    papers=("moulin1978", "aumann1974"),
    tags=("regret", "equilibria"),
    assumes=(CORRELATED,),
    controls=(
        Control("no swap deviation gains", witness=lambda: moulin_vial(3), tightens=an_equilibrium, at="swap"),
        Control(
            "the product of the marginals", witness=lambda: moulin_vial(3, correlated=False), drops=CORRELATED.name
        ),
        Control(
            "swap regret by marginals",
            witness=lambda: moulin_vial(3),
            sabotages=measure.regret,
            by=ignore_recommendations,
        ),
    ),
    figure=figure,
)
