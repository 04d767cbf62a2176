"""Regret of all players of a float64 game by one backward pass over the transition law, dense or sparse."""

import numpy as np

from ...base.enclosure import settle
from ...base.interval import Interval, stack
from ...base.tolerance import gamma
from ...kernels import regret as kernels
from ...model.expectation import transition
from ...model.mdp import stepwise
from .._known import start_roundings, step_roundings
from .parts import aliases, constant_actions, turned_actions


class AllPlayers:
    """A float64 game and a mediator; every step multiplies the law once with the values of all players.

    Where neither the law nor the mediator varies with time, policies that are fixed in advance (obedience, the constant
    deviations) are evaluated under their mixtures of the law, which is then read once for all steps.

    Args: table: the mediator's, checked. players: those whose regret is asked for.
    """

    def __init__(self, game, joint, table, players):
        self.game, self.players, self.H = game, players, game.horizon.H
        self.process, self.sigma = game.player(0), stepwise(table, 2)
        self.still = len(self.sigma) == 1 and not game.sparse and game.P.ndim == 3
        self.alias = aliases(game)
        self.turned = {i: turned_actions(game.actions, i) for i in players}
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
        if deviations == "constant" and self.still:
            return self._constants_under_mixtures()
        advance = {"swap": self._swap, "coarse": self._coarse, "trigger": self._trigger, "constant": self._constant}
        functions, choices = None, {i: [] for i in self.players}
        for t in range(self.H - 1, -1, -1):
            following, first = self._expect(t, functions)
            sigma, functions = self.sigma[t % len(self.sigma)], {}
            for i in self.players:
                r, k = self.r[t % len(self.r), i], first[i]
                found, choice = advance[deviations](i, r, following, sigma, k)
                obeyed = [] if self.still else [kernels.obedient_step(r, following, sigma, k + len(found))]
                functions[i] = found + obeyed
                choices[i].append(choice)
        if self.still:
            V = self._evaluate([(self.sigma[0], list(self.players))])
            functions = {i: [*functions[i], obeyed] for i, obeyed in zip(self.players, V, strict=True)}
        return [self._finish(i, deviations, functions[i], choices[i][::-1]) for i in self.players]

    def _expect(self, t, functions):
        """Expected next values `[s,j,k]` of all functions of all players, and each player's first k.

        Without functions, at the last step, all are 0.
        """
        if functions is None:
            most = 2 + max(self.game.actions)
            return np.zeros((self.game.S, self.game.J, most)), dict.fromkeys(self.players, 0)
        columns, first = [], {}
        for i, own in functions.items():
            first[i] = len(columns)
            columns += own
        following = _multiply(transition(self.process, t), columns).reshape(self.game.S, self.game.J, -1)
        if self.alias is not None:
            following = np.ascontiguousarray(np.take_along_axis(following, self.alias[1][:, :, None], axis=1))
        return following, first

    def _evaluate(self, plans):
        """Values `[s]` at the first step of players whose joint actions are drawn by `weights[s,j]` at every step.

        Args: plans: pairs (weights, players); one function for each player of each plan is returned.
        """
        laws = self._mix([weights for weights, _ in plans])
        found = []
        for law, (weights, players) in zip(laws, plans, strict=True):
            paid = np.einsum("sj,tisj->tis", weights, self.r[:, players])
            V = paid[(self.H - 1) % len(paid)]
            for t in range(self.H - 2, -1, -1):
                V = paid[t % len(paid)] + _multiply(law, list(V))[:, : len(players)].T
            found += list(V)
        return found

    def _mix(self, weights):
        """The laws `[s,n]` of the next state under each of several `weights[s,j]`."""
        S = self.game.S
        laws = np.empty((len(weights), S, S))
        np.matmul(np.stack(weights, axis=1), transition(self.process).reshape(S, -1, S), out=laws.transpose(1, 0, 2))
        return laws

    # ---- one step of each class: further functions, and the choice
    def _swap(self, i, r, following, sigma, k):
        W, choice = kernels.swap_step(r, following, sigma, self.turned[i], k)
        return [W], (choice, None)

    def _coarse(self, i, r, following, sigma, k):
        W, choice = kernels.coarse_step(r, following, sigma, self.turned[i], k)
        return [W], (np.repeat(choice[:, None], self.game.actions[i], axis=1), None)

    def _trigger(self, i, r, following, sigma, k):
        alone, after = kernels.coarse_step(r, following, sigma, self.turned[i], k + 1)
        U, choice = kernels.trigger_step(r, following, sigma, self.turned[i], k, k + 1)
        return [U, alone], (choice, after)

    def _constant(self, i, r, following, sigma, k):
        played = enumerate(constant_actions(self.game, i))
        return [kernels.constant_step(r, following, sigma, self.turned[i], k + n, b) for n, b in played], None

    def _constants_under_mixtures(self):
        plans = [(self.sigma[0], list(self.players))]
        counts, shape = [], (self.game.S, *self.game.actions)
        for i in self.players:
            others = self.sigma[0].reshape(shape).sum(axis=i + 1)
            played = constant_actions(self.game, i)
            counts.append(len(played))
            for b in played:
                weights = np.zeros(shape)
                np.moveaxis(weights, i + 1, 0)[b] = others
                plans.append((weights.reshape(len(others), -1), [i]))
        values = self._evaluate(plans)
        obeyed, rest = values[: len(counts)], iter(values[len(counts) :])
        return [
            self._finish(i, "constant", [*(next(rest) for _ in range(count)), V], None)
            for i, count, V in zip(self.players, counts, obeyed, strict=True)
        ]

    def _finish(self, i, deviations, functions, choices):
        *values, obeyed = [self._from_start(i, W) for W in functions]
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
        functions = None
        for t in range(self.H - 1, -1, -1):
            following, first = self._expect(t, functions)
            functions, sigma = {}, self.sigma[t % len(self.sigma)]
            for i in self.players:
                r, k = self.r[t % len(self.r), i], first[i]
                functions[i] = [kernels.obedient_step(r, following, sigma, k)]
                gains[i][t], choices[i][t] = kernels.one_shot_step(r, following, sigma, self.turned[i], k, states[t])
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
        states, law = [self.process.rho], self._mix([self.sigma[0]])[0] if self.still else None
        for t in range(self.H - 1):
            if self.still:
                states.append(law.T @ states[-1])
            else:
                played = states[-1][:, None] * self.sigma[t % len(self.sigma)]
                states.append(transition(self.process, t).T @ played.ravel())
        return np.stack(states)


def _multiply(P, columns):
    """Expected values `[row,k]` of the functions columns[k][n], and of none or a few more that are 0."""
    if hasattr(P, "tocsr"):
        return np.ascontiguousarray(P @ np.stack(columns, axis=1))
    functions = np.zeros((-(-len(columns) // 3) * 3, P.shape[1]))
    functions[: len(columns)] = columns
    return kernels.expectations(P, functions)
