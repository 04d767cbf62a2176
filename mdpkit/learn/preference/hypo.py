"""HyPO: offline preference optimisation with an on-policy KL penalty."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel, NotSolved
from ...base.types import Number
from ...model.access import Access
from ...model.policy import TabularPolicy
from ._pairs import coefficient, divergence, expect_coverage, logistic, policy_of, preference_setting
from .classes import AllPolicies, FinitePolicies, LogLinear, PolicyClass
from .connectivity import comparison_components

GRADIENT = 1e-6
"""Largest entry of the gradient, relative to the penalty, of a stationary point."""
POLISHED = 20
"""Largest number of Newton steps after the trust region stops."""


@dataclass(frozen=True, eq=False)
class HyPO:
    """Hybrid preference optimisation: the loss of DPO plus penalty * E_x KL(pi || reference), which needs no labels.

    Args:
        policies: AllPolicies, LogLinear or FinitePolicies.
        penalty: weight of the KL divergence, above 0.
        beta: KL coefficient of the implied reward; defaults to the problem's.

    The divergence is computed in closed form, in place of samples of the policy. As penalty tends to 0 the result tends
    to the policy closest to the reference among those of least loss (claim
    `hybrid_preference_picks_the_closest_minimiser`). The penalised loss is not convex: the result is the stationary
    point that Newton steps reach from the reference, or the best member of a finite class. The result is float64.
    Raises: NotSolved if they do not reach a stationary point.
    Source: Song, Swamy, Singh, Bagnell and Sun, 2024.
    """

    policies: PolicyClass = field(default_factory=AllPolicies)
    penalty: Number = "1/100"
    beta: Number | None = None

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        coefficient("penalty", self.penalty, 1)
        coefficient("beta", self.beta, 1)
        if not isinstance(self.policies, AllPolicies | LogLinear | FinitePolicies):
            raise InvalidModel(
                f"policies is a {type(self.policies).__name__}; expected AllPolicies, LogLinear or FinitePolicies"
            )

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The policy, and a trace with one row.

        Its columns are loss, divergence: E_x KL(pi || reference), both in nats, and components `[x,y]`, as for DPO.
        """
        setting = preference_setting(access)
        data, base, rho = access.comparisons(), floats(setting.reference), floats(setting.rho)
        expect_coverage(data, base)
        loss = logistic(data, coefficient("beta", self.beta, setting.beta))
        penalty = coefficient("penalty", self.penalty, 1)
        if isinstance(self.policies, FinitePolicies):
            h = self.policies.best(loss, base, lambda h: penalty * rho @ divergence(base, h)[0])
        else:
            h = self._descend(loss, penalty, base, rho)
        away = float(rho @ divergence(base, h)[0])
        sets = comparison_components(data, base.shape)
        return policy_of(base, h), {"loss": [loss.value(h)], "divergence": [away], "components": [sets]}

    def _descend(self, loss, penalty, base, rho):
        """The log-ratio of the stationary point that trust-region Newton steps reach from the reference."""
        from scipy.optimize import minimize

        X, Y = base.shape
        linear = isinstance(self.policies, LogLinear)
        features = self.policies.features_for(base) if linear else np.eye(X * Y).reshape(X, Y, -1)
        D = loss.differences(features)

        def objective(theta):
            h = features @ theta
            away, slope = divergence(base, h)
            gradient = loss.gradient(h) + penalty * rho[:, None] * slope
            return loss.value(h) + penalty * rho @ away, np.einsum("xy,xyk->k", gradient, features)

        def hessian(theta):
            h = features @ theta
            curved = np.einsum("x,xyz,xyk,xzl->kl", rho, _curvature(base, h), features, features, optimize=True)
            return (D * (loss.weight * loss.terms(D @ theta)[2])[:, None]).T @ D + penalty * curved

        allowed = GRADIENT * min(penalty, 1.0)
        options = dict(gtol=allowed, maxiter=1000)
        start = np.zeros(features.shape[-1])
        theta = minimize(objective, start, jac=True, hess=hessian, method="trust-exact", options=options).x
        gradient = objective(theta)[1]
        # the trust region stops at the rounding error of the loss; the gradient is more precise
        for _ in range(POLISHED):
            moved = theta - np.linalg.lstsq(hessian(theta), gradient, rcond=1e-12)[0]
            after = objective(moved)[1]
            if not np.abs(after).max() < np.abs(gradient).max():
                break
            theta, gradient = moved, after
        steep = np.abs(gradient).max(initial=0.0)
        if not steep <= allowed:
            raise NotSolved(f"HyPO: the gradient of the penalised loss is {steep:.1e}; expected at most {allowed:.0e}")
        return features @ theta


def _curvature(base, h):
    """The Hessian of KL(pi || base) in h, `[x,y,z]`, of pi = base * e^h / Z."""
    pi = policy_of(base, h).table
    excess = h - (pi * h).sum(axis=-1, keepdims=True) + 1
    outer = pi[:, :, None] * pi[:, None, :] * (excess[:, :, None] + excess[:, None, :] - 1)
    return (pi * excess)[:, :, None] * np.eye(pi.shape[1]) - outer
