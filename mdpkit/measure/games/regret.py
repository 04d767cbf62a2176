"""Regret of a mediator: a player's largest gain from deviating from its recommendations.

A mediator draws a joint action given the state and recommends to each player its own component. Given the state,
recommendations are independent of the past, so memoryless modifications are optimal among history-dependent ones, and
each class below is maximised by one backward pass.
"""

import numpy as np

from ...base.arrays import bare, zeros
from ...base.enclosure import settle
from ...base.errors import InvalidModel
from ...base.interval import Interval, stack
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...kernels import finite
from ...kernels import regret as kernels
from ...kernels.recoverability import widest_range
from ...model.game import Deviation, MarkovGame
from ...model.horizon import Finite
from ...model.mdp import stepwise
from ...model.policy import Policy, policy_table
from .._known import enclose, expected_next, law, start_roundings, step_roundings
from ..planning.value import value
from ._all_players import AllPlayers
from .parts import aliases, constant_actions, parts_of_joint_actions, refuse_missing


@replaceable
def regret(game: MarkovGame, joint: Policy, deviations: str = "swap") -> Interval:
    """Largest gain of each player over a class of deviations, `[i]`.

    Args:
        game: a MarkovGame over a finite horizon.
        joint: the mediator, `table[s,j]` or `table[t,s,j]`.
        deviations: "swap" (correlated equilibrium), "trigger" (extensive-form correlated), "coarse" (coarse
            correlated), "one-shot" (deviate at a single step), "constant" (the same action at every step).

    Players deviate to available actions; the actions of "constant" are those available in every state. A float64 game
    takes one pass over P a step for all players, and at most one more in all; "one-shot" takes two a step if P is
    sparse, or P or the mediator varies with time. Obedience belongs to "swap", "trigger" and "one-shot" only; "coarse"
    and "constant" ignore the recommendation, so their regret may be negative.

    Raises: InvalidModel for a discounted game, a mediator of a different game, or an unknown class.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024; classes after Morrill et al., 2021.

    >>> from mdpkit.model import Finite, JointPolicy, MarkovGame
    >>> from mdpkit.base.arrays import objects
    >>> pennies = objects([[[1, 0, 0, 1]], [[0, 1, 1, 0]]])
    >>> game = MarkovGame(objects([[[1]] * 4]), pennies, horizon=Finite(1), actions=(2, 2))
    >>> regret(game, JointPolicy(objects([["1/2", 0, 0, "1/2"]]))).lower
    array([0, 1], dtype=object)
    """
    _expect_class(deviations)
    players = range(game.players)
    if proposing() or game.exact:
        return stack([_Player(game, joint, i).best(deviations)[0] for i in players])
    return AllPlayers(game, joint, _mediator(game, joint), players).regret(deviations)


@replaceable
def regret_gap(
    game: MarkovGame, expert: Policy, learner: Policy, deviations: str = "swap", per_player: bool = False
) -> Interval:
    """Regret gap max_i R_i(learner) - max_i R_i(expert), or per player `[i]` the vector R_i(learner) - R_i(expert)."""
    ours, theirs = regret(game, learner, deviations), regret(game, expert, deviations)
    return ours - theirs if per_player else ours.max() - theirs.max()


@replaceable
def best_deviation(game: MarkovGame, joint: Policy, player: int, deviations: str = "swap") -> Deviation:
    """A deviation of the class that attains the player's regret (on floats, in the float64 recursion).

    Ties are broken in favour of obedience, then of the first action. A trigger deviation carries `after`, its policy
    after the first disobedience.
    """
    _expect_class(deviations)
    one = _Player(game, joint, player)
    if proposing() or game.exact:
        return one.best(deviations)[1]()
    ((_, choices),) = AllPlayers(game, joint, _mediator(game, joint), [player]).run(deviations)
    return one.deviation(*choices)


@replaceable
def deviated_value(game: MarkovGame, joint: Policy, deviation: Deviation) -> Interval:
    """Value J of the deviating player under a given modification of the mediator's recommendations."""
    player = _Player(game, joint, deviation.player)
    if deviation.exact != game.exact:
        kinds = {True: "rational", False: "float"}
        raise InvalidModel(
            f"the deviation is {kinds[deviation.exact]} and the game {kinds[game.exact]}; convert one with .to_exact() or .to_float()"
        )
    if deviation.table.shape[:3] != (player.H, game.S, game.actions[deviation.player]):
        raise InvalidModel(
            f"the deviation is for {deviation.table.shape[:3]} steps, states and actions; "
            f"the game has {(player.H, game.S, game.actions[deviation.player])}"
        )
    refuse_missing(game, deviation)
    return player.follow(deviation)


CORNERS = 64
"""Largest number of corners tried for an exact recoverability: 2^(S (H - 2)) for S states and H steps."""


@replaceable
def recoverability_is_exact(game: MarkovGame) -> bool:
    """Whether a game's recoverability is computed exactly, not bounded: 2^(S (H - 2)) <= CORNERS, or H <= 2."""
    return game.S * max(game.horizon.H - 2, 0) <= CORNERS.bit_length() - 1


@replaceable
def most_recoverable(game: MarkovGame, expert: Policy) -> Interval:
    """Largest range of action values over all players, swap deviations, steps and states; or an upper bound on it.

    Given the values W after step t + 1, those at t + 1 fill a box, since a deviation chooses at each state by itself;
    the range at t is largest at the corner of the box that the sign of each difference of laws picks, and this maximum
    is convex in W, as is every maximum over deviations at t + 2 and later. So it is attained where every later value
    is the largest or the smallest given those after it: these corners are tried one by one. Where they are too many
    (see `recoverability_is_exact`), the values are replaced by their extremes over all deviations, which gives an
    upper bound.
    """
    if game.sparse:
        raise InvalidModel(
            f"P is sparse; recoverability compares pairs of dense laws P[s,j,n]: give P.toarray().reshape{(game.S, game.J, game.S)}"
        )
    parts = []
    for i in range(game.players):
        one = _Player(game, expert, i)
        parts.append(settle(bare(one.widest_range()), one.largest_spread, one.roundings + 4 * game.S + 4))
    return stack(parts).max()


def _expect_class(deviations):
    if deviations not in _CLASSES:
        raise InvalidModel(f"deviations={deviations!r}; expected one of {', '.join(_CLASSES)}")


def _mediator(game, joint):
    """The table of a mediator, checked against the game."""
    if not isinstance(game.horizon, Finite):
        raise InvalidModel(f"the game is {game.horizon}; regret is computed over a Finite horizon")
    return policy_table(game.player(0), joint)


class _Player:
    """A game and a mediator from one player's side, in the form that the kernels take."""

    def __init__(self, game, joint, i):
        if not 0 <= i < game.players:
            raise InvalidModel(f"player is {i}; the game has players 0 to {game.players - 1}")
        table = _mediator(game, joint)
        self.game, self.process = game, game.player(i)
        self.i, self.H, self.joint = i, game.horizon.H, joint
        self.P = None if game.sparse else stepwise(game.P, 3)  # the law of a sparse game is read by AllPlayers alone
        self.r, self.sigma = stepwise(self.process.r, 2), stepwise(table, 2)
        self.alias = aliases(game)
        if self.alias is not None:
            self.r = np.ascontiguousarray(np.take_along_axis(self.r, self.alias[1][None], axis=2))
            if not game.sparse:
                self.P = np.ascontiguousarray(np.take_along_axis(self.P, self.alias[1][None, :, :, None], axis=2))
        self.own, self.swapped = parts_of_joint_actions(game.actions, i)
        self.roundings = self.H * (step_roundings(self.process, joint) + game.J) + start_roundings(self.process)
        self.args = (self.sigma, self.own, self.swapped)

    def best(self, deviations):
        """The regret within a class, and a function that constructs a deviation attaining it."""
        return _CLASSES[deviations](self)

    def against_obedience(self, W, size):
        """Value J of the deviator, from its state values, minus the value of obedience."""
        return self.from_start(W, size) - value(self.process, self.joint)

    def from_start(self, W, size):
        """Expected state value under the initial distribution."""
        rho = self.process.rho
        start = bare((rho * W[0]).sum())
        return settle(start, lambda: np.asarray((rho * size()[0]).sum()), self.roundings + 2 * len(rho) + 4)

    def swap(self):
        W, choice = kernels.swap(self.P, self.r, *self.args, self.H)
        gain = self.against_obedience(W, lambda: kernels.swap(self.P, np.abs(self.r), *self.args, self.H)[0])
        return gain, lambda: self.deviation(choice)

    def coarse(self):
        W, choice = kernels.coarse(self.P, self.r, *self.args, self.H)
        gain = self.against_obedience(W, lambda: kernels.coarse(self.P, np.abs(self.r), *self.args, self.H)[0])
        return gain, lambda: self.deviation(np.repeat(choice[:, :, None], self.swapped.shape[1], axis=2))

    def trigger(self):
        def run(r):
            alone, after = kernels.coarse(self.P, r, *self.args, self.H)
            return *kernels.trigger(self.P, r, *self.args, alone, self.H), after

        U, choice, after = run(self.r)
        gain = self.against_obedience(U, lambda: run(np.abs(self.r))[0])
        return gain, lambda: self.deviation(choice, after)

    def one_shot(self):
        obedient = finite.occupancy(self.P, self.process.rho, self.sigma, self.H).sum(axis=2)
        V = finite.policy_value(self.P, self.r, self.sigma, self.H)
        gain, choice = kernels.one_shot(self.P, self.r, *self.args, obedient, V, self.H)

        def size():
            W, _ = kernels.swap(self.P, np.abs(self.r), *self.args, self.H)
            return np.full(self.H, 4 * W.max())

        known_gain = settle(gain, size, 3 * self.roundings + self.H * len(self.process.rho) * self.process.A + 8)

        def build():
            t = int(np.argmax(gain))
            obey = np.broadcast_to(np.arange(choice.shape[2]), choice.shape).copy()
            obey[t] = choice[t]
            return self.deviation(obey)

        return known_gain.max(), build

    def constant(self):
        def run(r, played):
            laws, paid = (bare(array[:, :, played]) for array in (self.P, r))
            return finite.policy_value(laws, paid, self.sigma, self.H)

        def repeat(played):
            return self.from_start(run(self.r, played), lambda: run(np.abs(self.r), played))

        actions = constant_actions(self.game, self.i)
        values = stack([repeat(self.swapped[:, b]) for b in actions])
        shape = (self.H, len(self.process.rho), self.swapped.shape[1])
        least = values.lower if isinstance(values, Interval) else values
        gain = values.max() - value(self.process, self.joint)
        return gain, lambda: self.deviation(np.full(shape, actions[int(np.argmax(least))]))

    def widest_range(self):
        """The widest range of action values over all deviations, or an upper bound where it is not computed exactly."""
        if recoverability_is_exact(self.game):
            return widest_range(self.P, self.r, *self.args, self.H)
        return kernels.spread(self.P, self.r, *kernels.extremes(self.P, self.r, *self.args, self.H), self.H)

    def largest_spread(self):
        size, _ = kernels.extremes(self.P, np.abs(self.r), *self.args, self.H)
        return 2 * np.abs(self.r).max() + 2 * size.max()

    def deviation(self, choice, after=None):
        """The modification that plays `choice[t,s,a]`, and `after[t,s]` after the first disobedience."""
        if self.alias is not None:
            own, s = self.alias[0][self.i], np.arange(self.process.S)
            choice, after = own[s[:, None], choice], None if after is None else own[s, after]
        later = None if after is None else self.certain(after)
        return Deviation(self.i, self.certain(choice), after=later)

    def certain(self, choice):
        """Table of the deterministic choice."""
        table = zeros((*choice.shape, self.swapped.shape[1]), self.r)
        np.put_along_axis(table, choice[..., None], 1, axis=-1)
        return table

    def follow(self, deviation):
        """Value J of a given modification, by backward policy evaluation."""
        obeying = left = enclose(zeros(self.process.S, self.r))
        recommended, modified = law(self.joint, "table"), law(deviation, "table")
        recommended = recommended if recommended.ndim == 3 else recommended[None]
        disobeys = self.own[:, None] != np.arange(self.swapped.shape[1])
        for t in range(self.H - 1, -1, -1):
            reward = enclose(self.r[t % len(self.r)])
            stay = reward + expected_next(self.process, obeying, t)
            leave = stay if deviation.after is None else reward + expected_next(self.process, left, t)
            sigma = recommended[t % len(recommended)]
            plays = modified[t][:, self.own]
            mixed = stay[:, self.swapped] * (~disobeys).astype(int) + leave[:, self.swapped] * disobeys.astype(int)
            obeying = (sigma[:, :, None] * plays * mixed).sum(axis=(1, 2))
            if deviation.after is not None:
                later = law(deviation, "after")[t]
                left = (sigma[:, :, None] * later[:, None, :] * leave[:, self.swapped]).sum(axis=(1, 2))
        return (law(self.process, "rho") * obeying).sum()


_CLASSES = {
    "swap": _Player.swap,
    "trigger": _Player.trigger,
    "coarse": _Player.coarse,
    "one-shot": _Player.one_shot,
    "constant": _Player.constant,
}
