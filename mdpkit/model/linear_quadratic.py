"""Discounted linear-quadratic control, with its optimal value in closed form."""

from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from flint import fmpq

from ..base.arrays import bare, is_exact, objects
from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import Record, any_exact, numbers
from ..base.types import Array, Number, Numbers, Scalar, record
from .continuous import ContinuousProblem
from .horizon import Discounted, fit_horizon


@record(eq=False, repr=False)
class LinearQuadratic(Record):
    """Dynamics x' = A x + B u and discounted cost x'Qx + u'Ru; the optimal value is -x'Px, the optimal control K x.

    Args: A: `[i,n]`. B: `[i,j]`. Q, P: `[i,n]`, symmetric. R: `[j,k]`, symmetric. gamma: the discount.

    `riccati` is zero if P is the solution: see `from_costs` (from Q, in floats) and `from_value` (from P, exactly).

    >>> LinearQuadratic.from_value([[1]], [[1]], [[2]], [[0]], "9/10").Q
    array([[2]], dtype=object)
    """

    axes: ClassVar = {"A": "in", "B": "ij", "Q": "in", "R": "jk", "P": "in"}

    A: Array
    B: Array
    Q: Array
    R: Array
    P: Array
    gamma: Scalar

    def __post_init__(self) -> None:
        if proposing():
            return
        given = {name: getattr(self, name) for name in "ABQRP"}
        exact = any_exact(*given.values())
        given = {name: numbers(name, value, exact, self.axes[name]) for name, value in given.items()}
        n, m = given["B"].shape
        wanted = dict(A=(n, n), B=(n, m), Q=(n, n), R=(m, m), P=(n, n))
        for name, value in given.items():
            if value.shape != wanted[name]:
                raise InvalidModel(
                    f"{name} has shape {value.shape}; expected {wanted[name]} beside B of shape {(n, m)}"
                )
        self._set(**given, gamma=fit_horizon(Discounted(self.gamma), exact).gamma)

    @classmethod
    def from_costs(cls, A: Numbers, B: Numbers, Q: Numbers, R: Numbers, gamma: float) -> Self:
        """The problem with given costs, in floats: P by scipy's Riccati solver for sqrt(gamma) A and sqrt(gamma) B."""
        from scipy.linalg import solve_discrete_are

        A, B, Q, R = (np.asarray(each, dtype=float) for each in (A, B, Q, R))
        root = gamma**0.5
        return cls(A, B, Q, R, solve_discrete_are(root * A, root * B, Q, R), gamma)

    @classmethod
    def from_value(cls, A: Numbers, B: Numbers, P: Numbers, R: Numbers, gamma: Number) -> Self:
        """The problem with optimal value -x'Px: Q is determined by the Riccati equation; exact on rationals.

        Q may have a negative eigenvalue; then no positive semidefinite cost has this value.
        """
        A, B, P, R = (bare(each) if bare(each).dtype.kind == "f" else objects(each) for each in (A, B, P, R))
        gamma = Discounted(gamma).gamma
        return cls(A, B, P - _carry(A, B, P, R, gamma), R, P, gamma)

    @cached_property
    def price(self) -> np.ndarray:
        """S = R + gamma B'PB, `[j,j]`: a control u costs (u - Kx)'S(u - Kx) more than the optimal one."""
        return self.R + self.gamma * self.B.T @ self.P @ self.B

    @cached_property
    def feedback(self) -> np.ndarray:
        """K = -S^-1 gamma B'PA, `[j,i]`: the optimal control is K x."""
        return -_solve(self.price, self.gamma * self.B.T @ self.P @ self.A)

    @property
    def riccati(self) -> np.ndarray:
        """Q + gamma A'PA - gamma^2 A'PB S^-1 B'PA - P, `[i,i]`: zero where P solves the discounted Riccati equation."""
        return self.Q + _carry(self.A, self.B, self.P, self.R, self.gamma) - self.P

    def value(self, x: np.ndarray) -> np.ndarray:
        """-x'Px, `[b]`."""
        return -_form(self.P, x)

    def excess_cost(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Suboptimality of control u: (u - Kx)'S(u - Kx), `[b]`."""
        return _form(self.price, u - x @ self.feedback.T)

    def __repr__(self):
        n, m = self.B.shape
        kind = "rational" if self.exact else "float"
        return f"LinearQuadratic({n} state{'s' * (n > 1)}, {m} control{'s' * (m > 1)}, gamma={self.gamma}, {kind})"

    def problem(
        self, low: Numbers, high: Numbers, control_low: Numbers, control_high: Numbers, dt: Number = 1
    ) -> ContinuousProblem:
        """The problem on a box; leaving it costs x'Px, so that -x'Px is the optimal value on the box too."""
        return ContinuousProblem(
            lambda x, u: x @ self.A.T + u @ self.B.T,
            low,
            high,
            control_low,
            control_high,
            reward=lambda x, u: -_form(self.Q, x) - _form(self.R, u),
            horizon=Discounted(self.gamma),
            outside=self.value,
            dt=dt,
        )

    def interpolation_error(self, spacing: np.ndarray) -> float | fmpq:
        """sum_i P_ii h_i^2 / 4, the largest interpolation error of x'Px, attained at the middle of a cell."""
        return (np.diag(self.P) * spacing**2).sum() / 4

    def grid_error(self, grid: Any) -> float | fmpq:
        """Bound on -x'Px minus the optimal value of a grid on `problem` at its points, which is never negative.

        (gamma sum_i P_ii h_i^2 / 4 + max over points of min over controls of (u - Kx)'S(u - Kx)) / (1 - gamma)

        Source: proofs/planning/grid_value_converges_to_riccati.md, for P with non-negative diagonal.
        """
        x, u = np.repeat(grid.points, grid.A, axis=0), np.tile(grid.controls, (grid.S, 1))
        missed = self.excess_cost(x, u).reshape(grid.S, grid.A).min(axis=1).max()
        return (self.gamma * self.interpolation_error(grid.spacing) + missed) / (1 - self.gamma)


def _form(matrix, x):
    return ((x @ matrix) * x).sum(axis=1)


def _carry(A, B, P, R, gamma):
    """gamma A'PA - gamma^2 A'PB (R + gamma B'PB)^-1 B'PA."""
    across = gamma * B.T @ P @ A
    return gamma * A.T @ P @ A - across.T @ _solve(R + gamma * B.T @ P @ B, across)


def _solve(matrix, right):
    if not is_exact(matrix):
        return np.linalg.solve(matrix, right)
    from flint import fmpq_mat

    solved = fmpq_mat(matrix.tolist()).solve(fmpq_mat(right.tolist()))
    return objects(solved.tolist())
