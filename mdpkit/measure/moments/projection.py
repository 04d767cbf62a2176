"""Least-squares projections."""

import numpy as np

from ...base.interval import Interval, Quantity
from ...base.replaceable import replaceable
from ...exact.linear import enclosed_solution, product
from .._known import alike


@replaceable
def projection(values: Quantity, weights: Quantity, features: Quantity) -> Interval:
    """Weighted least-squares projection of `values[z]` onto the span of the features, `[z]`.

    Args: weights: distribution of z. features: `features[z,m]`, linearly independent on the support of the weights.
    Raises: Singular if they are dependent there.
    """
    values, weights, features = alike(values, weights, features)
    weighted = (features * weights[:, None]).T
    return product(features, enclosed_solution(product(weighted, features), product(weighted, values)))


@replaceable
def least_squares_distance(values: Quantity, features: Quantity) -> Interval:
    """min over w of sum_i (values[i] - sum_k features[i,k] w[k])^2; the features may be linearly dependent.

    On floats the upper end is the residual of the computed w, and the lower end is 0.
    """
    values, features = alike(values, features)
    if not isinstance(values, Interval):
        return ((values - features @ np.linalg.lstsq(features, values)[0]) ** 2).sum()
    if values.exact and features.exact:
        basis = []
        for column in features.T:
            column = _remainder(column, basis)
            basis += [column] if (column.lower != 0).any() else []
        return (_remainder(values, basis) ** 2).sum()
    w = Interval(np.linalg.lstsq(features.mid, values.mid)[0], None, "float")
    return Interval(0.0, ((values - product(features, w)) ** 2).sum().upper, "float")


def _remainder(vector, orthogonal):
    for column in orthogonal:
        vector = vector - column * ((vector * column).sum() / (column**2).sum())
    return vector
