"""SPO: self-play preference optimisation."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import floats
from ...base.record import expect_counts
from ...base.types import Number
from ...model.access import Access
from ...model.policy import TabularPolicy, inverse
from .._labels import drawing
from ._pairs import coefficient, policy_of, preference_setting


@dataclass(frozen=True, eq=False)
class SPO:
    """Self-play preference optimisation: exponential weights against the policy's own responses.

    With P(y, z) = 2 P(y beats z) - 1, round k multiplies the policy by e^(rate * E_{z ~ pi_k} P(y, z)).

    Args:
        rounds: number of rounds N.
        rate: step size; defaults to sqrt(2 log Y / N).
        opponents: number of responses drawn from the policy in a round, with each of which every response of each
            prompt is compared; ignored if preferences are granted as "exact".

    With exact preferences the average of the rounds' policies, which is returned, is within Reg/N of a minimax winner
    at each prompt: max_y E P(y, average) = Reg/N, with Reg the regret of the rounds; from a uniform reference and at
    the default rate Reg/N is at most sqrt(2 log Y / N). Preferences need not be transitive. The last policy has no such
    guarantee. The result is float64.
    Source: Swamy, Dann, Kidambi, Wu and Agarwal, 2024.
    """

    rounds: int = 100
    rate: Number | None = None
    opponents: int = 1

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds, opponents=self.opponents)
        coefficient("rate", self.rate, 1)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The average policy, and a trace with one row per round: policy, and gain `[x,y]`: E P(y, z) as observed."""
        setting = preference_setting(access)
        base = floats(setting.reference)
        rate = coefficient("rate", self.rate, np.sqrt(2 * np.log(max(base.shape[1], 2)) / self.rounds))
        total, rows = np.zeros(base.shape), []
        for _ in range(self.rounds):
            policy = policy_of(base, rate * total)
            gain = self._gain(access, policy.table, rng)
            rows.append((policy, gain))
            total = total + gain
        average = sum(policy.table for policy, _ in rows) / len(rows)
        return TabularPolicy(average), {"policy": [row[0] for row in rows], "gain": [row[1] for row in rows]}

    def _gain(self, access, table, rng):
        X, Y = table.shape
        if access.exact("preferences"):
            x, y, z = (index.reshape(-1) for index in np.indices((X, Y, Y)))
            chance = floats(access.compare_law(x, y, z)).reshape(X, Y, Y)
            return ((2 * chance - 1) * table[:, None, :]).sum(axis=-1)
        rng = drawing(rng, "fit")
        drawn = np.stack([inverse(table, rng.random(X)) for _ in range(self.opponents)])
        k, x, y = (index.reshape(-1) for index in np.indices((self.opponents, X, Y)))
        won = access.compare(x, y, drawn[k, x]).reshape(self.opponents, X, Y)
        return 2 * won.mean(axis=0) - 1
