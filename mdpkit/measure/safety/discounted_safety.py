"""The discounted safety value, whose sign classifies states in safety Q-learning."""

import numpy as np

from ...base.arrays import bare, is_exact
from ...base.errors import ExactnessLost, InvalidModel
from ...base.interval import Interval
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...base.types import Number
from ...kernels import safety
from ...model.safety import SafetyProblem
from .._known import enclose, number
from .tube import indicator


@replaceable
def discounted_safety(problem: SafetyProblem, margin: np.ndarray, gamma: Number) -> Interval:
    """Discounted safety value, the fixed point V = (1 - gamma) margin + gamma min(margin, max_a V[successor]), `[s]`.

    Args:
        problem: a SafetyProblem with successors.
        margin: distance to failure, `[s]`, rational or float64: negative exactly on failure.
        gamma: 0 <= gamma < 1.

    V is nonincreasing in gamma and tends to the maximum over paths of the minimum margin along the path. Exact on
    rationals; on floats the bounds are those of the residual, |V - w| <= max|T w - w| / (1 - gamma).

    Raises: InvalidModel if the margin's sign does not characterise failure, P is stochastic or gamma is not in [0, 1).
    Source: adapted from Fisac, Lugovoy, Rubies-Royo, Ghosh and Tomlin, 2019.

    >>> from mdpkit.base.arrays import objects, rational
    >>> from mdpkit.model import SafetyProblem
    >>> doomed = SafetyProblem([False, True], [[1], [1]])
    >>> margin, low, high = objects([1, -1]), rational("1/3"), rational("2/3")
    >>> discounted_safety(doomed, margin, low)[0], discounted_safety(doomed, margin, high)[0]
    (Interval(1/3, exact), Interval(-1/3, exact))
    """
    successors = problem.successors
    if successors is None:
        raise InvalidModel(f"the discounted safety value needs deterministic dynamics; got {problem!r}")
    margin, gamma = bare(margin), gamma.item() if isinstance(gamma, np.ndarray) else gamma
    if not proposing():
        _expect_margin(problem, margin, gamma)
    w = safety.discounted_safety(margin, successors, gamma, 4 * problem.S * problem.A + 100)
    if proposing():
        return w
    near, given = Interval(w) if is_exact(w) else Interval(w, w, "float"), enclose(margin)
    factor = number(gamma, near)
    kept = _smaller(given, near[successors].max(axis=1))
    residual = given * (1 - factor) + kept * factor - near
    if residual.exact:
        if (residual != 0).yes.any():
            raise ArithmeticError(f"strategy iteration did not end at the fixed point on {problem!r}")
        return near
    error = (abs(residual).max() / (1 - factor)).upper
    return Interval(np.nextafter(w - error, -np.inf), np.nextafter(w + error, np.inf), "float")


@replaceable
def flagged(problem: SafetyProblem, margin: np.ndarray, gamma: Number) -> Interval:
    """Indicator of the states classified as unsafe, i.e. with negative discounted safety value, `[s]`."""
    V = discounted_safety(problem, margin, gamma)
    if not isinstance(V, Interval):
        return (V < 0).astype(float)
    below = V < 0
    if V.exact:
        return indicator(below.yes)
    return Interval(below.yes.astype(float), 1.0 - below.no, "float")


def _expect_margin(problem, margin, gamma):
    if margin.shape != (problem.S,) or ((margin < 0) != problem.failure).any():
        raise InvalidModel(f"margin has shape {margin.shape}; expected ({problem.S},), negative exactly on failure")
    if is_exact(margin) == isinstance(gamma, float):
        raise ExactnessLost(
            f"the margin is {'rational' if is_exact(margin) else 'float'} and gamma is {gamma!r}; expected one kind"
        )
    if not 0 <= gamma < 1:
        raise InvalidModel(f"gamma is {gamma!r}; expected a number in [0, 1)")


def _smaller(a, b):
    """Entrywise minimum of two Intervals."""
    if a.exact:
        return Interval(np.minimum(a.lower, b.lower))
    return Interval(np.minimum(a.lower, b.lower), np.minimum(a.upper, b.upper), a.how)
