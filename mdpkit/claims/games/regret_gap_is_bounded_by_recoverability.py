"""The regret gap is at most twice the recoverability times the expected number of mistakes under the worst deviation.

Statement  For every expert E, learner L and rewards
               max_i R_i(L) - max_i R_i(E) <= 2 u H e,
           where u is the widest range over joint actions of Q_i^{E o phi}, over all players i, swap deviations phi,
           steps and states, and e = 1/H max_{i,phi} E_{L o phi} sum_t TV(L, E), where phi may also be obedience.
Assumes    finite horizon.
Units      R_i is swap regret in units of reward; e is an average over the steps, in [0, 1]; u is a range, at most twice
           a bound on |advantage|. For S states u is computed exactly if 2^(S (H - 2)) <= 64, as at all sizes that are
           drawn; for larger games an upper bound takes its place.
Kind       for all
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/regret_gap_is_bounded_by_recoverability.md
"""

from ... import measure
from ...instances.library.games import TWO_PLAYERS, fork, hidden_stakes, matching_pennies
from ...model import MarkovGame
from ...verify.claim import Bound, Claim, Control
from ...verify.faults import recoverability_without_deviations


def sides(m):
    """The regret gap, and u H e."""
    gap = measure.regret_gap(m.game, m.expert, m.learner)
    mistakes = measure.deviation_error(m.game, m.expert, m.learner) * m.game.horizon.H
    return gap, measure.recoverability(m.game, m.expert) * mistakes


def check(m):
    gap, price = sides(m)
    return Bound(gap, price * 2)


def once(m):
    return Bound(*sides(m))


# ---- controls
def without_deviations(error, game, expert, learner):
    """The error under the learner's own occupancy, without deviations."""
    own = measure.cloning_error(game, learner, expert)
    return own.sum() / game.horizon.H


CLAIM = Claim(
    "regret_gap_is_bounded_by_recoverability",
    check,
    TWO_PLAYERS,
    formula=(
        r"\max_i R_i(L) - \max_i R_i(E) \le 2\,u\,H\,e, \qquad u = \max_{i, \varphi, t, s} \big( \max_j Q_{i,t}^{E "
        r"\circ \varphi}(s, j) - \min_j Q_{i,t}^{E \circ \varphi}(s, j) \big), \qquad e = \frac1H \max_{i, \varphi} "
        r"\sum_t \mathbb{E}_{s \sim d_t^{L \circ \varphi}}\, \mathrm{TV}(L, E)(s)"
    ),
    papers=("tang2024",),
    tags=("regret", "recoverability"),
    controls=(
        Control("a constant of 1", witness=lambda: matching_pennies(2), tightens=once),
        Control(
            "errors under the learner's own occupancy",
            witness=lambda: fork(5),
            sabotages=measure.deviation_error,
            by=without_deviations,
        ),
        Control(
            "u without deviations",
            witness=lambda: hidden_stakes(4),
            sabotages=measure.recoverability,
            by=recoverability_without_deviations,
        ),
    ),
    accepts=("game", MarkovGame, ("P", "r", "rho")),
    sides=(r"$\max_i R_i(L) - \max_i R_i(E)$", r"$2uHe$"),
)
