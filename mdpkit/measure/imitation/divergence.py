"""Divergences between policies, per state."""

import numpy as np

from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...model.policy import Policy
from .._known import alike, enclose, row_error
from .._logs import relative_entropy


@replaceable
def total_variation(p: Policy, q: Policy) -> Interval:
    """TV(p, q) = 1/2 sum_a |p(a|s) - q(a|s)| in [0, 1], per state: `[s]` or `[t,s]`.

    Args: p, q: policies with tables of the same problem, stationary or time-varying.
    Raises: InvalidModel if the tables differ in states, actions or steps.

    >>> from mdpkit.model import TabularPolicy
    >>> from mdpkit.base.arrays import objects
    >>> total_variation(TabularPolicy(objects([[1, 0]])), TabularPolicy(objects([["1/4", "3/4"]])))[0]
    Interval(3/4, exact)
    """
    a, b = _tables(p, q)
    return abs(enclose(a, row_error(p)) - enclose(b, row_error(q))).sum(axis=-1) / 2


@replaceable
def kl(p: Policy, q: Policy) -> Interval:
    """KL(p || q) = sum_a p log(p/q) in nats, per state: `[s]` or `[t,s]`.

    An action of probability 0 under p contributes 0; the divergence is infinite unless p is absolutely continuous
    with respect to q. Rational tables give exact numbers: sums of logarithms (`mdpkit.exact.logs`), or INFINITY.

    >>> from mdpkit.model import TabularPolicy
    >>> from mdpkit.base.arrays import objects
    >>> kl(TabularPolicy(objects([["1/4", "3/4"]])), TabularPolicy(objects([["1/2", "1/2"]])))[0]
    Interval(-log(2) + 3/4 log(3), exact)
    """
    a, b = _tables(p, q)
    if not proposing() and p.exact != q.exact:
        kinds = {True: "rational", False: "float"}
        raise InvalidModel(f"p is {kinds[p.exact]} and q {kinds[q.exact]}; convert one with .to_exact() or .to_float()")
    divergence = relative_entropy(enclose(a, row_error(p)), enclose(b, row_error(q)))
    if not isinstance(divergence, Interval) or divergence.exact:
        return divergence
    # a KL divergence is nonnegative
    return Interval(np.maximum(divergence.lower, 0.0), np.maximum(divergence.upper, 0.0), divergence.how)


@replaceable
def triangular(p: Quantity, q: Quantity) -> Interval:
    """Triangular discrimination sum_s (p - q)^2 / (p + q) in [0, 2] of two distributions `[s]`.

    It is at least 2 TV^2, and at most 2 TV and 2 KL. Outcomes with p = q = 0 contribute 0.

    Source: Le Cam, 1986; Topsoe, 2000.

    >>> triangular([1, 0], ["1/2", "1/2"])
    Interval(2/3, exact)
    """
    p, q = alike(p, q)
    total, squares = p + q, (p - q) ** 2
    if not isinstance(total, Interval):
        seen = total > 0
        return np.where(seen, squares / np.where(seen, total, 1), 0).sum(axis=-1)
    surely, perhaps = ((end > 0).nonzero()[0] for end in (total.lower, total.upper))
    rest = np.setdiff1d(perhaps, surely)  # each such term is at most p + q
    least = Interval(np.zeros(len(rest)), np.maximum(total.upper[rest], 0), total.how).sum() if len(rest) else 0
    return (squares[surely] / total[surely]).sum() + least


def _tables(p, q):
    a, b = p.table, q.table
    if a.shape[-2:] != b.shape[-2:] or (a.ndim == b.ndim == 3 and len(a) != len(b)):
        raise InvalidModel(
            f"the policies have tables of shape {a.shape} and {b.shape}; expected the same states, actions and steps"
        )
    return (
        np.broadcast_arrays(a, b)
        if a.ndim == b.ndim
        else np.broadcast_arrays(*(x if x.ndim == 3 else x[None] for x in (a, b)))
    )
