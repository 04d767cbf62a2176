"""Logarithms and relative entropy: exact on rationals, ball arithmetic on floats, plain float64 while proposing."""

import numpy as np

from ..base.arrays import bare, objects, rational
from ..base.balls import ball as ball
from ..base.balls import ends as ends
from ..base.interval import How, Interval, Quantity, interval
from ..base.mode import proposing
from ..base.replaceable import replaceable
from ..exact.infinite import INFINITY
from ..exact.logs import exponential, log
from ._known import enclose


@replaceable
def logarithm(x: Quantity) -> Interval:
    """Entrywise log x of a nonnegative Interval, array or number; -infinity at 0.

    Exact on rationals and integers; on floats an enclosure that covers input rounding (a plain array while proposing).

    >>> logarithm(12)
    Interval(2 log(2) + log(3), exact)
    """
    if not isinstance(x, Interval):
        if proposing():
            with np.errstate(divide="ignore"):
                return np.log(bare(x, float))
        x = enclose(x) if np.asarray(x).dtype.kind == "f" else interval(x)
    if x.exact:
        return Interval(log(x.lower))
    from flint import ctx

    lower, upper = np.full(x.shape, -np.inf), np.full(x.shape, -np.inf)
    with ctx.workprec(128):
        for index in np.ndindex(x.shape):
            if x.lower[index] > 0:
                lower[index] = ends(ball(x.lower[index], x.lower[index]).log())[0]
            if x.upper[index] > 0:
                upper[index] = ends(ball(x.upper[index], x.upper[index]).log())[1]
    return Interval(lower, upper, x.how)


def exponentiate(x):
    """Entrywise e^x of an Interval, exact where all entries are integer combinations of logarithms; or of floats."""
    if not isinstance(x, Interval):
        return np.exp(x)
    from flint import ctx

    if x.exact:
        powers = [exponential(entry) for entry in x.lower.flat]
        if all(hasattr(power, "p") for power in powers):
            return Interval(objects(powers).reshape(x.shape))
    about = x.enclose()
    with ctx.workprec(128):
        found = [ends(ball(low, high).exp()) for low, high in zip(about.lower.flat, about.upper.flat, strict=True)]
    lower, upper = np.array(found).T.reshape(2, *x.shape)
    return Interval(lower, upper, about.how)


def relative_entropy(p, q):
    """sum_y p log(p/q) over the last axis, for nonnegative Intervals or plain arrays; q need not sum to 1.

    An entry with p = 0 contributes 0; an entry with p > 0 = q makes the sum infinite.
    """
    if not isinstance(p, Interval):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(p > 0, p * np.log(np.where(p > 0, p / q, 1.0)), 0.0).sum(axis=-1)
    if p.exact and q.exact:
        out = np.empty(p.shape[:-1], dtype=object)
        for index in np.ndindex(out.shape):
            out[index] = _exact_row(p.lower[index], q.lower[index])
        return Interval(out)
    p, q = p.enclose(), q.enclose()
    lower, upper = np.empty(p.shape[:-1]), np.empty(p.shape[:-1])
    for index in np.ndindex(lower.shape):
        lower[index], upper[index] = _row(*(end[index] for end in (p.lower, p.upper, q.lower, q.upper)))
    return Interval(lower, upper, max(How[p.how], How[q.how]))


def _exact_row(p, q):
    support = [(p_y, q_y) for p_y, q_y in zip(p, q, strict=True) if p_y > 0]
    if any(q_y == 0 for _, q_y in support):
        return INFINITY
    return sum((log(p_y / q_y) * p_y for p_y, q_y in support), rational(0))


def _row(*bounds):
    from flint import arb, ctx

    with ctx.workprec(128):
        total = arb(0)
        for p_low, p_high, q_low, q_high in zip(*bounds, strict=True):
            if p_high == 0:
                continue
            if q_high == 0:
                return np.inf, np.inf
            p, q = ball(p_low, p_high), ball(q_low, q_high)
            total += p * (p / q).log()
        return ends(total)
