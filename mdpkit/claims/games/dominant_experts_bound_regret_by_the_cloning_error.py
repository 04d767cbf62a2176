"""If every player's expert action is dominant, the cloning error alone bounds the learner's regret: no coverage needed.

Statement  Call action E_i dominant if, at every step and state, the worst return of playing E_i there and later is at
           least the best return of any other action there, whatever the others play. If the expert is E and all E_i are
           dominant, with rewards in [0, 1], then for every learner L
               max_i R_i(L) <= sum_t (H - t) e_t,   e_t = E_{s ~ d_t^E} TV(E, L)(s),
           free of u, of the coverage of deviations, and of the number of players. It is attained for every H and every
           e in (0, 1/H] at e_t = e: max_i R_i(L) = e H(H+1)/2. So a learner with the expert's laws of state and joint
           action at every step has regret 0.
Assumes    the expert's actions are dominant; rewards in [0, 1].
Units      e_t is a total variation of laws of joint actions under the expert's states, whose law is d_t^E; R_i is swap
           regret, and max_i R_i(E) = 0.
Kind       for all; exists
Source     adapted from Bergerault, Cevher and Mehr, 2026 (abstract).
Proof      proofs/games/dominant_experts_bound_regret_by_the_cloning_error.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.library.games import fork
from ...instances.library.games_gaps import joint_lanes
from ...measure.games.regret import parts_of_joint_actions
from ...model import Finite, JointPolicy, MarkovGame
from ...model.mdp import stepwise
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import exchange_states


def sides(m):
    """The largest regret and the errors e_t of L on the expert's states, with the steps left."""
    H = m.game.horizon.H
    errors = measure.cloning_error(m.game, m.expert, m.learner)
    return measure.regret(m.game, m.learner).max(), errors, H - np.arange(H)


def check(m):
    worst, errors, left = sides(m)
    return Bound(worst, (errors * left).sum())


def double(m):
    return m.replace(game=replace(m.game, r=m.game.r * 2))


def once_each(m):
    worst, errors, _ = sides(m)
    return Bound(worst, errors.sum())


def attains(m):
    worst, errors, _ = sides(m)
    H = m.game.horizon.H
    return Equal({"errors": (errors * H, errors * 0 + m.slip), "regret": (worst, m.slip * (H + 1) / 2)})


def dominant(m):
    """Whether the worst of each expert action, kept to, is at least the best of every other; the expert is pure."""
    game, H = m.game, m.game.horizon.H
    P, r, table = stepwise(game.P, 3), stepwise(game.r, 3), stepwise(m.expert.table, 2)
    if not ((table == 0) | (table == 1)).all():
        return False
    return all(_dominates(P, r[:, i], table, *parts_of_joint_actions(game.actions, i), H) for i in range(game.players))


def _dominates(P, r, table, own, swapped, H):
    """For one player: low[s] is the worst value of keeping to the expert's action, high[s] the best value of all."""
    S = r.shape[1]
    low = high = r[0, :, 0] * 0
    for t in range(H - 1, -1, -1):
        law, paid = P[t % len(P)], r[t % len(r)]
        kept, free = paid + law @ low, paid + law @ high
        obeyed = own[np.argmax(table[t % len(table)] == 1, axis=1)]
        plays = own == obeyed[:, None]
        for s in range(S):
            if not (kept[s][plays[s]].min() >= free[s][~plays[s]]).all():
                return False
        low = np.array([kept[s][plays[s]].min() for s in range(S)])
        high = np.array([free[s].max() for s in range(S)])
    return True


# ---- random games: action 0 pays, and any other action of any player ends the game
def end_after_mistakes(x):
    """Laws and rewards on S live states and an end: only (0, ..., 0) stays alive, and only action 0 is paid."""
    H, S, J = len(x.P), x.sizes["S"], x.sizes["A"] * x.sizes["B"]
    end = x.like(np.eye(1, S + 1, S, dtype=int)[0])
    P = np.zeros((H, S + 1, J, 1), dtype=int) + end
    alive = np.concatenate([x.P, x.P[..., :1] * 0], axis=-1)
    first = np.arange(J) == 0
    living = (np.arange(S + 1) < S)[:, None, None] & first[:, None]
    padded = np.concatenate([alive, alive[:, :1]], axis=1)[:, :, None, :]
    P = np.where(living, padded, P)
    zero = [(np.arange(J) // x.sizes["B"]) == 0, (np.arange(J) % x.sizes["B"]) == 0]
    r = np.concatenate([x.r, x.r[:, :, :1] * 0], axis=2) * np.stack(zero)[:, None, :].astype(int)
    rho = np.concatenate([x.rho, x.rho[:1] * 0])
    return MarkovGame(P, r, rho, horizon=Finite(H), actions=(x.sizes["A"], x.sizes["B"]))


def obey(x):
    return JointPolicy(x.like(np.eye(1, x.sizes["A"] * x.sizes["B"], dtype=int)[[0] * (x.sizes["S"] + 1)]))


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", to="S"),
        r=Box("H", 2, "S", ("A", "B")),
        rho=Simplex(to="S"),
        learner=Simplex("H", "S", to=("A", "B")),
    ),
    sizes=dict(H=(1, 3), S=(1, 3), A=(2, 3), B=(1, 2)),
    models=dict(
        game=end_after_mistakes,
        expert=obey,
        learner=lambda x: JointPolicy(np.concatenate([x.learner, x.learner[:, :1]], axis=1)),
    ),
)


def figure(ax, rows):
    """Regret over the cloning error against the horizon: attained, and the statement with each error counted once."""
    at = [row for row in rows if row["part"] == LANES and not row.get("control")]
    at = [row for row in at if row["parameters"]["slip"] == "1"]
    H = np.array([row["sizes"]["H"] for row in at])
    ax.plot(H, H * (H + 1) / 2, "k--", label="$H(H+1)/2$")
    ax.plot(H, [row["pairs"]["regret"][0] * h for row, h in zip(at, H, strict=True)], "oC0", label="lanes")
    ax.plot(H, H, "C1", label="each error counted once (fails)")
    ax.set(xlabel="horizon $H$", ylabel="regret$/\\varepsilon$")
    ax.legend()


LANES = "disjoint lanes"
UNIT = Assumption("rewards in [0, 1]", lambda m: (m.game.r >= 0).all() and (m.game.r <= 1).all())
DOMINANT = Assumption("the expert's actions are dominant", dominant)
CLAIM = Claim(
    "dominant_experts_bound_regret_by_the_cloning_error",
    check,
    FAMILY,
    formula=(
        r"\max_i R_i(L) \le \sum_t (H - t)\, e_t, \qquad e_t = \mathbb{E}_{s \sim d_t^E}\, \mathrm{TV}(E, L)(s), "
        r"\qquad E_i \text{ dominant for every player } i"
    ),
    papers=("bergerault2026",),
    tags=("regret", "equilibria", "behavioural-cloning"),
    assumes=(DOMINANT, UNIT),
    controls=(
        Control("an expert that is not dominant", witness=lambda: fork(4), drops=DOMINANT.name),
        Control("rewards up to 2", witness=lambda: double(joint_lanes(3)), drops=UNIT.name),
        Control("each error counted once", witness=lambda: joint_lanes(3), tightens=once_each),
        Control(
            "errors at other states",
            witness=lambda: joint_lanes(4),
            sabotages=measure.occupancy,
            by=exchange_states,
        ),
    ),
    also=(
        Part(
            LANES,
            lambda: [joint_lanes(H, slip) for H in (1, 2, 3, 5, 8) for slip in ("1/5", 1)],
            attains,
            assumes=(DOMINANT, UNIT),
        ),
    ),
    figure=figure,
    sides=(r"$\max_i R_i(L)$", r"$\sum_t (H - t)\,e_t$"),
)
