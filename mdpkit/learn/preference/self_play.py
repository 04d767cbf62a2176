"""SPO: self-play preference optimisation."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import floats, is_exact, like, zeros
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Number
from ...model.access import Access
from ...model.policy import TabularPolicy
from ..players.no_regret import Gains, Player
from ..players.rewards import FiniteRewards
from ._pairs import coefficient, policy_of, preference_setting, win_margins


@dataclass(frozen=True, eq=False)
class SPO:
    """Self-play preference optimisation: a no-regret player against its own responses.

    With M(y, z) = 2 P(y beats z) - 1, round k gains E_{z ~ pi_k} M(y, z) for response y.

    Args:
        rounds: number of rounds N.
        rate: step size of the exponential weights; defaults to sqrt(2 log Y / N).
        opponents: number of responses drawn from the policy in a round, with each of which every response of each
            prompt is compared; ignored if preferences are granted as "exact".
        player: a no-regret player over the responses of each prompt, such as GradientAscent("1/10"), Hedge or
            MultiplicativeWeights, in place of the exponential weights; it starts from the reference, and may play
            responses outside its support. Hedge plays the reference in round 1 alone: its later weights are
            proportional to e^(rate * sum of gains), whatever the reference.

    The policy of round k + 1 is the reference times e^(rate * sum of gains) / Z, unless a player is given.
    With exact preferences the average of the rounds' policies, which is returned, is within Reg/N of a minimax winner
    at each prompt: max_y E M(y, average) = Reg/N, with Reg the regret of the rounds (claim
    `self_play_is_as_exploitable_as_its_regret`); from a uniform reference and at the default rate Reg/N is at most
    sqrt(2 log Y / N). Preferences need not be transitive. The last policy has no such guarantee. The result is float64;
    with a player and exact preferences of a rational problem it is rational.
    Source: Swamy, Dann, Kidambi, Wu and Agarwal, 2024.
    """

    rounds: int = 100
    rate: Number | None = None
    opponents: int = 1
    player: Player | None = None

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds, opponents=self.opponents)
        coefficient("rate", self.rate, 1)
        if self.player is not None and self.rate is not None:
            raise InvalidModel(f"rate is {self.rate} beside a player; expected the rate in the player")

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The average policy, and a trace with one row per round: policy, and gain `[x,y]`: E M(y, z) as observed."""
        setting = preference_setting(access)
        rational = self.player is not None and access.exact("preferences")
        base = setting.reference if rational else floats(setting.reference)
        total, rows, table = zeros(base.shape, base), [], base
        for k in range(1, self.rounds + 1):
            gain = win_margins(access, table, self.opponents, rng)
            if not is_exact(gain):
                base, table, total = floats(base), floats(table), floats(total)
            rows.append((TabularPolicy(table), gain))
            total = total + gain
            if k < self.rounds:
                table = self._next(base, table, gain, total, k)
        average = sum(policy.table for policy, _ in rows) / len(rows)
        return TabularPolicy(average), {"policy": [row[0] for row in rows], "gain": [row[1] for row in rows]}

    def _next(self, base, table, gain, total, k):
        if self.player is None:
            rate = coefficient("rate", self.rate, np.sqrt(2 * np.log(max(base.shape[1], 2)) / self.rounds))
            return policy_of(base, rate * total).table
        pure = FiniteRewards(like(np.eye(base.shape[1], dtype=int), base)[:, None])
        found = zip(table, gain, total, strict=True)
        return np.stack([self.player.next(pure, point, Gains(last, all_, k)) for point, last, all_ in found])
