"""Online direct preference optimisation, and XPO, its optimistic form."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel, NotSolved
from ...base.record import expect_counts
from ...base.types import Number
from ...model.access import Access
from ...model.comparisons import Comparisons
from ...model.policy import TabularPolicy, inverse
from .._labels import drawing
from ..players.no_regret import expect_number, fraction
from ._pairs import coefficient, logistic, policy_of, preference_setting
from .classes import AllPolicies, FinitePolicies, LogLinear, PolicyClass
from .reward_models import TOLERANCE


@dataclass(frozen=True, eq=False)
class OnlineDPO:
    """Online DPO: each round compares responses of the policy and of the reference, and refits DPO to all comparisons.

    Args:
        policies: the policy class.
        rounds: number of rounds. pairs: comparisons of a round; prompts are drawn from rho.
        beta: KL coefficient; defaults to the problem's.
        ridge: c in loss + c/2 |parameters|^2; needed with AllPolicies and LogLinear, since some scores separate a few
            comparisons.

    Ties of a finite class go to its first member, and the loss is flat until a comparison tells its members apart: a
    reference that rarely draws the good response delays learning exponentially in 1/beta. The result is float64.
    Source: Guo et al., 2024; the reference's responses as in Xie et al., 2025.
    """

    policies: PolicyClass = field(default_factory=AllPolicies)
    rounds: int = 20
    pairs: int = 10
    beta: Number | None = None
    ridge: Number = "1/1000"

    needs: ClassVar = ("preferences",)
    optimism: ClassVar[Number] = 0

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds, pairs=self.pairs)
        expect_number("ridge", self.ridge, positive=False)
        coefficient("beta", self.beta, 1)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The last policy, and a trace with one row per round: policy, from which the comparisons were drawn."""
        setting = preference_setting(access)
        if access.exact("preferences"):
            raise InvalidModel(f"{type(self).__name__} samples: expected preferences as a count, not 'exact'")
        rng = drawing(rng, "fit")
        base, rho = floats(setting.reference), floats(setting.rho)
        beta, rows, data = coefficient("beta", self.beta, setting.beta), [], None
        policy = TabularPolicy(base)
        for _ in range(self.rounds):
            x = inverse(np.broadcast_to(rho, (self.pairs, len(rho))), rng.random(self.pairs))
            y, z = (inverse(table[x], rng.random(self.pairs)) for table in (policy.table, base))
            data = _join(data, Comparisons(x, y, z, access.compare(x, y, z).astype(float)))
            rows.append(policy)
            policy = policy_of(base, self._refit(data, beta, base))
        return policy, {"policy": rows}

    def _refit(self, data, beta, base):
        return self.policies.minimise(logistic(data, beta), base, ridge=float(fraction(self.ridge)), tol=TOLERANCE)


@dataclass(frozen=True, eq=False)
class XPO(OnlineDPO):
    """Exploratory preference optimisation: online DPO with optimism * mean log pi(z) over the reference's responses z.

    Pushing down the probability of responses that the reference draws is an optimistic estimate of the others.

    Args: optimism: weight alpha of the bonus, above 0. The rest as for OnlineDPO.

    Too large a weight keeps returning to an unseen response that is bad; in theory it falls as 1/sqrt(rounds). The
    result is float64.
    Source: Xie, Foster, Krishnamurthy, Rosset, Awadallah and Rakhlin, 2025.
    """

    optimism: Number = "1/100"

    def __post_init__(self) -> None:
        super().__post_init__()
        coefficient("optimism", self.optimism, 1)
        if not isinstance(self.policies, AllPolicies | LogLinear | FinitePolicies):
            raise InvalidModel(
                f"policies is a {type(self.policies).__name__}; expected AllPolicies, LogLinear or FinitePolicies"
            )

    def _refit(self, data, beta, base):
        loss, weight = logistic(data, beta), coefficient("optimism", self.optimism, 1)
        drawn = np.zeros(base.shape)
        np.add.at(drawn, (data.prompt, data.second), 1 / len(data))

        def bonus(h):
            table = policy_of(base, h).table
            with np.errstate(divide="ignore"):
                return np.where(drawn > 0, drawn * np.log(np.where(drawn > 0, table, 1)), 0.0).sum()

        if isinstance(self.policies, FinitePolicies):
            return self.policies.best(loss, base, lambda h: weight * bonus(h))
        return self._descend(loss, weight, drawn, base)

    def _descend(self, loss, weight, drawn, base):
        from scipy.optimize import minimize

        features = self.policies.features_for(base) if isinstance(self.policies, LogLinear) else None
        ridge = float(fraction(self.ridge))

        def ratios(theta):
            return theta.reshape(base.shape) if features is None else features @ theta

        def objective(theta):
            h = ratios(theta)
            table = policy_of(base, h).table
            with np.errstate(divide="ignore"):
                bonus = np.where(drawn > 0, drawn * np.log(np.where(drawn > 0, table, 1)), 0.0).sum()
            gradient = loss.gradient(h) + weight * (drawn - table * drawn.sum(axis=-1, keepdims=True))
            pulled = gradient.reshape(-1) if features is None else np.einsum("xy,xyk->k", gradient, features)
            return loss.value(h) + weight * bonus + ridge / 2 * theta @ theta, pulled + ridge * theta

        start = np.zeros(base.size if features is None else features.shape[-1])
        answer = minimize(objective, start, jac=True, method="L-BFGS-B", options=dict(maxiter=5000, gtol=1e-8, ftol=0))
        steep = np.abs(objective(answer.x)[1]).max(initial=0.0)
        if not steep <= 1e-5:
            raise NotSolved(f"XPO: the gradient is {steep:.1e} after {answer.nit} steps; give a larger ridge")
        return ratios(answer.x)


def _join(before, data):
    if before is None:
        return data
    names = "prompt", "first", "second", "won"
    return Comparisons(*(np.concatenate([getattr(before, name), getattr(data, name)]) for name in names))
