"""Regrets and saddle gaps of the two players of a moment game."""

from math import isfinite

from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity, stack
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...exact.linear import product
from ...model.moments import MomentProblem
from .._known import alike
from .moment_game import clipped


@replaceable
def saddle_gap(
    problem: MomentProblem, h: Quantity, f: Quantity, box: tuple[Quantity, Quantity], curvature: Quantity = 1
) -> Interval:
    """max over f' of L(h, f') minus min over h' of L(h', f), for L(h, f) = 2 E[f psi] - curvature E f^2.

    Zero exactly at a saddle point over |h| <= box[0], |f| <= box[1] entrywise.

    Args: problem: a MomentProblem. h: `h[k]`. f: test function `f[z]`. box: largest entries of h and of f.
    Raises: InvalidModel for a negative curvature, or a box that is negative or infinite.

    >>> from mdpkit.base.arrays import objects
    >>> one = MomentProblem(objects([[1]]), objects([0]), objects([1]))
    >>> saddle_gap(one, ["1/2"], [0], (1, 1), curvature=0)
    Interval(1, exact)
    """
    _check(box)
    A, b, weights, h, f = alike(problem.A, problem.b, problem.weights, h, f)
    return _most(weights, b - product(A, h), box[1], curvature) - _least(A, b, weights, f, box[0], curvature)


@replaceable
def moment_regrets(
    problem: MomentProblem, h: Quantity, f: Quantity, box: tuple[Quantity, Quantity], curvature: Quantity = 1
) -> Interval:
    """Regrets `[2]` of h and of f over rounds of play, sums and not averages, against the best fixed point of the box.

    Args: problem: a MomentProblem. h: `h[t,k]`. f: `f[t,z]`. box, curvature: as in `saddle_gap`.
    Raises: InvalidModel as `saddle_gap`.

    >>> from mdpkit.base.arrays import objects
    >>> one = MomentProblem(objects([[1]]), objects([0]), objects([1]))
    >>> moment_regrets(one, [[1], [1]], [[0], [-1]], (1, 1), curvature=0)
    Interval(shape=(2,), exact, width=0.0e+00, mid=
    [4. 2.])
    """
    _check(box)
    A, b, weights, h, f = alike(problem.A, problem.b, problem.weights, h, f)
    rounds = len(h) if not isinstance(h, Interval) else h.shape[0]
    psi = b - product(h, A.T)
    bent = _bend(weights, f, curvature)
    played = (weights * f * psi * 2).sum() - bent
    best_f = _most(weights, psi.sum(axis=0) / rounds, box[1], curvature) * rounds
    # L is affine in h: the sum over rounds is that of the mean test function, up to its curvature
    best_h = _least(A, b, weights, f.sum(axis=0) / rounds, box[0], 0) * rounds - bent
    return stack([played - best_h, best_f - played])


def _check(box):
    for k, radius in enumerate(box):
        infinite = isinstance(radius, float) and not isfinite(radius)
        if not proposing() and (infinite or not radius >= 0):
            raise InvalidModel(f"box[{k}] is {radius}; expected a finite number of at least 0")


def _most(weights, psi, radius, curvature):
    """max over |f| <= radius of 2 E[f psi] - curvature E f^2."""
    if not curvature >= 0:
        raise InvalidModel(f"curvature is {curvature}; expected a number of at least 0")
    if curvature == 0:
        return (weights * abs(psi)).sum() * radius * 2
    best = clipped(psi / curvature, radius)
    return (weights * (best * psi * 2 - best * best * curvature)).sum()


def _least(A, b, weights, f, radius, curvature):
    """min over |h| <= radius of L(h, f)."""
    slope = product(A.T, weights * f)
    return (weights * f * b * 2).sum() - _bend(weights, f, curvature) - abs(slope).sum() * radius * 2


def _bend(weights, f, curvature):
    """curvature E f^2, summed over rounds."""
    return (weights * f * f).sum() * curvature if curvature != 0 else (weights * 0).sum()
