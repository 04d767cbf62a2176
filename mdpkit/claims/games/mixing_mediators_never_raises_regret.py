"""Drawing one of several mediators for an episode never has more than their average regret, even if deviators learn.

Statement  Let mediator k be drawn once, with probability w_k, and not announced, and let R_i(w) be the largest gain of
           player i over deviations that depend on everything it has observed. Whether it observes its own
           recommendations or the whole joint actions,
               R_i^own(w) <= R_i^joint(w) <= sum_k w_k R_i(k),   R_i(k) the swap regret in mediator k alone.
           Equality holds where one deviation is best against every k. For the four pure mediators of matching pennies,
           drawn uniformly, the average of R_1(k) + R_2(k) is H, while the mixture has 0 if players observe their own
           recommendations and H - 1 if they observe the joint actions: after one step they know k.
Assumes    the mediator is drawn once, before the first step.
Units      R_i in units of reward.
Kind       for all; exists
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/mixing_mediators_never_raises_regret.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.games import matching_pennies
from ...model import Finite, JointPolicy, MarkovGame
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import ignore_recommendations

UNMATCHED = [0, "1/2", "1/2", 0]


def regret_of_mixture(m, observes):
    """R_i(w), `[i]`; or, if the mediator is drawn afresh at every step, the regret of the averaged laws."""
    if hasattr(m, "redrawn"):
        laws = [table * w for table, w in zip(m.tables, m.weights, strict=True)]
        return measure.regret(m.game, JointPolicy(sum(laws[1:], laws[0])))
    return measure.mixture_regret(m.game, mediators(m), m.weights, observes)


def mediators(m):
    """The mediators, whose tables are stacked along the first axis."""
    return [JointPolicy(table) for table in m.tables]


def average(m):
    """sum_k w_k R_i(k), `[i]`."""
    alone = [measure.regret(m.game, joint) * w for joint, w in zip(mediators(m), m.weights, strict=True)]
    return sum(alone[1:], alone[0])


def check(m):
    return Bound(regret_of_mixture(m, "own"), regret_of_mixture(m, "joint"), average(m))


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", ("A", "B"), to="S"),
        r=Box("H", 2, "S", ("A", "B")),
        rho=Simplex(to="S"),
        tables=Simplex("K", "H", "S", to=("A", "B")),
        weights=Simplex(to="K"),
    ),
    sizes=dict(H=(1, 2), S=(1, 2), A=(2, 2), B=(2, 2), K=(2, 3)),
    models=dict(
        game=lambda x: MarkovGame(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"]), actions=(2, 2)),
        tables=lambda x: x.tables,
        weights=lambda x: x.weights,
    ),
)


# ---- small mixtures
def one_state(paid, tables, weights):
    """Rewards paid[t,i,j] of one state, and mediators that repeat the laws tables[k]."""
    r = objects(paid)[:, :, None]
    P = objects(np.ones((1, 4, 1), dtype=int))
    game = MarkovGame(P, r, objects([1]), horizon=Finite(len(r)), actions=(2, 2))
    return Instance(game=game, tables=np.stack([objects([law]) for law in tables]), weights=objects(weights))


def paid_for_one(H, weights):
    """The first player is paid for playing 1; one mediator always recommends 0 to it, the other half of the time."""
    paid = [[[0, 0, 1, 1], [0, 0, 0, 0]]] * H
    return one_state(paid, [[1, 0, 0, 0], ["1/2", 0, "1/2", 0]], weights)


def pure_pennies(H):
    r = matching_pennies(1).game.r[:, 0]
    return one_state([r] * H, np.eye(4, dtype=int), ["1/4"] * 4)


def of_pennies(m):
    average_, H = average(m).sum(), m.game.horizon.H
    return Equal(
        {
            "average": (average_, H),
            "own": (regret_of_mixture(m, "own").sum(), 0),
            "joint": (regret_of_mixture(m, "joint").sum(), H - 1),
        }
    )


def attains(m):
    right = average(m)
    return Equal({"own": (regret_of_mixture(m, "own"), right), "joint": (regret_of_mixture(m, "joint"), right)})


def habits():
    """Two mediators that keep to 00 and to 11, and would recommend a mismatch where the other one goes.

    The state records the first joint action; the first player is paid for a match at the second step, if both played
    the same at the first. No deviation of one player leads from one mediator's path to the other's.
    """
    S, same = 5, [1, 4]
    P, r = np.zeros((S, 4, S), dtype=int), np.zeros((2, S, 4), dtype=int)
    P[:, np.arange(4), np.arange(1, 5)] = 1
    r[0, same] = [1, 0, 0, 1]
    game = MarkovGame(objects(P), objects(r), objects([1, 0, 0, 0, 0]), horizon=Finite(2), actions=(2, 2))
    first, second = np.zeros((2, S), dtype=int)
    first[4], second[[0, 4]], second[1] = 1, 3, 2
    tables = np.stack([objects(np.eye(4, dtype=int)[rows]) for rows in (first, second)])
    return Instance(game=game, tables=tables, weights=objects(["1/2", "1/2"]))


def smallest(m):
    """The smallest regret of the mediators in place of the average."""
    least = stack([measure.regret(m.game, joint) for joint in mediators(m)]).min(axis=0)
    return Bound(regret_of_mixture(m, "own"), regret_of_mixture(m, "joint"), least)


def figure(ax, rows):
    """Sums of regrets of the mixture of pure pennies against the horizon, and their average."""
    at = [row for row in rows if row["part"] == PURE and not row.get("control")]
    H = np.array([row["sizes"]["H"] for row in at])
    ax.plot(H, [row["pairs"]["average"][0] for row in at], "k--", label="average over the mediators")
    ax.plot(H, [row["pairs"]["joint"][0] for row in at], "oC0", label="mixture, joint actions observed")
    ax.plot(H, [row["pairs"]["own"][0] for row in at], "sC0", mfc="none", label="mixture, own recommendations observed")
    ax.axhline(0.5, color="C1", label="two mediators of regret 0, redrawn (fails)")
    ax.set(xlabel="horizon $H$", ylabel="$R_1 + R_2$", xticks=H, ylim=(-0.2, 5))
    ax.legend()


PURE, SAME = "pure pennies", "one deviation is best against both"
ONCE = Assumption("the mediator is drawn once, before the first step", lambda m: not hasattr(m, "redrawn"))
CLAIM = Claim(
    "mixing_mediators_never_raises_regret",
    check,
    FAMILY,
    formula=r"R_i^{\text{own}}(w) \le R_i^{\text{joint}}(w) \le \sum_k w_k R_i(k)",
    papers=("tang2024",),
    tags=("regret", "mixtures"),
    assumes=(ONCE,),
    controls=(
        Control("drawn afresh at every step", witness=lambda: habits().replace(redrawn=True), drops=ONCE.name),
        Control(
            "the smallest regret in place of the average",
            witness=lambda: paid_for_one(2, ["1/2", "1/2"]),
            tightens=smallest,
        ),
        Control(
            "an average of coarse regrets",
            witness=lambda: one_state([[[1, 0, 0, 1], [0, 0, 0, 0]]] * 2, [UNMATCHED, UNMATCHED], ["1/2", "1/2"]),
            sabotages=measure.regret,
            by=ignore_recommendations,
        ),
    ),
    also=(
        Part(PURE, lambda: [pure_pennies(H) for H in (1, 2, 3)], of_pennies),
        Part(SAME, lambda: [paid_for_one(H, w) for H in (1, 2) for w in (["1/2", "1/2"], ["1/5", "4/5"])], attains),
    ),
    figure=figure,
    sides=(r"$R_i^{\mathrm{own}}(w)$", r"$\sum_k w_k R_i(k)$"),
)
