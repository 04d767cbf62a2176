"""Two-stage preference fine-tuning with networks: fit a reward model, then optimise it."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch

from ....base.arrays import floats
from ....base.record import expect_counts
from ....base.types import Number
from ....learn.preference._pairs import coefficient, preference_setting
from ....learn.preference.connectivity import comparison_components
from ....learn.preference.reward_models import RewardModel
from ....model.access import Access
from ...plumbing.descent import Descent, Run
from ...plumbing.repeatable import drawing, generator, seeds, threads
from ...plumbing.sequence_policy import SequencePolicy
from ...plumbing.sequences import Sequences
from ._comparing import divergence, fresh_policy, on_policy_term, own_responses
from .reward_network import BradleyTerry


@dataclass(frozen=True, eq=False)
class RLHF(Descent):
    """Reinforcement learning from human feedback with networks: fit a reward, then ascend E_pi r - beta KL.

    Args:
        policies: the class of networks, Sequences.
        model: a RewardModel, a network or a tabular one; defaults to a deep.BradleyTerry over the same sequences.
        beta: KL coefficient; defaults to the problem's.
        samples: responses drawn from the policy in each step, which estimate the gradient without bias, with a
            leave-one-out baseline; None computes it by enumeration.
        steps, batch, rate, device, threads, every, progress: as for deep.DPO, of the second stage.

    Raises: NotSolved naming the step at which training diverges.
    Source: Ouyang et al., 2022; adapted from Song, Swamy, Singh, Bagnell and Sun, 2024.
    """

    policies: Sequences = field(default_factory=Sequences)
    model: RewardModel | None = None
    beta: Number | None = None
    samples: int | None = 256

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        super().__post_init__()
        coefficient("beta", self.beta, 1)
        if self.samples is not None:
            expect_counts(2, samples=self.samples)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[SequencePolicy, dict[str, Any]]:
        """The policy, and a trace with one row per `every` steps.

        Its columns are step; loss: beta KL(pi || reference) - E_pi score, by enumeration; scores: the fitted reward
        `[x,y]`; components `[x,y]`, as for DPO.
        """
        first, of_own = seeds(rng, 2)
        setting = preference_setting(access)
        data, beta = access.comparisons(), coefficient("beta", self.beta, setting.beta)
        scores = (self.model or BradleyTerry(self.policies)).fit(data, setting.reference.shape, rng)
        policy = fresh_policy(self, setting, generator(first))
        exact, estimate = self._losses(policy, scores, beta, floats(setting.rho), generator(of_own))
        with threads(self.threads):
            run = Run(self, policy, exact if self.samples is None else estimate, {"loss": exact}).finish(self.progress)
        sets, rows = comparison_components(data, setting.reference.shape), len(run.trace["step"])
        trace = {**run.trace, "scores": [scores] * rows, "components": [sets] * rows}
        return policy, trace

    def _losses(self, policy, scores, beta, rho, drawn):
        """The loss by enumeration, and one with the same expected gradient."""
        device = policy.rows.device
        r, law_of_prompts = torch.tensor(scores, device=device), torch.tensor(rho, device=device)
        prompts = drawing(rho, drawn)

        def exact():
            law = policy.log_law().double().exp()
            return beta * divergence(policy, law_of_prompts) - law_of_prompts @ (law * r).sum(dim=1)

        def estimate():
            x, y = own_responses(policy, prompts, self.samples, drawn)
            with torch.no_grad():
                cost = beta * policy.log_ratio(x, y).double() - r[x, y]
            return on_policy_term(policy, x, y, cost)

        return exact, estimate
