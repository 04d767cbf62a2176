"""Policy classes of preference problems, as sets of log-ratios to a base policy, and losses minimised over them.

A class is asked for the log-ratio h `[x,y]` of the policy base * e^h / Z that minimises a sum of terms in the margins
h[x,y] - h[x,z]. Margins do not depend on the normalisation, so that losses which are convex in the margin are convex in
the parameters of a log-linear class. Of several minimisers the one of smallest parameters is returned, the limit of
gradient descent from the base policy: at responses that no comparison connects with others it leaves h at 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel, NotSolved
from ...base.types import Array, record
from .squares import PairSquares

STEPS = 200
"""Largest number of Newton steps."""
ROUNDING = 2.0**-48
"""Relative rounding error of a loss."""


@dataclass(frozen=True, eq=False)
class Margins:
    """A weighted sum over pairs of terms phi(h[x,y] - h[x,z]).

    Args:
        x, y, z: prompts and responses of the pairs. weight: `weight[k]`.
        terms: function of the margins `[k]` that returns values, first and second derivatives.
        won: `won[k]` for the logistic loss, which has no minimum if some scores separate the comparisons; else None.
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    weight: np.ndarray
    terms: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
    won: np.ndarray | None = None

    def margins(self, h: np.ndarray) -> np.ndarray:
        return h[self.x, self.y] - h[self.x, self.z]

    def value(self, h: np.ndarray) -> float:
        return float(self.weight @ self.terms(self.margins(h))[0])

    def gradient(self, h: np.ndarray) -> np.ndarray:
        """Gradient in h, `[x,y]`."""
        pull = self.weight * self.terms(self.margins(h))[1]
        out = np.zeros(h.shape)
        np.add.at(out, (self.x, self.y), pull)
        np.add.at(out, (self.x, self.z), -pull)
        return out

    def differences(self, features: np.ndarray) -> np.ndarray:
        """`[k,j]`: features of the first response minus those of the second."""
        return features[self.x, self.y] - features[self.x, self.z]


class PolicyClass(Protocol):
    """Interface of policy classes."""

    def minimise(self, loss: Margins | PairSquares, base: np.ndarray, *, ridge: float, tol: float) -> np.ndarray:
        """The log-ratio h `[x,y]` of the minimising policy base * e^h / Z.

        Args: loss: over listed pairs, or squared over all pairs. base: `base[x,y]`. ridge: c in loss +
            c/2 |parameters|^2. tol: largest entry of the gradient.
        Raises: NotSolved if the loss has no minimum, as for separable comparisons without a ridge.
        """


@dataclass(frozen=True)
class AllPolicies:
    """Every policy, with one parameter h[x,y] for each prompt and response."""

    def minimise(self, loss: Margins | PairSquares, base: np.ndarray, *, ridge: float, tol: float) -> np.ndarray:
        if isinstance(loss, PairSquares):
            if ridge > 0:
                raise InvalidModel(f"ridge is {ridge}; expected 0 for squares over all pairs, whose minimum is closed")
            return loss.minimise_over_all()
        h = np.zeros(base.shape)
        for x in np.unique(loss.x):
            at = loss.x == x
            won = None if loss.won is None else loss.won[at]
            here = Margins(loss.x[at] * 0, loss.y[at], loss.z[at], loss.weight[at], _restrict(loss.terms, at), won)
            h[x] = _newton(here, np.eye(base.shape[1])[None], ridge, tol)
        return h


@record(eq=False)
class LogLinear:
    """Log-linear policies base * e^(features theta) / Z.

    Args: features: `features[x,y,k]`.
    """

    features: Array

    def __post_init__(self) -> None:
        features = floats(np.asarray(self.features))
        if features.ndim != 3 or not np.isfinite(features).all():
            raise InvalidModel(f"features has shape {features.shape}; expected finite features[x,y,k]")
        object.__setattr__(self, "features", features)

    def minimise(self, loss: Margins | PairSquares, base: np.ndarray, *, ridge: float, tol: float) -> np.ndarray:
        features = self.features_for(base)
        if isinstance(loss, PairSquares):
            return features @ loss.minimise_over(features, ridge)
        return features @ _newton(loss, features, ridge, tol)

    def features_for(self, base: np.ndarray) -> np.ndarray:
        """The features.

        Raises: InvalidModel if they are not those of the base policy's prompts and responses.
        """
        if self.features.shape[:2] != base.shape:
            raise InvalidModel(f"features has shape {self.features.shape}; expected {(*base.shape, 'k')}")
        return self.features


@record(eq=False)
class FinitePolicies:
    """Finitely many policies `tables[k,x,y]`; ties go to the first.

    A policy that gives probability 0 to a response of a comparison has infinite loss, whatever the base policy, and so
    has one that plays a response which the base policy excludes.
    """

    tables: Array

    def __post_init__(self) -> None:
        tables = floats(np.asarray(self.tables))
        if tables.ndim != 3 or len(tables) == 0 or (tables < 0).any() or (abs(tables.sum(axis=-1) - 1) > 1e-9).any():
            raise InvalidModel(f"tables has shape {tables.shape}; expected distributions tables[k,x,y], at least one k")
        object.__setattr__(self, "tables", tables)

    def minimise(self, loss: Margins | PairSquares, base: np.ndarray, *, ridge: float, tol: float) -> np.ndarray:
        return self.best(loss, base)

    def best(
        self, loss: Margins | PairSquares, base: np.ndarray, penalty: Callable[[np.ndarray], float] | None = None
    ) -> np.ndarray:
        """The log-ratio `[x,y]` of lowest loss + penalty(log-ratio).

        Raises: NotSolved if every policy has infinite loss.
        """
        ratios = self.log_ratios(base)
        losses = np.array([_loss_or_infinity(loss, h) for h in ratios])
        if not np.isfinite(losses).any():
            raise NotSolved(
                "every policy of the class has infinite loss: it excludes a compared response, or plays one that the base "
                "policy excludes"
            )
        if penalty is not None:
            losses = np.array(
                [each + penalty(h) if each < np.inf else each for each, h in zip(losses, ratios, strict=True)]
            )
        return ratios[int(np.argmin(losses))]

    def log_ratios(self, base: np.ndarray) -> np.ndarray:
        """log(table / base) `[k,x,y]`; -infinity where the table is 0."""
        if self.tables.shape[1:] != base.shape:
            raise InvalidModel(f"tables has shape {self.tables.shape}; expected (k, {base.shape[0]}, {base.shape[1]})")
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.tables > 0, np.log(self.tables) - np.log(base), -np.inf)


def _loss_or_infinity(loss, h):
    """The loss; infinite if a compared response has probability 0, or a log-ratio is infinite."""
    if np.isposinf(h).any():
        return np.inf
    if isinstance(loss, PairSquares):
        return loss.value(h)
    compared = h[loss.x[loss.weight > 0]]
    rows = np.arange(len(compared))
    ends = compared[rows, loss.y[loss.weight > 0]], compared[rows, loss.z[loss.weight > 0]]
    return loss.value(np.where(np.isfinite(h), h, 0.0)) if all(np.isfinite(end).all() for end in ends) else np.inf


def _restrict(terms, at):
    """The terms of some pairs only, for terms that depend on the pair."""

    def of_some(margins):
        whole = np.zeros(len(at))
        whole[at] = margins
        return tuple(each[at] for each in terms(whole))

    return of_some


def _newton(loss, features, ridge, tol):
    """The parameters of smallest norm that minimise a convex loss, by damped Newton steps from 0.

    Raises: NotSolved if the loss has no minimum, or the gradient stays above `tol`.
    """
    D = loss.differences(features)
    if ridge == 0 and loss.won is not None and _separable(D[loss.weight > 0], loss.won[loss.weight > 0]):
        raise NotSolved(
            "the loss has no minimum: some scores separate the comparisons, as where a response won or lost all of its "
            "comparisons; give a ridge above 0"
        )
    theta = np.zeros(features.shape[-1])
    for _ in range(STEPS):
        _, first, second = loss.terms(D @ theta)
        gradient = D.T @ (loss.weight * first) + ridge * theta
        if np.abs(gradient).max(initial=0.0) <= tol:
            return theta
        hessian = (D * (loss.weight * second)[:, None]).T @ D + ridge * np.eye(len(theta))
        # with a ridge the Hessian is positive definite; without one the shortest step is taken
        step = -(
            np.linalg.solve(hessian, gradient) if ridge > 0 else np.linalg.lstsq(hessian, gradient, rcond=1e-12)[0]
        )
        theta = theta + _damping(loss, D, ridge, theta, step, gradient @ step) * step
    raise NotSolved(f"the gradient of the loss stays above {tol:.1e} after {STEPS} Newton steps")


def _damping(loss, D, ridge, theta, step, slope):
    """Step length at which the loss falls by a fixed share of what its slope says."""

    def value(point):
        return loss.weight @ loss.terms(D @ point)[0] + ridge / 2 * point @ point

    now, size = value(theta), 1.0
    # next to the minimum the fall is below the rounding error of the loss
    while size > 1e-9 and not value(theta + size * step) <= now + 1e-4 * size * slope + ROUNDING * abs(now):
        size /= 2
    return size


def _separable(D, won):
    """Whether scores exist that agree with all pairs of certain outcome and differ in one: a linear program."""
    from scipy.optimize import linprog

    certain = (won == 0) | (won == 1)
    rows, tied = (D * np.where(won == 1, 1, -1)[:, None])[certain], D[~certain]
    if len(rows) == 0:
        return False
    equal = dict(A_eq=tied, b_eq=np.zeros(len(tied))) if len(tied) else {}
    ends = np.concatenate([rows, -rows]), np.concatenate([np.ones(len(rows)), np.zeros(len(rows))])
    answer = linprog(-rows.sum(axis=0), *ends, **equal, bounds=(None, None))
    return answer.status == 0 and -answer.fun > 1e-9
