"""Feedback equilibria of linear-quadratic games, by coupled Riccati equations."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..base.errors import CertificateRejected, InvalidModel, NotSolved
from ..base.interval import Interval, Quantity, stack
from ..base.lifting import enclose
from ..base.shown import Shown, tabulate
from ..base.types import Numbers
from ..exact.linear import Singular, definite, enclosed_solution, product
from ..model.linear_quadratic_game import LinearQuadraticGame


@dataclass(frozen=True, eq=False, repr=False)
class FeedbackEquilibrium(Shown):
    """A feedback Nash equilibrium of a linear-quadratic game: u_t = K_t x_t, from which no player gains by deviating.

    Args:
        game: the LinearQuadraticGame.
        K: the feedback of all controls, `[t,j,n]`; exact on rationals, and on floats the numbers that were computed.
        P: cost matrices of K, `[i,t,m,n]`, t = 0..H: from step t and state x player i pays x'P_i[t]x.

    Costs are exact on rationals, else bounds. On floats `gap` bounds what remains to be gained by a deviation from K.
    """

    game: LinearQuadraticGame
    K: Interval
    P: Interval

    @cached_property
    def gap(self) -> Interval:
        """Best-response gaps `[i,m,n]`: from x player i can save at most x' gap_i x, by its own Riccati equation.

        Positive semidefinite for every feedback, and 0 at an equilibrium.
        """
        best = stack([respond_to_feedback(self.game, self.K, i)[1][0] for i in range(self.game.players)])
        return self.P[:, 0] - best

    def verify(self, tol: float = 1e-9) -> None:
        """Check that no player gains by a deviation: the gap is 0, or on floats at most `tol` of the largest cost.

        Raises: CertificateRejected naming the player that gains.
        """
        for i, each in enumerate(self.gap):
            size = abs(each).max()
            if not (size == 0 if size.exact else size <= tol * abs(self.P.mid).max()).all_yes():
                raise CertificateRejected(f"player {i} may gain by a deviation: its gap has an entry of {size.mid:.3g}")

    def cost(self, x: Numbers) -> Interval:
        """Cost of each player from a state `x[n]` at step 0, `[i]`.

        Raises: InvalidModel if x has another shape.
        """
        x = _lift(self.game, x)
        if x.shape != self.game.A.shape[:1]:
            raise InvalidModel(f"x has shape {x.shape}; expected {self.game.A.shape[:1]}, one entry a state")
        return stack([(product(each, x) * x).sum() for each in self.P[:, 0]])

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
    point.

    Args: game: a LinearQuadraticGame.
    Raises: NotSolved naming the step, and the player whose stage cost is not strictly convex in its own controls (of a
        zero-sum game: the saddle condition), or that the stage has no equilibrium, or no unique one; on floats also
        where it cannot be proved.
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
    A, B, Q, R, P = _matrices(game)
    gains, costs = [], [P]
    owner, rows = np.repeat(np.arange(game.players), game.controls), np.arange(sum(game.controls))
    for t in reversed(range(game.horizon.H)):
        ahead = [product(B.T, each) for each in P]
        M = stack([R[i] + product(ahead[i], B) for i in range(game.players)])
        N = stack([product(each, A) for each in ahead])
        for i in range(game.players):
            _expect_convex(game, M[i][game.own(i)][:, game.own(i)], i, t)
        K = -_round(_solve_stage(M[owner, rows], N[owner, rows], t))
        P = _pay(A, B, Q, R, P, K)
        gains.append(K)
        costs.append(P)
    P = stack([stack([step[i] for step in costs[::-1]]) for i in range(game.players)])
    return FeedbackEquilibrium(game, stack(gains[::-1]), P)


def evaluate_feedback(game: LinearQuadraticGame, K: Quantity) -> Interval:
    """Cost matrices `[i,t,m,n]` of linear feedback u_t = K_t x_t: from step t and state x player i pays x'P_i[t]x.

    Args: game: a LinearQuadraticGame. K: `[t,j,n]`.
    Raises: InvalidModel if K has another shape.
    """
    A, B, Q, R, P = _matrices(game)
    K, costs = _expect_feedback(game, K), [P]
    for t in reversed(range(game.horizon.H)):
        costs.append(_pay(A, B, Q, R, costs[-1], K[t]))
    return stack([stack([step[i] for step in costs[::-1]]) for i in range(game.players)])


def respond_to_feedback(game: LinearQuadraticGame, K: Quantity, player: int) -> tuple[Interval, Interval]:
    """The best response of one player to the others' linear feedback, among all strategies, by its Riccati equation.

    Args: game: a LinearQuadraticGame. K: `[t,j,n]`, of which the player's own rows are ignored. player: its index.
    Returns: the feedback of its own controls `[t,j,n]`, on floats the numbers that were computed; and the cost matrices
        `[t,m,n]`, t = 0..H, of the exact best response.
    Raises: InvalidModel for another shape or player; NotSolved naming the step where its cost is not strictly convex.
    """
    A, B, Q, R, P = _matrices(game)
    K = _expect_feedback(game, K)
    if player not in range(game.players):
        raise InvalidModel(f"player is {player!r}; expected an integer from 0 to {game.players - 1}")
    own = game.own(player)
    others = np.setdiff1d(np.arange(sum(game.controls)), own)
    Q, R, P, mine = Q[player], R[player], P[player], B[:, own]
    gains, costs = [], [P]
    for t in reversed(range(game.horizon.H)):
        ahead = product(mine.T, P)
        M, N = R[own][:, own] + product(ahead, mine), product(ahead, A)
        if len(others):
            N = N + product(R[own][:, others] + product(ahead, B[:, others]), K[t][others])
        _expect_convex(game, M, player, t)
        gain = -_round(_solve_stage(M, N, t))
        away = product(M, gain) + N  # 0 on rationals: M times the distance from the best response
        joint = stack([gain[list(own).index(j)] if j in own else K[t][j] for j in range(sum(game.controls))])
        P = _pay_one(A, B, Q, R, P, joint) - product(away.T, _solve_stage(M, away, t))
        gains.append(gain)
        costs.append(P)
    return stack(gains[::-1]), stack(costs[::-1])


def _matrices(game):
    """A, B, Q, R and the final costs, lifted to Intervals."""
    return tuple(enclose(each) for each in (game.A, game.B, game.Q, game.R, game.final))


def _lift(game, array):
    return array if isinstance(array, Interval) else enclose(game.like(array))


def _expect_feedback(game, K):
    K, wanted = _lift(game, K), (game.horizon.H, sum(game.controls), len(game.A))
    if K.shape != wanted:
        raise InvalidModel(f"K has shape {K.shape}; expected {wanted}, K[t,j,n]")
    return K


def _expect_convex(game, M, player, t):
    """Raise NotSolved unless a player's stage cost is proved to be strictly convex in its own controls."""
    if definite(M):
        return
    how = "positive definite" if game.exact else "proved to be positive definite in float64"
    opposed = game.players == 2 and (game.Q[0] == -game.Q[1]).all() and (game.R[0] == -game.R[1]).all()
    condition = "the saddle condition fails" if opposed else "its cost is not strictly convex in its own controls"
    raise NotSolved(f"step {t}, player {player}: {condition}: R + B'PB, own rows and columns, is not {how}")


def _solve_stage(M, N, t):
    try:
        found = enclosed_solution(M, N)
    except Singular as error:
        raise NotSolved(
            f"step {t}: the stage has no equilibrium, or no unique one: its equations are singular"
        ) from error
    if not np.isfinite(found.width):
        raise NotSolved(f"step {t}: the equations of the stage are not proved to be invertible in float64")
    return found


def _round(K):
    """Rationals as they are; on floats the midpoints, taken as the feedback itself."""
    return K if K.exact else Interval(K.mid, None, "float")


def _pay(A, B, Q, R, P, K):
    """Q_i + K'R_i K + (A + BK)'P_i (A + BK), `[i,m,n]`."""
    return stack([_pay_one(A, B, Q[i], R[i], P[i], K) for i in range(len(Q))])


def _pay_one(A, B, Q, R, P, K):
    along = A + product(B, K)
    return Q + product(product(K.T, R), K) + product(product(along.T, P), along)
