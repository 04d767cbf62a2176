"""Concave utilities of the occupancy measure, maximised by Frank-Wolfe steps and by an interior-point method."""

from dataclasses import dataclass

import numpy as np

from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..model.horizon import Discounted, Finite
from ..model.mdp import MDP
from ..model.policy import TabularPolicy
from ._expects import expects
from .dispatch import solve
from .interior_point import climb_inside
from .occupancies import best_return, enclose_visits, policy_of_visits, visit_shape
from .solution import Solution, Status, judge
from .utilities import Utility

FLOOR = 1e-13
"""The supergradient of the upper bound is taken where every entry of the occupancy is at least this."""

STEP, INNER, PATIENCE = 1e-8, 100, 40
"""Step of second differences; Newton steps on the weights of one set of policies; steps without a smaller gap."""

FEW, LARGEST = 30, 1000
"""Number of Frank-Wolfe steps after which an interior-point method takes over, and the largest number of entries of an
occupancy for which it does."""

NOISE = 1e-11
"""A gap below this, per unit of <f'(d), d>, may be due to rounding."""


@dataclass(frozen=True, eq=False)
class UtilityPlanning:
    """Maximise a concave utility f of the occupancy measure d of a policy.

    Args:
        utility: a `VisitEntropy`, a `SquaredDistance`, or any object with their methods `value` and `slope`.
        steps: largest number of Frank-Wolfe steps.

    For Discounted and Finite problems; the reward of the problem is not used. The optimum is over all policies, since
    the occupancies of history-dependent policies are those of Markov policies. A Frank-Wolfe step adds the policy that
    is best for the reward f'(d); then Newton steps improve the weights of all policies found so far ("fully
    corrective"). Each step adds one policy, and where an optimum randomises in nearly every state it mixes hundreds:
    after 30 steps an interior-point method takes over, if an occupancy has at most 1000 entries. Both bounds are
    rigorous: the lower one is the utility of the policy's own occupancy, the upper one is the Frank-Wolfe gap
    f(x) + max_pi <f'(x), d^pi - x> at a point x near d, from an unconstrained solve. `value` is the scalar f; the
    policy, randomised as a rule, is stationary for Discounted. Rational problems too get float bounds, and the policy
    as rationals. The status is CAPPED after `steps`, or where 40 of them bring no smaller gap. `iterations` counts
    Frank-Wolfe steps.
    Source: adapted from Jaggi, 2013; Hazan, Kakade, Singh and Van Soest, 2019.

    >>> from mdpkit.solve import VisitEntropy
    >>> ring = MDP([[[1, 0], [0, 1]], [[0, 1], [1, 0]]], np.zeros((2, 2)), horizon=Discounted(0.5))
    >>> answer = UtilityPlanning(VisitEntropy(actions=True)).run(ring)
    >>> round(answer.value.mid, 6), answer.policy.table.round(6).tolist()
    (1.386294, [[0.5, 0.5], [0.5, 0.5]])
    """

    utility: Utility
    steps: int = 1000

    def advice(self, problem: MDP) -> str:
        """No advice beyond the bounds: rational problems too are answered by floats."""
        return ""

    def run(self, problem: MDP, tol: float = 1e-8, before: Solution | None = None) -> Solution:
        """The answer to bounds of width `tol`. `before` is not used.

        Raises: InvalidModel if the utility does not fit the problem, or `steps` is no number of steps.
        """
        expects(self, problem, MDP, Discounted | Finite)
        if not isinstance(self.steps, int | np.integer) or self.steps < 0:
            raise InvalidModel(f"steps is {self.steps!r}; expected a whole number of at least 0")
        if not isinstance(self.utility, Utility):
            raise TypeError(f"the utility is {self.utility!r}; expected a VisitEntropy or a SquaredDistance")
        meant = problem.to_float() if problem.exact else problem
        with np.errstate(over="ignore", invalid="ignore"):
            return self._bound(problem, meant, tol)

    def _bound(self, problem, meant, tol):
        d, used, capped = self._climb(meant, tol)
        policy = policy_of_visits(meant, d)
        lower = self.utility.value(meant, enclose_visits(meant, policy)).lower
        x = np.where(meant.available, np.maximum(d, FLOOR), FLOOR)
        here = Interval(x, x, "float")
        slope = self.utility.slope(meant, here)
        upper = (self.utility.value(meant, here) - (slope * here).sum() + best_return(meant, slope)[0]).upper
        value = Interval(lower, upper, "float")
        status = judge(value, tol, Status.CAPPED if capped else Status.FLOOR_REACHED, value.mid)
        return Solution(problem, self, status, policy.to_exact() if problem.exact else policy, value, used)

    def _climb(self, problem, tol):
        """A nearly optimal occupancy, the number of steps, and whether there were too few of them."""
        even = TabularPolicy(problem.available / problem.available.sum(axis=1, keepdims=True))
        points, weights = enclose_visits(problem, even).mid[None], np.ones(1)
        smallest, quiet, best = np.inf, 0, points[0]
        for used in range(1, self.steps + 1):
            d = np.tensordot(weights, points, 1)
            slope = self._slope(problem, d)
            point = _visits(problem, slope)
            gap = ((point - d) * slope).sum()
            smallest, quiet, best = (gap, 0, d) if gap < smallest else (smallest, quiet + 1, best)
            if gap <= tol / 8 or quiet >= PATIENCE:
                return best, used, smallest > NOISE * max(1.0, np.abs(slope * d).sum())
            if used == FEW and d.size <= LARGEST:
                inside = climb_inside(problem, even, lambda d: self._slope(problem, d), tol / 16)
                points, weights = inside[None], np.ones(1)
                continue
            points, weights = np.concatenate([points, point[None]]), np.append(weights, 0.0)
            weights = self._reweigh(problem, points, weights)
            points, weights = points[weights > 0], weights[weights > 0]
        return best, self.steps, True

    def _slope(self, problem, d):
        found = self.utility.slope(problem, np.maximum(d, FLOOR))
        if np.shape(found) != d.shape:
            raise InvalidModel(f"the slope of the utility has shape {np.shape(found)}; expected {d.shape}, that of d")
        return found

    def _reweigh(self, problem, points, weights):
        """Weights of the points of a larger utility: Newton steps on the face of positive weights, with line search."""
        flat = points.reshape(len(points), -1)

        def rises(weights):
            """The derivative of the utility in each weight."""
            return flat @ self._slope(problem, np.tensordot(weights, points, 1)).ravel()

        gains = rises(weights)
        for _ in range(INNER):
            mean = weights @ gains
            free = (weights > 0) | (gains > mean)
            spread = gains[free].max() - mean
            if not spread > 1e-14 * max(1.0, np.abs(gains).max()):
                break
            direction = self._newton(rises, weights, gains, free)
            if direction is None or not direction @ gains > 0:
                direction = -weights
                direction[gains.argmax()] += 1
            falling = direction < 0
            longest = (weights[falling] / -direction[falling]).min(initial=np.inf)
            length = _rise(rises, weights, direction, min(longest, 1.0))
            weights = np.maximum(weights + length * direction, 0)
            if length == longest:
                weights[falling & (weights <= 1e-15)] = 0
            weights = weights / weights.sum()
            gains = rises(weights)
        return weights

    def _newton(self, rises, weights, gains, free):
        """The Newton direction in the free weights, whose sum stays 1; None if it cannot be computed."""
        k, n = np.flatnonzero(free), int(free.sum())
        hessian = np.zeros((n, n))
        for column, j in enumerate(k):
            moved = weights * (1 - STEP)
            moved[j] += STEP
            hessian[:, column] = (rises(moved) - gains)[k] / STEP
        # along e_j - weights: columns differ by a common vector, which sums of zero do not see
        while n > 1 and np.isfinite(hessian).all():
            system = np.zeros((n + 1, n + 1))
            system[:n, :n], system[:n, n], system[n, :n] = hessian, 1, 1
            found = np.linalg.lstsq(system, np.append(-gains[k], 0), rcond=1e-13)[0][:n]
            blocked = (weights[k] == 0) & (found < 0)
            if not blocked.any():
                direction = np.zeros(len(weights))
                direction[k] = found - found.sum() / n
                return direction
            hessian, k, n = hessian[~blocked][:, ~blocked], k[~blocked], int((~blocked).sum())
        return None


def _rise(rises, weights, direction, most, halvings=50):
    """A step in the direction of which the utility rises: `most` if it still rises there, else near where it stops."""

    def derivative(c):
        return direction @ rises(np.maximum(weights + c * direction, 0))

    if derivative(most) >= 0:
        return most
    low, high = 0.0, most
    for _ in range(halvings):
        middle = (low + high) / 2
        low, high = (middle, high) if derivative(middle) >= 0 else (low, middle)
        if high - low <= 1e-3 * high and low > 0:
            break
    return low


def _visits(problem, reward):
    """The occupancy, as computed, of a policy that is optimal for a reward."""
    policy = solve(problem._with_reward(reward), tol=1e-9 * max(1.0, np.abs(reward).max()), throw=False).policy
    return enclose_visits(problem, policy).mid.reshape(visit_shape(problem))
