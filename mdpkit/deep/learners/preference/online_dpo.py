"""Online DPO with a network: comparisons of the policy's own responses."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ....base.arrays import floats
from ....base.errors import InvalidModel
from ....base.record import expect_counts
from ....base.types import Number
from ....learn.preference._pairs import coefficient, logistic, preference_setting
from ....model.access import Access
from ....model.comparisons import Comparisons
from ...plumbing.descent import Descent, Run
from ...plumbing.repeatable import drawing, generator, seeds, threads
from ...plumbing.sequence_policy import SequencePolicy
from ...plumbing.sequences import Sequences
from ._comparing import PairLoss, fresh_policy, logistic_terms, own_responses


@dataclass(frozen=True, eq=False)
class OnlineDPO(Descent):
    """Online DPO with a network: each round compares responses of the policy and of the reference, and trains on all.

    Args:
        policies: the class of networks, Sequences.
        rounds: number of rounds. pairs: comparisons of a round; prompts are drawn from rho.
        beta: KL coefficient; defaults to the problem's.
        steps, batch, rate, device, threads, every, progress: as for deep.DPO, in each round, on all comparisons so
            far, from the weights of the last round.

    Raises: NotSolved naming the step at which training diverges, counted over all rounds.
    Source: Guo et al., 2024; the reference's responses as in Xie et al., 2025.
    """

    policies: Sequences = field(default_factory=Sequences)
    rounds: int = 20
    pairs: int = 100
    beta: Number | None = None
    steps: int = field(default=50, kw_only=True)

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        super().__post_init__()
        expect_counts(rounds=self.rounds, pairs=self.pairs)
        coefficient("beta", self.beta, 1)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[SequencePolicy, dict[str, Any]]:
        """The last policy, and a trace with one row per round.

        Its columns are policy, from which the comparisons were drawn; loss at the end of the round, in nats;
        steps, responses drawn so far; updates, Adam steps so far.
        """
        setting = preference_setting(access)
        if access.exact("preferences"):
            raise InvalidModel("OnlineDPO samples: expected preferences as a count, not 'exact'")
        first, of_batches, of_responses = seeds(rng, 3)
        policy, drawn, of_own = (
            fresh_policy(self, setting, generator(first)),
            generator(of_batches),
            generator(of_responses),
        )
        start, phi = deepcopy(policy), logistic_terms(coefficient("beta", self.beta, setting.beta))
        prompts, columns, rows = drawing(floats(setting.rho), of_own), [], []
        with threads(self.threads):
            for k in range(self.rounds):
                before = deepcopy(policy)
                x, y = own_responses(before, prompts, self.pairs, of_own)
                asked = [column.cpu().numpy() for column in (x, y, start.draw(x, of_own))]
                columns.append((*asked, access.compare(*asked).astype(float)))
                data = Comparisons(*map(np.concatenate, zip(*columns, strict=True)))
                loss = PairLoss(policy.log_ratio, logistic(data, 1.0), phi, self.batch, drawn, x.device)
                run = Run(self, policy, loss).finish(before=k * self.steps)
                rows.append((before, run.trace["loss"][-1]))
                if self.progress:
                    self.progress(k + 1, self.rounds, loss=run.trace["loss"][-1])
        count = np.arange(1, self.rounds + 1)
        trace = {"policy": [row[0] for row in rows], "loss": [row[1] for row in rows]}
        return policy, trace | {"steps": 2 * self.pairs * count, "updates": self.steps * count}
