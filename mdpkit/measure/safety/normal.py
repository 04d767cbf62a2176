"""The normal distribution, enclosed by ball arithmetic."""

import numpy as np

from ...base.arrays import is_exact
from ...base.balls import ball, ends
from ...base.interval import Interval, Quantity, interval
from ...base.mode import proposing
from ...base.replaceable import replaceable
from .._known import enclose


@replaceable
def normal_probability(x: Quantity) -> Interval:
    """Entrywise probability that a standard normal variable is at most x: an enclosure, except 0 and 1 at infinity.

    Args: x: an Interval, an array or a number.

    See also: normal_quantile

    >>> print(f"{normal_probability(1):.6f}")
    [0.841344, 0.841345]
    """
    if proposing() and not isinstance(x, Interval):
        from scipy.special import ndtr

        return ndtr(np.asarray(x, dtype=float))
    return _between(x, lambda end: (-end / _root_of_two()).erfc() / 2, -np.inf, np.inf, 0.0, 1.0)


@replaceable
def normal_quantile(p: Quantity) -> Interval:
    """Entrywise quantile of the standard normal distribution: an enclosure; -infinity at 0 and infinity at 1.

    Args: p: probabilities; an Interval, an array or a number. Ends of an Interval outside [0, 1] are taken as 0 and 1.

    See also: normal_probability

    >>> print(f"{normal_quantile(normal_probability(1)):.6f}")
    [0.999999, 1.000001]
    """
    if proposing() and not isinstance(p, Interval):
        from scipy.special import ndtri

        return ndtri(np.clip(np.asarray(p, dtype=float), 0.0, 1.0))
    return _between(p, lambda end: -_root_of_two() * (2 * end).erfcinv(), 0.0, 1.0, -np.inf, np.inf)


def _root_of_two():
    from flint import arb

    return arb(2).sqrt()


def _between(x, f, least, most, lowest, highest):
    """An increasing f of both ends, which is `lowest` at most at `least` and `highest` at least at `most`."""
    from flint import ctx

    if not isinstance(x, Interval):
        x = enclose(x) if np.asarray(x).dtype.kind == "f" or is_exact(np.asarray(x)) else interval(x)
    x = x.enclose()
    found = np.empty((2, *x.shape))
    with ctx.workprec(128):
        for k, end in enumerate((x.lower, x.upper)):
            for index in np.ndindex(x.shape):
                if end[index] <= least:
                    found[(k, *index)] = lowest
                elif end[index] >= most:
                    found[(k, *index)] = highest
                else:
                    found[(k, *index)] = ends(f(ball(end[index], end[index])))[k]
    return Interval(np.clip(found[0], lowest, highest), np.clip(found[1], lowest, highest), x.how)
