"""The one-shot principle needs every state that deviators reach: on-path checks may see nothing where R = H - 1.

Statement  Let g_t(s) be the most that player i gains by disobeying once, at step t in state s, and obeying after that.
           Then its swap regret is at most
               R_i <= sum_t max_s g_t(s)   over the states that deviators reach at t, and
               R_i <= E g_0(s_0) + H - 1   if its rewards lie in [0, 1].
           So a mediator without one-shot gains at those states leaves no regret from any of them. Equality holds in the
           first in repeated matching pennies, and in the second in a fork where no one-shot deviation gains at any
           state on the path of obedience, and yet R_1 = H - 1.
Assumes    finite horizon; rewards in [0, 1] for the second bound.
Units      R_i and g_t in units of reward.
Kind       for all; exists
Source     adapted from Blackwell, 1965; the fork adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/one_shot_checks_must_cover_deviators_states.md
"""

import numpy as np

from ... import measure
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.games import RARE, fork, make_fork, matching_pennies
from ...measure.games.deviation import deviators_reach
from ...measure.games.regret import parts_of_joint_actions
from ...model import Finite, JointPolicy, MarkovGame
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def one_shot_gains(m, i):
    """g_t(s) `[t,s]` = sum_a max_b E[Q(b, a_-i) - Q(a, a_-i); a is recommended]."""
    Q = measure.action_value(m.game.player(i), m.mediator)
    own, swapped = parts_of_joint_actions(m.game.actions, i)
    gains = []
    for a in range(m.game.actions[i]):
        recommended = m.mediator.table * (own == a)
        gains.append(
            stack([((Q[..., swapped[:, b]] - Q) * recommended).sum(axis=-1) for b in range(m.game.actions[i])]).max(
                axis=0
            )
        )
    return stack(gains).sum(axis=0)


def check(m):
    R, right = measure.regret(m.game, m.mediator), []
    reached, H = deviators_reach(m.game, m.mediator).astype(int), m.game.horizon.H
    for i in range(m.game.players):
        g = one_shot_gains(m, i)
        right.append(stack([(g * reached).max(axis=1).sum(), (g[0] * m.game.rho).sum() + (H - 1)]))
    return Bound(stack([R, R]).T, stack(right))


def on_path(m):
    """The first bound with the states that obedience visits."""
    R = measure.regret(m.game, m.mediator)[0]
    visited = (measure.occupancy(m.game, m.mediator).lower.sum(axis=-1) > 0).astype(int)
    return Bound(R, (one_shot_gains(m, 0) * visited).max(axis=1).sum())


def largest_step(m):
    """The first bound with the largest step in place of the sum."""
    left, right = check(m).sides
    largest = stack([one_shot_gains(m, i).max() for i in range(m.game.players)])
    return Bound(left, stack([largest, right[:, 1]]).T)


def myopic(action_value, problem, policy):
    """The rewards in place of the action values."""
    Q = action_value(problem, policy)
    return Q * 0 + problem.r


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", ("A", "B"), to="S"),
        r=Box("H", 2, "S", ("A", "B")),
        rho=Simplex(to="S"),
        mediator=Simplex("H", "S", to=("A", "B")),
    ),
    sizes=dict(H=(1, 3), S=(1, 3), A=(2, 3), B=(1, 2)),
    models=dict(
        game=lambda x: MarkovGame(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"]), actions=(x.sizes["A"], x.sizes["B"])),
        mediator=lambda x: JointPolicy(x.mediator),
    ),
)


# ---- instances
def blind(H, pays=1):
    """A fork whose rare branch, which nobody visits, pays the first player per step for disobeying there as well."""
    m = make_fork(H, 0, {RARE: [0, 0, pays, pays]}, {}, {})
    return Instance(game=m.game, mediator=JointPolicy(np.broadcast_to(m.learner.table, (H, 3, 4))))


def pennies(H):
    m = matching_pennies(H)
    return Instance(game=m.game, mediator=JointPolicy(np.broadcast_to(m.learner.table, (H, 1, 4))))


def plain_fork(H):
    """The fork of value equivalence: its one-shot deviation at the start, on the path, gains H - 1."""
    m = fork(H)
    return Instance(game=m.game, mediator=JointPolicy(np.broadcast_to(m.learner.table, (H, 3, 4))))


def see_nothing(m):
    """One-shot regret 0 for both players, and no gain at a visited state, where R_1 = H - 1."""
    visited = (measure.occupancy(m.game, m.mediator).lower.sum(axis=-1) > 0).astype(int)
    once = measure.regret(m.game, m.mediator, "one-shot").max()
    gains = {f"gain of player {i + 1}": ((one_shot_gains(m, i) * visited).max(), 0) for i in range(2)}
    return Equal(
        {"one-shot": (once, 0), **gains, "swap": (measure.regret(m.game, m.mediator)[0], m.game.horizon.H - 1)}
    )


def sum_up(m):
    left, right = check(m).sides
    return Equal({"player 2": (left[1, 0], right[1, 0])})


def figure(ax, rows):
    """Regret of the fork and of repeated pennies, and what checks on the path see, against the horizon."""
    parts = {name: [r for r in rows if r["part"] == name and not r.get("control")] for name in (BLIND, SUM)}
    for name, key, style, words in (
        (SUM, "player 2", "sC2", "pennies: $R_2 = H$"),
        (BLIND, "swap", "oC0", "fork: $R_1 = H - 1$"),
    ):
        ax.plot([r["sizes"]["H"] for r in parts[name]], [r["pairs"][key][0] for r in parts[name]], style, label=words)
    H = [1, 8]
    ax.plot(H, [h - 1 for h in H], "k--", label="$H - 1$")
    ax.plot(H, [0, 0], "C1", label="gains on the path (fails)")
    ax.set(xlabel="horizon $H$", ylabel="largest gain", ylim=(-0.5, 10))
    ax.legend(loc="upper left")


BLIND, SUM = "on-path checks see nothing", "matching pennies attain the sum"
UNIT = Assumption("rewards in [0, 1]", lambda m: (m.game.r >= 0).all() and (m.game.r <= 1).all())
OWN = Assumption("obeying in the rare branch pays nothing", lambda m: (m.game.r[0, RARE, :2] == 0).all())
CLAIM = Claim(
    "one_shot_checks_must_cover_deviators_states",
    check,
    FAMILY,
    formula=(
        r"R_i \le \sum_{t=0}^{H-1} \max_s g_t(s), \qquad R_i \le \mathbb{E}\, g_0(s_0) + H - 1, \qquad g_t(s) = \sum_a "
        r"\max_b \mathbb{E}\big[ Q_t(s,(b,a_{-i})) - Q_t(s,(a,a_{-i}));\, a_i = a \big]"
    ),
    papers=("blackwell1965", "tang2024"),
    tags=("regret", "equilibria"),
    assumes=(UNIT,),
    controls=(
        Control("states on the path only", witness=lambda: blind(3), tightens=on_path),
        Control("the largest step only", witness=lambda: pennies(3), tightens=largest_step),
        Control("rewards of 2 off the path", witness=lambda: blind(3, pays=2), drops=UNIT.name),
        Control("a deviator that may obey off the path", witness=lambda: plain_fork(3), drops=OWN.name, part=BLIND),
        Control(
            "rewards in place of action values",
            witness=lambda: plain_fork(3),
            sabotages=measure.action_value,
            by=myopic,
        ),
    ),
    also=(
        Part(BLIND, lambda: [blind(H) for H in (2, 3, 5, 8)], see_nothing, assumes=(OWN,)),
        Part(SUM, lambda: [pennies(H) for H in (1, 2, 5)], sum_up),
    ),
    accepts=("game", MarkovGame, ("P", "rho")),
    figure=figure,
)
