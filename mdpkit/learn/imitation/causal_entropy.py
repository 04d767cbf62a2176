"""Inverse reinforcement learning by maximum causal entropy."""

from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...base.arrays import floats, is_exact
from ...base.errors import InvalidModel, NotSolved
from ...base.interval import Interval, stack
from ...base.types import Array, record
from ...measure import occupancy
from ...model.access import Access
from ...model.horizon import Finite
from ...model.policy import TabularPolicy
from ...solve import SoftPlanning, solve
from .._tabular import empirical_occupancy, exists
from ..players.rewards import LinearRewards


@record(eq=False)
class MaxCausalEntropy:
    """The policy of maximum causal entropy that matches the demonstrations' features, and a reward for it.

    With r_theta = sum_k theta[k] features[k], V the entropy-regularised value of r_theta, and d_E the demonstrations'
    occupancy, the dual L(theta) = V(rho) - <r_theta, d_E> is convex, and its gradient is the feature expectation of the
    soft-optimal policy minus that of the demonstrations.

    Args:
        features: `features[k,s,a]` or `features[k,t,s,a]`.
        tolerance: largest entry of the gradient at which L counts as minimised, in units of the features.
        ridge: c in L(theta) + c/2 |theta|^2; positive if no policy matches the sampled features. The demonstrations'
            features then exceed the policy's by c theta.
        rounds: maximum number of L-BFGS steps plus Newton steps, taken if its line search stalls above the tolerance.

    Finite-horizon and discounted problems. The result is float64 even on rational ones, since it involves exponentials.
    Raises: NotSolved if the gradient stays above the tolerance.
    Source: Ziebart, Bagnell and Dey, 2010; discounted: adapted from Zhou, Bloem and Bambos, 2018.
    """

    features: Array
    tolerance: float = 1e-6
    ridge: float = 0.0
    rounds: int = 1000

    needs: ClassVar = ("demonstrations", "model")

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", LinearRewards(self.features).features)
        if not 0 < self.tolerance < np.inf or not 0 <= self.ridge < np.inf:
            raise InvalidModel(
                f"tolerance={self.tolerance}, ridge={self.ridge}; expected a positive and a nonnegative number"
            )

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The policy, and a trace with one row per step.

        Its columns: theta `[k]`; loss: L in nats; feature_gap: an Interval that encloses the maximum absolute
        difference between the feature expectations of the policy and of the demonstrations.
        """
        from scipy.optimize import minimize

        dual = Dual(access, self.features, self.ridge)
        met, rows = {}, []

        def objective(theta):
            met[theta.tobytes()] = row = dual.at(theta)
            return row.loss, row.gradient

        def on_accept(theta):
            rows.append(met[theta.tobytes()])
            met.clear()

        start = np.zeros(len(self.features))
        objective(start)
        on_accept(start)
        options = {"gtol": self.tolerance, "ftol": 0.0, "maxiter": self.rounds, "maxcor": 30}
        minimize(objective, start, jac=True, method="L-BFGS-B", callback=on_accept, options=options)
        while (
            rows[-1].residual > self.tolerance and len(rows) <= self.rounds
        ):  # the line search stalls at the rounding error of L
            step = dual.newton(rows[-1])
            if not step.residual < rows[-1].residual:
                break
            rows.append(step)
        last = rows[-1]
        rest = last.residual
        if not rest <= self.tolerance:
            raise NotSolved(
                f"MaxCausalEntropy: the gradient is {rest:.1e} after {len(rows) - 1} steps; expected at most {self.tolerance:.1e}. "
                "Possibly no policy matches the demonstrated features, or only a limit of policies does; a positive ridge allows for that"
            )
        names = ("theta", "loss", "feature_gap")
        return last.policy, {name: [getattr(row, name) for row in rows] for name in names}


NUDGE = 1e-4
"""Step of the Hessian's central differences, whose error is of order its square: a Newton step gains eight digits."""
PLANNED = 1e-11
"""Width of bounds at which soft planning stops, where float64 permits; L-BFGS needs accurate gradients."""


class Dual:
    """The dual L, its gradient and its soft-optimal policy at theta, by one model call per evaluation."""

    def __init__(self, access, features, ridge=0.0):
        self.access, self.ridge = access, ridge
        shown = empirical_occupancy(access.setting, access.demonstrations().to_exact())
        self.features = LinearRewards(features).like(floats(shown))
        self.moments = self.features.moments(floats(shown))
        self.shown, self.known = Interval(shown).enclose(), _enclose(features)
        # SoftPlanning measures entropy relative to the uniform distribution over existing actions
        self.choices = np.log(exists(access.setting).sum(axis=1))[:, None]

    def at(self, theta):
        problem = self.access.model(self.features.reward(theta) + self.choices)
        solution = solve(problem, SoftPlanning(temperature=1.0), tol=PLANNED, throw=False)
        V = solution.value[0] if isinstance(problem.horizon, Finite) else solution.value
        visits = occupancy(problem, solution.policy)
        loss = problem.rho @ V.mid - theta @ self.moments + self.ridge / 2 * theta @ theta
        gradient = self.features.moments(visits.mid) - self.moments + self.ridge * theta
        return Step(theta.copy(), float(loss), gradient, self._gap(visits), solution.policy)

    def newton(self, step):
        """The Step after one Newton iteration, with a Hessian by central differences from 2 K model calls."""
        nudges = NUDGE * np.eye(len(step.theta))
        hessian = np.stack(
            [self.at(step.theta + nudge).gradient - self.at(step.theta - nudge).gradient for nudge in nudges]
        ) / (2 * NUDGE)
        return self.at(step.theta - np.linalg.lstsq((hessian + hessian.T) / 2, step.gradient, rcond=NUDGE**2)[0])

    def _gap(self, visits):
        apart = visits - self.shown
        return abs(stack([(feature * apart).sum() for feature in self.known])).max()


class Step(NamedTuple):
    theta: np.ndarray
    loss: float
    gradient: np.ndarray
    feature_gap: Interval
    policy: TabularPolicy

    @property
    def residual(self) -> float:
        """Maximum norm of the gradient."""
        return np.abs(self.gradient).max()


def _enclose(features):
    """Features as Intervals; floats are enlarged by their input rounding error."""
    if is_exact(features):
        return Interval(features).enclose()
    features = floats(features)
    return Interval(np.nextafter(features, -np.inf), np.nextafter(features, np.inf), "float")
