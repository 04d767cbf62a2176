"""Interval iteration for total reward, and so for stochastic shortest paths and reachability."""

from dataclasses import dataclass

import numpy as np

from ..model.horizon import Total
from ..model.mdp import MDP
from ._expects import expects
from .bounds import down, up
from .first_bounds import guess_bounds
from .solution import Solution, Status
from .total import Contraction, TotalReward, in_floats

PATIENCE = 200
"""float64 is exhausted after this many sweeps without narrower bounds."""


@dataclass(frozen=True)
class IntervalIteration:
    """Sweep a lower and an upper bound on the optimal total reward towards each other.

    Args:
        sweeps: largest number of sweeps.
        target: states in which a policy must end, which must be absorbing and pay 0; by default a policy may end
            anywhere where it collects no more reward.

    End components that pay nothing are contracted first, since bounds that circle in them need not meet. Then u <- T u
    + e and l <- T l - e are swept from 0 until T u <= u and T l >= l, rounding included: from there on every u is at
    least the value of every proper policy, and every l at most that of the policy that attains T l, and plain sweeps
    narrow the bounds. Rational problems are solved in float64; the bounds then hold for the rational problem.
    `iterations` counts sweeps. States without a proper policy have the value -infinity, the supremum over no policy,
    and the status is INFEASIBLE; where an end component has a positive gain it is UNBOUNDED.
    Source: adapted from Haddad and Monmege, 2018; Baier, Klein, Leuschner, Parker and Wunderlich, 2017.

    >>> from mdpkit.model import MDP, Total
    >>> retry = MDP([[[0.75, 0.25]], [[0.0, 1.0]]], [[-1.0], [0.0]], horizon=Total())
    >>> IntervalIteration().run(retry, tol=1e-9).value.mid.round(6)
    array([-4.,  0.])
    """

    sweeps: int = 10**6
    target: tuple | np.ndarray | None = None

    def run(self, problem: MDP, tol: float, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`; `before` is not used."""
        expects(self, problem, MDP, Total)
        total = TotalReward(in_floats(problem), self.target)
        refused = total.refusal(self)
        if refused is not None:
            return refused
        with np.errstate(over="ignore", invalid="ignore"):
            return self._sweep(Contraction(total), problem, tol)

    def shortfall(self, problem: MDP) -> str:
        """Sentence that names the states without a finite optimum."""
        return TotalReward(problem, self.target).shortfall()

    def _sweep(self, parts, given, tol):
        low, high, choice, used = guess_bounds(parts, self.sweeps) or start_bounds(parts, tol, self.sweeps)
        if choice is None:
            otherwise = Status.CAPPED if used >= self.sweeps else Status.NONFINITE
            return parts.conclude(self, low, high, parts.shortest(), tol, otherwise, used, given)
        width, quiet = np.inf, 0
        while used < self.sweeps and quiet < PATIENCE:
            now = float((high - low).max(initial=0))
            width, quiet = (now, 0) if now < width else (width, quiet + 1)
            if width <= tol:
                break
            ahead = down(parts.values(low) - 2 * parts.error(low))
            best = parts.best(ahead)
            choice, low = np.where(best > low, parts.pick(ahead), choice), np.maximum(low, best)
            high = np.minimum(high, up(parts.best(parts.values(high) + 2 * parts.error(high))))
            used += 1
        if not parts.is_proper(choice):
            low = np.full(parts.N, -np.inf)
        otherwise = Status.CAPPED if used >= self.sweeps else Status.FLOOR_REACHED
        return parts.conclude(self, low, high, choice, tol, otherwise, used, given)


def start_bounds(parts, tol, sweeps):
    """First proved bounds, the rows that attain the lower one, and the sweeps; infinite bounds and None if not found.

    The step e exceeds the rounding error, so T u + e <= u + (e - rounding) proves T u <= u.
    """
    low = high = np.zeros(parts.N)
    used, choice, up_found, largest = 0, None, False, 0.0
    while used < sweeps and not (up_found and choice is not None) and np.isfinite(largest):
        e = max(tol / 8, 8 * float((parts.error(high) + parts.error(low)).max(initial=0)))
        if not up_found:
            up_found = parts.is_upper(high)
            high = high if up_found else parts.best(parts.values(high, e))
        if choice is None:
            ahead = parts.values(low) - 2 * parts.error(low)
            found = bool((low <= parts.best(ahead)).all())
            choice = parts.pick(ahead) if found else None
            low = low if found else parts.best(parts.values(low, -e))
        used += 1
        largest = float(np.abs(high).max(initial=0) + np.abs(low).max(initial=0))
    if up_found and choice is not None:
        return low, high, choice, used
    return np.full(parts.N, -np.inf), np.full(parts.N, np.inf), None, used
