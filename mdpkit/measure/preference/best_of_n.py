"""The best of n responses: its law and its divergence from the reference."""

import numpy as np

from ...base.interval import Interval
from ...base.replaceable import replaceable
from ...base.types import Numbers
from ...model.policy import TabularPolicy
from .._known import law
from .._logs import relative_entropy

PAIRS = 64
"""Largest number of responses of which plain floats are compared in pairs; more are sorted."""


@replaceable
def best_of_n(reference: TabularPolicy, scores: Numbers, n: int) -> Interval:
    """Law `[x,y]` of the response of highest score of n drawn from the reference, ties in proportion to it.

    With F the distribution function of the score it is ref(y) (F(y)^n - F(y-)^n) / (F(y) - F(y-)).

    Responses without mass under the reference are never drawn; one draw has the law of the reference, without rounding.
    Args: scores: `[x,y]`. n: number of draws.

    >>> from mdpkit.base.arrays import objects
    >>> print(best_of_n(TabularPolicy(objects([["1/2", "1/2"]])), objects([[0, 1]]), 2).lower)
    [[1/4 3/4]]
    """
    p = law(reference, "table")
    if n == 1:
        return p
    if type(p) is np.ndarray and p.dtype == float and p.shape[-1] > PAIRS:
        return _in_floats(p, scores, n)
    below, level = ((p[..., None, :] * part.astype(int)).sum(axis=-1) for part in _orders(scores))
    if isinstance(level, Interval) and not level.exact and (level.lower <= 0).any():
        return p * _divide(below, below + level, n)
    never = ((level.upper if isinstance(level, Interval) else level) == 0).astype(int)
    return p * ((below + level) ** n - below**n) / (level + never)


@replaceable
def best_of_n_divergence(reference: TabularPolicy, scores: Numbers, n: int) -> Interval:
    """KL divergence `[x]` of `best_of_n` from the reference, in nats; at most log n - (n-1)/n."""
    return relative_entropy(best_of_n(reference, scores, n), law(reference, "table"))


def _divide(low, high, n):
    """(high^n - low^n) / (high - low) = sum_j high^j low^(n-1-j), which needs no division where they may be equal."""
    total = high * 0 + 1
    for power in range(1, n):
        total = total * low + high**power
    return total


def _orders(scores):
    """`[x,y,z]`: whether z scores less than y, and whether they tie."""
    mine, other = scores[..., :, None], scores[..., None, :]
    return other < mine, other == mine


def _in_floats(p, scores, n):
    """The law in plain floats, by sorting: no array over pairs of responses."""
    p, scores = np.broadcast_arrays(p, np.asarray(scores, dtype=float))
    order = np.argsort(scores, axis=-1, kind="stable")
    ranked, mass = (np.take_along_axis(each, order, axis=-1) for each in (scores, p))
    first = np.ones(mass.shape, dtype=bool)
    first[..., 1:] = ranked[..., 1:] != ranked[..., :-1]
    place = np.cumsum(first.reshape(-1)) - 1
    level = np.bincount(place, mass.reshape(-1))[place].reshape(mass.shape)
    upto = np.maximum.reduceat(np.cumsum(mass, axis=-1).reshape(-1), np.flatnonzero(first))[place].reshape(mass.shape)
    drawn = level > 0
    share = np.minimum(np.divide(level, upto, where=drawn, out=np.zeros(mass.shape)), 1)
    with np.errstate(divide="ignore"):
        gained = upto**n * -np.expm1(n * np.log1p(-share))  # F(y)^n - F(y-)^n
    found = np.empty(mass.shape)
    np.put_along_axis(found, order, np.divide(mass * gained, level, where=drawn, out=np.zeros(mass.shape)), axis=-1)
    return found
