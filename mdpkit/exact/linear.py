"""Linear systems: solved exactly on rationals, enclosed on floats."""

import numpy as np
from flint import fmpq_mat

from ..base.arrays import exactly, objects
from ..base.interval import Interval


class Singular(ArithmeticError):
    """A rational matrix is singular."""


def matrix(array) -> fmpq_mat:
    """A rational array `[row,column]` as a flint matrix."""
    rows, columns = array.shape
    return fmpq_mat(rows, columns, list(array.ravel()))


def solve_linear(A, b) -> np.ndarray:
    """The exact solution x of A x = b.

    Args: A: rationals `[m,m]`. b: rationals `[m]` or `[m,c]`.
    Raises: Singular if A is singular.

    >>> solve_linear(objects([[2, 1], [0, 1]]), objects([3, 1]))
    array([1, 1], dtype=object)
    """
    right = b if b.ndim == 2 else b[:, None]
    try:
        answer = matrix(A).solve(matrix(right), algorithm="dixon")
    except ZeroDivisionError as error:
        raise Singular(f"the {A.shape[0]} equations have no unique solution") from error
    return objects(answer.entries()).reshape(right.shape).reshape(b.shape)


def enclosed_solution(A, b):
    """Enclosure of the solution x of A x = b; the exact solution for rationals.

    With R an approximate inverse, c = R b, g = R (b - A c) and |I - R A| <= q < 1 in the maximum norm, the error
    x - c = (R A)^-1 g differs from g by at most q / (1 - q) max|g|. If no such q is found, the ends are infinite.

    Args: A: Interval `[m,m]`. b: Interval `[m]` or `[m,c]`. Plain arrays while proposing, with a plain result.
    Raises: Singular if a rational A is singular.
    Source: Krawczyk, 1969.

    >>> A, b = Interval([[2.0, 1.0], [0.0, 1.0]], how="float"), Interval([3.0, 1.0], how="float")
    >>> enclosed_solution(A, b).contains(objects([1, 1]))
    True
    """
    if not isinstance(A, Interval):
        return np.linalg.solve(A, b)
    if A.exact and b.exact:
        return Interval(solve_linear(A.lower, b.lower))
    right = b if b.ndim == 2 else b[:, None]
    centre = _inverse(A.mid) if np.isfinite(A.width + b.width) else None
    if centre is None:
        return Interval(np.full(b.shape, -np.inf), np.full(b.shape, np.inf), "float")
    R = Interval(centre, centre, "float")
    q = abs(np.eye(len(centre), dtype=int) - product(R, A)).sum(axis=1).max().upper
    start = Interval(centre @ right.mid, None, "float")
    shift = product(R, right - product(A, start))
    rest = abs(shift).max(axis=0).upper * (q / (1 - q) * (1 + 2.0**-40) if q < 1 else np.inf)
    answer = start + shift + Interval(-rest, rest, "float")
    return answer.reshape(*b.shape)


def product(A, B):
    """Matrix product A B of Intervals, or of plain arrays."""
    if not isinstance(A, Interval) and not isinstance(B, Interval):
        return A @ B
    return (A[:, :, None] * B[None, :, :]).sum(axis=1) if B.ndim == 2 else (A * B[None, :]).sum(axis=1)


def _inverse(A):
    try:
        inverse = np.linalg.inv(A)
    except np.linalg.LinAlgError:
        return None
    return inverse if np.isfinite(inverse).all() else None


def full_rank(array) -> bool:
    """Whether the columns of a matrix are linearly independent; exact, with floats as the rationals they represent.

    >>> full_rank(objects([[1, 2], [2, 4]])), full_rank(np.eye(2))
    (False, True)
    """
    return matrix(exactly(array)).rank() == array.shape[1]


def semidefinite(A) -> bool:
    """Whether a symmetric matrix is proved to be positive semidefinite, by square-root-free elimination (L D L').

    Rationals are decided. For an Interval of floats, True implies that every matrix in it is positive definite.

    >>> semidefinite(Interval([[1, 1], [1, 1]])), semidefinite(Interval([[1, 2], [2, 1]]))
    (True, False)
    """
    while len(A):
        pivot, column, rest = A[0, 0], A[1:, 0], A[1:, 1:]
        if pivot.exact and pivot.lower == 0:
            if (column.lower != 0).any():
                return False
            A = rest
        elif not (pivot > 0).all_yes():
            return False
        else:
            A = rest - column[:, None] * column[None, :] / pivot
    return True


def definite(A) -> bool:
    """Whether a symmetric matrix is proved to be positive definite, by square-root-free elimination (L D L').

    >>> definite(Interval([[2, 1], [1, 2]])), definite(Interval([[1, 1], [1, 1]]))
    (True, False)
    """
    while len(A):
        pivot, column, rest = A[0, 0], A[1:, 0], A[1:, 1:]
        if not (pivot > 0).all_yes():
            return False
        A = rest - column[:, None] * column[None, :] / pivot
    return True
