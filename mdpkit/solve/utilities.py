"""Concave utilities of occupancy measures."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..base.interval import Interval
from ..base.lifting import enclose
from ..base.tolerance import UNIT
from ..base.types import Numbers
from ..model.horizon import Finite
from ..model.mdp import MDP
from .occupancies import per_visit

LOG = 8 * UNIT
"""Relative rounding of a logarithm, and of q log q."""


@runtime_checkable
class Utility(Protocol):
    """A concave function of arrays d >= 0 in the shape of an occupancy measure, `[s,a]`, or `[t,s,a]` for Finite.

    Any object with these two methods is one.
    """

    def value(self, problem: MDP, d: Interval) -> Interval:
        """Bounds on the utility of every d in an Interval. Raises: InvalidModel if the utility does not fit."""
        ...

    def slope(self, problem: MDP, d: Any) -> Any:
        """A supergradient at d, whose entries are positive, in the shape of d.

        Args: d: an Interval of width 0, for which the slope is an Interval that contains a supergradient; or an array
            of floats, which only propose: then the slope is an array too.
        """
        ...


@dataclass(frozen=True)
class VisitEntropy:
    """Entropy, in nats, of the law q of the state (and action) at a random time.

    Args: actions: whether q is the law of state and action; by default of the state alone.

    The time is geometric for Discounted, q = (1 - gamma) d, and uniform on the H steps for Finite. Its maximum is the
    maximum entropy exploration of Hazan, Kakade, Singh and Van Soest. Where q is no distribution, as off the polytope
    of occupancies, the utility is -sum q log q, which is concave.
    Source: adapted from Hazan, Kakade, Singh and Van Soest, 2019.

    >>> from mdpkit.exact.logs import log
    >>> two = MDP([[[1.0], [1.0]]], [[0.0, 0.0]], horizon=Finite(1))
    >>> VisitEntropy(actions=True).value(two, Interval([[[0.5, 0.5]]], how="float")).contains(log(2))
    True
    """

    actions: bool = False

    def value(self, problem: MDP, d: Interval) -> Interval:
        """-sum q log q."""
        q = self._law(problem, d)
        (low, high), peak = (_q_log_q(end) for end in (q.lower, q.upper)), np.exp(-1.0)
        least, most = np.minimum(low, high), np.maximum(low, high)
        most = np.where((q.lower <= peak) & (q.upper >= peak), np.maximum(peak, most), most)
        spread = 2 * LOG * np.maximum(np.abs(least), np.abs(most)) + 1e-300
        return Interval(least - spread, most + spread, "float").sum()

    def slope(self, problem: MDP, d: Any) -> Any:
        """-(1 + log q) times the weight of a step."""
        q, weight = self._law(problem, d), self._weight(problem)
        if isinstance(d, Interval):
            low, high = np.log(q.lower), np.log(q.upper)
            logs = Interval(low - LOG * np.abs(low), high + LOG * np.abs(high), "float")
        else:
            logs, weight = np.log(q), weight.mid
        each = -(logs + 1) * weight
        each = each if self.actions else each[:, None]
        if not isinstance(d, Interval):
            return np.broadcast_to(each, d.shape)
        return Interval(*(np.broadcast_to(end, d.shape) for end in (each.lower, each.upper)), "float")

    def _law(self, problem, d):
        axes = tuple(range(d.ndim - 2)) + (() if self.actions else (d.ndim - 1,))
        weight = self._weight(problem)
        return (d.sum(axis=axes) if axes else d) * (weight if isinstance(d, Interval) else weight.mid)

    def _weight(self, problem):
        if isinstance(problem.horizon, Finite):
            return Interval(1.0, None, "float") / problem.horizon.H
        return 1 - enclose(np.asarray(float(problem.horizon.gamma)))


@dataclass(frozen=True, eq=False)
class SquaredDistance:
    """Minus the squared Euclidean distance of the occupancy measure to a target.

    Args: target: `[s,a]`, or `[t,s,a]` for Finite, in the units of an occupancy: mass 1/(1-gamma), or 1 each step.

    >>> two = MDP([[[1.0], [1.0]]], [[0.0, 0.0]], horizon=Finite(1))
    >>> SquaredDistance([[0.5, 0.5]]).value(two, Interval([[[1.0, 0.0]]], how="float")).contains("-1/2")
    True
    """

    target: Numbers

    def value(self, problem: MDP, d: Interval) -> Interval:
        """-sum (d - target)^2."""
        off = abs(d - self._target(problem))
        return -(off * off).sum()

    def slope(self, problem: MDP, d: Any) -> Any:
        """-2 (d - target)."""
        target = self._target(problem)
        return ((target if isinstance(d, Interval) else target.mid) - d) * 2

    def _target(self, problem):
        return enclose(per_visit("target", self.target, problem))


def _q_log_q(q):
    return np.where(q > 0, -q * np.log(np.where(q > 0, q, 1.0)), 0.0)
