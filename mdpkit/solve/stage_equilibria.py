"""Correlated equilibria of finite-horizon games by backward induction over stage games."""

from dataclasses import dataclass

from ..base.arrays import zeros
from ..base.errors import ExactnessLost
from ..base.interval import Interval
from ..exact import stage
from ..model.game import JointPolicy, MarkovGame
from ..model.horizon import Finite
from ..model.mdp import stepwise
from ._expects import expects
from .solution import Solution, Status


@dataclass(frozen=True)
class CorrelatedEquilibrium:
    """Correlated equilibrium: a mediator with swap regret 0 from every step and state on.

    Backward induction over one-shot games: at every step and state the correlated equilibrium with the highest total
    payoff, later values included. The whole is an equilibrium, but not the one with the highest total value.
    Rational games over a finite horizon, solved exactly; `value[i,t,s]`, t = 0..H with row H zero.
    Source: Aumann, 1974; for Markov games adapted from Solan and Vieille, 2002.

    >>> from mdpkit.base.arrays import objects
    >>> P, r = objects([[[1]] * 4]), objects([[[6, 2, 7, 0]], [[6, 7, 2, 0]]])
    >>> chicken = MarkovGame(P, r, horizon=Finite(1), actions=(2, 2))
    >>> CorrelatedEquilibrium().run(chicken).policy.table
    array([[[1/2, 1/4, 1/4, 0]]], dtype=object)
    """

    def run(self, problem: MarkovGame, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer; `tol` and `before` are not used. Raises: ExactnessLost for a float game."""
        return _stages(self, problem, stage.obedience)


@dataclass(frozen=True)
class CoarseCorrelatedEquilibrium:
    """Coarse correlated equilibrium: a mediator with coarse regret 0 from every step and state on.

    As `CorrelatedEquilibrium`, with coarse correlated equilibria of the one-shot games. A player may still gain by
    conditioning on its recommendation.
    Source: Moulin and Vial, 1978; for Markov games adapted from Jin, Liu, Wang and Yu, 2021.
    """

    def run(self, problem: MarkovGame, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer; `tol` and `before` are not used. Raises: ExactnessLost for a float game."""
        return _stages(self, problem, stage.commitment)


def _stages(method, game, constraints):
    expects(method, game, MarkovGame, Finite)
    if not game.exact:
        raise ExactnessLost(
            f"{type(method).__name__} solves rational games; got {game!r}: solve game.to_exact() instead"
        )
    P, r, H = stepwise(game.P, 3), stepwise(game.r, 3), game.horizon.H
    V, table = zeros((game.players, H + 1, game.S), r), zeros((H, game.S, game.J), r)
    for t in range(H - 1, -1, -1):
        for s in range(game.S):
            payoff = r[t % len(r), :, s] + V[:, t + 1] @ P[t % len(P), s].T
            table[t, s] = stage.best_law(payoff, constraints(payoff, game.actions))
            V[:, t, s] = payoff @ table[t, s]
    return Solution(game, method, Status.SOLVED, JointPolicy(table), Interval(V), H)
