"""Two-stage preference fine-tuning: fit a reward model, then optimise it."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from ...base.arrays import floats
from ...base.mode import propose
from ...base.record import expect_counts
from ...base.types import Number
from ...measure import best_of_n
from ...model.access import KINDS, Access
from ...model.policy import TabularPolicy
from ._pairs import coefficient, policy_of, preference_setting
from .connectivity import comparison_components
from .reward_models import BradleyTerry, RewardModel


@dataclass(frozen=True, eq=False)
class RLHF:
    """Reinforcement learning from human feedback: fit a reward to comparisons, then maximise it with a KL penalty.

    Args: model: the RewardModel. beta: KL coefficient; defaults to the problem's.

    The second stage is solved: its optimum over all policies is reference * e^(score/beta) / Z. If the scores have
    range R on each prompt, the policy's KL divergence from the reference is at most R/beta, whatever the comparisons
    (claim `bounded_reward_keeps_rlhf_in_a_kl_ball`). Its gap is at most E_{pi*}(r - g) - E_pi(r - g), g the scores:
    where g is at most r, only the comparator's responses count. `mdpkit.solve(problem, TwoStageRLHF(...))` is the
    population limit with proven bounds. The result is float64.
    Source: Ouyang et al., 2022; adapted from Song, Swamy, Singh, Bagnell and Sun, 2024.
    """

    model: RewardModel = field(default_factory=BradleyTerry)
    beta: Number | None = None

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        coefficient("beta", self.beta, 1)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The policy, and a trace with one row: scores: the fitted reward `[x,y]`; components `[x,y]`, as for DPO."""
        setting = preference_setting(access)
        data, base = access.comparisons(), floats(setting.reference)
        scores = self.model.fit(data, base.shape, rng)
        policy = policy_of(base, scores / coefficient("beta", self.beta, setting.beta))
        return policy, {"scores": [scores], "components": [comparison_components(data, base.shape)]}


@dataclass(frozen=True, eq=False)
class BestOfN:
    """Best of n: of n responses drawn from the reference, the one of highest score.

    Args:
        n: number of drawn responses.
        model: a RewardModel fitted to comparisons; None uses granted rewards as scores.

    Its policy is computed in closed form; of several drawn responses with the highest score each is taken in proportion
    to the reference. Its KL divergence from the reference is at most log n - (n-1)/n nats at each prompt.
    The result is float64.
    Source: adapted from Stiennon et al., 2020; the bound: Beirami et al., 2025.
    """

    n: int = 4
    model: RewardModel | None = None

    def __post_init__(self) -> None:
        expect_counts(n=self.n)

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(kind for kind in KINDS if kind == ("rewards" if self.model is None else "preferences"))

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(model=BradleyTerry())

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The policy, and a trace with one row: scores `[x,y]`."""
        setting = preference_setting(access)
        base = floats(setting.reference)
        if self.model is None:
            x, y = (index.reshape(-1) for index in np.indices(base.shape))
            scores = floats(access.score(x, y)).reshape(base.shape)
        else:
            scores = self.model.fit(access.comparisons(), base.shape, rng)
        with propose():
            table = np.asarray(best_of_n(TabularPolicy(base), scores, self.n))
        return TabularPolicy(table / table.sum(axis=-1, keepdims=True)), {"scores": [scores]}
