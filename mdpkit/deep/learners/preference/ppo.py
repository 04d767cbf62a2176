"""PPO over whole responses with a network, the baseline of REBEL."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch

from ....base.arrays import floats
from ....base.record import expect_counts
from ....base.types import Number
from ....learn.preference._pairs import coefficient, preference_setting
from ....learn.preference.reward_models import BradleyTerry, RewardModel
from ....model.access import KINDS, Access
from ...plumbing.descent import Descent
from ...plumbing.repeatable import drawing
from ...plumbing.sequence_policy import ResponseMixture
from ...plumbing.sequences import Sequences
from ._comparing import own_responses, score_responses, train_in_rounds


@dataclass(frozen=True, eq=False)
class PPO(Descent):
    """Proximal policy optimisation of responses: each round ascends the clipped surrogate on the policy's own draws.

    The advantage is the reward standardised over the draws of a round; there is no critic and no KL penalty.

    Args:
        policies: the class of networks, Sequences.
        rounds: number of rounds. clip: ratios are clipped to 1 - clip and 1 + clip.
        pairs: half the number of responses drawn in a round, as many as deep.REBEL draws.
        model: a RewardModel fitted to comparisons, whose scores are r; None uses granted rewards.
        steps, batch, rate, device, threads, every, progress: as for deep.DPO, in each round.

    It returns the average of the rounds' policies, as deep.REBEL does.
    Source: Schulman, Wolski, Dhariwal, Radford and Klimov, 2017.
    """

    policies: Sequences = field(default_factory=Sequences)
    rounds: int = 20
    clip: Number = "1/5"
    pairs: int = 256
    model: RewardModel | None = None
    steps: int = field(default=50, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        expect_counts(rounds=self.rounds, pairs=self.pairs)
        coefficient("clip", self.clip, 1)

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(kind for kind in KINDS if kind == ("rewards" if self.model is None else "preferences"))

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(model=BradleyTerry())

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[ResponseMixture, dict[str, Any]]:
        """The average policy, and a trace with the columns of deep.REBEL; loss is minus the clipped surrogate."""
        rho, clip = floats(preference_setting(access).rho), coefficient("clip", self.clip, 1)
        rewards = score_responses(access, self.model, rng)

        def loss_of(policy, before, drawn):
            x, y = own_responses(before, drawing(rho, drawn), 2 * self.pairs, drawn)
            r = torch.tensor(rewards, device=x.device)[x, y]
            advantage = (r - r.mean()) / (r.std() + 1e-6)
            with torch.no_grad():
                old = before.log_probs(x, y)

            def loss():
                k = torch.randperm(len(x), generator=drawn)[: 2 * self.batch].to(x.device)
                ratio = (policy.log_probs(x[k], y[k]) - old[k]).double().exp()
                return -torch.min(ratio * advantage[k], ratio.clamp(1 - clip, 1 + clip) * advantage[k]).mean()

            return loss

        return train_in_rounds(self, access, rng, loss_of)
