"""What the methods for zero-sum Markov games share: stage games, bounds, and exact answers."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..base.arrays import objects, zeros
from ..base.interval import Interval, stack
from ..exact.linear import solve_linear
from ..exact.saddle_certificate import SaddleCertificate
from ..model.game import JointPolicy, MarkovGame, aliases, fill_missing_actions
from ..model.horizon import Finite
from ..model.mdp import MDP, stepwise
from ..model.policy import TabularPolicy
from .bounds import around, down, up
from .matrix_games import matrix_games
from .solution import Solution, Status, judge
from .sweep import sweeps

SPARSE = 16
"""A dense law is stored as sparse rows if at most one entry in 16 is positive."""

DENOMINATOR = 1000
"""Largest denominator of the strategies among which a rational discounted game is solved exactly."""


def is_zero_sum(game) -> bool:
    """Whether this is a MarkovGame of two players whose rewards for available actions sum to exactly 0.

    >>> from mdpkit.instances import named
    >>> is_zero_sum(named("matching_pennies").game)
    False
    """
    if not isinstance(game, MarkovGame) or game.players != 2:
        return False
    return bool((game.r[..., 0, :, :] + game.r[..., 1, :, :] == 0)[..., game.available].all())


def expects_zero_sum(method, game, *horizons) -> None:
    """Raise TypeError unless this is a zero-sum MarkovGame with a horizon of a given kind."""
    if not is_zero_sum(game) or not isinstance(game.horizon, horizons):
        kinds = " or ".join(kind.__name__ for kind in horizons)
        raise TypeError(
            f"{type(method).__name__} solves a {kinds} MarkovGame of two players whose rewards sum to 0; got {game!r}"
        )


class Stages:
    """The stage games r + gamma P w of a zero-sum game in float64, for relative values w.

    Missing actions repeat available ones.
    """

    def __init__(self, game):
        game = fill_missing_actions(game.to_float() if game.exact else game)
        self.tables, self.finite = (game.S, *game.actions), isinstance(game.horizon, Finite)
        self.g = 1.0 if self.finite else game.horizon.gamma
        self.process = _compact(game.player(0))
        self.step = sweeps(self.process)

    def payoffs(self, w, t=0):
        """`payoff[s,a,b]` of player 0, and a bound on its rounding error."""
        now = self.step(t)
        return now.action_values(w).reshape(self.tables), now.rounding(w)

    def against(self, column) -> MDP:
        """The decision process of player 0 against a policy `column[s,b]`, its rows divided by their sums."""
        S, A, B = self.tables
        r = np.einsum("sab,sb->sa", self.process.r.reshape(S, A, B), column)
        r = np.clip(r, self.process.r.min(), self.process.r.max())  # which only rounding leaves
        if self.process.sparse:
            from scipy.sparse import csr_array

            first = np.arange(S * A + 1) * B
            weights = np.repeat(column[:, None], A, axis=1).ravel()
            mixed = csr_array((weights, np.arange(S * A * B), first), shape=(S * A, S * A * B)) @ self.process.P
            mixed.data /= np.repeat(np.asarray(mixed.sum(axis=1)).ravel(), np.diff(mixed.indptr))
        else:
            mixed = np.einsum("sabn,sb->san", self.process.P.reshape(S, A, B, S), column)
            mixed /= mixed.sum(axis=2, keepdims=True)
        return MDP(mixed, r, self.process.rho, horizon=self.process.horizon)


def _compact(process):
    """The same process with sparse rows, if its law is stationary and mostly zero."""
    P = process.P
    if process.sparse or P.ndim != 3 or process.r.ndim != 2 or np.count_nonzero(P) * SPARSE > P.size:
        return process
    from scipy.sparse import csr_array

    return MDP(csr_array(P.reshape(-1, process.S)), process.r, process.rho, horizon=process.horizon)


@dataclass(frozen=True, eq=False)
class Play:
    """Strategies of both players, `row[(t),s,a]` and `column[(t),s,b]`."""

    row: np.ndarray
    column: np.ndarray

    def within(self, game) -> "Play":
        """The same strategies, with the probabilities of missing actions given to those that they stand for."""
        alias = aliases(game)
        if alias is None:
            return self
        return Play(*(_move(table, own) for table, own in zip((self.row, self.column), alias[0], strict=True)))

    @property
    def joint(self) -> JointPolicy:
        """The two players draw their actions independently."""
        table = self.row[..., :, None] * self.column[..., None, :]
        return JointPolicy(table.reshape(*table.shape[:-2], -1))


def _move(table, own):
    moved, states = zeros(table.shape, table), np.arange(table.shape[-2])
    for a in range(table.shape[-1]):
        moved[..., states, own[:, a]] += table[..., a]
    return moved


def for_both(value):
    """Values `[i,...]` of both players from bounds on those of player 0."""
    return stack([value, -value])


def answer(method, problem, play, bounds, status, used) -> Solution:
    """A Solution with its certificate, from (w, below, above): w plus the shifts are bounds on the value."""
    w, below, above = bounds
    play, value, proof = play.within(problem), around(w, below, above), None
    if np.isfinite(value.width):
        row, column = TabularPolicy(play.row), TabularPolicy(play.column)
        proof = SaddleCertificate(problem, row, column, (w, np.asarray(below)), (w, np.asarray(above)))
    return Solution(problem, method, status, play.joint, for_both(value), used, proof)


def induct(method, problem, tol) -> Solution:
    """Backward induction over the stage games of a finite horizon."""
    H = problem.horizon.H
    (S, A), B = (problem.S, problem.actions[0]), problem.actions[1]
    if problem.exact:
        filled = fill_missing_actions(problem)
        P, r = stepwise(filled.P, 3), stepwise(filled.r, 3)
        V, row, column = (zeros((H + k, S, *more), r) for k, more in ((1, ()), (0, (A,)), (0, (B,))))
        for t in range(H - 1, -1, -1):
            found = matrix_games((r[t % len(r), 0] + P[t % len(P)] @ V[t + 1]).reshape(S, A, B))
            V[t], row[t], column[t] = found.lower, found.row, found.column
        return _exact(method, problem, Play(row, column), V, H)
    stages = Stages(problem)
    w, row, column = np.zeros((H + 1, S)), np.full((H, S, A), 1 / A), np.full((H, S, B), 1 / B)
    below, above = np.zeros((H + 1, 1)), np.zeros((H + 1, 1))
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(H - 1, -1, -1):
            payoff, error = stages.payoffs(w[t + 1], t)
            if not np.isfinite(payoff).all():
                w[: t + 1] = np.nan  # no bounds
                break
            found = matrix_games(payoff)
            row[t], column[t] = found.row, found.column
            mid = found.lower / 2 + found.upper / 2
            w[t] = mid - (mid.max() / 2 + mid.min() / 2)
            below[t] = down(down(below[t + 1] + down(found.lower - w[t]).min()) - error)
            above[t] = up(up(above[t + 1] + up(found.upper - w[t]).max()) + error)
        value = around(w, below, above)
        status = judge(value, tol, Status.FLOOR_REACHED, w + (above - below))
    return answer(method, problem, Play(row, column), (w, below, above), status, H)


def _exact(method, problem, play, V, used):
    play = play.within(problem)
    proof = SaddleCertificate(problem, TabularPolicy(play.row), TabularPolicy(play.column), (V,), (V,))
    return Solution(problem, method, Status.SOLVED, play.joint, for_both(Interval(V)), used, proof)


def exact_answer(solution) -> Solution:
    """The exact solution of a rational discounted game near one on floats, if simple strategies are optimal.

    The value of a rational game may be irrational. It is rational where both players have optimal strategies with
    rational probabilities: those nearest to the float ones with denominators up to DENOMINATOR are tried, and kept if
    the value of the pair solves every stage game exactly.
    """
    problem, proof = solution.problem, solution.certificate
    if not problem.exact or proof is None:
        return solution
    S, (A, B), g, filled = problem.S, problem.actions, problem.horizon.gamma, fill_missing_actions(problem)
    x, y = (_simple(policy.table) for policy in (proof.row, proof.column))
    if x is None or y is None:
        return solution
    pair = (x[:, :, None] * y[:, None, :]).reshape(S, A * B)
    law = (pair[:, :, None] * filled.P).sum(axis=1)
    V = solve_linear(objects(np.eye(S, dtype=int)) - law * g, (pair * filled.r[0]).sum(axis=1))
    Q = (filled.r[0] + filled.P @ V * g).reshape(S, A, B)
    kept, conceded = (x[:, :, None] * Q).sum(axis=1).min(axis=1), (Q * y[:, None, :]).sum(axis=2).max(axis=1)
    if (kept != V).any() or (conceded != V).any():
        return solution
    return _exact(solution.method, problem, Play(x, y), V, solution.iterations)


def _simple(table):
    """The nearest rationals with small denominators, or None if a row of them is no distribution."""
    near = np.array([Fraction(float(p)).limit_denominator(DENOMINATOR) for p in table.ravel()], dtype=object)
    laws = objects(near).reshape(table.shape)
    return laws if (laws.sum(axis=-1) == 1).all() else None
