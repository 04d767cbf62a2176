"""Least-squares projections, LSTD and two-stage least squares."""

import numpy as np

from ...base.interval import Interval, Quantity
from ...base.replaceable import replaceable
from ...exact.linear import enclosed_solution, product
from ...model.mdp import MDP
from ...model.moments import MomentProblem
from ...model.policy import Policy
from .._known import alike, enclose, law, number, row_error


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


@replaceable
def lstd(problem: MDP, policy: Policy, features: Quantity, weights: Quantity) -> Interval:
    """Least-squares temporal differences (LSTD): w[k] with E[features(s) (r + gamma V(s') - V(s))] = 0 for V = features w.

    Args: problem: discounted MDP. features: `features[s,k]`. weights: state distribution, `[s]`.
    Raises: Singular if E[features (features - gamma E features')'] is singular.
    Source: adapted from Bradtke and Barto, 1996.
    """
    features, weights = alike(features, weights)
    pi, gamma = law(policy, "table"), number(problem.horizon.gamma, features)
    chain = (pi[:, :, None] * enclose(problem.P, row_error(problem))).sum(axis=1)
    weighted = (features * weights[:, None]).T
    A = product(weighted, features - product(chain, features) * gamma)
    return enclosed_solution(A, product(weighted, (pi * enclose(problem.r)).sum(axis=1)))


@replaceable
def two_stage_least_squares(problem: MomentProblem, test: Quantity) -> Interval:
    """Two-stage least squares h[k]: regress every column of A on the test functions, then b on the fitted columns.

    Args: problem: a MomentProblem. test: test functions `test[z,m]` of the instrument, m >= k.
    Raises: Singular if a regression has no unique solution.
    Source: adapted from Theil, 1953.
    """
    A, b, weights = alike(problem.A, problem.b, problem.weights)
    fitted = projection(A, weights, test)
    weighted = (fitted * weights[:, None]).T
    return enclosed_solution(product(weighted, fitted), product(weighted, b))


@replaceable
def regression(joint: Quantity, outcome: Quantity) -> Interval:
    """Conditional mean E[Y | X = x], `[x]`, under a joint distribution.

    Args: joint: distribution `joint[z,u,x]` in which every x has positive probability. outcome: Y as `outcome[u,x]`.
    """
    joint, outcome = alike(joint, outcome)
    return (joint * outcome).sum(axis=(0, 1)) / joint.sum(axis=(0, 1))
