"""Rational linear systems."""

import numpy as np
from flint import fmpq_mat

from ..base.arrays import objects


class Singular(ArithmeticError):
    """A rational matrix that should have an inverse has none."""


def matrix(array) -> fmpq_mat:
    """A rational array `[row,column]` as a flint matrix."""
    rows, columns = array.shape
    return fmpq_mat(rows, columns, list(array.ravel()))


def solve_linear(A, b) -> np.ndarray:
    """The exact solution x of A x = b.

    Args: A: rationals `[m,m]`. b: rationals `[m]` or `[m,c]`.
    Raises: Singular where A has no inverse.

    >>> solve_linear(objects([[2, 1], [0, 1]]), objects([3, 1]))
    array([1, 1], dtype=object)
    """
    right = b if b.ndim == 2 else b[:, None]
    try:
        answer = matrix(A).solve(matrix(right), algorithm="dixon")
    except ZeroDivisionError as error:
        raise Singular(f"the {A.shape[0]} equations have no unique solution") from error
    return objects(answer.entries()).reshape(right.shape).reshape(b.shape)
