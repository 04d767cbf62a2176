"""The one-shot principle needs every state that a player's deviations reach: on-path checks may miss R = H - 1.

Statement  Let g_t(s) be the most that player i gains by disobeying once, at step t in state s, and obeying after that,
           and B_t the states that deviations of player i alone, the others obeying, reach at t. Its swap regret is
               R_i <= sum_t max_{s in B_t} g_t(s), and
               R_i <= E g_0(s_0) + H - 1   if its rewards lie in [0, 1].
           From a state of B_t its regret over the remaining steps is at most the sum over u >= t. So a player without
           one-shot gains on all B_t has no regret from any of their states. (It may have from a state that only another
           player's deviations reach.) Equality holds in the first in repeated matching pennies, and in the second in a
           fork where no one-shot deviation gains at any state on the path of obedience, and yet R_1 = H - 1.
Assumes    finite horizon; rewards in [0, 1] for the second bound.
Units      R_i and g_t in units of reward.
Kind       for all; exists
Source     adapted from Blackwell, 1965; the fork adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/one_shot_checks_must_cover_deviators_states.md
"""

import numpy as np

from ... import measure
from ...base.arrays import bare, objects
from ...base.interval import stack
from ...instances.instance import Instance
from ...instances.library.games import RARE, fork, make_fork, matching_pennies, two_players
from ...measure.games.parts import parts_of_joint_actions
from ...model import Finite, JointPolicy, MarkovGame
from ...model.mdp import at_step, stepwise
from ...solve import solve
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


def deviations_reach(m, i):
    """B_t `[t,s]`: whether deviations of player i, which may answer a recommendation by any action, reach s at t."""
    game, swapped = m.game, parts_of_joint_actions(m.game.actions, i)[1]
    answers = np.zeros((game.J, game.J), dtype=bool)
    np.put_along_axis(answers, swapped, True, axis=1)
    table, reached = stepwise(m.mediator.table, 2) != 0, [game.rho != 0]
    for t in range(game.horizon.H - 1):
        played = (table[t % len(table)][:, :, None] & answers).any(axis=1) & reached[t][:, None]
        reached.append(((at_step(game.P, t) != 0) & played[:, :, None]).any(axis=(0, 1)))
    return np.stack(reached)


def check(m):
    R, right, H = measure.regret(m.game, m.mediator), [], m.game.horizon.H
    for i in range(m.game.players):
        g, reached = one_shot_gains(m, i), deviations_reach(m, i).astype(int)
        right.append(stack([(g * reached).max(axis=1).sum(), (g[0] * m.game.rho).sum() + (H - 1)]))
    return Bound(stack([R, R]).T, stack(right))


def regret_from(m, t, s):
    """Swap regrets `[i]` over the steps from t on, from state s."""
    rest = m.game.horizon.H - t
    start = m.game.like(np.eye(m.game.S, dtype=int)[s])
    r, table = m.game.r if m.game.r.ndim == 3 else m.game.r[t:], m.mediator.table
    game = MarkovGame(m.game.P, r, start, horizon=Finite(rest), actions=m.game.actions)
    return measure.regret(game, JointPolicy(table if table.ndim == 2 else table[t:]))


def from_every_state(m, states=deviations_reach):
    """Regret of every player from every state of its B_t (elsewhere 0) against the sum of largest gains at u >= t."""
    H, S = m.game.horizon.H, m.game.S
    regrets = stack([stack([regret_from(m, t, s) for s in range(S)]) for t in range(H)])
    left, right = [], []
    for i in range(m.game.players):
        reached = states(m, i).astype(int)
        largest = (one_shot_gains(m, i) * reached).max(axis=1)
        left.append(regrets[:, :, i] * reached)
        right.append(stack([stack([largest[t:].sum()] * S) for t in range(H)]))
    return Bound(stack(left), stack(right))


def of_any_player(m):
    """The same with the states that deviations of some player reach."""
    anyone = np.any([deviations_reach(m, i) for i in range(m.game.players)], axis=0)
    return from_every_state(m, lambda m, i: anyone)


def on_path(m):
    """The first bound with the states that obedience visits."""
    R = measure.regret(m.game, m.mediator)[0]
    occupancy = measure.occupancy(m.game, m.mediator)
    visited = (bare(getattr(occupancy, "lower", occupancy)).sum(axis=-1) > 0).astype(int)
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


FAMILY = two_players("mediator", H=(1, 3), S=(1, 3), A=(2, 3), B=(1, 2))


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


def pay_after_two():
    """Player 2's disobedience leads from 0 to 1, and player 1's from there to 2, where it is paid for another one."""
    P = np.zeros((4, 4, 4), dtype=int)
    P[0, [1, 3], 1] = P[0, [0, 2], 3] = P[1, 2:, 2] = P[1, :2, 3] = P[2:, :, 3] = 1
    r = np.zeros((2, 4, 4), dtype=int)
    r[0, 2, 2:] = 1
    game = MarkovGame(objects(P), objects(r), objects([1, 0, 0, 0]), horizon=Finite(3), actions=(2, 2))
    return Instance(game=game, mediator=JointPolicy(objects([[[1, 0, 0, 0]] * 4] * 3)))


def draw_games(count=12, H=3, S=3):
    """Games with certain transitions and small integers as rewards; every second mediator is an equilibrium."""
    rng, found = np.random.default_rng(16), []
    for k in range(count):
        P = objects(np.eye(S, dtype=int)[rng.integers(0, S, (S, 4))])
        r = objects(rng.integers(0, 4, (2, S, 4))) / 3
        game = MarkovGame(P, r, objects(np.eye(S, dtype=int)[0]), horizon=Finite(H), actions=(2, 2))
        certain = JointPolicy(objects(np.eye(4, dtype=int)[rng.integers(0, 4, (H, S))]))
        found.append(Instance(game=game, mediator=solve(game).policy if k % 2 else certain))
    return found


def see_nothing(m):
    """One-shot regret 0 for both players, and no gain at a visited state, where R_1 = H - 1."""
    occupancy = measure.occupancy(m.game, m.mediator)
    visited = (bare(getattr(occupancy, "lower", occupancy)).sum(axis=-1) > 0).astype(int)
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
EVERYWHERE = "from every state that own deviations reach"
UNIT = Assumption("rewards in [0, 1]", lambda m: (m.game.r >= 0).all() and (m.game.r <= 1).all())
OWN = Assumption("obeying in the rare branch pays nothing", lambda m: (m.game.r[0, RARE, :2] == 0).all())
CLAIM = Claim(
    "one_shot_checks_must_cover_deviators_states",
    check,
    FAMILY,
    formula=(
        r"R_i \le \sum_{t=0}^{H-1} \max_{s \in B_t} g_t(s), \qquad R_i \le \mathbb{E}\, g_0(s_0) + H - 1, \qquad g_t(s) = \sum_a "
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
        Control("states that another player reaches", witness=pay_after_two, tightens=of_any_player, part=EVERYWHERE),
    ),
    also=(
        Part(BLIND, lambda: [blind(H) for H in (2, 3, 5, 8)], see_nothing, assumes=(OWN,)),
        Part(SUM, lambda: [pennies(H) for H in (1, 2, 5)], sum_up),
        Part(
            EVERYWHERE,
            lambda: [pay_after_two(), pennies(3), *draw_games()],
            from_every_state,
            thorough=lambda: draw_games(count=60),
        ),
    ),
    accepts=("game", MarkovGame, ("P", "rho")),
    figure=figure,
)
