"""Feedback equilibria of linear-quadratic games, by coupled Riccati equations."""

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import arb_mat, ctx, fmpq_mat

from ..base.balls import balls, ends
from ..base.errors import CertificateRejected, InvalidModel, NotSolved
from ..base.interval import Interval, Quantity
from ..base.record import at, field_array, numbers
from ..base.shown import Shown, tabulate
from ..base.types import Numbers
from ..model.linear_quadratic_game import LinearQuadraticGame

BITS = 32
"""Precision of the costs of a float game, per step: balls widen by a factor a step."""


@dataclass(frozen=True, eq=False, repr=False)
class FeedbackEquilibrium(Shown):
    """A feedback Nash equilibrium of a linear-quadratic game: u_t = K_t x_t, from which no player gains by deviating.

    Args:
        game: the LinearQuadraticGame; a float one is taken as the rationals that its numbers represent.
        K: the feedback of all controls, `[t,j,n]`; exact on rationals, and on floats the numbers that were computed.
        P: cost matrices of K, `[i,t,m,n]`, t = 0..H: from step t and state x player i pays x'P_i[t]x.
    """

    game: LinearQuadraticGame
    K: Interval
    P: Interval

    @cached_property
    def gap(self) -> Interval:
        """Best-response gaps `[i,m,n]`: from x player i saves at most x' gap_i x by a deviation.

        By its own Riccati equation. Positive semidefinite, and 0 at an equilibrium; on floats bounds on what rounding
        leaves to gain.
        """
        with _arithmetic(self.game) as field:
            costs = [each[0] for each in _evaluate(field, field.feedback(self.K))]
            best = [_respond(field, field.feedback(self.K), i)[1][0] for i in range(self.game.players)]
            return field.interval([paid - least for paid, least in zip(costs, best, strict=True)])

    def verify(self, tol: float = 1e-9) -> None:
        """Check that no player gains by a deviation: the gap is 0, or on floats at most `tol` of the largest cost.

        Raises: CertificateRejected naming the player that gains.
        """
        for i, each in enumerate(self.gap):
            size, most = abs(each).max(), 0 if self.game.exact else tol * abs(self.P.mid).max()
            if not (size == 0 if size.exact else size <= most).all_yes():
                shown = size.mid if size.exact else float(size.upper)
                raise CertificateRejected(
                    f"player {i} may gain by a deviation: its gap has an entry of up to {shown:.3g}; "
                    f"expected at most {most:.3g}"
                )

    def cost(self, x: Numbers) -> Interval:
        """Cost of each player from a state `x[n]` at step 0, `[i]`.

        Raises: InvalidModel if x has another shape, or an entry that is no finite number.
        """
        x = numbers("x", x, self.game.exact, "n")
        if x.shape != self.game.A.shape[:1]:
            raise InvalidModel(f"x has shape {x.shape}; expected {self.game.A.shape[:1]}, one entry a state")
        x = Interval(x) if self.game.exact else Interval(x, None, "float")
        return ((self.P[:, 0] * x[:, None]).sum(axis=1) * x).sum(axis=1)

    def __repr__(self):
        return f"FeedbackEquilibrium({self.game!r})"

    def _tables(self):
        return (tabulate("K", self.K.lower, "tjn", entry=self.K._cell),)


def find_feedback_equilibrium(game: LinearQuadraticGame) -> FeedbackEquilibrium:
    """The feedback Nash equilibrium of a linear-quadratic game, by backward recursion of coupled Riccati equations.

    With P_i the cost matrices of the next step and M_i = R_i + B'P_i B, player i's cost of a stage is quadratic in u,
    with Hessian 2 M_i. The controls are at equilibrium where the rows of M_i u + B'P_i A x that belong to player i
    vanish, for all i: one linear system for u = K x. If every player's own block of M_i is positive definite, each
    plays its only best response, so that by induction this is an equilibrium from every state and step, and the only
    one in feedback strategies if the system is nonsingular; both are demanded. In a zero-sum game it is the saddle
    point. Exact on rationals, whose length may double with every step; on floats the gap bounds what is left to gain.

    Args: game: a LinearQuadraticGame.
    Raises: NotSolved naming the step, and the player whose stage cost is not strictly convex in its own controls (of a
        zero-sum game: the saddle condition), or that the stage has no equilibrium, or no unique one; on floats also
        where it cannot be proved, or a number overflows.
    Source: adapted from Başar and Olsder, 1999.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Finite
    >>> price = objects([[1, 0], [0, -2]])
    >>> game = LinearQuadraticGame.zero_sum(
    ...     objects([[1]]), objects([[1, 1]]), objects([[1]]), price, objects([[1]]), controls=(1, 1), horizon=Finite(1)
    ... )
    >>> answer = find_feedback_equilibrium(game)
    >>> answer.verify()
    >>> answer.cost([1])[0], answer.K.lower[0, :, 0]
    (Interval(5/3, exact), array([-2/3, 1/3], dtype=object))
    """
    with _arithmetic(game) as field:
        A, B, R, P = field.A, field.B, field.R, field.final
        owner, rows = np.repeat(np.arange(game.players), game.controls), np.arange(sum(game.controls))
        gains, costs = [], [P]
        for t in reversed(range(game.horizon.H)):
            M = np.stack([R[i] + B.T @ P[i] @ B for i in range(game.players)])
            N = np.stack([B.T @ P[i] @ A for i in range(game.players)])
            for i in range(game.players):
                _expect_convex(game, M[i][np.ix_(game.own(i), game.own(i))], i, t)
            gains.append(-field.round(field.solve(M[owner, rows], N[owner, rows], t), t))
            K = field.lift(gains[-1])
            P = np.stack([field.pay(i, P[i], K) for i in range(game.players)])
            costs.append(P)
        return FeedbackEquilibrium(game, field.keep(gains[::-1]), field.interval(np.stack(costs[::-1], axis=1)))


def evaluate_feedback(game: LinearQuadraticGame, K: Quantity) -> Interval:
    """Cost matrices `[i,t,m,n]` of linear feedback u_t = K_t x_t: from step t and state x player i pays x'P_i[t]x.

    Args: game: a LinearQuadraticGame. K: `[t,j,n]`; floats are taken as the rationals that they represent.
    Raises: InvalidModel if K has another shape, or an entry that is no finite number; NotSolved if a cost overflows.
    """
    with _arithmetic(game) as field:
        return field.interval(_evaluate(field, field.feedback(K)))


def respond_to_feedback(game: LinearQuadraticGame, K: Quantity, player: int) -> tuple[Interval, Interval]:
    """The best response of one player to the others' linear feedback, among all strategies, by its Riccati equation.

    Args: game: a LinearQuadraticGame. K: `[t,j,n]`, of which the player's own rows are ignored. player: its index.
    Returns: the feedback of its own controls `[t,j,n]`, on floats the numbers that were computed; and the cost matrices
        `[t,m,n]`, t = 0..H, of the exact best response.
    Raises: InvalidModel for another shape or player, or an entry of K that is no finite number; NotSolved naming the
        step where its cost is not strictly convex, or a number that overflows.
    """
    if isinstance(player, bool) or not isinstance(player, int | np.integer) or player not in range(game.players):
        raise InvalidModel(f"player is {player!r}; expected an integer from 0 to {game.players - 1}")
    with _arithmetic(game) as field:
        gains, costs = _respond(field, field.feedback(K), player)
        return field.keep(gains), field.interval(costs)


def _evaluate(field, K):
    """The cost matrices `[i,t,m,n]`."""
    found = []
    for i in range(field.game.players):
        costs = [field.final[i]]
        for t in reversed(range(field.game.horizon.H)):
            costs.append(field.pay(i, costs[-1], K[t]))
        found.append(costs[::-1])
    return np.array(found)


def _respond(field, K, player):
    """The player's best feedback `[t,j,n]`, and its cost matrices `[t,m,n]`."""
    game, A, B, R = field.game, field.A, field.B, field.R[player]
    own = game.own(player)
    gains, costs = [], [field.final[player]]
    for t in reversed(range(game.horizon.H)):
        joint = K[t].copy()
        joint[own] = joint[own] * 0
        ahead = B[:, own].T @ costs[-1]
        M, N = R[np.ix_(own, own)] + ahead @ B[:, own], R[own] @ joint + ahead @ (A + B @ joint)
        _expect_convex(game, M, player, t)
        gains.append(-field.round(field.solve(M, N, t), t))
        joint[own] = field.lift(gains[-1])
        away = M @ joint[own] + N  # M times the distance from the best response, 0 on rationals
        costs.append(field.pay(player, costs[-1], joint) - away.T @ field.solve(M, away, t))
    return gains[::-1], costs[::-1]


def _expect_convex(game, M, player, t):
    """Raise NotSolved unless M is proved to be positive definite, by elimination: a stage cost in the own controls."""
    left = M
    while len(left) and left[0, 0] > 0:
        left = left[1:, 1:] - np.outer(left[1:, 0], left[0, 1:]) / left[0, 0]
    if not len(left):
        return
    how = "positive definite" if game.exact else "proved to be positive definite"
    opposed = game.players == 2 and (game.Q[0] == -game.Q[1]).all() and (game.R[0] == -game.R[1]).all()
    condition = "the saddle condition fails" if opposed else "its cost is not strictly convex in its own controls"
    raise NotSolved(f"step {t}, player {player}: {condition}: R + B'PB, own rows and columns, is not {how}")


class _Arithmetic:
    """The numbers of a game as rationals, or of a float game as balls around the rationals that they represent."""

    def __init__(self, game):
        self.game, self.exact = game, game.exact
        self.A, self.B, self.Q, self.R, self.final = map(self.lift, (game.A, game.B, game.Q, game.R, game.final))

    def lift(self, array):
        return array if self.exact else balls(Interval(array, None, "float"))

    def feedback(self, K):
        """Feedback `[t,j,n]`. Raises: InvalidModel if it has another shape, or an entry is no finite number."""
        known = K if isinstance(K, Interval) else field_array("K", K, "tjn")
        wanted = (self.game.horizon.H, sum(self.game.controls), len(self.game.A))
        if known.shape != wanted:
            raise InvalidModel(f"K has shape {known.shape}; expected {wanted}, K[t,j,n]")
        if isinstance(known, Interval):
            if not known.exact:
                for name, end in (("K.lower", known.lower), ("K.upper", known.upper)):
                    numbers(name, end, False, "tjn")
            return known.lower if self.exact and known.exact else balls(known)
        return self.lift(numbers("K", known, self.exact, "tjn"))

    def pay(self, i, P, K):
        """Q_i + K'R_i K + (A + BK)'P (A + BK): the cost matrix of player i one step before P."""
        along = self.A + self.B @ K
        return self.Q[i] + K.T @ self.R[i] @ K + along.T @ P @ along

    def solve(self, M, N, t):
        """The solution of M K = N. Raises: NotSolved if M is singular, or not proved to be invertible."""
        kind = fmpq_mat if self.exact else arb_mat
        try:
            found = kind(*M.shape, list(M.ravel())).solve(kind(*N.shape, list(N.ravel())))
        except ZeroDivisionError as error:
            how = "are singular" if self.exact else "are not proved to be nonsingular"
            raise NotSolved(f"step {t}: the stage has no equilibrium, or no unique one: its equations {how}") from error
        return np.array(found.entries(), dtype=object).reshape(N.shape)

    def round(self, K, t):
        """Rationals as they are; of balls the nearest floats. Raises: NotSolved if one overflows."""
        if self.exact:
            return K
        nearest = np.vectorize(lambda x: float(x.mid()), otypes=[float])(K)
        if not np.isfinite(nearest).all():
            raise NotSolved(f"step {t}: the feedback K overflows float64; a rational game has no limit")
        return nearest

    def keep(self, K):
        """Feedback as computed, without rounding errors."""
        return Interval(np.array(K)) if self.exact else Interval(np.array(K), None, "float")

    def interval(self, found):
        """Cost matrices as an Interval. Raises: NotSolved if an entry overflows."""
        found = np.array(found, dtype=object)
        if self.exact:
            return Interval(found)
        lower, upper = np.array([ends(x) for x in found.ravel()]).T
        unknown = np.argwhere(~(np.isfinite(lower) & np.isfinite(upper)).reshape(found.shape))
        if len(unknown):
            where = at("P", map(int, unknown[0]))
            raise NotSolved(f"{where}, an entry of the cost matrices, overflows float64; a rational game has no limit")
        return Interval(lower.reshape(found.shape), upper.reshape(found.shape), "float")


@contextmanager
def _arithmetic(game):
    with ctx.workprec(BITS * (game.horizon.H + 4)):
        yield _Arithmetic(game)
