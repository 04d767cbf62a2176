"""Choosing the equilibrium of highest welfare at every stage may lose nearly all of the welfare of the other stages.

Statement  Let W_stage be the total value of the correlated equilibrium that backward induction builds by playing at
           every stage the one-shot equilibrium of highest welfare, later values included. For every H >= 2 and
           0 < d < 1/2 there is a game of two players, two states and two actions with rewards in [0, 1], and a
           correlated equilibrium in pure Markov strategies, without swap regret from any step and state, of total value
               W = W_stage + 2 (H - 1) (1 - 2 d).
           If the transitions do not depend on the actions, no Markov correlated equilibrium has a higher total value
           than W_stage.
Assumes    for the last sentence, transitions that do not depend on the actions.
Units      total value of both players from the start, in units of reward; W <= 2 H in these units.
Kind       exists (enumerated); for all (enumerated: egalitarian and Nash equilibria of drawn games)
Source     equilibria adapted from Aumann, 1974; the constants are proved here.
Proof      proofs/games/stage_welfare_is_not_markov_welfare.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.instance import Instance
from ...model import Finite, JointPolicy, MarkovGame
from ...solve import CorrelatedEquilibrium, NashEquilibria, solve
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

TRUST, BROKEN = 0, 1


def total(m, joint):
    return measure.value(m.game, joint).sum()


def regret_anywhere(m, joint):
    """The largest swap regret from a state at the first step, and from the later steps of the rest of the game."""
    game, found = m.game, []
    for t in range(game.horizon.H):
        rest = MarkovGame(game.P[t:], game.r[t:], game.rho, horizon=Finite(game.horizon.H - t), actions=game.actions)
        for s in range(game.S):
            there = rest.like(np.eye(game.S, dtype=int)[s])
            moved = MarkovGame(rest.P, rest.r, there, horizon=rest.horizon, actions=game.actions)
            found.append(measure.regret(moved, JointPolicy(joint.table[t:])).max())
    return stack(found).max()


def check(m):
    """The loss of the choice by stages, and no regret of either equilibrium from any step and state."""
    chosen = solve(m.game).policy
    loss = total(m, m.loyal) - total(m, chosen)
    return Equal(
        {
            "loss": (loss, (1 - m.d * 2) * 2 * (m.game.horizon.H - 1)),
            "regret": (regret_anywhere(m, m.loyal), 0),
            "regret of the choice by stages": (regret_anywhere(m, chosen), 0),
        }
    )


def stage_is_best(m):
    """No other equilibrium is better: the one at hand, the most egalitarian by stages, and the Nash equilibrium."""
    others = [m.loyal] if hasattr(m, "loyal") else []
    others += [solve(m.game, method).policy for method in (CorrelatedEquilibrium("egalitarian"), NashEquilibria())]
    return Bound(stack([total(m, joint) for joint in others]).max(), total(m, solve(m.game).policy))


def loses_nothing(m):
    return Equal({**check(m).pairs, "loss": (total(m, m.loyal) - total(m, solve(m.game).policy), 0)})


def loses_all(m):
    """A loss of 2 (H - 1), the limit for d = 0."""
    H = m.game.horizon.H
    return Equal(
        {**check(m).pairs, "loss": (total(m, m.loyal) - total(m, solve(m.game).policy), rational(2 * (H - 1)))}
    )


# ---- trust that a bad equilibrium at the end sustains
def trust(H, d="1/10", threat=True):
    """A prisoner's dilemma at every step but the last, where both players are paid 1 if both play 0.

    A defection leads to BROKEN for the rest of the game. At the last step 00 and 11 are equilibria, worth 1 and 0 to
    both. The loyal equilibrium cooperates in TRUST, and in BROKEN defects and plays 11 at the end; by stages, 00 is
    chosen in both states, so that defecting is free. Without the threat a defection has no effect on the state.
    """
    d = rational(d)
    dilemma = objects([[1 - d, 0, 1, d], [1 - d, 1, 0, d]])
    r = objects(np.zeros((H, 2, 2, 4), dtype=int))
    r[:-1] = dilemma[:, None]
    r[-1, :, :, 0] = rational(1)
    P = objects(np.zeros((H, 2, 4, 2), dtype=int))
    P[:, TRUST, 0, TRUST] = P[:, TRUST, 1:, BROKEN] = P[:, BROKEN, :, BROKEN] = rational(1)
    if not threat:
        P[:] = objects(np.eye(2, dtype=int))[:, None]
    loyal = objects(np.zeros((H, 2, 4), dtype=int))
    loyal[:, TRUST, 0] = loyal[:, BROKEN, 3] = rational(1)
    game = MarkovGame(P, r, objects([1, 0]), horizon=Finite(H), actions=(2, 2))
    return Instance(game=game, loyal=JointPolicy(loyal), d=d)


def list_trust():
    return [trust(H, d) for H in (2, 3, 5) for d in ("1/3", "1/10", "1/1000")] + [trust(7, "1/100")]


def draw_free(count=8):
    """Games whose transitions do not depend on the actions."""
    rng, games = np.random.default_rng(16), []
    for _ in range(count):
        H, S = int(rng.integers(1, 4)), int(rng.integers(1, 3))
        weights = objects(rng.integers(0, 3, (H, S, 1, S)) + np.eye(S, dtype=int)[0])
        P = np.repeat(weights / weights.sum(axis=-1)[..., None], 4, axis=2)
        r = objects(rng.integers(0, 13, (H, 2, S, 4))) / 12
        games.append(
            Instance(game=MarkovGame(P, r, objects(np.eye(1, S, dtype=int)[0]), horizon=Finite(H), actions=(2, 2)))
        )
    return games


def figure(ax, rows):
    """Loss of the choice by stages against the horizon."""
    shown = [row for row in rows if row["part"] == "statement" and not row.get("control")]
    H = [row["sizes"]["H"] for row in shown]
    steps = np.arange(1, max(H) + 1)
    ax.plot(H, [row["pairs"]["loss"][0] for row in shown], "oC0", label="loss of the stage choice")
    ax.plot(steps, 2 * (steps - 1), "k--", label="$2(H-1)$")
    ax.plot(steps, 2 * steps, "k:", label="$2H$, the whole range")
    ax.plot(steps, 0 * steps, "C1", label="no loss (fails)")
    ax.set(xlabel="horizon $H$", ylabel="total value lost")
    ax.legend()


FREE, AGAINST = (
    "transitions without actions",
    Assumption("the transitions do not depend on the actions", lambda m: (m.game.P[..., :1, :] == m.game.P).all()),
)
CLAIM = Claim(
    "stage_welfare_is_not_markov_welfare",
    check,
    instances=list_trust,
    formula=r"W - W_{\text{stage}} = 2\,(H-1)\,(1 - 2d)",
    papers=("aumann1974",),
    tags=("equilibria",),
    controls=(
        Control("the choice by stages loses nothing", witness=lambda: trust(3), tightens=loses_nothing, at="loss"),
        Control("it loses 2 (H - 1)", witness=lambda: trust(3), tightens=loses_all, at="loss"),
        Control("a defection that is observed", witness=lambda: trust(2), drops=AGAINST.name, part=FREE),
    ),
    also=(Part(FREE, draw_free, stage_is_best, assumes=(AGAINST,)),),
    figure=figure,
)
