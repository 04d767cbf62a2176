"""HyPO with a network: offline preference optimisation with an on-policy KL penalty."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch

from ....base.arrays import floats
from ....base.record import expect_counts
from ....base.types import Number
from ....learn.preference._pairs import coefficient, preference_setting
from ....learn.preference.connectivity import comparison_components
from ....model.access import Access
from ...plumbing.descent import Resumable, Run
from ...plumbing.repeatable import drawing, generator, seeds, threads
from ...plumbing.sequence_policy import SequencePolicy
from ...plumbing.sequences import Sequences
from ._comparing import (
    PairLoss,
    divergence,
    fresh_policy,
    identify_data,
    logistic_terms,
    on_policy_term,
    own_responses,
    read_pairs,
)


@dataclass(frozen=True, eq=False)
class HyPO(Resumable):
    """Hybrid preference optimisation with a network: the loss of DPO plus penalty * E_x KL(pi || reference).

    Args:
        policies: the class of networks, Sequences. penalty: weight of the KL divergence, above 0.
        beta: KL coefficient of the implied reward; defaults to the problem's.
        samples: responses drawn from the policy in each step, which estimate the gradient of the divergence without
            bias; None computes it by enumeration.
        steps, batch, rate, device, threads, every, progress, checkpoint: as for deep.Cloning; rows are compared pairs.

    The policy's own responses need no labels. Raises: as deep.DPO.
    Source: Song, Swamy, Singh, Bagnell and Sun, 2024.
    """

    policies: Sequences = field(default_factory=Sequences)
    penalty: Number = "1/100"
    beta: Number | None = None
    samples: int | None = 256

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        super().__post_init__()
        coefficient("penalty", self.penalty, 1)
        coefficient("beta", self.beta, 1)
        if self.samples is not None:
            expect_counts(2, samples=self.samples)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[SequencePolicy, dict[str, Any]]:
        """The policy, and a trace with one row per `every` steps.

        Its columns are step; loss over all comparisons and divergence E_x KL(pi || reference), both in nats;
        components `[x,y]`, as for DPO.
        """
        first, of_pairs, of_own = seeds(rng, 3)
        setting = preference_setting(access)
        data, pairs = read_pairs(access)
        policy, drawn = fresh_policy(self, setting, generator(first)), generator(of_pairs)
        phi = logistic_terms(coefficient("beta", self.beta, setting.beta))
        loss = PairLoss(policy.log_ratio, pairs, phi, self.batch, drawn, policy.rows.device)
        penalty, own = coefficient("penalty", self.penalty, 1), generator(of_own)
        exact, estimate = self._penalties(policy, floats(setting.rho), own)
        pull = exact if self.samples is None else estimate
        columns = {"loss": loss.whole, "divergence": exact}
        digest = identify_data(access, policy, data)
        with threads(self.threads):
            run = Run(self, policy, lambda: loss() + penalty * pull(), columns, drawn=(drawn, own), data=digest)
            run.finish(self.progress)
        sets = [comparison_components(data, setting.reference.shape)] * len(run.trace["step"])
        return policy, {**run.trace, "components": sets}

    def _penalties(self, policy, rho, drawn):
        """The divergence by enumeration, and a term with the same expected gradient."""
        law, prompts = torch.tensor(rho, device=policy.rows.device), drawing(rho, drawn)

        def estimate():
            x, y = own_responses(policy, prompts, self.samples, drawn)
            with torch.no_grad():
                cost = policy.log_ratio(x, y).double()
            return on_policy_term(policy, x, y, cost)

        return lambda: divergence(policy, law), estimate
