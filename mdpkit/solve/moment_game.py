"""Minimisers of moment games."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import exactly, like
from ..base.interval import Interval
from ..base.mode import proposing
from ..base.tolerance import UNDERFLOW, UNIT, gamma
from ..base.types import Numbers
from ..exact.linear import Singular, enclosed_solution, full_rank, matrix, product, solve_linear
from ..model.moments import MomentProblem
from ._expects import expects
from .bounds import down, up
from .solution import Solution, Status, judge

RANKED = 200
"""Largest number of columns for which a float A's rank is decided exactly if bounds fail; beyond, FLOOR_REACHED."""


@dataclass(frozen=True, eq=False)
class MomentGame:
    """min over h of max over f of 2 E[f psi] - E[f^2], psi = b - A h.

    If f ranges over all functions of the instrument, the best f is psi itself, the payoff sum_z weights[z] psi[z]^2,
    and h weighted least squares. If f ranges over combinations of test functions `test[z,m]`, the best f is the
    projection of psi, and h two-stage least squares; with A = (I - gamma P) test it is LSTD.
    `AGMM` adds norm penalties, `moment_play` solves the game by no-regret play.

    Rational problems are solved exactly; on floats the bounds cover the rounding of the input (relative 2^-53 per
    entry) and of the computation. If the minimiser is not unique, or the test functions are dependent, the status is
    INFEASIBLE: on floats, if this is proved of the rationals that they represent. If floats cannot decide, it is
    FLOOR_REACHED: the minimum is bounded, h is not, and problem.to_exact() has the answer. `h[k]` holds the minimiser
    and `value` the minimum; `tol` is the width of h.
    Source: adapted from Dikkala, Lewis, Mackey and Syrgkanis, 2020; bounds: see `around_minimiser`.

    >>> from mdpkit.base.arrays import objects
    >>> MomentGame().run(MomentProblem(objects([[1], [1]]), objects([0, 1]), objects(["1/3", "2/3"]))).h[0]
    Interval(2/3, exact)
    """

    test: Numbers | None = None

    def run(self, problem: MomentProblem, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer; `before` is not used."""
        expects(self, problem, MomentProblem)
        if self.test is not None:
            return self._against(problem, tol)
        return self._rationals(problem) if problem.exact else self._floats(problem, tol)

    def _rationals(self, problem):
        A, weighted = problem.A, problem.A.T * problem.weights
        try:
            h = solve_linear(weighted @ A, weighted @ problem.b)
        except Singular:
            return Solution(problem, self, Status.INFEASIBLE, None, None, 0)
        psi = problem.b - A @ h
        return Solution(
            problem, self, Status.SOLVED, None, Interval((problem.weights * psi * psi).sum()), 1, h=Interval(h)
        )

    def _floats(self, problem, tol):
        A, b, weights, K = problem.A, problem.b, problem.weights, problem.A.shape[1]
        root = np.sqrt(weights)
        if proposing():
            Q, R = np.linalg.qr(root[:, None] * A)
            return Solution(problem, self, Status.SOLVED, None, None, 1, h=np.linalg.solve(R, Q.T @ (root * b)))
        start = np.linalg.lstsq(root[:, None] * A, root * b)[0]
        with np.errstate(over="ignore", invalid="ignore"):
            h, error = around_minimiser(A, b, weights, start)
        if not (np.isfinite(h) & np.isfinite(error)).all():
            if K <= RANKED and not full_rank(A[weights > 0]):
                return Solution(problem, self, Status.INFEASIBLE, None, None, 0)
            value = Interval(0.0, _payoff(problem, Interval(start, None, "float")).upper, "float")
            return Solution(problem, self, Status.FLOOR_REACHED, None, value, 1)
        value = _minimum(problem, h, error)
        h = Interval(down(h - error), up(h + error), "float")
        return Solution(problem, self, judge(h, tol, Status.FLOOR_REACHED, h.mid), None, value, 1, h=h)

    def _against(self, problem, tol):
        return against(problem, self, tol, like(self.test, problem.A))

    def shortfall(self, problem: MomentProblem) -> str:
        """What the moments lack, for the message of an INFEASIBLE answer."""
        return shortfall(problem, None if self.test is None else like(self.test, problem.A))


def shortfall(problem, T, coefficients=None) -> str:
    """How many coefficients the moments determine, and whether the test functions are dependent; decided exactly.

    Args: T: test functions `[z,m]`, None for all functions of z. coefficients: h as a linear function of
            fewer coefficients, `[k,m]`; the identity if None.
    """
    A, weights = exactly(problem.A), exactly(problem.weights)
    A = A if coefficients is None else A @ exactly(coefficients)
    seen = weights > 0
    if T is None:
        rank, tests = matrix(A[seen]).rank(), ""
    else:
        T = exactly(T)
        rank, few = matrix((T.T * weights) @ A).rank(), matrix(T[seen]).rank()
        tests = f", and {few} of {T.shape[1]} test functions are independent" if few < T.shape[1] else ""
    return f"; the moments determine {rank} of {A.shape[1]} coefficients{tests}"


def against(problem, method, tol, T, penalty=None, ridge=None) -> Solution:
    """The game for test functions f = T c with norm penalties: 2 E[f psi] - E f^2 - c' `penalty` c + h' `ridge` h.

    With G = T'WT + penalty, C = T'WA and d = T'Wb, the best c is G^-1 (d - C h), and h minimises
    (d - C h)' G^-1 (d - C h) + h' ridge h.
    """
    parts = problem.A, problem.b, problem.weights, T
    A, b, weights, T = (Interval(part) if problem.exact else _about(part) for part in parts)
    weighted = (T * weights[:, None]).T
    G, C, d = product(weighted, T), product(weighted, A), product(weighted, b)
    if penalty is not None:
        G = G + penalty
    try:
        best = enclosed_solution(G, C)
        normal = product(best.T, C)
        h = enclosed_solution(normal if ridge is None else normal + ridge, product(best.T, d))
        rest = d - product(C, h)
        value = (rest * enclosed_solution(G, rest)).sum() / weights.sum()
    except Singular:
        return Solution(problem, method, Status.INFEASIBLE, None, None, 0)
    if ridge is not None:
        value = value + (h * product(ridge, h)).sum()
    if not np.isfinite(h.width) and _lacks_rank(problem, T, penalty, ridge):
        return Solution(problem, method, Status.INFEASIBLE, None, None, 0)
    status = judge(h, tol, Status.FLOOR_REACHED, h.mid) if np.isfinite(h.width) else Status.FLOOR_REACHED
    return Solution(problem, method, status, None, value, 1, h=h)


def _lacks_rank(problem, T, penalty, ridge) -> bool:
    """Whether floats, as the rationals that they represent, have dependent test functions or leave h undetermined."""
    if max(*problem.A.shape, T.shape[1]) > RANKED:
        return False
    A, tests, weights = (exactly(array) for array in (problem.A, T.mid, problem.weights))
    weighted = (tests * weights[:, None]).T
    return (penalty is None and not full_rank(tests[weights > 0])) or (ridge is None and not full_rank(weighted @ A))


def around_minimiser(A, b, weights, h):
    """Refine h by one step, and bound its error for every problem within the input error.

    Returns: h, and error[k] with |h - h*| <= error for the minimiser h*; infinite if no bound is found.

    Write B = W^(1/2) A, c = W^(1/2) b, and let B be factorised as Q R up to rounding, S near the inverse of R, E = Q -
    B S, G = I - S Q'B and rho = c - B h. The part nu of rho that is orthogonal to the columns of B has Q'nu = E'nu, and
    B (h* - h) = rho - nu. Hence e = h* - h satisfies e = S Q'rho - S E'nu + G e, whatever Q and S are, so that with |G|
    <= q < 1 in the maximum norm

        |e| <= v + |G| 1 max(v) / (1 - q),    v = |S Q'rho| + |S| n,    n[k] = |E[:,k]| |rho| (Euclidean norms).

    No normal equations are formed: v grows with the condition number of B, and with its square only by way of the
    residual, as the minimiser itself does. Rounding: an entry of B and of c meets at most 4 errors (input, weight,
    root, product).
    Source: least squares by factorisation: Golub, 1965; sensitivity: Wedin, 1973; bounds in the manner of Krawczyk,
        1969.
    """
    from scipy.linalg import solve_triangular

    Z, K = A.shape
    unknown = h, np.full(K, np.inf)
    short, long = gamma(K + 16), gamma(Z + K + 16)
    root = np.sqrt(weights)
    B, c = root[:, None] * A, root * b
    Q, R = np.linalg.qr(B)
    if len(R) < K or not np.diag(R).all():
        return unknown
    S = solve_triangular(R, np.eye(K))
    if not np.isfinite(S).all():
        return unknown
    h = h + S @ (Q.T @ (c - B @ h))
    tiny = UNDERFLOW * (1 + np.abs(S).max()) * (1 + np.abs(h).max())
    sizes = np.abs(B), np.abs(S), np.abs(Q)
    X = np.abs(S @ Q.T) + short * (sizes[1] @ sizes[2].T)  # bounds |S Q'|
    E = np.abs(Q - B @ S) + short * (sizes[2] + sizes[0] @ sizes[1]) + tiny
    G = np.abs(np.eye(K) - S @ (Q.T @ B)) + long * (np.eye(K) + sizes[1] @ (sizes[2].T @ sizes[0])) + tiny
    q = G.sum(axis=1) * (1 + long)
    if not q.max() < 1:
        return unknown
    rho, off = c - B @ h, short * (np.abs(c) + sizes[0] @ np.abs(h)) + tiny
    norms = np.sqrt((E**2).sum(axis=0)) * np.sqrt(((np.abs(rho) + off) ** 2).sum())
    seen = np.abs(S @ (Q.T @ rho)) + long * (sizes[1] @ (sizes[2].T @ np.abs(rho))) + X @ off + tiny
    v = (seen + sizes[1] @ norms) * (1 + 4 * long)
    return h, (v + q * v.max() / (1 - q.max()) * (1 + 8 * UNIT)) * (1 + 16 * UNIT)


def _payoff(problem, h):
    """F(h) = sum_z weights psi^2 for an Interval h; the weights meant sum to 1."""
    A, b, weights = (_about(part) for part in (problem.A, problem.b, problem.weights))
    return (weights * (b - (A * h).sum(axis=1)) ** 2).sum() / weights.sum()


def _minimum(problem, h, error):
    """The minimum, F(h) - |B (h* - h)|^2 for the payoff F."""
    A, weights = _about(problem.A), _about(problem.weights)
    moved, payoff = Interval(0 * error, error, "float"), _payoff(problem, Interval(h, None, "float"))
    less = (weights * (abs(A) * moved).sum(axis=1) ** 2).sum() / weights.sum()
    return Interval(np.maximum((payoff - less.upper).lower, 0), payoff.upper, "float")


def _about(array) -> Interval:
    """Enclosure of the numbers whose nearest floats are in `array`."""
    slack = 2 * UNIT * np.abs(array)
    return Interval(array - slack, array + slack, "float")
