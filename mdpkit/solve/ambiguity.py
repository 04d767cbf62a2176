"""Sets of transition laws, one for each state and action, from which nature chooses the worst."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..base.arrays import floats, zeros
from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import at
from ..base.tolerance import UNIT, gamma
from ..base.types import Numbers
from ..model.mdp import MDP, stepwise

DOUBLINGS, HALVINGS = 60, 200
"""Largest numbers of steps in the search for the temperature of a worst law in a KL ball."""

LARGE = 1e307
"""Values of larger size are divided by 4, so that their differences do not overflow."""

FLATTEST = 2.0**-40
"""Tilts below this, per unit of spread, change the divergence by less than its rounding."""


class Nature(Protocol):
    """The worst laws of a set around the laws of one problem.

    `worst(t, w)` returns p[s,a,n], which minimises p . w over the set up to rounding, and a bound `gap` (`[s,a]`, or a
    scalar) on how far p . w may be above or, for rounding alone, below that minimum. Both are exact on rationals.
    `share` max |w| bounds the part of `gap` due to rounding, rows that do not sum to 1 included; 0 on rationals.
    """

    share: Any

    def worst(self, t: int, w: np.ndarray) -> tuple[np.ndarray, Any]: ...


@runtime_checkable
class Ambiguity(Protocol):
    """A set of transition laws around those of a problem; rational problems stay rational if `exact`."""

    exact: bool

    def around(self, problem: MDP) -> Nature:
        """The set around the laws of a problem. Raises: InvalidModel if it does not fit the problem."""
        ...


@dataclass(frozen=True, eq=False)
class L1Ball:
    """All laws p, on any states, with sum_n |p(n) - P(n | s,a)| <= radius.

    Args: radius: at least 0, a number or `[s,a]`; twice the total variation distance, so that 2 allows every law.

    The worst law moves mass radius/2 from the best next states to the worst one; it is found by sorting.
    Source: adapted from Strehl and Littman, 2008; Iyengar, 2005.

    >>> from mdpkit.model import Discounted
    >>> stay = MDP([[[1, 0]], [[0, 1]]], [[1.0], [0.0]], horizon=Discounted(0.5))
    >>> L1Ball(0.5).around(stay).worst(0, np.array([2.0, 0.0]))[0][0, 0]
    array([0.75, 0.25])
    """

    radius: Numbers
    exact = True

    def around(self, problem: MDP) -> "Nature":
        """The ball around the laws of a problem. Raises: InvalidModel for a radius below 0 or of another shape."""
        return _L1Nature(_laws(problem), _radius(self.radius, problem) / 2, problem)


@dataclass(frozen=True, eq=False)
class KLBall:
    """All laws p with KL(p || P(. | s,a)) <= radius; they reach no state that P does not reach.

    Args: radius: at least 0, in nats, a number or `[s,a]`.

    The worst law is P tilted by e^(-w/temperature), or, where the radius allows it, P conditioned on the worst of its
    next states. The temperature is found by bisection; a law that is proved to lie in the ball gives an upper bound on
    the minimum, and the dual, -temperature (log E_P e^(-w/temperature) + radius), the lower one. Rational problems too
    get float bounds.
    Source: adapted from Nilim and El Ghaoui, 2005; Iyengar, 2005.

    >>> from mdpkit.model import Discounted
    >>> even = MDP([[[0.5, 0.5]], [[0, 1]]], [[1.0], [0.0]], horizon=Discounted(0.5))
    >>> KLBall(1).around(even).worst(0, np.array([2.0, 0.0]))[0][0, 0]
    array([0., 1.])
    """

    radius: Numbers
    exact = False

    def around(self, problem: MDP) -> "Nature":
        """The ball around the laws of a problem. Raises: InvalidModel for a radius below 0 or of another shape."""
        return _KLNature(_laws(problem), _radius(self.radius, problem), problem)


@dataclass(frozen=True, eq=False)
class IntervalSet:
    """All laws p with lower <= p <= upper in every entry.

    Args: lower, upper: `[s,a,n]`, or `[t,s,a,n]` for a law that varies with time, with lower <= P <= upper.

    The worst law starts from `lower` and fills the worst next states first up to `upper`.
    Source: adapted from Givan, Leach and Dean, 2000.

    >>> from mdpkit.model import Discounted
    >>> even = MDP([[[0.5, 0.5]], [[0, 1]]], [[1.0], [0.0]], horizon=Discounted(0.5))
    >>> wide = IntervalSet([[[0.25, 0]], [[0, 1]]], [[[1, 1]], [[0, 1]]])
    >>> wide.around(even).worst(0, np.array([2.0, 0.0]))[0][0, 0]
    array([0.25, 0.75])
    """

    lower: Numbers
    upper: Numbers
    exact = True

    def around(self, problem: MDP) -> "Nature":
        """The set beside the laws of a problem. Raises: InvalidModel naming a law outside the bounds, or the shape."""
        P, ends = _laws(problem), []
        for name in ("lower", "upper"):
            end = problem.like(getattr(self, name))
            if end.shape not in (P.shape, P.shape[1:]):
                raise InvalidModel(f"{name} has shape {end.shape}; expected {P.shape[1:]}, or {P.shape}")
            ends.append(np.broadcast_to(end, P.shape))
        here = np.broadcast_to(problem.available[:, :, None], P.shape)
        for sign, (name, end) in zip((1, -1), zip(("lower", "upper"), ends, strict=True), strict=True):
            outside = np.asarray(sign * (end - P) > 0) & here | np.asarray(end < 0) & here
            if outside.any() and not proposing():
                where = tuple(int(i) for i in np.argwhere(outside)[0])
                words = f"{at(name, where[-3:])} is {end[where]} beside P = {P[where]}"
                raise InvalidModel(f"{words}; expected 0 <= lower <= P <= upper")
        return _IntervalNature(*(np.where(here, end, zeros((), end)) for end in ends), P, problem)


class _L1Nature:
    def __init__(self, P, mass, problem):
        self.P, self.mass, self.share = P, mass, _share(problem, 8)

    def worst(self, t, w):
        order = np.argsort(w, kind="stable")
        P = self.P[t % len(self.P)][..., order]
        none = zeros((), P)
        moved = np.maximum(np.minimum(self.mass, 1 - P[..., 0]), none)
        tails = np.cumsum(P[..., ::-1], axis=-1)[..., ::-1]
        kept = np.maximum(tails - moved[..., None], none)
        p = kept - np.concatenate([kept[..., 1:], zeros((*kept.shape[:-1], 1), P)], axis=-1)
        p[..., 0] += moved
        return _restore_order(p, order), _slack(self.share, w)


class _IntervalNature:
    def __init__(self, lower, upper, P, problem):
        self.lower, self.upper, self.share = lower, upper, _share(problem, 16)

    def worst(self, t, w):
        order = np.argsort(w, kind="stable")
        lower, upper = (end[t % len(end)][..., order] for end in (self.lower, self.upper))
        spare = np.maximum(1 - lower.sum(axis=-1), zeros((), lower))
        filled = np.minimum(np.cumsum(upper - lower, axis=-1), spare[..., None])
        before = np.concatenate([zeros((*filled.shape[:-1], 1), lower), filled[..., :-1]], axis=-1)
        return _restore_order(lower + filled - before, order), _slack(self.share, w)


class _KLNature:
    def __init__(self, P, radius, problem):
        self.P, self.radius, self.share = floats(P), floats(radius), _share(problem, 8)
        # of KL(p || P) and of log E_P: one in each product, sum and logarithm, and the rows' defect
        self.rounding = gamma(2 * problem.S + 64) + 4 * (0.0 if proposing() else problem.defect)

    def worst(self, t, w):
        P, w = self.P[t % len(self.P)], np.asarray(w, dtype=float)
        unit = 4.0 if np.abs(w).max() > LARGE else 1.0
        w = w / unit
        there = P > 0
        least = np.where(there, w, np.inf).min(axis=-1, keepdims=True)
        least = np.where(np.isfinite(least), least, 0.0)  # a missing action
        above = np.where(there, w - least, 0.0)
        spread = above.max(axis=-1)
        at_least = P * (above == 0)
        mass = at_least.sum(axis=-1)
        with np.errstate(divide="ignore", over="ignore"):
            conditioned = self.radius * (1 - 4 * UNIT) >= -np.log(mass) + self.rounding
            scale, radius = np.where(spread > 0, spread, 1.0), self.radius * (1 - 4 * UNIT)
            ratio = above / scale[..., None]
            # the divergence increases with the tilt: find the largest tilt that keeps it within the ball
            low, high = np.zeros(mass.shape), np.ones(mass.shape)
            for _ in range(DOUBLINGS):
                inside = (self._tilt(P, ratio, high)[1] <= radius) & ~conditioned & (spread > 0)
                if not inside.any():
                    break
                low, high = np.where(inside, high, low), np.where(inside, 2 * high, high)
            for _ in range(HALVINGS):
                if ((high - low <= 4 * UNIT * high) | (high < FLATTEST) | conditioned | (spread == 0)).all():
                    break
                middle = (low + high) / 2
                inside = self._tilt(P, ratio, middle)[1] <= radius
                low, high = np.where(inside, middle, low), np.where(inside, high, middle)
            p, _, logs = self._tilt(P, ratio, low)
            p = np.where(conditioned[..., None], at_least / np.where(mass > 0, mass, 1.0)[..., None], p)
            value, radius = (p * above).sum(axis=-1), self.radius * (1 + 4 * UNIT)
            dual = np.where(low > 0, -(logs + radius) / np.where(low > 0, low, 1.0) * scale, 0.0)
            # |E_p - E_P| <= spread TV <= spread sqrt(KL / 2), for radii so small that no tilt is found
            pinsker = (P * above).sum(axis=-1) - spread * np.sqrt(radius / 2)
        short = np.where(conditioned | (spread == 0), 0.0, np.maximum(value - np.maximum(dual, pinsker), 0.0))
        return p, unit * (short + _slack(self.share, w))

    def _tilt(self, P, ratio, tilt):
        """The law p proportional to P e^-x, x = tilt ratio; upper bounds on KL(p || P) and on log E_P e^-x.

        The rounding of x changes e^-x by a factor 1 + u x, hence the logarithm by u E_p x and the divergence by u E_p
        x (1 + x + |log E_P e^-x|).
        """
        x = tilt[..., None] * ratio
        weights = P * np.exp(-x)
        total = weights.sum(axis=-1)
        total = np.where(total > 0, total, 1.0)
        p, logs = weights / total[..., None], np.log(total)
        mean, square = (p * x).sum(axis=-1), (p * x * x).sum(axis=-1)
        error = self.rounding * (1 + mean + square + np.abs(logs) * (1 + mean))
        return p, np.where(tilt > 0, np.maximum(-mean - logs, 0.0) + error, 0.0), logs + error


def _laws(problem):
    P = problem.P.toarray().reshape(problem.S, problem.A, problem.S) if problem.sparse else problem.P
    return stepwise(P, 3)


def _radius(given, problem):
    radius = np.asarray(problem.like(given))
    if radius.shape not in ((), (problem.S, problem.A)):
        raise InvalidModel(f"radius has shape {radius.shape}; expected a number or ({problem.S}, {problem.A})")
    if not proposing() and not (np.asarray(radius >= 0).all() and (problem.exact or np.isfinite(radius).all())):
        raise InvalidModel(f"radius is {given!r}; expected finite numbers of at least 0")
    return radius + zeros((problem.S, problem.A), problem.r)


def _share(problem, each):
    """The rounding of a worst law in l1 distance, the input's errors included, as `gap` per unit of max|w|.

    The set of an input that differs by e in l1 distance, and by d in its radius, is within 2 e + d of the given set in
    l1 distance. Sorted sums differ by one rounding an entry, except where the mass is used up, where all entries before
    count.
    """
    return 0 if problem.exact or proposing() else gamma(each * problem.S + 32) + 8 * problem.defect


def _slack(share, w):
    return share * np.abs(w).max() if share else share


def _restore_order(p, order):
    out = np.empty_like(p)
    out[..., order] = p
    return out
