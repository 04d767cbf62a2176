"""Regression of values on data: least-squares value iteration, and value-targeted regression of mixture models."""

import numpy as np

from ..base.arrays import exactly, floats, is_exact, objects
from ..base.errors import InvalidModel
from ..base.interval import Interval, stack
from ..base.lifting import enclose
from ..base.mode import proposing
from ..base.record import expect_counts, numbers
from ..base.replaceable import replaceable
from ..base.types import Number, Numbers
from ..exact.linear import product
from ..model.data import Trajectories
from .linear_values import expect_ridge, greedy_values, solve_or_refuse


@replaceable
def regress_values(
    data: Trajectories,
    features: Numbers,
    H: int,
    ridge: Number = 0,
    mask: Numbers | None = None,
    pooled: bool = False,
) -> Interval:
    """Least-squares value iteration from data: coefficients `[t,k]` for t = 0..H-1.

    Backwards in time, w_t minimises sum_i weight_i (r_i + max_a Phi(n_i, a) w_{t+1} - Phi(s_i, a_i) w)^2 + ridge |w|^2
    over the transitions of step t; n_i is the next state, and the maximum is 0 where the episode ended before step H-1.

    Args:
        data: transitions with `reward` and `following`, over states and actions as integers.
        features: `features[s,a,k]`. H: number of steps. ridge: penalty, in units of the data's weights.
        mask: `mask[s,a]`, True where the action exists; all do if omitted.
        pooled: whether every step uses the transitions of all steps, for a process that does not vary with time.

    In a linear MDP the conditional mean of the target is linear whatever w_{t+1}, so that errors of the fits only add
    up; in others the projection may amplify them at every step, even with Q* linear. Exact for rational features and
    weights, with float rewards as the rationals they represent; else enclosed.
    Raises: InvalidModel for data without the columns, or outside of the features' sizes; Singular where a step's
        features are dependent and there is no ridge.
    Source: adapted from Bradtke and Barto, 1996; Jin, Yang, Wang and Jordan, 2020.

    >>> seen = Trajectories([0, 0], [0, 1], reward=[1, 3], following=[0, 0], weight=objects([1, 1]))
    >>> regress_values(seen, objects([[[1, 0], [0, 1]]]), H=2, pooled=True).lower
    array([[4, 6],
           [1, 3]], dtype=object)
    """
    expect_counts(H=H)
    Phi, d, pay = _columns(data, features, ("reward",))
    S, A, K = Phi.shape
    following = _states(data, S, A, None if pooled else H)
    ridge = enclose(_unit(Phi, K) * expect_ridge(ridge, Phi))
    there = None if mask is None else np.asarray(mask, dtype=bool)
    if there is not None and (there.shape != (S, A) or not there.any(axis=1).all()):
        raise InvalidModel(
            f"mask has shape {there.shape}; expected mask[s,a], ({S}, {A}), with an action in every state"
        )
    goes_on = np.ones(len(data), dtype=int) if data.ended is None else 1 - (data.ended & (data.t < H - 1))
    Phi, found, V = enclose(Phi), [], None
    for t in reversed(range(H)):
        at = np.arange(len(data)) if pooled else np.flatnonzero(data.t == t)
        rows = Phi[data.obs[at], data.action[at]]
        weighted = (rows * d[at][:, None]).T
        target = pay[at] if V is None else pay[at] + V[following[at]] * goes_on[at]
        where = "the covariance of the features" if pooled else f"the covariance of the features at step {t}"
        w = solve_or_refuse(product(weighted, rows) + ridge, product(weighted, target), where, FEW)
        found.append(w)
        V = greedy_values((Phi * w).sum(axis=-1), there)
    return stack(found[::-1])


@replaceable
def value_targeted_regression(kernels: Numbers, data: Trajectories, values: Numbers, ridge: Number = 0) -> Interval:
    """Coefficients theta[k] of a linear mixture model, fitted to the values of the next states.

    theta minimises sum_i weight_i sum_m (V_m(n_i) - sum_k theta[k] E_k[V_m | s_i, a_i])^2 + ridge |theta|^2, where E_k
    is the expectation under kernel k.

    Args: kernels: `[k,s,a,n]`. data: transitions with `following`, over states and actions as integers.
        values: functions of the state `[n]` or `[m,n]`, such as optimistic values. ridge: penalty.

    The truth minimises the mean of the sum without a ridge; it is found from the law of the data if the vectors
    (E_k[V_m | s, a])_k span all coefficients. Exact for rational kernels, values and weights; else enclosed.
    Raises: InvalidModel for data without `following`, or arrays that do not fit; Singular where they do not span.
    Source: adapted from Ayoub, Jia, Szepesvári, Wang and Yang, 2020.

    >>> stay, leave = [[[1, 0]], [[0, 1]]], [[[0, 1]], [[0, 1]]]
    >>> seen = Trajectories([0, 0, 0], [0, 0, 0], following=[0, 1, 1], weight=objects([1, 1, 1]))
    >>> value_targeted_regression(objects([stay, leave]), seen, objects([[1, 0], [0, 1]])).lower
    array([1/3, 2/3], dtype=object)
    """
    kernels, d = _columns(data, kernels, (), "kernels", "ksan")
    K, S, A, N = kernels.shape
    following = _states(data, S, A, None)
    V = numbers("values", values, is_exact(kernels), ("n", "mn"))
    if V.shape[-1] != N or N != S:
        raise InvalidModel(f"values have shape {V.shape} beside kernels of shape {kernels.shape}; expected values[m,n]")
    V = enclose(V.reshape(-1, N))
    P = enclose(kernels[:, data.obs, data.action])
    ridge = enclose(_unit(kernels, K) * expect_ridge(ridge, kernels))
    means = stack([(P * V[m]).sum(axis=-1) for m in range(len(V))]).reshape(len(V), K, len(data))
    rows = stack([means[:, k].reshape(-1) for k in range(K)])
    weighted = rows * stack([d] * len(V)).reshape(-1)
    target = stack([V[m][following] for m in range(len(V))]).reshape(-1)
    return solve_or_refuse(
        product(weighted, rows.T) + ridge,
        product(weighted, target),
        "the covariance of the expected values",
        "the expected values under the kernels are linearly dependent on the data",
    )


FEW = "the features are linearly dependent on the data; set a ridge, or give more pairs"


def _columns(data, array, names, name="features", axes="sak"):
    """The array, and the data's weights and columns of these names as Intervals, all of one number kind."""
    exact = data.exact and np.asarray(array).dtype.kind != "f"
    array = numbers(name, array if exact else floats(array), exact, axes)
    for needed in (*names, "following"):
        if getattr(data, needed) is None:
            raise InvalidModel(f"the data have no column {needed}; expected transitions with {needed}[k]")
    columns = (_lift(exactly(getattr(data, each)) if exact else getattr(data, each)) for each in names)
    return array, enclose(data.weight if exact else floats(data.weight)), *columns


def _lift(column):
    """Data as they stand, without a rounding error."""
    if is_exact(column):
        return Interval(column)
    return floats(column) if proposing() else Interval(floats(column), None, "float")


def _states(data, S, A, H):
    """The next states, checked with the other columns."""
    data.check(S, A, H)
    following = data.following
    if following.dtype.kind not in "iu" or following.ndim != 1 or (following < 0).any() or (following >= S).any():
        raise InvalidModel(f"following has entries outside of 0 to {S - 1}; expected states of the features")
    return following


def _unit(pattern, K):
    unit = np.eye(K, dtype=int)
    return objects(unit) if is_exact(pattern) else unit.astype(float)
