"""Classes of mediators, and the mixture of a class that is closest to a table."""

from dataclasses import replace
from typing import Any, Self

import numpy as np

from ...base.arrays import is_exact, like, objects, zeros
from ...base.errors import InvalidModel
from ...base.record import any_exact, distributions, numbers
from ...base.tolerance import ROW_SUM
from ...base.types import Array, record
from ...exact.lp import LinearProgram, optimise
from ...model.game import JointPolicy
from .._tabular import exists, number_pattern, sizes, steps


@record(eq=False)
class Mediators:
    """A restricted class: finitely many mediators, and the mixtures sum_k w[k] tables[k] of their recommendations.

    Args: tables: `tables[k,s,j]` or `tables[k,t,s,j]`, distributions over joint actions.
    Raises: InvalidModel if there are none, or a row is not a distribution.

    >>> Mediators([[[1, 0]], [[0, 1]]]).mix([0.5, 0.5])
    JointPolicy(S=1, J=2, stationary, float)
    """

    tables: Array

    def __post_init__(self) -> None:
        tables = numbers("tables", self.tables, any_exact(self.tables), ("ksj", "ktsj"))
        if len(tables) == 0:
            raise InvalidModel("tables is empty; a class of mediators has at least one")
        distributions("tables", tables, ROW_SUM)
        object.__setattr__(self, "tables", tables)

    def __len__(self) -> int:
        return len(self.tables)

    def like(self, setting: Any) -> Self:
        """The same class in the number kind of a setting.

        Raises: InvalidModel if the tables are not those of the setting's states, joint actions and steps, or if a
            mediator recommends a missing action.
        """
        fitting = sizes(setting), (steps(setting), *sizes(setting))
        if self.tables.shape[1:] not in fitting:
            raise InvalidModel(
                f"tables has shape {self.tables.shape}; expected {(len(self), *fitting[0])} or {(len(self), *fitting[1])}"
            )
        played = np.argwhere(np.asarray(self.tables > 0) & ~exists(setting))
        if len(played):
            k, *_, s, j = map(int, played[0])
            raise InvalidModel(
                f"tables[{', '.join(map(str, played[0]))}] is positive: mediator {k} recommends joint action {j} in state "
                f"{s}, where it is missing"
            )
        return replace(self, tables=like(self.tables, number_pattern(setting)))

    def mix(self, weights: Any) -> JointPolicy:
        """The mediator sum_k weights[k] tables[k]."""
        weights = like(weights, self.tables)
        return JointPolicy((weights.reshape(-1, *[1] * (self.tables.ndim - 1)) * self.tables).sum(axis=0))


def closest_mixture(parts: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weights w `[k]` of a mixture that minimises sum_n weight[n] |sum_k w[k] parts[k,n] - target[n]|.

    Exact on rationals, by a linear program with a verified certificate.

    >>> closest_mixture(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.25, 0.75]), np.ones(2))
    array([0.25, 0.75])
    """
    parts, target, weight = _merge(parts, target, weight)
    K, N = parts.shape
    if K == 1:
        return like([1], parts)
    one = like([1], parts)[0]
    c = np.concatenate([zeros(K, parts), weight])
    excess = np.concatenate([parts.T, -np.eye(N, dtype=int) * one], axis=1)  # parts' w - e <= target
    short = np.concatenate([-parts.T, -np.eye(N, dtype=int) * one], axis=1)
    A, b = np.concatenate([excess, short]), np.concatenate([target, -target])
    E, f = np.concatenate([like([1] * K, parts), zeros(N, parts)])[None], like([1], parts)
    w = minimise(c, A, b, E, f)[:K]
    return w / w.sum()


def minimise(c: np.ndarray, A: np.ndarray, b: np.ndarray, E: np.ndarray, f: np.ndarray) -> np.ndarray:
    """A minimiser of c . x over x >= 0 with A x <= b and E x = f: exact on rationals, else by HiGHS."""
    if is_exact(c):
        return optimise(LinearProgram(-c, A, b, E, f)).x
    from scipy.optimize import linprog

    return np.maximum(linprog(c, A, b, E, f, method="highs").x, 0.0)


def _merge(parts, target, weight):
    """The terms of positive weight, those with equal entries added."""
    found: dict[tuple, Any] = {}
    for column, value, share in zip(parts.T, target, weight, strict=True):
        if share > 0 and not (column == value).all():
            key = tuple(map(str, (*column, value)))
            found[key] = (column, value, found[key][2] + share if key in found else share)
    if not found:
        return parts[:, :1], target[:1], weight[:1] * 0
    columns, values, shares = zip(*found.values(), strict=True)
    if is_exact(parts):
        return np.stack(columns, axis=1), objects(values), objects(shares)
    return np.stack(columns, axis=1), np.array(values), np.array(shares)
