"""How far two policies are apart, state by state."""

import numpy as np

from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..base.mode import proposing
from ..base.tolerance import UNIT
from ._known import known
from ._public import public


@public
def total_variation(p, q) -> Interval:
    """TV(p, q) = 1/2 sum_a |p(a|s) - q(a|s)| in [0, 1], for every `[s]` or `[t,s]`.

    Args: p, q: policies with tables of the same problem, stationary or time-varying.
    Raises: InvalidModel where the tables disagree in states or actions.

    >>> from mdpkit.model import TabularPolicy
    >>> from mdpkit.base.arrays import objects
    >>> total_variation(TabularPolicy(objects([[1, 0]])), TabularPolicy(objects([["1/4", "3/4"]])))[0]
    Interval(3/4, exact)
    """
    a, b = _tables(p, q)
    return abs(known(a, _defect(p)) - known(b, _defect(q))).sum(axis=-1) / 2


@public
def kl(p, q) -> Interval:
    """KL(p || q) = sum_a p log(p/q) in nats, for every `[s]` or `[t,s]`.

    An action that p never plays contributes 0; one that p plays and q never does makes the divergence infinite.
    Rational tables give an enclosure by ball arithmetic (`how` is "enclosed").
    """
    a, b = _tables(p, q)
    if proposing():
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(a > 0, a * np.log(np.where(a > 0, a / b, 1.0)), 0.0).sum(axis=-1)
    spread = (2 * _defect(p) + 2 * UNIT, 2 * _defect(q) + 2 * UNIT)
    exact = p.exact and q.exact
    lower, upper = np.empty(a.shape[:-1]), np.empty(a.shape[:-1])
    for index in np.ndindex(a.shape[:-1]):
        lower[index], upper[index] = _kl_row(a[index], b[index], (0, 0) if exact else spread)
    return Interval(lower, upper, "enclosed" if exact else "float")


def _kl_row(p, q, spread):
    """Float ends around sum p log(p/q), the entries known up to a relative error of `spread`."""
    from flint import arb, ctx

    with ctx.workprec(128):
        total = arb(0)
        for p_a, q_a in zip(p, q, strict=True):
            if p_a == 0:
                continue
            if q_a == 0:
                return np.inf, np.inf
            ball_p, ball_q = (arb(x) * arb(1, slack) for x, slack in zip((p_a, q_a), spread, strict=True))
            total += ball_p * (ball_p / ball_q).log()
        low, high = float(total.lower()), float(total.upper())
    # a divergence is never negative
    return max(0.0, float(np.nextafter(low, -np.inf))), max(0.0, float(np.nextafter(high, np.inf)))


def _tables(p, q):
    a, b = p.table, q.table
    if a.shape[-2:] != b.shape[-2:] or (a.ndim == b.ndim == 3 and len(a) != len(b)):
        raise InvalidModel(f"the policies have tables of shape {a.shape} and {b.shape}; expected the same states, actions and steps")
    return np.broadcast_arrays(a, b) if a.ndim == b.ndim else np.broadcast_arrays(*(x if x.ndim == 3 else x[None] for x in (a, b)))


def _defect(policy):
    return 0.0 if proposing() else policy.defect
