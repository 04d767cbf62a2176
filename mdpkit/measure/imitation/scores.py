"""Divergence of the scores of noised distributions on points of a line, enclosed, with a bound on its truncation.

Noise is the Ornstein-Uhlenbeck process: s_t given a point x is N(e^-t x, 1 - e^-2t). Times are given by their
signal-to-noise ratio snr = e^-2t / (1 - e^-2t), which falls from infinity at t = 0 to 0.
"""

from typing import NamedTuple

import numpy as np

from ...base.arrays import exactly, nearest, objects
from ...base.balls import ends
from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity
from ...base.mode import proposing
from ...base.record import distributions
from ...base.replaceable import replaceable
from ...base.tolerance import ROW_SUM, UNIT
from ...exact import score_integrals


@replaceable
def score_divergence(points: Quantity, p: Quantity, q: Quantity, snr: Quantity) -> Interval:
    """Integral over times from t on of E_{P_t} |grad log P_t - grad log Q_t|^2, for laws `p[s]`, `q[s]` on `points[s]`.

    As t tends to 0 it increases to KL(p || q) if the points are all different.

    Args: points, p, q: arrays. snr: the signal-to-noise ratio at t. Floats stand for the rationals that they are.
    Returns: an enclosure by ball arithmetic, of width about 1e-7 times snr times the squared range of the points.
    Raises: InvalidModel for laws that do not sum to 1 or are not on the points, or a ratio that is not positive.
    Source: Wu, Chen, Swamy, Brantley and Sun, 2025; as an integral over the ratio, Verdu, 2010.

    >>> from mdpkit.base.arrays import objects
    >>> far = score_divergence(objects([0, 1]), objects(["1/2", "1/2"]), objects(["1/4", "3/4"]), objects(16))
    >>> f"{far.mid:.6f}"
    '0.133366'
    """
    given = _arguments(points, p, q, snr)
    return given.settle([score_integrals.integrals(*given[:4]).divergence])[0]


@replaceable
def score_costs(points: Quantity, p: Quantity, q: Quantity, snr: Quantity) -> Interval:
    """Integral over times from t on of E|grad log Q_t - target|^2 - E|grad log P_t - target|^2, at each state `[s]`.

    The target is the score of s_t given the state. Arguments as for `score_divergence`, which is the mean under p.
    """
    given = _arguments(points, p, q, snr)
    return given.settle(score_integrals.integrals(*given[:4]).costs)


@replaceable
def noised_log_ratio(points: Quantity, p: Quantity, q: Quantity, snr: Quantity) -> Interval:
    """E[log P_t(s_t) / Q_t(s_t)] given each state `[s]`, at one time t. Arguments as for `score_divergence`."""
    given = _arguments(points, p, q, snr)
    return given.settle(score_integrals.log_ratios(*given[:4]))


@replaceable
def confusion(points: Quantity, law: Quantity, snr: Quantity) -> Interval:
    """Sum over states s' at other points of sqrt(law(s') / law(s)) e^(-snr |x_s - x_s'|^2 / 8), at each state `[s]`.

    It bounds what noise of this signal-to-noise ratio leaves unknown about the state; infinite where law(s) = 0.
    """
    given = _arguments(points, law, law, snr)
    return given.settle(score_integrals.confusions(given.points, given.p, given.snr))


def _arguments(points, p, q, snr):
    """Tuples of rationals, checked, and whether any was a float; float laws are divided by their exact sums."""
    given = [_numbers(each) for each in (points, p, q, snr)]
    points, p, q, snr = (exactly(x) if x.dtype.kind == "f" else objects(x) for x in given)
    for name, law in (("p", p), ("q", q)):
        if points.ndim != 1 or law.shape != points.shape:
            raise InvalidModel(f"{name} has shape {law.shape} and points {points.shape}; expected [s] for both")
    p, q = (_law(name, law, raw) for name, law, raw in (("p", p, given[1]), ("q", q, given[2])))
    if snr.ndim or not snr[()] > 0:
        raise InvalidModel(f"snr is {snr[()]}; expected a positive number")
    return _Arguments(tuple(points), tuple(p), tuple(q), snr[()], any(x.dtype.kind == "f" for x in given))


def _numbers(x):
    if not isinstance(x, Interval):
        return np.asarray(x)
    if not x.exact:
        raise InvalidModel(f"an argument is known within an interval only ({x.how}); expected numbers")
    return x.lower


class _Arguments(NamedTuple):
    points: tuple
    p: tuple
    q: tuple
    snr: object
    rounded: bool

    def settle(self, values):
        """An Interval around balls; for floats widened by their input rounding (proofs/lemmas/score_integrals.md)."""
        bounds = [(np.inf, np.inf) if value is None else ends(value) for value in values]
        lower, upper = np.array(bounds).T
        if proposing():
            return (lower + upper) / 2
        if not self.rounded:
            return Interval(lower, upper, "enclosed")
        spread = nearest(self.snr * (max(self.points) - min(self.points)) ** 2)
        radius = np.where(np.isfinite(upper), 64 * UNIT * (1 + spread) ** 2 * (1 + np.abs(upper)), 0.0)
        return Interval(lower - radius, upper + radius, "float")


def _law(name, law, given):
    distributions(name, law if given.dtype == object else given.astype(float), ROW_SUM)
    return law / law.sum()
