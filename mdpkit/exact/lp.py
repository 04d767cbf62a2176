"""Linear programs over the rationals: floats propose a basis, exact arithmetic certifies the result."""

from dataclasses import dataclass

import numpy as np
from flint import fmpq

from ..base.arrays import floats, objects, rationals, zeros
from ..base.errors import CertificateRejected, InvalidModel
from .linear import matrix, solve_linear


@dataclass(frozen=True, eq=False)
class LinearProgram:
    """Maximise c . x over x >= 0 with A x <= b and E x = f.

    Args: c: rationals `[k]`. A: `[m,k]`. b: `[m]`. E: `[l,k]`. f: `[l]`; A with b, or E with f, may be omitted.
    Raises: InvalidModel if shapes disagree; ExactnessLost for floats.
    """

    c: np.ndarray
    A: np.ndarray | None = None
    b: np.ndarray | None = None
    E: np.ndarray | None = None
    f: np.ndarray | None = None

    def __post_init__(self):
        c = rationals(self.c)
        empty = np.empty((0, *c.shape), dtype=object), np.empty(0, dtype=object)
        parts = {"c": c}
        for left, right in ("Ab", "Ef"):
            given = getattr(self, left), getattr(self, right)
            rows, ends = empty if given[0] is None and given[1] is None else map(rationals, given)
            if c.ndim != 1 or rows.ndim != 2 or rows.shape != (*ends.shape, *c.shape):
                shapes = f"c{list(c.shape)}, {left}{list(rows.shape)}, {right}{list(ends.shape)}"
                raise InvalidModel(f"the shapes are {shapes}; expected c[k], {left}[m,k], {right}[m]")
            parts |= {left: rows, right: ends}
        for name, array in parts.items():
            object.__setattr__(self, name, array)

    def feasible(self, x) -> bool:
        return bool((x >= 0).all() and (self.A @ x <= self.b).all() and (self.E @ x == self.f).all())

    def prices(self, y, z):
        """A'y + E'z: the cost per unit of every variable at dual prices (y, z)."""
        return y @ self.A + z @ self.E


@dataclass(frozen=True, eq=False)
class Optimum:
    """Optimal solution x, with dual solution y >= 0 and z of the same value."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    value: fmpq

    def verify(self, program):
        """Check primal and dual feasibility and equal values in exact arithmetic. Raises: CertificateRejected."""
        _demand(program.feasible(self.x), "x violates a constraint")
        _demand((self.y >= 0).all(), "a dual variable of an inequality is negative")
        _demand((program.prices(self.y, self.z) >= program.c).all(), "a dual constraint is violated")
        _demand(
            program.c @ self.x == self.value == self.y @ program.b + self.z @ program.f,
            "the primal and dual values differ",
        )


@dataclass(frozen=True, eq=False)
class Infeasible:
    """Infeasibility certificate (Farkas): y >= 0 and z with A'y + E'z >= 0 and b'y + f'z < 0."""

    y: np.ndarray
    z: np.ndarray

    def verify(self, program):
        """Check the certificate in exact arithmetic. Raises: CertificateRejected."""
        _demand((self.y >= 0).all(), "a dual variable of an inequality is negative")
        _demand((program.prices(self.y, self.z) >= 0).all(), "A'y + E'z has a negative entry")
        _demand(self.y @ program.b + self.z @ program.f < 0, "b'y + f'z is not negative")


@dataclass(frozen=True, eq=False)
class Unbounded:
    """Unboundedness certificate: from a feasible x, the objective increases without bound along `ray`."""

    x: np.ndarray
    ray: np.ndarray

    def verify(self, program):
        """Check the certificate in exact arithmetic. Raises: CertificateRejected."""
        _demand(program.feasible(self.x), "x violates a constraint")
        _demand(
            (self.ray >= 0).all() and (program.A @ self.ray <= 0).all() and (program.E @ self.ray == 0).all(),
            "the ray is not a recession direction",
        )
        _demand(program.c @ self.ray > 0, "the objective does not increase along the ray")


@dataclass(frozen=True, eq=False)
class ProgramCertificate:
    """A linear program and what proves its answer: a dual solution, or Farkas's multipliers of an infeasible one."""

    program: LinearProgram
    answer: Optimum | Infeasible | Unbounded

    def verify(self) -> None:
        """Check the answer in exact arithmetic. Raises: CertificateRejected."""
        self.answer.verify(self.program)


def optimise(program, guess=None) -> Optimum | Infeasible | Unbounded:
    """Solve a linear program exactly; the certificate is verified before it is returned.

    Args: guess: column indices (variables, then slacks) in the order tried as a basis; defaults to HiGHS's order.

    An optimal guess is confirmed by two linear solves; from any other the exact simplex method continues with Bland's
    rule, which cannot cycle.
    Source: Bland, 1977.

    >>> optimise(LinearProgram([1, 1], A=[[2, 1], [1, 2]], b=[1, 1])).value
    2/3
    """
    m = len(program.b)
    M = np.concatenate(
        [np.concatenate([program.A, program.E]), objects(np.eye(m + len(program.f), m, dtype=int))], axis=1
    )
    q, w = np.concatenate([program.b, program.f]), np.concatenate([program.c, objects(np.zeros(m, dtype=int))])
    answer = _standard(M, q, w, _propose(program) if guess is None else list(guess))
    x, prices, ray, k = answer.get("x"), answer.get("prices"), answer.get("ray"), len(program.c)
    if x is None:
        found = Infeasible(prices[:m], prices[m:])
    elif ray is not None:
        found = Unbounded(x[:k], ray[:k])
    else:
        found = Optimum(x[:k], prices[:m], prices[m:], program.c @ x[:k])
    found.verify(program)
    return found


def _demand(holds, otherwise):
    if not holds:
        raise CertificateRejected(otherwise)


def _propose(program):
    """Columns, likely basic ones first: those positive in HiGHS's solution by size, the rest by reduced cost."""
    from scipy.optimize import linprog

    c, A, b, E, f = (floats(part) for part in (program.c, program.A, program.b, program.E, program.f))
    columns = len(c) + len(b)
    if not all(np.isfinite(part).all() for part in (c, A, b, E, f)):
        return range(columns)
    found = linprog(-c, A, b, E, f, method="highs")
    if found.status != 0:
        return range(columns)
    used = np.concatenate([found.x, found.slack])
    slack = np.concatenate([found.lower.marginals, -found.ineqlin.marginals])
    return np.lexsort((slack, -np.where(used > 1e-9, used, 0)))


def _standard(M, q, w, order):
    """Solve max w . x over M x = q, x >= 0: a dictionary with x and prices, x and ray, or prices alone."""
    basis, rows, lost = _independent(M, q, order)
    if lost is not None:
        return {"prices": lost}
    short, right = M[rows], q[rows]
    basis = np.array(basis, dtype=int)
    values, prices = solve_linear(short[:, basis], right), solve_linear(short[:, basis].T, w[basis])
    if (values >= 0).all() and (prices @ short >= w).all():
        return _spread(M, rows, basis, values, prices)
    return _simplex(M, short, right, w, rows, basis)


def _spread(M, rows, basis, values, prices=None, ray=None):
    """Expand basic solutions to all columns and rows."""
    found = {"x": zeros(M.shape[1], M)}
    found["x"][basis] = values
    if ray is None:
        found["prices"] = zeros(len(M), M)
        found["prices"][rows] = prices
    else:
        found["ray"] = ray
    return found


def _independent(M, q, order):
    """The first linearly independent columns in this order, as many independent rows, and None.

    If the equations are inconsistent: None, None, and prices that prove it.
    """
    order = np.asarray(order, dtype=int)
    columns = _pivots(M[:, order])
    if len(columns) == len(M):
        return order[columns], np.arange(len(M)), None
    # combinations of rows that vanish on the left-hand side must vanish on the right-hand side
    reduced = _reduce(np.concatenate([M, objects(np.eye(len(M), dtype=int))], axis=1))
    for combination in reduced[len(columns) :, M.shape[1] :]:
        total = combination @ q
        if total != 0:
            return None, None, -combination / total
    return order[columns], _pivots(M.T), None


def _reduce(array):
    form, _ = matrix(array).rref()
    return objects(form.entries()).reshape(array.shape)


def _pivots(array):
    """Indices of the columns that are linearly independent of those before them."""
    return np.array([int(np.flatnonzero(row != 0)[0]) for row in _reduce(array) if (row != 0).any()], dtype=int)


def _simplex(M, short, right, w, rows, basis):
    """Two-phase simplex method from any basis: first remove negative basic variables, then maximise w."""
    table = solve_linear(short[:, basis], np.concatenate([short, right[:, None]], axis=1))
    negative, columns = np.flatnonzero(table[:, -1] < 0), M.shape[1]
    # the negative part of a basic variable is an artificial variable of cost 1
    wide = np.concatenate([short, -short[:, basis[negative]]], axis=1)
    table = np.concatenate([table[:, :-1], zeros((len(table), len(negative)), M), table[:, -1:]], axis=1)
    table[negative] *= fmpq(-1)
    table[negative, columns + np.arange(len(negative))] = fmpq(1)
    basis[negative] = columns + np.arange(len(negative))
    cost = zeros(wide.shape[1], M)
    cost[columns:] = fmpq(-1)
    _climb(table, basis, cost)
    if (table[basis >= columns, -1] > 0).any():
        found = _spread(M, rows, np.zeros(0, dtype=int), [], solve_linear(wide[:, basis].T, cost[basis]))
        return {"prices": found["prices"]}
    for row in np.flatnonzero(basis >= columns):
        _pivot(table, basis, row, int(np.flatnonzero(table[row, :columns] != 0)[0]))
    table = np.delete(table, columns + np.arange(len(negative)), axis=1)
    entering = _climb(table, basis, w)
    if entering is None:
        return _spread(M, rows, basis, table[:, -1], solve_linear(short[:, basis].T, w[basis]))
    ray = zeros(columns, M)
    ray[basis] = -table[:, entering]
    ray[entering] = fmpq(1)
    return _spread(M, rows, basis, table[:, -1], ray=ray)


def _climb(table, basis, w):
    """Pivot until optimal; returns None, or the column of an unbounded direction."""
    while True:
        gains = np.flatnonzero(w - w[basis] @ table[:, :-1] > 0)
        if not len(gains):
            return None
        entering = int(gains[0])
        rows = np.flatnonzero(table[:, entering] > 0)
        if not len(rows):
            return entering
        row = min(rows, key=lambda row: (table[row, -1] / table[row, entering], basis[row]))
        _pivot(table, basis, row, entering)


def _pivot(table, basis, row, column):
    table[row] /= table[row, column]
    for other in np.flatnonzero(table[:, column] != 0):
        if other != row:
            table[other] -= table[other, column] * table[row]
    basis[row] = column
