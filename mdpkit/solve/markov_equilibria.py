"""The Markov correlated equilibrium of highest welfare of small games of two players."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np

from ..base.arrays import objects, zeros
from ..base.errors import ExactnessLost, InvalidModel
from ..base.interval import Interval
from ..base.types import Number
from ..exact import stage
from ..exact.equilibrium_certificate import EquilibriumCertificate
from ..exact.lp import LinearProgram, optimise
from ..model.game import JointPolicy, MarkovGame, expect_all_actions
from ..model.horizon import Finite
from ..model.mdp import stepwise
from ._expects import expects
from .payoff_polygon import polygon
from .solution import Solution, Status
from .stage_equilibria import best_for

LARGEST = 3
"""Largest number of actions of a player, of states and of steps."""

CHOICES = 2000
"""Largest number of combinations of extreme later payoffs that are tried at a step."""


@dataclass(frozen=True)
class MarkovCorrelatedEquilibrium:
    """Correlated equilibrium in Markov policies with the highest total value from the start, or bounds on that value.

    `CorrelatedEquilibrium` chooses the best law of every stage, which need not be best from the start: a worse
    equilibrium later may allow a better one before. Here every step tries all combinations of extreme points of the
    later equilibrium payoffs, one for each state. Two players; at most 3 actions each, 3 states and 3 steps; rational.

    The policy is an exact equilibrium from every step and state, with a certificate, and `value[i,t,s]` its values. If
    their total attains `welfare_bound(game)`, it is optimal, and the status SOLVED. Else CAPPED: no Markov equilibrium
    may attain the bound, or the search missed an optimum between the extreme points of later payoffs, or one of more
    than 2000 combinations at a step.
    Source: adapted from Solan and Vieille, 2002, and Murray and Gordon, 2007.

    >>> from mdpkit.claims.games.stage_welfare_is_not_markov_welfare import trust
    >>> found = MarkovCorrelatedEquilibrium().run(trust(2).game)
    >>> found.status.name, found.value[:, 0, 0].lower.sum()
    ('SOLVED', 19/5)
    """

    def run(self, problem: MarkovGame, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer; `before` is not used. Raises: InvalidModel for larger games; ExactnessLost for floats."""
        expects(self, problem, MarkovGame, Finite)
        sizes = (*problem.actions, problem.S, problem.horizon.H)
        if problem.players != 2 or max(sizes) > LARGEST:
            raise InvalidModel(
                f"{problem!r} is too large: the best Markov equilibrium is found for two players with at most {LARGEST} "
                f"actions, states and steps; CorrelatedEquilibrium() chooses the best law of every stage"
            )
        if not problem.exact:
            raise ExactnessLost(f"MarkovCorrelatedEquilibrium solves rational games; solve {problem!r}.to_exact()")
        table = _search(problem)
        policy = JointPolicy(table)
        certificate = EquilibriumCertificate(problem, policy, "swap")
        certificate.verify()
        value = Interval(certificate.value)
        most, _ = welfare_bound(problem)
        attained = (certificate.value[:, 0].sum(axis=0) * problem.rho).sum()
        status = Status.SOLVED if attained == most else Status.CAPPED
        return Solution(problem, self, status, policy, value, problem.horizon.H, certificate)


def welfare_bound(game: MarkovGame) -> tuple[Number, list[list[int]]]:
    """An upper bound on the total value of Markov correlated equilibria of a rational game of two players.

    Mediators may choose the later equilibrium of every next state by the joint action that they recommended, which can
    only help: the payoffs that they attain are convex polygons, one for each step and state.

    Returns: the bound, and the numbers of vertices `[t][s]` of the polygons at steps t = 1..H-1.
    Raises: InvalidModel for a game with missing actions.
    """
    expect_all_actions("welfare_bound() takes", game)
    P, r, H = stepwise(game.P, 3), stepwise(game.r, 3), game.horizon.H
    later, counts, best = [objects([[0, 0]])] * game.S, [], objects(0)[()]
    for t in range(H - 1, 0, -1):
        later = [polygon(_farthest(game, r[t % len(r), :, s], P[t % len(P), s], later)) for s in range(game.S)]
        counts.append([len(corners) for corners in later])
    for s in np.flatnonzero(game.rho != 0):
        best += game.rho[s] * _farthest(game, r[0, :, s], P[0, s], later)(objects([1, 1])).sum()
    return best, counts[::-1]


def _farthest(game, reward, law, later):
    """Farthest payoffs of a stage that continues in state n by a mixture of later[n], chosen by the joint action."""
    J, reached = game.J, [n for n in range(game.S) if (law[:, n] != 0).any()]
    player, swapped, occurs = stage.rows_of(game.actions, "swap")
    worth = [reward]  # columns: the law of j, then for each n and corner the joint weight of j and the corner
    gains = [(reward[player[:, None], swapped] - reward[player]) * occurs]
    links = [-objects(np.eye(J, dtype=int))]
    for n in reached:
        for corner in later[n]:
            worth.append(law[:, n] * corner[:, None])
            gains.append((law[swapped, n] - law[:, n]) * corner[player][:, None] * occurs)
            links.append(objects(np.eye(J, dtype=int)))
    payoff, rows = np.concatenate(worth, axis=1), np.concatenate(gains, axis=1)
    sizes = [len(later[n]) for n in reached]
    equal, column = [], J
    for size in sizes:
        block = zeros((J, payoff.shape[1]), reward)
        block[:, :J] = links[0]
        for k in range(size):
            block[:, column + k * J : column + (k + 1) * J] = links[1]
        equal.append(block)
        column += size * J
    one = zeros((1, payoff.shape[1]), reward)
    one[0, :J] = objects(1)[()]
    equal = np.concatenate([*equal, one])
    ends = zeros(len(equal), reward)
    ends[-1] = objects(1)[()]

    def farthest(direction):
        program = LinearProgram(direction @ payoff, rows, zeros(len(rows), reward), equal, ends)
        return payoff @ optimise(program).x

    return farthest


def _search(game):
    """The best Markov equilibrium found, `[t,s,j]`."""
    plans = [_Plan(zeros((2, game.S), game.r), ())]
    H = game.horizon.H
    for t in range(H - 1, -1, -1):
        plans = _extend(game, t, plans, last=t == 0)
    best = max(plans, key=lambda plan: (plan.value.sum(axis=0) * game.rho).sum())
    return np.stack(best.laws)


@dataclass(frozen=True, eq=False)
class _Plan:
    """Laws `[s,j]` of the steps from some step on, and their values `[i,s]`."""

    value: np.ndarray
    laws: tuple


def _extend(game, t, plans, last):
    """Every plan, preceded by extreme equilibria of the stage: all combinations, or at the first step the best ones."""
    P, r = stepwise(game.P, 3), stepwise(game.r, 3)
    found = []
    for plan in plans:
        options = []
        for s in range(game.S):
            payoff = r[t % len(r), :, s] + plan.value @ P[t % len(P), s].T
            rows = stage.deviation_gains(payoff, payoff, game.actions, "swap")
            options.append(_extremes(payoff, rows, last))
        for chosen in product(*options):
            value = np.stack([pair[0] for pair in chosen], axis=1)
            found.append(_Plan(value, (np.stack([pair[1] for pair in chosen]), *plan.laws)))
    if len(found) > CHOICES:
        found = _spread_out(found, game)
    return found


def _extremes(payoff, rows, last):
    """Payoffs and laws of the best equilibrium of a stage, or of all extreme ones."""
    if last:
        law = best_for(payoff.sum(axis=0), rows)
        return [(payoff @ law, law)]
    laws = {}

    def farthest(direction):
        law = best_for(direction @ payoff, rows)
        laws[tuple(payoff @ law)] = law
        return payoff @ law

    return [(corner, laws[tuple(corner)]) for corner in polygon(farthest)]


def _spread_out(plans, game):
    """CHOICES plans, evenly spaced in order of welfare, the best one among them."""
    ordered = sorted(plans, key=lambda plan: -plan.value.sum())
    step = Fraction(len(ordered), CHOICES)
    return [ordered[int(k * step)] for k in range(CHOICES)]
