"""REBEL: policy optimisation by regressing relative rewards."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Number
from ...model.access import KINDS, Access
from ...model.policy import TabularPolicy, inverse
from .._labels import drawing
from ._pairs import coefficient, policy_of, preference_setting, regression
from .classes import AllPolicies, PolicyClass
from .reward_models import TOLERANCE, BradleyTerry, RewardModel

BASES = "policy", "reference"


@dataclass(frozen=True, eq=False)
class REBEL:
    """REBEL: each round regresses the policy's log-ratio margins on reward differences of pairs of responses.

    Round k minimises E (margin / eta - (r(y) - r(z)))^2 over the class, with margin the difference of log(pi / pi_k), y
    drawn from pi_k and z from the base distribution. Over all policies the minimiser is pi_k e^(eta r) / Z where both
    are drawn, a step of mirror descent; over a log-linear class with base "policy" one of natural policy gradient.

    Args:
        policies: the policy class, whose log-ratios are relative to the round's policy.
        rounds: number of rounds. eta: step size.
        base: distribution of the second response: "policy", the round's policy, or "reference".
        pairs: number of sampled pairs a round, prompts from rho; None uses the distribution of the pairs.
        model: a RewardModel fitted to comparisons, whose scores are r; None uses granted rewards.

    The guarantee concerns the average of the rounds' policies, which is returned; with one factor C of coverage of the
    comparator by the base, and mean squared error e of the rounds' regressions, its gap is at most
    sqrt(C e) + KL(comparator || pi_1) / (eta rounds) + eta B^2 / 8, where B is the largest range of a regressed reward.
    A response that the base does not cover is never learned about. The result is float64.
    Source: Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024; the bound is derived.
    """

    policies: PolicyClass = field(default_factory=AllPolicies)
    rounds: int = 20
    eta: Number = 1
    base: str = "policy"
    pairs: int | None = None
    model: RewardModel | None = None

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds, **({} if self.pairs is None else {"pairs": self.pairs}))
        coefficient("eta", self.eta, 1)
        if self.base not in BASES:
            raise InvalidModel(f"base is {self.base!r}; expected one of {', '.join(BASES)}")

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(kind for kind in KINDS if kind == ("rewards" if self.model is None else "preferences"))

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(model=BradleyTerry())

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The average policy, and a trace with one row per round: policy; error, the mean squared regression error."""
        setting = preference_setting(access)
        reference, eta, rows = floats(setting.reference), coefficient("eta", self.eta, 1), []
        scores = None if self.model is None else self.model.fit(access.comparisons(), reference.shape, rng)
        policy = TabularPolicy(reference)
        for _ in range(self.rounds):
            second = policy.table if self.base == "policy" else reference
            x, y, z, weight = self._pairs(setting, policy.table, second, rng)
            target = _reward(access, scores, x, y) - _reward(access, scores, x, z)
            loss = regression(x, y, z, weight, target, eta)
            h = self.policies.minimise(loss, policy.table, ridge=0.0, tol=TOLERANCE)
            rows.append((policy, loss.value(h)))
            policy = policy_of(policy.table, h)
        tables = [row[0].table for row in rows]
        return TabularPolicy(sum(tables) / len(tables)), {"policy": [r[0] for r in rows], "error": [r[1] for r in rows]}

    def _pairs(self, setting, first, second, rng):
        """Prompts, pairs of responses and weights, of their distribution or of a sample."""
        rho = floats(setting.rho)
        if self.pairs is None:
            law = rho[:, None, None] * first[:, :, None] * second[:, None, :]
            x, y, z = np.nonzero(law * (1 - np.eye(law.shape[1])))
            return x, y, z, law[x, y, z]
        rng = drawing(rng, "fit")
        x = inverse(np.broadcast_to(rho, (self.pairs, len(rho))), rng.random(self.pairs))
        y, z = (inverse(table[x], rng.random(self.pairs)) for table in (first, second))
        return x, y, z, np.full(self.pairs, 1 / self.pairs)


def _reward(access, scores, x, y):
    return floats(access.score(x, y)) if scores is None else scores[x, y]
