"""A learner with a small regret gap under every reward also has a small value gap under every reward.

Statement  Let F be all rewards of one player, here the first, in [-1, 1]. If that player has A >= 2 actions, then
               (1 - 1/A) VG_F <= max_b RG(f_b) <= RG_F,   VG_F = max_F J(E) - J(L) = sum_{t,s,j} |d_t^E - d_t^L|(s,j),
           where f_b pays that player 1 wherever it plays b and the sign of d^E - d^L elsewhere, pays the other players
           nothing, and has
               RG(f_b) = 2 sum_{t,s} sum_{j: j_1 != b} (d_t^L - d_t^E)^+(s,j).
           RG_F, the largest regret gap over F, is a difference of convex functions and is not computed: max_b RG(f_b)
           is a lower bound on it.
Assumes    finite horizon; all swap deviations; all rewards in [-1, 1].
Units      d_t is the law of state and joint action at step t, of mass 1; gaps are in units of reward times steps.
Kind       for all; identity
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/regret_equivalence_implies_value_equivalence.md
"""

import numpy as np

from ... import measure
from ...base.arrays import bare, like, objects
from ...base.interval import Interval, stack
from ...ink.figures import bound
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.games import TWO_PLAYERS
from ...model import Finite, JointPolicy, MarkovGame
from ...verify.claim import Bound, Claim, Control, Equal, Part
from ...verify.faults import forbid_deviations


def visits(m):
    """d^E - d^L, `[t,s,j]`."""
    return measure.occupancy(m.game, m.expert) - measure.occupancy(m.game, m.learner)


def plays(m, b):
    """Joint actions in which the first player plays b."""
    return np.arange(m.game.J) // (m.game.J // m.game.actions[0]) == b


def telling_rewards(m, gaps):
    """The rewards f_b[t,s,j], one per b: any signs give a lower bound, those of the differences the largest."""
    low, high = (gaps.lower, gaps.upper) if isinstance(gaps, Interval) else (gaps, gaps)
    signs = bare(low > 0).astype(int) - bare(high < 0).astype(int)
    return [m.game.like(np.where(plays(m, b), 1, signs)) for b in range(m.game.actions[0])]


def witnesses(m, rewards):
    """Regret gaps of the game in which the first player is paid f[t,s,j] and the others nothing, one per reward."""
    found = []
    for f in rewards:
        r = np.stack([f, *[f * 0] * (m.game.players - 1)], axis=1)
        paid = MarkovGame(m.game.P, r, m.game.rho, horizon=m.game.horizon, actions=m.game.actions)
        found.append(measure.regret_gap(paid, m.expert, m.learner))
    return stack(found)


def check(m, rewards=telling_rewards):
    gaps, A = visits(m), m.game.actions[0]
    return Bound(abs(gaps).sum() * (A - 1) / A, witnesses(m, rewards(m, gaps)).max())


def zero_alone(m):
    return check(m, lambda *given: [f * 0 for f in telling_rewards(*given)])


def for_what_the_learner_plays(m):
    return check(m, lambda *given: telling_rewards(*given)[1:2])


def by_visits(m):
    gaps = visits(m)
    missed = [(abs(gaps) - gaps)[:, :, ~plays(m, b)].sum() for b in range(m.game.actions[0])]
    return Equal({"witness": (witnesses(m, telling_rewards(m, gaps)), stack(missed))})


POLICIES = {name: TWO_PLAYERS.models[name] for name in ("expert", "learner")}
UNPAID = Family(
    blocks={name: block for name, block in TWO_PLAYERS.blocks.items() if name != "r"},
    sizes=dict(H=(1, 3), S=(1, 2), A=(2, 3), B=(1, 2)),
    models=dict(game=lambda x: unpaid(x.P, x.rho, x.sizes["H"], (x.sizes["A"], x.sizes["B"])), **POLICIES),
)


def unpaid(P, rho, H, actions):
    """A game with rewards 0: the statement supplies the rewards."""
    return MarkovGame(
        P, like(np.zeros((len(actions), *P.shape[-3:-1]), dtype=int), P), rho, horizon=Finite(H), actions=actions
    )


def draws():
    """Sixty draws, decoded from the bytes of a fixed generator."""
    rng, ladder = np.random.default_rng(0), UNPAID.ladder()
    return [
        UNPAID.build(UNPAID.from_bytes(rng.bytes(UNPAID.byte_count(sizes)), sizes))
        for sizes in ladder
        for _ in range(10)
    ]


def apart(H=3):
    """One state: the expert recommends (0, 0), the learner (1, 0); the first player has three actions."""
    game = unpaid(objects(np.ones((1, 6, 1), dtype=int)), objects([1]), H, (3, 2))
    expert, learner = (JointPolicy(objects(np.eye(1, 6, j, dtype=int))) for j in (0, 2))
    return Instance(game=game, expert=expert, learner=learner)


CLAIM = Claim(
    "regret_equivalence_implies_value_equivalence",
    check,
    UNPAID,
    formula=(
        r"\Big( 1 - \frac1A \Big)\, VG_F \le \max_b RG(f_b) \le RG_F, \qquad VG_F = \sum_{t,s,j} \lvert d_t^E - "
        r"d_t^L \rvert (s, j)"
    ),
    papers=("tang2024",),
    tags=("regret", "value-gap"),
    controls=(
        Control("obedience alone", witness=apart, sabotages=measure.regret, by=forbid_deviations),
        Control("the zero reward alone", witness=apart, tightens=zero_alone),
        Control("rewards for the learner's own actions alone", witness=apart, tightens=for_what_the_learner_plays),
    ),
    also=(Part("the witness counts visits", draws, by_visits),),
    accepts=("game", MarkovGame, ("P", "rho")),
    figure=bound,
    sides=(r"$(1 - 1/A)\,VG_F$", r"$\max_b RG(f_b)$"),
)
