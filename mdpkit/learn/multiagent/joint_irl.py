"""Joint inverse reinforcement learning: occupancy matching over joint actions."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ...base.arrays import is_exact, like, zeros
from ...base.errors import InvalidModel
from ...base.tolerance import ROW_SUM
from ...model.access import KINDS, Access
from ...model.game import JointPolicy
from ...model.mdp import at_step
from .._finite import visits
from .._tabular import empirical_occupancy, uniform
from ..imitation.cloning import occupancy_frequencies
from ..imitation.moment_matching import MomentMatching
from .arguments import expect_class, expect_function
from .gaps import Report
from .mediators import Mediators, closest_mixture, minimise
from .rounds import game_setting, known_game


@dataclass(frozen=True, eq=False)
class JointIRL:
    """Joint inverse RL: match the demonstrations' occupancy of states and joint actions.

    It minimises sup_f J(expert, f) - J(mediator, f) over rewards f in [-1, 1], which is the L1 distance of occupancies.

    Args:
        mediators: a restricted class, drawn once per episode; all mediators if left out.
        game: a MomentMatching, such as `MomentMatching(rewards, Hedge())`, which solves the same problem as a repeated
            game between a no-regret player of rewards and a planner; a linear program if left out.
        report: function of a mediator whose results become columns of the trace, such as `measure_gaps(game, expert)`.

    The returned mediator has the matched occupancy. Where that is 0 it recommends all joint actions alike, or within a
    class what the mixture sum_k w[k] tables[k] recommends, w the probabilities of the members. Matched occupancies give
    equal values for all rewards, and leave the regret open (claim `value_equivalence_is_not_regret_equivalence`). The
    linear program is exact on rationals.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.
    """

    mediators: Mediators | None = None
    game: MomentMatching | None = None
    report: Report | None = None

    def __post_init__(self) -> None:
        expect_class(self.mediators)
        expect_function(report=self.report)
        if self.game is not None and not isinstance(self.game, MomentMatching):
            raise InvalidModel(f"game is of type {type(self.game).__name__}; expected a MomentMatching, or None")
        if self.mediators is not None and self.game is not None:
            raise InvalidModel("a class of mediators beside a game; expected one of them, since the planner is free")

    @property
    def needs(self) -> tuple[str, ...]:
        kinds = {"demonstrations", "model", *(() if self.game is None else self.game.needs)}
        return tuple(kind for kind in KINDS if kind in kinds)

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(game=MomentMatching())

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[JointPolicy, dict[str, Any]]:
        """The mediator, and a trace with one row per round of the game, else of one row.

        Its columns: policy: the mediator so far. loss: 1/H times the largest value gap over the rewards in [-1, 1], or
        over those of the game, as observed.
        """
        setting, process, rows = game_setting(access), known_game(access).player(0), []
        for d, gap, unvisited in self._play(access, process, rng) if self.game else [self._match(access, process)]:
            visited = np.asarray(d.sum(axis=-1, keepdims=True) > 0)
            policy = JointPolicy(np.where(visited, occupancy_frequencies(d, setting), unvisited))
            row = {"policy": policy, "loss": gap / len(d)}
            rows.append(row | dict({} if self.report is None else self.report(policy)))
        return rows[-1]["policy"], {name: [row[name] for row in rows] for name in rows[0]}

    def _match(self, access, process):
        """The closest occupancy `[t,s,j]`, its distance, and the table where it is 0."""
        shown = empirical_occupancy(access.setting, access.demonstrations())
        if self.mediators is None:
            d, unvisited = closest_occupancy(process, shown), uniform(access.setting).table
        else:
            members = self.mediators.like(access.setting)
            parts = np.stack([visits(process, JointPolicy(table)) for table in members.tables])
            w = closest_mixture(parts.reshape(len(parts), -1), shown.ravel(), like([1] * shown.size, shown))
            d, unvisited = (w.reshape(-1, 1, 1, 1) * parts).sum(axis=0), members.mix(w).table
        return d, abs(d - shown).sum(), unvisited

    def _play(self, access, process, rng):
        """The mean occupancy of the rounds so far, its largest gap over the rewards, and the table where it is 0."""
        _, trace = self.game.learn(access, rng)
        total, unvisited = 0, uniform(access.setting).table
        for k, (policy, gap) in enumerate(zip(trace["policy"], trace["sup_gap"], strict=True), 1):
            total = total + visits(process, policy)
            yield total / k, gap, unvisited


def closest_occupancy(process: Any, shown: np.ndarray) -> np.ndarray:
    """An occupancy `[t,s,j]` of the process at the smallest L1 distance from `shown[t,s,j]`."""
    H, S, J = shown.shape
    pairs = np.flatnonzero(np.broadcast_to(process.available, shown.shape))
    flow, inflow = zeros((H * S, H * S * J), shown), zeros(H * S, shown)
    inflow[:S] = process.rho
    for t in range(H):
        for s in range(S):
            flow[t * S + s, (t * S + s) * J : (t * S + s + 1) * J] = like([1], shown)[0]
        if t:  # d_t(s) = sum d_{t-1}(s', j) P_{t-1}(s | s', j)
            P = at_step(process.P, t - 1)
            rows = P.toarray() if process.sparse else P.reshape(S * J, S)
            flow[t * S : (t + 1) * S, (t - 1) * S * J : t * S * J] = -rows.T
    apart = abs(flow @ shown.ravel() - inflow)
    if (apart == 0).all() or (not is_exact(shown) and (apart <= ROW_SUM).all()):
        return shown
    target, n = shown.ravel()[pairs], len(pairs)
    one = np.eye(n, dtype=int) * like([1], shown)[0]
    c = np.concatenate([zeros(n, shown), like([1] * n, shown)])
    A = np.concatenate([np.concatenate([one, -one], axis=1), np.concatenate([-one, -one], axis=1)])
    E = np.concatenate([flow[:, pairs], zeros((H * S, n), shown)], axis=1)
    d = zeros(shown.size, shown)
    d[pairs] = minimise(c, A, np.concatenate([target, -target]), E, inflow)[:n]
    return d.reshape(shown.shape)
