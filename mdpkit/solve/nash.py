"""Nash equilibria of finite-horizon games of two players, by backward induction over stage games."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import exactly, floats
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..exact.bimatrix import LARGEST, MixedPair, extreme_equilibria, lemke_howson, support_equilibria
from ..exact.equilibrium_certificate import EquilibriumCertificate
from ..model.game import JointPolicy, MarkovGame, expect_all_actions
from ..model.horizon import Finite
from ..model.mdp import stepwise
from ._expects import expects
from .equilibrium_bounds import assemble
from .solution import Solution, Status

WAYS = {"vertices": extreme_equilibria, "supports": support_equilibria}


@dataclass(frozen=True)
class NashEquilibria:
    """Markov-perfect Nash equilibrium of two players: at every stage the one of highest welfare, all enumerated.

    Backward induction: at every step and state all extreme Nash equilibria of the payoffs, later values included, in
    rationals; the one with the highest total payoff is played (no other Nash equilibrium of the stage has a higher
    one), the first of several. At most 6 actions a player. Rational games are solved exactly, with NashConv 0. The law
    of float games is rounded, and the certificate bounds the gain from deviating.

    Args:
        by: "vertices" (all extreme equilibria, of degenerate games too) or "supports" (nondegenerate games; others are
            refused).

    Source: Mangasarian, 1964; adapted from Avis, Rosenberg, Savani and von Stengel, 2010.

    >>> from mdpkit.instances import named
    >>> NashEquilibria().run(named("matching_pennies", H=1).game).policy.table
    array([[[1/4, 1/4, 1/4, 1/4]]], dtype=object)
    """

    by: str = "vertices"

    def __post_init__(self):
        if self.by not in WAYS:
            raise InvalidModel(f"by={self.by!r}; expected one of {', '.join(WAYS)}")

    def run(self, problem: MarkovGame, tol: float = 1e-8, before: Solution | None = None) -> Solution:
        """The answer; `before` is not used. Raises: InvalidModel for more actions, or a degenerate game by supports."""
        _two_players(self, problem)
        if max(problem.actions) > LARGEST:
            raise InvalidModel(
                f"the game has {' x '.join(map(str, problem.actions))} actions; equilibria are enumerated up to "
                f"{LARGEST} x {LARGEST}: use LemkeHowson() for one equilibrium"
            )
        return _by_stages(self, problem, lambda A, B: _best(WAYS[self.by](A, B)), tol)


@dataclass(frozen=True)
class LemkeHowson:
    """Markov-perfect Nash equilibrium of two players by complementary pivoting, one equilibrium for every stage.

    Exact integer pivots with the lexicographic rule, so that degenerate games are solved as well. Any number of
    actions. Rational games are solved exactly, with NashConv 0; the law of float games is rounded, and the certificate
    bounds the gain from deviating.

    Args: label: action dropped first: 0 to m-1 of player 0, m to m+n-1 of player 1; others may lead elsewhere.
    Source: Lemke and Howson, 1964; integer pivots in lexicographic order adapted from von Stengel, 2002.

    >>> from mdpkit.instances import named
    >>> LemkeHowson().run(named("matching_pennies", H=1).game).value[:, 0, 0].lower
    array([1/2, 1/2], dtype=object)
    """

    label: int = 0

    def run(self, problem: MarkovGame, tol: float = 1e-8, before: Solution | None = None) -> Solution:
        """The answer; `before` is not used. Raises: InvalidModel for an unknown label."""
        _two_players(self, problem)
        return _by_stages(self, problem, lambda A, B: lemke_howson(A, B, self.label), tol)


def nash_equilibria(game: MarkovGame, by: str = "vertices") -> list[MixedPair]:
    """All extreme Nash equilibria of a game of two players with one state that is played once, in exact arithmetic.

    Every Nash equilibrium is a convex combination of extreme ones. Floats are taken as the rationals they represent.

    Args: by: "vertices" or "supports", as for `NashEquilibria`.
    Raises: InvalidModel for other games, missing actions, more than 6 actions a player, or a degenerate game by
        supports.

    >>> from mdpkit.instances import named
    >>> [pair.row for pair in nash_equilibria(named("matching_pennies", H=1).game)]
    [array([1/2, 1/2], dtype=object)]
    """
    expect_all_actions("nash_equilibria() enumerates the equilibria of", game)
    if game.players != 2 or game.S != 1 or game.horizon != Finite(1):
        raise InvalidModel(f"expected a game of two players with one state that is played once; got {game!r}")
    if by not in WAYS:
        raise InvalidModel(f"by={by!r}; expected one of {', '.join(WAYS)}")
    A, B = exactly(stepwise(game.r, 3)[0, :, 0]).reshape(2, *game.actions)
    return WAYS[by](A, B)


def _two_players(method, game):
    expects(method, game, MarkovGame, Finite)
    if game.players != 2:
        raise InvalidModel(f"{type(method).__name__} solves games of two players; got {game!r}")


def _best(pairs):
    return max(pairs, key=lambda pair: pair.payoff.sum())


def _by_stages(method, game, find, tol):
    """Backward induction in rationals; the law of a float game is rounded at the end."""
    exact = game if game.exact else game.to_exact()
    P, r, H = stepwise(exact.P, 3), stepwise(exact.r, 3), game.horizon.H
    V = exact.like(np.zeros((2, H + 1, game.S), dtype=int))
    table = exact.like(np.zeros((H, game.S, game.J), dtype=int))
    for t in range(H - 1, -1, -1):
        for s in range(game.S):
            payoff = r[t % len(r), :, s] + V[:, t + 1] @ P[t % len(P), s].T
            pair = find(*payoff.reshape(2, *game.actions))
            table[t, s] = np.multiply.outer(pair.row, pair.column).ravel()
            V[:, t, s] = pair.payoff
    if not game.exact:
        return assemble(game, method, JointPolicy(floats(table)), "nash", tol)
    policy = JointPolicy(table)
    certificate = EquilibriumCertificate(game, policy, "nash")
    certificate.verify()
    return Solution(game, method, Status.SOLVED, policy, Interval(V), H, certificate)
