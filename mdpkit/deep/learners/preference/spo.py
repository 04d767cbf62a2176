"""SPO with a network: self-play preference optimisation."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch

from ....base.arrays import floats
from ....base.errors import InvalidModel
from ....base.record import expect_counts
from ....base.types import Number
from ....learn.preference._pairs import coefficient, preference_setting, win_margins
from ....model.access import Access
from ...plumbing.descent import Descent
from ...plumbing.repeatable import drawing
from ...plumbing.sequence_policy import ResponseMixture
from ...plumbing.sequences import Sequences
from ._comparing import exact_regression, own_responses, sampled_regression, train_in_rounds


@dataclass(frozen=True, eq=False)
class SPO(Descent):
    """Self-play preference optimisation with a network: exponential weights against the policy's own responses.

    Round k draws pairs of responses from pi_k, scores each by E_{z ~ pi_k} M(y, z), M(y, z) = 2 P(y beats z) - 1, from
    comparisons with `opponents` further draws, and regresses log-ratio margins on eta times the score differences,
    whose minimiser over all policies is pi_k e^(eta * scores) / Z.

    Args:
        policies: the class of networks, Sequences.
        rounds: number of rounds N. eta: step size, the table's `rate`; defaults to sqrt(2 log Y / N).
        opponents: draws with which each response is compared; if preferences are exact, by their probabilities.
        pairs: pairs of responses drawn in a round; None scores and regresses all responses by enumeration, which needs
            preferences "exact".
        steps, batch, rate, device, threads, every, progress: as for deep.DPO, in each round.

    The guarantee concerns the average of the rounds' policies, which is returned: with exact steps no response beats
    it by more than Reg/N. Preferences need not be transitive.
    Source: Swamy, Dann, Kidambi, Wu and Agarwal, 2024.
    """

    policies: Sequences = field(default_factory=Sequences)
    rounds: int = 100
    eta: Number | None = None
    opponents: int = 1
    pairs: int | None = 256
    steps: int = field(default=30, kw_only=True)

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = {} if self.pairs is None else {"pairs": self.pairs}
        expect_counts(rounds=self.rounds, opponents=self.opponents, **counts)
        coefficient("eta", self.eta, 1)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[ResponseMixture, dict[str, Any]]:
        """The average policy, and a trace with the columns of deep.REBEL."""
        setting = preference_setting(access)
        rho, Y = floats(setting.rho), setting.reference.shape[1]
        eta = coefficient("eta", self.eta, np.sqrt(2 * np.log(max(Y, 2)) / self.rounds))
        exact = access.exact("preferences")
        if self.pairs is None and not exact:
            raise InvalidModel("pairs is None: expected preferences 'exact', or a number of pairs")

        def loss_of(policy, before, drawn):
            device = policy.rows.device
            if self.pairs is None:
                r = torch.tensor(floats(win_margins(access, before.table, 1, None)), device=device)
                return exact_regression(policy, before, before, r, torch.tensor(rho, device=device), eta)
            x, y = own_responses(before, drawing(rho, drawn), self.pairs, drawn)
            z, others = before.draw(x, drawn), [before.draw(x, drawn) for _ in range(self.opponents)]
            target = sum(_margin(access, exact, x, y, o) - _margin(access, exact, x, z, o) for o in others)
            target = torch.tensor(target / self.opponents, device=device)
            return sampled_regression(policy, before, (x, y, z), target, eta, self.batch, drawn)

        return train_in_rounds(self, access, rng, loss_of)


def _margin(access, exact, x, y, z):
    """M(y, z) `[k]`, as observed."""
    asked = [column.cpu().numpy() for column in (x, y, z)]
    won = floats(access.compare_law(*asked)) if exact else access.compare(*asked).astype(float)
    return 2 * won - 1
