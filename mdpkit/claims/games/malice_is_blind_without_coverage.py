"""With coverage MALICE and BLADES have the same loss; without it MALICE's may be 0 at a regret gap of H - 1.

Statement  Let m and l be the own losses of MALICE and BLADES at a mediator L, from exact demonstrations and exact
           queries, and q the largest share of steps that a deviation from L can spend at undemonstrated states. Then
               m <= l <= m + q,
           and m = l if the expert visits every pair (t, s) that deviations reach and at which the mediators differ.
           On the fork without coverage, with a learner that always errs in the rare branch, for every H >= 2,
               m = 0,   l = q = (H-1)/H,   max_i R_i(L) - max_i R_i(E) = H - 1.
Assumes    finite horizon; for m = l, coverage.
Units      losses are total variations averaged over the steps, in [0, 1].
Kind       for all (enumerated on drawn games); exists (enumerated)
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/malice_is_blind_without_coverage.md
"""

import numpy as np

from ... import measure
from ...instances.library.games import fork, rare_pennies
from ...instances.library.games_imitation import draw_games, draw_partly_covered_games
from ...learn import BLADES, MALICE, Mediators, fit, grant
from ...model import Deviation
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def losses(m):
    """Own losses of MALICE and BLADES at the learner, a class of one mediator; and the uncovered share of steps."""
    access = grant(m.game, expert=m.expert, demonstrations="exact", episodes="exact", queries="exact")
    alone = Mediators(m.learner.table[None])
    reweighted, queried = (fit(each(alone, rounds=1), access, rng=None).trace for each in (MALICE, BLADES))
    return reweighted["loss"][0], queried["loss"][0], reweighted["uncovered"][0]


def check(m):
    malice, blades, uncovered = losses(m)
    return Bound(blades, malice + uncovered)


def order(m):
    malice, blades, _ = losses(m)
    return Bound(malice, blades)


def agree(m):
    malice, blades, _ = losses(m)
    return Equal({"loss": (malice, blades)})


def show_blindness(m):
    malice, blades, uncovered = losses(m)
    H = m.game.horizon.H
    share = m.game.like([H - 1])[0] / H
    gap = measure.regret_gap(m.game, m.expert, m.learner)
    return Equal(
        {"MALICE": (malice, 0), "BLADES": (blades, share), "uncovered": (uncovered, share), "gap": (gap, H - 1)}
    )


# ---- controls
def drop_uncovered_steps(m):
    malice, blades, _ = losses(m)
    return Bound(blades, malice)


def drop_weights(m):
    """The error on the expert's own states in place of MALICE's loss."""
    seen = measure.cloning_error(m.game.player(0), m.expert, m.learner).sum() / m.game.horizon.H
    return Equal({"loss": (seen, losses(m)[1])})


def obey(best_deviation, game, joint, player, deviations="swap"):
    """A deviator that obeys."""
    A, H = game.actions[player], game.horizon.H
    return Deviation(player, np.broadcast_to(game.like(np.eye(A, dtype=int)), (H, game.S, A, A)))


# ---- instances
def list_draws():
    """Drawn games, of which some are demonstrated in part, and forks with coverage and without."""
    return [*draw_games(15, 1), *list_partly_covered(), fork(3, "1/4")]


def list_partly_covered():
    """Games in which 0 < m < l < m + q, and forks without coverage."""
    return [*draw_partly_covered_games(), *list_forks_without_coverage()[:3]]


def list_many_draws():
    return draw_games(500, 2)


def list_forks_without_coverage():
    return [fork(H) for H in (2, 3, 5, 10)]


def list_instances_with_coverage():
    forks = [fork(H, b, slip) for H in (2, 5) for b in ("1/2", "1/100") for slip in ("1/5", 1)]
    return [*forks, *(rare_pennies(3, "1/10", strays) for strays in (False, True))]


def figure(ax, rows):
    """Own losses of MALICE and BLADES, the regret gap per step, and the bound without coverage."""
    found = [row for row in rows if row["part"] == BLIND and not row.get("control")]
    H = np.array([row["sizes"]["H"] for row in found])
    sides = {name: np.array([row["pairs"][name][0] for row in found]) for name in ("MALICE", "BLADES", "gap")}
    ax.plot(H, 2 * sides["BLADES"], "k--", label="$2u\\,$BLADES' loss")
    ax.plot(H, sides["gap"] / H, "oC0", label="regret gap / $H$")
    ax.plot(H, sides["BLADES"], "xC2", label="BLADES' loss")
    ax.plot(H, 2 * sides["MALICE"], ".C1", label="$2u\\,$MALICE's loss (fails)")
    ax.set(xlabel="horizon $H$", ylabel="per step", ylim=(-0.1, 3.2))
    ax.legend(fontsize=6, loc="upper right")


SEEN = Assumption(
    "the expert visits every reachable state where the mediators differ",
    lambda m: measure.covers(m.game, m.expert, m.learner),
)
LEAST, AGREE, BLIND = "the loss of MALICE is the smaller", "with coverage", "the fork without coverage"
CLAIM = Claim(
    "malice_is_blind_without_coverage",
    check,
    list_draws,
    formula=(
        r"\ell_{\rm MALICE} \le \ell_{\rm BLADES} \le \ell_{\rm MALICE} + q, \qquad q = \frac1H \max_{i, \varphi} \sum_t "
        r"\Pr_{L \circ \varphi}\big(d_t^E(s_t) = 0\big)"
    ),
    papers=("tang2024",),
    tags=("regret", "coverage", "interactive-learning"),
    controls=(
        Control("without the uncovered steps", witness=lambda: fork(5), tightens=drop_uncovered_steps),
        Control("a rare state never visited", witness=lambda: fork(5, 0, "1/2"), drops=SEEN.name, part=AGREE),
        Control("without weights", witness=lambda: fork(5, "1/4"), tightens=drop_weights, at="loss", part=AGREE),
        Control("deviators that obey", witness=lambda: fork(5), sabotages=measure.best_deviation, by=obey, part=BLIND),
    ),
    also=(
        Part(LEAST, list_partly_covered, order, thorough=lambda: draw_games(100, 4)),
        Part(AGREE, list_instances_with_coverage, agree, assumes=(SEEN,)),
        Part(BLIND, list_forks_without_coverage, show_blindness),
    ),
    thorough=list_many_draws,
    figure=figure,
    sides=(r"BLADES' loss", r"MALICE's loss $+\, q$"),
)
