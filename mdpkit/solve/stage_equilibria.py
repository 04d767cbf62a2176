"""Correlated equilibria of finite-horizon games by backward induction over stage games."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import zeros
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..exact import stage
from ..exact.equilibrium_certificate import EquilibriumCertificate
from ..kernels.stage_program import best_law
from ..model.expectation import transition_from
from ..model.game import JointPolicy, MarkovGame
from ..model.horizon import Finite
from ..model.mdp import stepwise
from ._entropy import highest_entropy
from ._expects import expects
from .equilibrium_bounds import assemble
from .solution import Solution, Status

SELECTIONS = ("welfare", "egalitarian", "entropy")
CLOSE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
"""The smallest tolerances of HiGHS, on payoffs of size 1."""


@dataclass(frozen=True)
class CorrelatedEquilibrium:
    """Correlated equilibrium: a mediator with swap regret 0 from every step and state on.

    Backward induction over one-shot games: at every step and state one correlated equilibrium of the payoffs, later
    values included. The whole is an equilibrium, but not the one that is best from the start: see
    `MarkovCorrelatedEquilibrium`. Rational games over a finite horizon are solved exactly. On floats, and for
    "entropy", the certificate bounds the regret, and the answer is SOLVED if that and the width of the values are at
    most `tol`. `value[i,t,s]`, t = 0..H with row H zero.

    Args:
        select: "welfare" (at every stage the highest total payoff), "egalitarian" (the highest payoff of the player
            with the least, then the highest total) or "entropy" (the highest entropy of the joint action; unique).

    Source: Aumann, 1974; for Markov games adapted from Solan and Vieille, 2002; entropy adapted from Ortiz, Schapire
        and Kakade, 2007.

    >>> from mdpkit.base.arrays import objects
    >>> P, r = objects([[[1]] * 4]), objects([[[6, 2, 7, 0]], [[6, 7, 2, 0]]])
    >>> chicken = MarkovGame(P, r, horizon=Finite(1), actions=(2, 2))
    >>> CorrelatedEquilibrium().run(chicken).policy.table
    array([[[1/2, 1/4, 1/4, 0]]], dtype=object)
    """

    select: str = "welfare"

    def __post_init__(self):
        check_selection(self.select)

    def run(self, problem: MarkovGame, tol: float = 1e-8, before: Solution | None = None) -> Solution:
        """The answer; `before` is not used."""
        return run_stages(self, problem, "swap", tol)


@dataclass(frozen=True)
class CoarseCorrelatedEquilibrium:
    """Coarse correlated equilibrium: a mediator with coarse regret 0 from every step and state on.

    As `CorrelatedEquilibrium`, with coarse correlated equilibria of the one-shot games. A player may still gain by
    conditioning on its recommendation.
    Source: Moulin and Vial, 1978; for Markov games adapted from Jin, Liu, Wang and Yu, 2021.
    """

    select: str = "welfare"

    def __post_init__(self):
        check_selection(self.select)

    def run(self, problem: MarkovGame, tol: float = 1e-8, before: Solution | None = None) -> Solution:
        """The answer; `before` is not used."""
        return run_stages(self, problem, "coarse", tol)


@dataclass(frozen=True)
class TriggerEquilibrium:
    """Extensive-form-like equilibrium: trigger regret 0; whoever disobeys receives no more recommendations.

    As `CorrelatedEquilibrium`, where the values after a disobedience are those of a player that no longer observes its
    recommendations. Correlated equilibria are trigger equilibria, and the choice at a stage is among more of them.
    Source: adapted from von Stengel and Forges, 2008.

    >>> from mdpkit.instances import named
    >>> TriggerEquilibrium().run(named("matching_pennies", H=1).game).value[:, 0, 0]
    Interval(shape=(2,), exact, width=0.0e+00, mid=
    [0.5 0.5])
    """

    select: str = "welfare"

    def __post_init__(self):
        check_selection(self.select)

    def run(self, problem: MarkovGame, tol: float = 1e-8, before: Solution | None = None) -> Solution:
        """The answer; `before` is not used."""
        return run_stages(self, problem, "trigger", tol)


def check_selection(select):
    """Raise InvalidModel for an unknown selection."""
    if select not in SELECTIONS:
        raise InvalidModel(f"select={select!r}; expected one of {', '.join(SELECTIONS)}")


def run_stages(method, game, concept, tol):
    """Backward induction with an equilibrium of every stage."""
    expects(method, game, MarkovGame, Finite)
    if not game.exact or method.select == "entropy":
        floating = game.to_float() if game.exact else game
        table = _walk(floating, concept, lambda *stage: choose_floats(method.select, *stage))
        return assemble(game, method, JointPolicy(table), concept, tol)
    table, V = _walk(game, concept, lambda *stage: choose(method.select, *stage), values=True)
    policy = JointPolicy(table)
    certificate = EquilibriumCertificate(game, policy, concept)
    certificate.verify()
    return Solution(game, method, Status.SOLVED, policy, Interval(V), game.horizon.H, certificate)


def _walk(game, concept, choose, values=False):
    """The chosen law of every stage, `[t,s,j]`, and, if asked for, the values `[i,t,s]`."""
    r, H = stepwise(game.r, 3), game.horizon.H
    V, C = (zeros((game.players, H + 1, game.S), r) for _ in range(2))
    table = zeros((H, game.S, game.J), r)
    for t in range(H - 1, -1, -1):
        for s in range(game.S):
            reward, law = r[t % len(r), :, s], transition_from(game, s, t).T
            obey = reward + V[:, t + 1] @ law
            leave = reward + C[:, t + 1] @ law if concept == "trigger" else obey
            table[t, s] = choose(obey, stage.deviation_gains(obey, leave, game.actions, concept))
            V[:, t, s] = obey @ table[t, s]
            if concept == "trigger":
                C[:, t, s] = stage.values_alone(table[t, s], leave, game.actions)
    return (table, V) if values else table


def choose(select, payoff, rows):
    """The selected law of a rational stage."""
    if select == "welfare":
        return best_for(payoff.sum(axis=0), rows)
    return stage.select_law(payoff, rows, select)


def best_for(worth, rows):
    """A law of highest `worth[j]` without a positive row, rational; its optimality is checked by its multipliers."""
    x, y, flag = best_law(worth, rows, 0)
    # x is feasible, and no joint action is worth more than the objective at the prices y >= 0
    if flag == 0 and x.sum() == 1 and (rows @ x <= 0).all() and (worth - y @ rows).max() == worth @ x:
        return x
    return stage.select_law(worth[None], rows)


def choose_floats(select, payoff, rows):
    """The selected law of a float stage, a distribution up to rounding."""
    if select == "entropy":
        return highest_entropy(rows)[0]
    if select == "egalitarian":
        return _egalitarian(payoff, rows)
    return welfare_law(payoff.sum(axis=0), rows)


def welfare_law(total, rows):
    """The law of highest `total[j]` without a positive row, in floats: the dual simplex method, or HiGHS."""
    scale = np.abs(rows).max(initial=0.0) or 1.0
    x, _, flag = best_law(np.ascontiguousarray(total), rows / scale, 1e-11)
    if flag == 0 and abs(x.sum() - 1) < 1e-6:
        return x / x.sum()
    return _by_highs(-_rescale(total), rows / scale, np.zeros(len(rows)))


def _egalitarian(payoff, rows):
    scale = np.abs(rows).max(initial=0.0) or 1.0
    from scipy.optimize import linprog

    payoff = _rescale(payoff)
    players, J = payoff.shape
    wide = np.concatenate([np.pad(rows / scale, ((0, 0), (0, 1))), np.append(-payoff, np.ones((players, 1)), axis=1)])
    ones = np.append(np.ones((1, J)), [[0.0]], axis=1)
    bounds = [(0, None)] * J + [(None, None)]
    found = linprog(
        np.append(np.zeros(J), -1.0), wide, np.zeros(len(wide)), ones, [1.0], bounds, method="highs", options=CLOSE
    )
    room = found.x[-1] - 1e-9 * np.abs(payoff).max()
    return _by_highs(
        -payoff.sum(axis=0), np.concatenate([rows / scale, -payoff]), np.append(np.zeros(len(rows)), [-room] * players)
    )


def _rescale(payoff):
    """Payoffs times the power of two, without rounding, that brings the largest between 1/2 and 1."""
    return np.ldexp(payoff, -np.frexp(np.abs(payoff).max())[1])


def _by_highs(cost, rows, ends):
    from scipy.optimize import linprog

    found = linprog(cost, rows, ends, np.ones((1, len(cost))), [1.0], method="highs", options=CLOSE)
    x = np.maximum(found.x, 0)
    return x / x.sum()
