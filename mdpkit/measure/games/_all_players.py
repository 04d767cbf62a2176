"""Regret of all players of a float64 game by one backward pass over the transition law, dense or sparse."""

import numpy as np

from ...base.enclosure import settle
from ...base.interval import Interval, stack
from ...base.tolerance import gamma
from ...kernels import regret as kernels
from ...model.expectation import transition
from ...model.mdp import stepwise
from .._known import start_roundings, step_roundings
from .parts import aliases, constant_actions, parts_of_joint_actions

ROWS = 256
"""Rows of a dense law that are multiplied at a time, so that they stay in the cache between packing and use."""


class AllPlayers:
    """A float64 game and a mediator; every step multiplies the law once with the values of all players.

    Args: table: the mediator's, checked. players: those whose regret is asked for.
    """

    def __init__(self, game, joint, table, players):
        self.game, self.players, self.H = game, players, game.horizon.H
        self.process, self.sigma = game.player(0), stepwise(table, 2)
        self.alias = aliases(game)
        self.parts = {i: parts_of_joint_actions(game.actions, i) for i in players}
        self.r = stepwise(game.r, 3)
        if self.alias is not None:
            self.r = np.ascontiguousarray(np.take_along_axis(self.r, self.alias[1][None, None], axis=-1))
        self.roundings = self.H * (step_roundings(self.process, joint) + game.J) + start_roundings(self.process)
        # later[t,i]: the same computation on absolute values from t on, as rows of probabilities sum to 1 + defect
        largest = np.abs(self.r).max(axis=(2, 3))[np.arange(self.H) % len(self.r)]
        growth = ((1 + self.process.defect) * (1 + joint.defect)) ** self.H * (1 + gamma(4 * self.H + 8))
        self.later = np.cumsum(largest[::-1], axis=0)[::-1] * growth

    def regret(self, deviations) -> Interval:
        """Gain of each of the players, `[i]`."""
        return stack([gain for gain, _ in self.run(deviations)])

    def run(self, deviations) -> list:
        """For each of the players its gain, and the choices that attain it: (recommended, after leaving)."""
        if deviations == "one-shot":
            return self._one_shot()
        advance = {"swap": self._swap, "coarse": self._coarse, "trigger": self._trigger, "constant": self._constant}
        step = advance[deviations]
        functions = dict.fromkeys(self.players)
        choices = {i: [] for i in self.players}
        for t in range(self.H - 1, -1, -1):
            following, first = self._expect(t, functions)
            sigma, functions = self.sigma[t % len(self.sigma)], {}
            for i in self.players:
                r, k = self.r[t % len(self.r), i], first[i]
                V = kernels.obedient_step(r, following, sigma, k)
                found, choice = step(i, r, following, sigma, k)
                functions[i] = [V, *found]
                choices[i].append(choice)
        return [self._finish(i, deviations, functions[i], choices[i][::-1]) for i in self.players]

    def _expect(self, t, functions):
        """Expected next values `[s,j,k]` of all functions of all players, and each player's first k."""
        columns, first = [], {}
        for i, own in functions.items():
            first[i] = len(columns)
            columns += [np.zeros(self.game.S)] * (3 + self.game.actions[i]) if own is None else own
        following = _multiply(transition(self.process, t), np.stack(columns, axis=1))
        following = following.reshape(self.game.S, self.game.J, -1)
        if self.alias is not None:
            following = np.ascontiguousarray(np.take_along_axis(following, self.alias[1][:, :, None], axis=1))
        return following, first

    # ---- one step of each class: further functions, and the choice
    def _swap(self, i, r, following, sigma, k):
        W, choice = kernels.swap_step(r, following, sigma, *self.parts[i], k + 1)
        return [W], (choice, None)

    def _coarse(self, i, r, following, sigma, k):
        W, choice = kernels.coarse_step(r, following, sigma, *self.parts[i], k + 1)
        return [W], (np.repeat(choice[:, None], self.game.actions[i], axis=1), None)

    def _trigger(self, i, r, following, sigma, k):
        alone, after = kernels.coarse_step(r, following, sigma, *self.parts[i], k + 2)
        U, choice = kernels.trigger_step(r, following, sigma, *self.parts[i], k + 1, k + 2)
        return [U, alone], (choice, after)

    def _constant(self, i, r, following, sigma, k):
        swapped = self.parts[i][1]
        played = enumerate(constant_actions(self.game, i))
        return [kernels.constant_step(r, following, sigma, swapped, k + 1 + n, b) for n, b in played], None

    def _finish(self, i, deviations, functions, choices):
        *values, obeyed = [self._from_start(i, W) for W in [*functions[1:], functions[0]]]
        if deviations != "constant":
            told, after = zip(*choices, strict=True)
            return values[0] - obeyed, (np.stack(told), None if after[0] is None else np.stack(after))
        best = int(np.argmax([each.lower for each in values]))
        played = constant_actions(self.game, i)[best]
        choice = np.full((self.H, self.game.S, self.game.actions[i]), played)
        return stack(values).max() - obeyed, (choice, None)

    def _from_start(self, i, W):
        rho = self.process.rho
        start = np.asarray((rho * W).sum())
        return settle(start, lambda: np.asarray(self.later[0, i]), self.roundings + 2 * len(rho) + 4)

    def _one_shot(self):
        states = self._visits()
        roundings = 3 * self.roundings + self.H * self.game.S * self.game.J + 8
        gains = {i: np.zeros(self.H) for i in self.players}
        choices = {i: [None] * self.H for i in self.players}
        functions = dict.fromkeys(self.players)
        for t in range(self.H - 1, -1, -1):
            following, first = self._expect(t, functions)
            sigma = self.sigma[t % len(self.sigma)]
            for i in self.players:
                r, k = self.r[t % len(self.r), i], first[i]
                functions[i] = [kernels.obedient_step(r, following, sigma, k)]
                gains[i][t], choices[i][t] = kernels.one_shot_step(r, following, sigma, *self.parts[i], k, states[t])
        found = []
        for i in self.players:
            gain = settle(gains[i], lambda i=i: 4 * self.later[:, i], roundings)
            best = int(np.argmax(gains[i]))
            obey = np.broadcast_to(np.arange(self.game.actions[i]), (self.H, self.game.S, self.game.actions[i])).copy()
            obey[best] = choices[i][best]
            found.append((gain.max(), (obey, None)))
        return found

    def _visits(self):
        """State distributions `[t,s]` under obedience."""
        states = [self.process.rho]
        for t in range(self.H - 1):
            played = states[-1][:, None] * self.sigma[t % len(self.sigma)]
            states.append(transition(self.process, t).T @ played.ravel())
        return np.stack(states)


def _multiply(P, columns):
    """P @ columns, for few columns; a dense P in blocks of rows."""
    if hasattr(P, "tocsr"):
        return np.ascontiguousarray(P @ columns)
    found = np.empty((len(P), columns.shape[1]))
    for k in range(0, len(P), ROWS):
        np.matmul(P[k : k + ROWS], columns, out=found[k : k + ROWS])
    return found
