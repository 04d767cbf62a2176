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

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import Finite, JointPolicy, MarkovGame
from ...verify.claim import Bound, Claim, Control
from .recoverability_must_see_the_deviation import hidden_stakes, of_the_obeyed
from .value_equivalence_is_not_regret_equivalence import fork


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


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", ("A", "B"), to="S"),
        r=Box("H", 2, "S", ("A", "B")),
        rho=Simplex(to="S"),
        expert=Simplex("H", "S", to=("A", "B")),
        learner=Simplex("H", "S", to=("A", "B")),
    ),
    sizes=dict(H=(1, 3), S=(1, 3), A=(2, 2), B=(2, 2)),
    models=dict(
        game=lambda x: MarkovGame(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"]), actions=(x.sizes["A"], x.sizes["B"])),
        expert=lambda x: JointPolicy(x.expert),
        learner=lambda x: JointPolicy(x.learner),
    ),
)


# ---- controls
def pennies(H, stake=1):
    """Player 1 is paid for a match, player 2 for a mismatch; the expert draws all four pairs uniformly, the learner only matches."""
    game = MarkovGame(
        objects(np.ones((1, 4, 1), dtype=int)),
        objects([[[stake, 0, 0, stake]], [[0, stake, stake, 0]]]),
        horizon=Finite(H),
        actions=(2, 2),
    )
    return Instance(
        game=game, expert=JointPolicy(objects([["1/4"] * 4])), learner=JointPolicy(objects([["1/2", 0, 0, "1/2"]]))
    )


def without_deviations(error, game, expert, learner):
    """The error under the learner's own occupancy, without deviations."""
    own = measure.cloning_error(game, learner, expert)
    return own.sum() / game.horizon.H


CLAIM = Claim(
    "regret_gap_is_bounded_by_recoverability",
    check,
    FAMILY,
    formula=(
        r"\max_i R_i(L) - \max_i R_i(E) \le 2\,u\,H\,e, \qquad u = \max_{i, \varphi, t, s} \big( \max_j Q_{i,t}^{E "
        r"\circ \varphi}(s, j) - \min_j Q_{i,t}^{E \circ \varphi}(s, j) \big), \qquad e = \frac1H \max_{i, \varphi} "
        r"\sum_t \mathbb{E}_{s \sim d_t^{L \circ \varphi}}\, \mathrm{TV}(L, E)(s)"
    ),
    papers=("tang2024",),
    tags=("regret", "recoverability"),
    controls=(
        Control("a constant of 1", witness=lambda: pennies(2), tightens=once),
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
            by=of_the_obeyed,
        ),
    ),
    accepts=("game", MarkovGame, ("P", "r", "rho")),
    sides=(r"$\max_i R_i(L) - \max_i R_i(E)$", r"$2uHe$"),
)
