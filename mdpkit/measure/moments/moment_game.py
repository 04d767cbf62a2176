"""Conditional moment games, in which an adversary weights the moments by a test function f(z)."""

from math import inf

import numpy as np

from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity
from ...base.replaceable import replaceable
from ...exact.linear import product
from ...model.moments import MomentProblem
from .._known import alike
from .projection import projection


@replaceable
def moment_residual(problem: MomentProblem, h: Quantity) -> Interval:
    """Conditional moment psi[z] = E[psi | z] = b[z] - sum_k A[z,k] h[k].

    Args: problem: a MomentProblem. h: Interval or numbers `[k]`.
    """
    A, b, h = alike(problem.A, problem.b, h)
    return b - product(A, h)


@replaceable
def game_payoff(psi: Quantity, f: Quantity, weights: Quantity) -> Interval:
    """Payoff 2 E[f psi] - E[f^2] of a test function f against conditional moments psi.

    Args: psi, f: Intervals or numbers `[z]`. weights: distribution of z.
    """
    psi, f, weights = alike(psi, f, weights)
    return (weights * (f * psi * 2 - f * f)).sum()


@replaceable
def joint_payoff(joint: Quantity, outcome: Quantity, h: Quantity, f: Quantity) -> Interval:
    """Payoff 2 E[f (Y - h(X))] - E[f^2] under a joint distribution; free of conditional means, so estimable from data.

    Args: joint: distribution `joint[z,u,x]`. outcome: Y as `outcome[u,x]`. h: `h[x]`. f: a function of the adversary's
    observation, `f[z]`, `f[z,x]` or `f[z,u,x]`.
    """
    joint, outcome, h, f = alike(joint, outcome, h, f)
    f = f if f.ndim == 3 else f[:, None, :] if f.ndim == 2 else f[:, None, None]
    return (joint * (f * (outcome - h) * 2 - f**2)).sum()


@replaceable
def projected_error(psi: Quantity, weights: Quantity, test: Quantity | None = None) -> Interval:
    """E[(projection of psi)^2] = max over test functions f of 2 E[f psi] - E[f^2], in squared units of psi.

    Args: test: test functions `test[z,m]`, whose linear combinations are allowed; defaults to all functions of z, in
        which case the square root is the projected root mean squared error (PRMSE) of a moment restriction.
    Source: adapted from Dikkala, Lewis, Mackey and Syrgkanis, 2020.

    >>> projected_error([1, "1/2"], ["1/2", "1/2"]), projected_error([1, "1/2"], ["1/2", "1/2"], test=[[1], [1]])
    (Interval(5/8, exact), Interval(9/16, exact))
    """
    best, weights = alike(psi if test is None else projection(psi, weights, test), weights)
    return (weights * best**2).sum()


@replaceable
def mean_product(f: Quantity, g: Quantity, weights: Quantity) -> Interval:
    """E[f g] over the last axis; f and g are `[z]`, or `[...,z]` for a batch of functions."""
    f, g, weights = alike(f, g, weights)
    return (f * g * weights).sum(axis=-1)


@replaceable
def clipped(psi: Quantity, level: Quantity) -> Interval:
    """psi clipped to [-level, level]; the remainder psi - clipped(psi, level) is the soft threshold of psi.

    Args: psi: Interval or numbers. level: a nonnegative number, or one for each entry of psi.

    >>> clipped([1, -3], 2).lower
    array([1, -2], dtype=object)
    """
    psi, level = alike(psi, level)
    if not isinstance(psi, Interval):
        return np.clip(psi, -level, level)
    if psi.exact and level.exact:
        return Interval(np.minimum(np.maximum(psi.lower, -level.lower), level.lower))
    psi, level = (x + Interval(0.0, how="float") for x in (psi, level))
    ends = [
        [np.clip(end, -cut, cut) for cut in (np.maximum(level.lower, 0), level.upper)] for end in (psi.lower, psi.upper)
    ]
    return Interval(np.minimum(*ends[0]), np.maximum(*ends[1]), "float")


@replaceable
def norm_power(f: Quantity, weights: Quantity, order: float) -> Interval:
    """E[|f|^order] for a positive integer order; for order infinity the maximum of |f[z]| over z of positive weight.

    Raises: InvalidModel for another order.

    >>> [norm_power([1, -3], ["1/2", "1/2"], order) for order in (1, 2, inf)]
    [Interval(2, exact), Interval(5, exact), Interval(3, exact)]
    """
    if order != inf and not (isinstance(order, int) and order >= 1):
        raise InvalidModel(f"order is {order!r}; expected a positive integer or infinity")
    f, weights = alike(f, weights)
    if order == inf:
        if not isinstance(f, Interval):
            return np.where(weights > 0, abs(f), 0.0).max()
        return abs(f[np.flatnonzero(weights.upper > 0)]).max()
    return (weights * abs(f) ** order).sum()
