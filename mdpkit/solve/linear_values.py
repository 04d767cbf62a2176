"""Linear action values: least squares on features of state and action, greedy actions and backups."""

import numpy as np

from ..base.arrays import floats, like
from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..base.lifting import convert, enclose
from ..base.mode import proposing
from ..exact.linear import Singular, enclosed_solution, product
from ..model.expectation import expected_next
from ..model.mdp import MDP, stepwise

DEPENDENT = "the features are linearly dependent on the pairs of positive weight"


class Regression:
    """Weighted least squares of functions of state and action on features: w = (Phi' D Phi + ridge I)^-1 Phi' D f.

    Attributes:
        features: `[s,a,k]`. rows: the features as `[s*A+a, k]`. weights: `[s*A+a]`. weighted: Phi' D, `[k, s*A+a]`.
        covariance: Phi' D Phi + ridge I, `[k,k]`. solution: the matrix that takes f to w, `[k, s*A+a]`.

    Raises: InvalidModel for features, weights or a ridge that do not fit the problem; Singular for a singular
        covariance.
    """

    def __init__(self, problem, features, weights, ridge=0):
        self.features = enclose(expect_features(problem, features))
        self.rows = self.features.reshape(-1, self.features.shape[-1])
        self.weights = enclose(expect_weights(problem, weights)).reshape(-1)
        self.weighted = (self.rows * self.weights[:, None]).T
        unit = problem.like(np.eye(self.rows.shape[1], dtype=int))
        self.covariance = product(self.weighted, self.rows) + enclose(unit * expect_ridge(ridge, problem.r))
        self.solution = solve_or_refuse(self.covariance, self.weighted, "the covariance of the features", DEPENDENT)

    def fit(self, f):
        """The coefficients `[k]` of a function `f[s,a]`."""
        return product(self.solution, f.reshape(-1))

    def predict(self, w):
        """Phi w, `[s,a]`."""
        return product(self.rows, w).reshape(*self.features.shape[:2])

    def norm(self, problem):
        """The norm in the maximum of Phi (Phi' D Phi + ridge I)^-1 Phi' D, over available pairs."""
        return abs(product(self.rows, self.solution))[np.flatnonzero(problem.available)].sum(axis=1).max()


def solve_or_refuse(A, right, name, reason):
    """The solution of A x = right.

    Raises: Singular with the reason, if A is singular, or is not proved to be invertible on floats.
    """
    if proposing():
        return enclosed_solution(A, right)
    try:
        found = enclosed_solution(A, right)
    except Singular as error:
        raise Singular(f"{name}, of shape {A.shape}, is singular: {reason}") from error
    if not np.isfinite(found.width):
        raise Singular(
            f"{name}, of shape {A.shape}, is not proved to be invertible in float64; problem.to_exact() decides "
            f"whether {reason}"
        )
    return found


def expect_features(problem, features):
    """Features `[s,a,k]` in the problem's number kind.

    Raises: InvalidModel if they have another shape or an entry that is not finite.
    """
    if proposing():
        return features
    found = like(features, problem.r)
    if found.ndim != 3 or found.shape[:2] != (problem.S, problem.A) or found.shape[2] == 0:
        raise InvalidModel(
            f"features have shape {found.shape}; expected features[s,a,k], ({problem.S}, {problem.A}, k)"
        )
    if not np.isfinite(floats(found)).all():
        raise InvalidModel("features hold a number that is not finite")
    return found


def expect_weights(problem, weights):
    """Weights `[s,a]` in the problem's number kind; uniform over the available pairs if None.

    Raises: InvalidModel for another shape, a weight that is negative or not finite, or weight on a missing action.
    """
    if weights is None:
        return problem.like(problem.available.astype(int)) / int(problem.available.sum())
    if proposing():
        return weights
    found = like(weights, problem.r)
    if found.shape != (problem.S, problem.A):
        raise InvalidModel(f"weights have shape {found.shape}; expected weights[s,a], ({problem.S}, {problem.A})")
    size = floats(found)
    wrong = ~(np.isfinite(size) & (size >= 0)) | ((size != 0) & ~problem.available)
    if wrong.any():
        s, a = (int(i) for i in np.argwhere(wrong)[0])
        words = "a finite weight of at least 0" if problem.available[s, a] else "0, since that action is missing"
        raise InvalidModel(f"weights[{s}, {a}] is {found[s, a]}; expected {words}")
    return found


def expect_ridge(ridge, pattern):
    """The ridge in the number kind of an array.

    Raises: InvalidModel unless it is a finite number of at least 0.
    """
    if proposing():
        return ridge
    try:
        number = like(ridge, pattern)
        fits = number.shape == () and 0 <= floats(number) < np.inf
    except (TypeError, ValueError) as error:
        raise InvalidModel(f"ridge is {ridge!r}; expected a number of at least 0") from error
    if not fits:
        raise InvalidModel(f"ridge is {ridge!r}; expected a finite number of at least 0")
    return number[()]


def expect_problem(name, problem, horizon):
    """Raise TypeError unless the problem is an MDP with the given horizon."""
    if not isinstance(problem, MDP) or not isinstance(problem.horizon, horizon):
        raise TypeError(f"{name} solves a {horizon.__name__} MDP; got {problem!r}")


def expect_coefficients(problem, w, count):
    """Coefficients `[k]` lifted to an Interval; 0 if None.

    Raises: InvalidModel if they have another shape.
    """
    w = problem.like([0] * count) if w is None else w
    found = convert(w, problem)
    if found.shape != (count,):
        raise InvalidModel(f"the coefficients have shape {found.shape}; expected ({count},), one for each feature")
    return found


def greedy_values(Q, mask=None):
    """The maximum of `Q[s,a]` over the actions that `mask` allows, `[s]`."""
    if mask is None:
        return Q.max(axis=-1)
    if not isinstance(Q, Interval):
        return np.where(mask, Q, Q.min()).max(axis=-1)
    low, high = (np.where(mask, end, end.min()) for end in (Q.lower, Q.upper))
    return (Interval(low) if Q.exact else Interval(low, high, Q.how)).max(axis=-1)


def greedy_actions(problem, Q):
    """The first available action of highest `Q[s,a]`, by midpoints on floats, `[s]`."""
    known = Q.lower if Q.exact else Q.mid
    return np.where(problem.available, known, known.min() - 1).argmax(axis=-1)


def backup(problem, V, discount=1, t=0):
    """r(s,a) + discount E[V(n) | s,a] at step t, `[s,a]`, for V[n]."""
    r = stepwise(problem.r, 2)
    return enclose(r[t % len(r)]) + expected_next(problem, V, t) * discount
