"""The regret gap is at most twice the recoverability times the expected number of mistakes under the worst deviation.

Statement  For every expert E, learner L and rewards
               max_i R_i(L) - max_i R_i(E) <= 2 u H e,
           where u is the widest range over joint actions of Q_i^{E o phi}, over all players i, swap deviations phi,
           steps and states, and e = 1/H max_{i,phi} E_{L o phi} sum_t TV(L, E), where phi may also be obedience.
Assumes    finite horizon.
Units      R_i is swap regret in units of reward; e is an average over the steps, in [0, 1]; u is a range, at most twice
           a bound on |advantage|. The computed u is an upper bound, exact for H <= 2.
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
def unprovoked(error, game, expert, learner):
    """The error under the learner's own occupancy, without deviations."""
    own = measure.cloning_error(game, learner, expert)
    return own.sum() / game.horizon.H


CLAIM = Claim(
    "regret_gap_is_bounded_by_recoverability",
    check,
    TWO_PLAYERS,
    controls=(
        Control("a constant of 1", witness=lambda: matching_pennies(2), tightens=once),
        Control(
            "mistakes where the learner itself goes",
            witness=lambda: fork(5),
            sabotages=measure.deviation_error,
            by=unprovoked,
        ),
        Control(
            "u of the obeyed expert",
            witness=lambda: hidden_stakes(4),
            sabotages=measure.recoverability,
            by=recoverability_without_deviations,
        ),
    ),
    accepts=("game", MarkovGame, ("P", "r", "rho")),
    sides=(r"$\max_i R_i(L) - \max_i R_i(E)$", r"$2uHe$"),
)
