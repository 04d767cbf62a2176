"""Rigorous bounds on optimal values from one sweep."""

from math import inf, nextafter

import numpy as np

from ..base.interval import Interval
from ..base.tolerance import UNIT
from ..exact.certificate import OptimalityCertificate
from ..model.policy import TabularPolicy
from .solution import Status, judge


def down(x):
    return np.nextafter(x, -np.inf)


def up(x):
    return np.nextafter(x, np.inf)


def shifts(low, high, error, g):
    """Constants that make w + below a lower and w + above an upper bound on the optimal value.

    Args: low, high: extremes of the computed T w - w; error: bound on their error; g: the discount.

    T(w + c) - (w + c) = T w - w - (1 - g) c, so c = (low - error) / (1 - g) keeps it at least 0, whence w + c <= V*;
    the upper bound mirrors this. The discount that is meant may differ from g by 2^-53 g.
    Source: adapted from MacQueen, 1966; Puterman, 1994, Theorem 6.6.3.
    """
    least, most = _rest(g)
    low, high = nextafter(low - error, -inf), nextafter(high + error, inf)
    if not least > 0:
        return -inf, inf
    below = nextafter(low / (most if low > 0 else least), -inf)
    above = nextafter(high / (least if high > 0 else most), inf)
    return below, above


def _rest(g):
    """Bounds on 1 - g, for the discounts that g may stand for."""
    rest = 1 - g
    return nextafter(rest * (1 - 2 * UNIT) - UNIT * g, -inf), nextafter(rest * (1 + 2 * UNIT) + UNIT * g, inf)


def judge_shifted(value, tol, otherwise, w, g) -> Status:
    """The status of the bounds `value`, which are w plus the two `shifts` for the discount g.

    Bounds are infinite only through overflow, which is NONFINITE, or because g may be 1 up to rounding, which is
    `otherwise`.
    """
    finite = _rest(g)[0] <= 0 or (np.isfinite(value.lower).all() and np.isfinite(value.upper).all())
    return judge(value, tol, otherwise, w) if finite else Status.NONFINITE


def around(w, below, above) -> Interval:
    """The interval [w + below, w + above], rounded outwards; the whole line where that is NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        lower, upper = down(w + below), up(w + above)
    unknown = ~(np.isfinite(lower) & np.isfinite(upper))
    return Interval(np.where(unknown, -np.inf, lower), np.where(unknown, np.inf, upper), "float")


def deterministic(problem, choice) -> TabularPolicy:
    """The deterministic policy `choice[s]` or `choice[t,s]`, in the problem's number kind."""
    return TabularPolicy._of_choices(choice, problem.A, problem.exact)


def proof(problem, policy, value, w, below, above):
    """The certificate of the bounds, if finite."""
    if not np.isfinite(value.width):
        return None
    return OptimalityCertificate(problem, policy, (w, np.asarray(below)), (w, np.asarray(above)))
