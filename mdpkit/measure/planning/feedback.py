"""Linear feedback in linear-quadratic problems: cost, covariance, gradient, and a step of policy iteration."""

import numpy as np

from ...base.arrays import exactly, like
from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity, interval
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...exact.linear import Singular, enclosed_solution, product, semidefinite
from ...model.linear_quadratic import LinearQuadratic
from .._known import enclose, number

TRIALS = 24
"""Number of shifts, each four times the one before, that are tried to certify an eigenvalue found in floats."""


@replaceable
def feedback_value(problem: LinearQuadratic, feedback: Quantity) -> Interval:
    """The matrix P_K, `[i,n]`, such that the control u = Kx costs x'P_K x from x: P = Q + K'RK + gamma (A+BK)'P(A+BK).

    Exact on rationals, enclosed on floats.
    Args: feedback: K, `[j,i]`, an Interval or numbers.
    Raises: InvalidModel for another shape, or if sqrt(gamma) (A + BK) is not proved to be stable.
    Source: adapted from Fazel, Ge, Kakade and Mesbahi, 2018.

    >>> tank = LinearQuadratic.from_value([[1]], [[1]], [[2]], [[0]], "9/10")
    >>> feedback_value(tank, [["-1/2"]])[0, 0]
    Interval(80/31, exact)
    """
    K, closed = _close(problem, feedback)
    Q, R = enclose(problem.Q), enclose(problem.R)
    return _solve_lyapunov(problem, closed.T, Q + product(K.T, product(R, K)))


@replaceable
def feedback_covariance(problem: LinearQuadratic, feedback: Quantity, start: Quantity) -> Interval:
    """The discounted second moments of the state under u = Kx, S = sum_t gamma^t E x_t x_t', `[i,n]`.

    Args: feedback: K, `[j,i]`. start: E x_0 x_0', `[i,n]`.
    Raises: InvalidModel as for `feedback_value`.

    >>> tank = LinearQuadratic.from_value([[1]], [[1]], [[2]], [[0]], "9/10")
    >>> feedback_covariance(tank, [["-1/2"]], [[1]])[0, 0]
    Interval(40/31, exact)
    """
    _, closed = _close(problem, feedback)
    return _solve_lyapunov(problem, closed, _convert(problem, start, "start", problem.A.shape))


@replaceable
def feedback_cost(problem: LinearQuadratic, feedback: Quantity, start: Quantity) -> Interval:
    """The expected discounted cost of u = Kx, tr(P_K E x_0 x_0'), a scalar.

    Args: feedback: K, `[j,i]`. start: E x_0 x_0', `[i,n]`.
    """
    return (feedback_value(problem, feedback) * _convert(problem, start, "start", problem.A.shape)).sum()


@replaceable
def feedback_gradient(problem: LinearQuadratic, feedback: Quantity, start: Quantity) -> Interval:
    """The gradient of the cost in the feedback, 2 ((R + gamma B'P_K B) K + gamma B'P_K A) S_K, `[j,i]`.

    Args: feedback: K, `[j,i]`. start: E x_0 x_0', `[i,n]`.
    Source: adapted from Fazel, Ge, Kakade and Mesbahi, 2018.

    >>> tank = LinearQuadratic.from_value([[1]], [[1]], [[2]], [[0]], "9/10")
    >>> feedback_gradient(tank, [[-1]], [[1]])[0, 0]
    Interval(0, exact)
    """
    K, _ = _close(problem, feedback)
    price, across = _advantage(problem, feedback_value(problem, feedback))
    return product(product(price, K) + across, feedback_covariance(problem, feedback, start)) * 2


@replaceable
def improved_feedback(problem: LinearQuadratic, values: Quantity) -> Interval:
    """The greedy feedback -(R + gamma B'PB)^-1 gamma B'PA, `[j,i]`, for later costs x'Px: a step of policy iteration.

    Args: values: P, `[i,n]`: those of a feedback, or `problem.P`, for which it is the optimal feedback.
    Raises: Singular if R + gamma B'PB is singular.
    Source: adapted from Fazel, Ge, Kakade and Mesbahi, 2018.

    >>> tank = LinearQuadratic.from_value([[1]], [[1]], [[2]], [[0]], "9/10")
    >>> improved_feedback(tank, tank.P)[0, 0]
    Interval(-1, exact)
    """
    return -enclosed_solution(*_advantage(problem, _convert(problem, values, "values", problem.A.shape)))


@replaceable
def largest_eigenvalue(matrix: Quantity) -> Interval:
    """The largest eigenvalue of a symmetric matrix `[i,n]`: exact if it is rational and diagonal, else enclosed.

    The upper end t is certified by t I - matrix being positive semidefinite, the lower end is a Rayleigh quotient.

    >>> largest_eigenvalue([[2, 0], [0, 3]])
    Interval(3, exact)
    """
    if proposing():
        return np.linalg.eigvalsh(np.asarray(matrix) if isinstance(matrix, list) else matrix).max()
    matrix = matrix if isinstance(matrix, Interval) else enclose(_array(matrix))
    n = len(matrix)
    if matrix.exact and not (matrix.lower * (1 - np.eye(n, dtype=int)) != 0).any():
        return Interval(matrix.lower.diagonal()).max()
    found, vectors = np.linalg.eigh(matrix.mid)
    v = interval(exactly(vectors[:, -1])) if matrix.exact else Interval(vectors[:, -1], None, "float")
    least = ((matrix * v[:, None] * v[None, :]).sum() / (v * v).sum()).enclose().lower
    shift = (abs(found).max() + matrix.width) * 2.0**-48
    for _ in range(TRIALS):
        most = np.asarray(max(found[-1], float(least)) + shift)
        most = interval(exactly(most)) if matrix.exact else Interval(most, None, "float")
        if semidefinite(np.eye(n, dtype=int) * most - matrix):
            return Interval(least, most.enclose().upper, "enclosed" if matrix.exact else "float")
        shift *= 4
    return Interval(least, np.inf, "enclosed" if matrix.exact else "float")


@replaceable
def is_stabilising(problem: LinearQuadratic, feedback: Quantity) -> bool:
    """Whether sqrt(gamma) (A + BK) is proved to be stable, so that u = Kx has finite cost; decided on rationals.

    It is if and only if the moments from the identity exist and are positive definite.
    Args: feedback: K, `[j,i]`.
    """
    K = _convert(problem, feedback, "feedback", problem.B.shape[::-1])
    closed = enclose(problem.A) + product(enclose(problem.B), K)
    identity = enclose(like(np.eye(len(problem.A), dtype=int), problem.A))
    try:
        moments = _solve_lyapunov(problem, closed, identity)
    except Singular:
        return False
    if proposing():
        return np.linalg.eigvalsh(moments).min() > 0
    if moments.exact:
        return semidefinite(moments - identity)
    return bool(np.isfinite(moments.width)) and semidefinite(moments)


def _close(problem, feedback):
    """K and A + BK; while proposing, whether the loop is stable is not checked."""
    K = _convert(problem, feedback, "feedback", problem.B.shape[::-1])
    if not proposing() and not is_stabilising(problem, K):
        raise InvalidModel(
            "sqrt(gamma) (A + BK) is not proved to be stable, so the cost of the feedback may be infinite"
        )
    return K, enclose(problem.A) + product(enclose(problem.B), K)


def _advantage(problem, P):
    """R + gamma B'PB and gamma B'PA."""
    A, B = enclose(problem.A), enclose(problem.B)
    ahead = product(B.T, P) * number(problem.gamma, P)
    return enclose(problem.R) + product(ahead, B), product(ahead, A)


def _solve_lyapunov(problem, F, M):
    """X with X = M + gamma F X F', by a linear system in the entries of X."""
    n = len(problem.A)
    twice = (F[:, None, :, None] * F[None, :, None, :]).reshape(n * n, n * n) * number(problem.gamma, F)
    return enclosed_solution(np.eye(n * n, dtype=int) - twice, M.reshape(n * n)).reshape(n, n)


def _convert(problem, given, name, shape):
    given = given if isinstance(given, Interval) or proposing() else enclose(like(given, problem.A))
    if given.shape != shape:
        raise InvalidModel(f"{name} has shape {given.shape}; expected {shape}")
    return given


def _array(matrix):
    found = np.asarray(matrix)
    return found if found.dtype.kind == "f" else like(found, np.empty(0, dtype=object))
