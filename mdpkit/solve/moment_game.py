"""The minimiser of a moment game."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import like
from ..base.interval import Interval
from ..base.tolerance import UNIT, gamma
from ..exact.linear import Singular, enclosed_solution, product, solve_linear
from ..model.moments import MomentProblem
from ._expects import expects
from .bounds import down, up
from .solution import Solution, Status, judged


@dataclass(frozen=True, eq=False)
class MomentGame:
    """min over h of max over f of 2 E[f psi] - E[f^2], psi = b - A h.

    Against every function of the instrument the best f is psi itself, the payoff sum_z weights[z] psi[z]^2, and h weighted
    least squares. Against the combinations of test functions `test[z,m]` the best f is the projection of psi, and h
    two-stage least squares; with A = (I - gamma P) test it is LSTD.

    Rational problems are answered exactly; on floats the bounds cover the rounding of the input (relative 2^-53 an entry)
    and of the computation. Where several h reach the minimum, or the test functions are dependent, the status is
    INFEASIBLE; where floats cannot tell, FLOOR_REACHED. `h[k]` holds the minimiser and `value` the minimum; `tol` is the
    width of h.
    Source: adapted from Dikkala, Lewis, Mackey and Syrgkanis, 2020; bounds: Krawczyk, 1969.

    >>> from mdpkit.base.arrays import objects
    >>> MomentGame().run(MomentProblem(objects([[1], [1]]), objects([0, 1]), objects(["1/3", "2/3"]))).h[0]
    Interval(2/3, exact)
    """

    test: np.ndarray | None = None

    def run(self, problem, tol=0, before=None) -> Solution:
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
        return Solution(problem, self, Status.SOLVED, None, Interval((problem.weights * psi * psi).sum()), 1, h=Interval(h))

    def _floats(self, problem, tol):
        A, b, weights, K = problem.A, problem.b, problem.weights, problem.A.shape[1]
        root = np.sqrt(weights)
        h, _, rank, _ = np.linalg.lstsq(root[:, None] * A, root * b)
        if rank < K:
            return Solution(problem, self, Status.INFEASIBLE, None, None, 0)
        error = around_minimiser(A, b, weights, h)
        if not np.isfinite(error).all():
            return Solution(problem, self, Status.FLOOR_REACHED, None, None, 1)
        h = Interval(down(h - error), up(h + error), "float")
        value = _minimum(problem, h)
        return Solution(problem, self, judged(h, tol, Status.FLOOR_REACHED, h.mid), None, value, 1, h=h)

    def _against(self, problem, tol):
        """Against combinations of test functions: with T their array, G = T'WT, C = T'WA and d = T'Wb, h minimises
        (d - C h)' G^-1 (d - C h)."""
        parts = problem.A, problem.b, problem.weights, like(self.test, problem.A)
        A, b, weights, T = (Interval(part) if problem.exact else _about(part) for part in parts)
        weighted = (T * weights[:, None]).T
        G, C, d = product(weighted, T), product(weighted, A), product(weighted, b)
        try:
            best = enclosed_solution(G, C)
            h = enclosed_solution(product(best.T, C), product(best.T, d))
            rest = d - product(C, h)
            value = (rest * enclosed_solution(G, rest)).sum() / weights.sum()
        except Singular:
            return Solution(problem, self, Status.INFEASIBLE, None, None, 0)
        status = judged(h, tol, Status.FLOOR_REACHED, h.mid) if np.isfinite(h.width) else Status.FLOOR_REACHED
        return Solution(problem, self, status, None, value, 1, h=h)


def around_minimiser(A, b, weights, h):
    """error[k] with |h - h*| <= error for the minimiser h* of every problem within the input error; inf if none is found.

    With the normal matrix G = A'WA, its computed approximate inverse R and g = A'W(b - A h): if |I - R G| <= q < 1 in
    the maximum norm, h* - h = (R G)^-1 R g differs from R g by at most q / (1 - q) max|R g|.
    """
    Z, K = A.shape
    rate, size, weighted = gamma(Z + K + 16), np.abs(A), A.T * weights
    G = weighted @ A
    try:
        R = np.linalg.inv(G)
    except np.linalg.LinAlgError:
        return np.full(K, np.inf)
    absolute = np.abs(weighted)
    off = np.abs(np.eye(K) - R @ G) + rate * (np.eye(K) + np.abs(R) @ (absolute @ size + np.abs(G)))
    q = float(off.sum(axis=1).max()) * (1 + rate)
    if not q < 1:
        return np.full(K, np.inf)
    g = np.abs(weighted @ (b - A @ h)) + rate * (absolute @ (np.abs(b) + size @ np.abs(h)))
    shift = np.abs(R) @ g * (1 + rate)
    return (shift + q / (1 - q) * shift.max()) * (1 + 16 * UNIT)


def _minimum(problem, h):
    """sum_z weights psi^2 over the bounds of h; the weights meant sum to 1."""
    A, b, weights = (_about(part) for part in (problem.A, problem.b, problem.weights))
    psi = b - (A * h).sum(axis=1)
    return (weights * psi**2).sum() / weights.sum()


def _about(array) -> Interval:
    """The numbers of which `array` holds the nearest floats."""
    slack = 2 * UNIT * np.abs(array)
    return Interval(array - slack, array + slack, "float")
