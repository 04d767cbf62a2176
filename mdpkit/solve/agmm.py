"""Moment games with norm penalties."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from ..base.arrays import floats, like
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..base.lifting import enclose
from ..base.types import Number, Numbers
from ..exact.linear import semidefinite
from ..model.moments import MomentProblem
from ._expects import expects
from .least_squares import functions_of_the_instrument
from .moment_game import against, shortfall
from .solution import Solution


@dataclass(frozen=True, eq=False)
class AGMM:
    """Adversarial method of moments: the moment game with quadratic norm penalties on both players.

    min over h of max over f = test c of  2 E[f psi] - E f^2 - penalty c'Rc + ridge h'Qh,  psi = b - A h.

    Args:
        test: test functions `test[z,m]`; all functions of z if omitted.
        penalty: weight of the test function's norm. norm: R `[m,m]`, positive semidefinite, such as a kernel's Gram
            matrix with test = R; the identity if omitted.
        ridge: weight of the norm of h. ridge_norm: Q `[k,k]`, positive semidefinite; the identity if omitted.

    Without penalties it is `MomentGame(test)`: two-stage least squares, and LSTD for Bellman moments against the
    features of the value. Solved in closed form; rationals exactly, on floats with bounds. With a positive
    definite norm a positive penalty makes dependent test functions admissible, and a positive ridge an undetermined h.
    Raises: InvalidModel for a weight that is negative or infinite, or a norm that is not proved to be a positive
        semidefinite matrix of the right shape; floats are proved only if the matrix is positive definite.
    Source: adapted from Dikkala, Lewis, Mackey and Syrgkanis, 2020.

    >>> from mdpkit.base.arrays import objects
    >>> same = MomentProblem(objects([[1, 1]]), objects([2]), objects([1]))
    >>> AGMM(ridge=1).run(same).h.lower
    array([2/3, 2/3], dtype=object)
    """

    test: Numbers | None = None
    penalty: Number = 0
    ridge: Number = 0
    norm: Numbers | None = None
    ridge_norm: Numbers | None = None

    def run(self, problem: MomentProblem, tol: float = 0, before: Solution | None = None) -> Solution:
        """The answer; `before` is not used."""
        expects(self, problem, MomentProblem)
        test = functions_of_the_instrument(problem, self.test)
        K = problem.A.shape[1]
        penalty = _penalty("penalty", self.penalty, "norm", self.norm, test.shape[1], problem)
        ridge = _penalty("ridge", self.ridge, "ridge_norm", self.ridge_norm, K, problem)
        return against(problem, self, tol, test, penalty, ridge)

    def shortfall(self, problem: MomentProblem) -> str:
        """What the moments lack, for the message of an INFEASIBLE answer."""
        return shortfall(problem, functions_of_the_instrument(problem, self.test))


def _penalty(name, weight, norm_name, norm, size, problem) -> Interval | None:
    """The weighted norm as an Interval `[size,size]`; None for weight 0."""
    if isinstance(weight, float) and not isfinite(weight):
        raise InvalidModel(f"{name} is {weight}; expected a finite number of at least 0")
    weight = like([weight], problem.A)[0]
    if not weight >= 0:
        raise InvalidModel(f"{name} is {weight}; expected a finite number of at least 0")
    matrix = problem.like(np.eye(size, dtype=int)) if norm is None else like(norm, problem.A)
    if matrix.shape != (size, size):
        raise InvalidModel(f"{norm_name} has shape {matrix.shape}; expected ({size}, {size})")
    if norm is not None:
        if not np.isfinite(floats(matrix)).all():
            raise InvalidModel(f"{norm_name} is {matrix}; expected finite numbers")
        known = Interval(matrix) if problem.exact else Interval(matrix, None, "float")
        if not np.array_equal(matrix, matrix.T) or not semidefinite(known):
            raise InvalidModel(f"{norm_name} is not proved to be symmetric and positive semidefinite")
    return enclose(matrix) * enclose(np.asarray(weight)) if weight > 0 else None
