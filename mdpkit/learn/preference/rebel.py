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
from ._pairs import coefficient, policy_of, preference_setting, regression, win_margins
from .classes import AllPolicies, PolicyClass
from .reward_models import TOLERANCE, BradleyTerry, RewardModel
from .squares import PairSquares

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
        base: distribution of the second response: "policy", the round's policy; "reference"; or a TabularPolicy, such
            as the distribution of offline data.
        pairs: number of sampled pairs a round, prompts from rho; None uses the distribution of the pairs.
        model: a RewardModel fitted to comparisons, whose scores are r; None uses granted rewards.
        self_play: whether r(y) of round k is E_{z ~ pi_k} M(y, z), M(y, z) = 2 P(y beats z) - 1, from comparisons: of
            each response with one drawn from pi_k, or without noise if preferences are granted as "exact".
        keep: whether the trace keeps the rounds' policies, which are rounds * X * Y numbers.

    The guarantee concerns the average of the rounds' policies, which is returned; with one factor C of coverage of the
    comparator by the base, and mean squared error e of the rounds' regressions, its gap is at most
    sqrt(C e) + KL(comparator || pi_1) / (eta rounds) + eta B^2 / 8, where B is the largest range of a regressed reward;
    with base "policy" sqrt(C e / 2) suffices. A response that the base does not cover is never learned about.
    With the distribution of the pairs a round costs O(X Y). The result is float64.
    Source: Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024; the bound is derived.
    """

    policies: PolicyClass = field(default_factory=AllPolicies)
    rounds: int = 20
    eta: Number = 1
    base: str | TabularPolicy = "policy"
    pairs: int | None = None
    model: RewardModel | None = None
    self_play: bool = False
    keep: bool = True

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds, **({} if self.pairs is None else {"pairs": self.pairs}))
        coefficient("eta", self.eta, 1)
        if not isinstance(self.base, TabularPolicy) and self.base not in BASES:
            raise InvalidModel(f"base is {self.base!r}; expected one of {', '.join(BASES)}, or a TabularPolicy")
        if self.self_play and self.model is not None:
            raise InvalidModel("self_play takes rewards from comparisons with the policy; expected no reward model")

    @property
    def needs(self) -> tuple[str, ...]:
        compares = self.model is not None or self.self_play
        return tuple(kind for kind in KINDS if kind == ("preferences" if compares else "rewards"))

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(model=BradleyTerry())

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The average policy, and a trace with one row per round: policy, if kept; error, the mean squared error."""
        setting = preference_setting(access)
        reference, eta, rows = floats(setting.reference), coefficient("eta", self.eta, 1), []
        rewards = None if self.self_play else self._rewards(access, reference.shape, rng)
        policy, average = TabularPolicy(reference), np.zeros(reference.shape)
        for _ in range(self.rounds):
            r = win_margins(access, policy.table, 1, rng) if rewards is None else rewards
            second = self._second(policy.table, reference)
            loss = self._loss(floats(setting.rho), policy.table, second, r, eta, rng)
            h = self.policies.minimise(loss, policy.table, ridge=0.0, tol=TOLERANCE)
            rows.append((policy if self.keep else None, loss.value(h)))
            average += policy.table
            policy = policy_of(policy.table, h)
        trace = {"error": [row[1] for row in rows]}
        return TabularPolicy(average / self.rounds), ({"policy": [row[0] for row in rows]} if self.keep else {}) | trace

    def _rewards(self, access, shape, rng):
        if self.model is not None:
            return self.model.fit(access.comparisons(), shape, rng)
        x, y = (index.reshape(-1) for index in np.indices(shape))
        return floats(access.score(x, y)).reshape(shape)

    def _second(self, policy, reference):
        """`[x,y]`, the law of the second response."""
        if not isinstance(self.base, TabularPolicy):
            return policy if self.base == "policy" else reference
        if self.base.table.shape != reference.shape:
            raise InvalidModel(f"base has a table of shape {self.base.table.shape}; expected {reference.shape}")
        return floats(self.base.table)

    def _loss(self, rho, first, second, r, eta, rng):
        """The squared loss over all pairs, or over sampled ones."""
        if self.pairs is None:
            return PairSquares(rho, first, second, r, eta)
        rng = drawing(rng, "fit")
        x = inverse(np.broadcast_to(rho, (self.pairs, len(rho))), rng.random(self.pairs))
        y, z = (inverse(table[x], rng.random(self.pairs)) for table in (first, second))
        return regression(x, y, z, np.full(self.pairs, 1 / self.pairs), r[x, y] - r[x, z], eta)
