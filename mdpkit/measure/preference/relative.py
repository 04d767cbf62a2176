"""Errors of differences of rewards, by which relative-reward regression is judged."""

import numpy as np

from ...base.balls import ball, ends
from ...base.interval import Interval, Quantity, interval
from ...base.mode import proposing
from ...base.replaceable import replaceable
from .._known import alike, enclose


@replaceable
def relative_error(excess: Quantity, first: Quantity, second: Quantity, weights: Quantity) -> Interval:
    """E_x E_{y ~ first, z ~ second} (g[x,y] - g[x,z])^2, a scalar: the error of REBEL for g = f - r.

    It is computed in O(X Y): per prompt E_first (g - c)^2 + E_second (g - c)^2 + (E_first g - E_second g)^2 / 2, where
    c is the mean of the two expectations. If both laws are p it is 2 E_x Var_p(g).

    Args:
        excess: g, Interval or numbers `[x,y]`. first, second: `[x,y]`, laws of the two responses. weights: `[x]`.

    >>> relative_error([[1, 0]], [["1/2", "1/2"]], [["1/2", "1/2"]], [1])
    Interval(1/2, exact)
    """
    g, first, second, weights = alike(excess, first, second, weights)
    means = (first * g).sum(axis=-1), (second * g).sum(axis=-1)
    g = g - ((means[0] + means[1]) / 2)[..., None]
    squares = ((first + second) * g * g).sum(axis=-1)
    return (weights * (squares + (means[0] - means[1]) ** 2 / 2)).sum()


@replaceable
def square_root(x: Quantity) -> Interval:
    """Entrywise square root of a nonnegative Interval, array or number; enclosed unless it is rational.

    >>> from mdpkit.base.arrays import objects
    >>> print(square_root(objects(["9/4"])).lower)
    [3/2]
    """
    if not isinstance(x, Interval):
        if proposing():
            return np.sqrt(np.maximum(x, 0))
        x = enclose(x) if np.asarray(x).dtype.kind == "f" else interval(x)
    from flint import ctx

    if x.exact:
        roots = np.array([_rational_root(number) for number in np.ravel(x.lower)], dtype=object).reshape(x.shape)
        if all(root is not None for root in np.ravel(roots)):
            return Interval(roots)
        x = x.enclose()
    lower, upper = np.zeros(x.shape), np.zeros(x.shape)
    with ctx.workprec(128):
        for index in np.ndindex(x.shape):
            if x.lower[index] > 0:
                lower[index] = ends(ball(x.lower[index], x.lower[index]).sqrt())[0]
            if x.upper[index] > 0:
                upper[index] = ends(ball(x.upper[index], x.upper[index]).sqrt())[1]
    return Interval(lower, upper, x.how)


def _rational_root(number):
    """The square root of a rational that has a rational one, else None."""
    from flint import fmpq

    if not isinstance(number, fmpq) or number < 0 or not (number.p.is_square() and number.q.is_square()):
        return None
    return fmpq(number.p.isqrt(), number.q.isqrt())
