"""Offline preference fine-tuning: one loss over given comparisons, minimised over a policy class."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import floats
from ...base.types import Number
from ...model.access import Access
from ...model.policy import TabularPolicy
from ..players.no_regret import expect_number, fraction
from ._pairs import coefficient, expect_coverage, ipo_terms, logistic, policy_of, preference_setting
from .classes import AllPolicies, PolicyClass
from .connectivity import comparison_components
from .reward_models import TOLERANCE


@dataclass(frozen=True, eq=False)
class DPO:
    """Direct preference optimisation: minimise the Bradley-Terry loss of the implied reward beta log(pi / reference).

    Args:
        policies: the policy class: AllPolicies, LogLinear or FinitePolicies.
        beta: KL coefficient; defaults to the problem's.
        ridge: c in loss + c/2 |parameters|^2, for comparisons that some scores separate.

    Where the comparisons do not identify the policy, it is the limit of gradient descent from the reference: responses
    that were never compared keep their log-ratio up to the normalisation. Every policy with the same log-ratios between
    compared responses has the same loss, and may be arbitrarily bad (claim
    `unseen_response_makes_offline_preference_arbitrarily_bad`). The trace's `components` are the sets of responses
    between which the comparisons leave a constant free; `name_components` puts them into words. The result is float64.
    Raises: NotSolved if the loss has no minimum; InvalidModel if the reference excludes a compared response.
    Source: Rafailov, Sharma, Mitchell, Manning, Ermon and Finn, 2023.
    """

    policies: PolicyClass = field(default_factory=AllPolicies)
    beta: Number | None = None
    ridge: Number = 0

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        expect_number("ridge", self.ridge, positive=False)
        coefficient("beta", self.beta, 1)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The policy, and a trace with one row: loss, in nats; implied reward `[x,y]`; components `[x,y]`."""
        setting = preference_setting(access)
        data, base = access.comparisons(), floats(setting.reference)
        expect_coverage(data, base)
        beta = coefficient("beta", self.beta, setting.beta)
        loss = logistic(data, beta)
        h = self.policies.minimise(loss, base, ridge=float(fraction(self.ridge)), tol=TOLERANCE)
        sets = comparison_components(data, base.shape)
        return policy_of(base, h), {"loss": [loss.value(h)], "implied": [beta * h], "components": [sets]}


@dataclass(frozen=True, eq=False)
class IPO:
    """Identity preference optimisation: regress the log-ratio margins on +1/(2 tau) and -1/(2 tau).

    Args: policies: the policy class. tau: strength of the regularisation; defaults to the problem's beta.

    With all pairs of responses compared equally, and all policies, the minimiser is reference * e^(p/tau) / Z with p[y]
    the probability that y beats a response drawn from the data: it depends on the data's distribution.
    The result is float64.
    Raises: InvalidModel if the reference excludes a compared response.
    Source: Azar, Rowland, Piot, Guo, Calandriello, Valko and Munos, 2024.
    """

    policies: PolicyClass = field(default_factory=AllPolicies)
    tau: Number | None = None

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        coefficient("tau", self.tau, 1)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The policy, and a trace with one row: loss; margin: log-ratios `[x,y]`; components `[x,y]`, as for DPO."""
        setting = preference_setting(access)
        data, base = access.comparisons(), floats(setting.reference)
        expect_coverage(data, base)
        loss = ipo_terms(data, coefficient("tau", self.tau, setting.beta))
        h = self.policies.minimise(loss, base, ridge=0.0, tol=TOLERANCE)
        sets = comparison_components(data, base.shape)
        return policy_of(base, h), {"loss": [loss.value(h)], "margin": [h], "components": [sets]}
