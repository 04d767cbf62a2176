"""Pessimistic inverse reinforcement learning: an offline solver in the inner loop."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...base.types import Numbers
from ...model.access import KINDS, Access
from ..mixture import Mixture
from ..players.no_regret import GradientAscent, Player
from ..players.offline import LowerConfidence
from ..players.policy_players import PolicyPlayer
from ..players.rewards import BoxRewards, Rewards
from .moment_matching import MomentMatching


@dataclass(frozen=True, eq=False)
class PessimisticIRL:
    """Pessimistic inverse reinforcement learning: moment matching whose policies are planned offline.

    Args:
        rewards, reward_player, rounds, episodes, start: as for MomentMatching.
        solver: LowerConfidence, KLToClone, or Greedy as the baseline without pessimism. Each plans on the
            demonstrations and all rounds' transitions, or on its own `offline` data.

    If each policy's value falls short of the expert's by at most e_k under the reward of its round, the imitation gap
    of the returned Mixture is at most the mean of e_k plus the reward player's average regret. With a bonus that
    covers the model's errors e_k is twice the expected bonus under the expert's occupancy, whatever the data elsewhere.
    Source: adapted from Wu, Swamy, Bagnell, Wu and Choudhury, 2024.
    """

    solver: PolicyPlayer = field(default_factory=LowerConfidence)
    rewards: Rewards = field(default_factory=BoxRewards)
    reward_player: Player = field(default_factory=GradientAscent)
    rounds: int = 100
    episodes: int = 10
    start: Numbers | None = None

    def __post_init__(self) -> None:
        self.game()

    @property
    def needs(self) -> tuple[str, ...]:
        kinds = {"demonstrations", "episodes", *self.solver.needs}
        return tuple(kind for kind in KINDS if kind in kinds)

    @classmethod
    def variants(cls) -> "tuple[PessimisticIRL, ...]":
        """One learner for each possible value of `needs` with an offline solver."""
        return (cls(),)

    def game(self) -> MomentMatching:
        """The game that it plays."""
        return MomentMatching(
            self.rewards, self.reward_player, self.solver, self.rounds, episodes=self.episodes, start=self.start
        )

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[Mixture, dict[str, Any]]:
        """The mixture of all rounds' policies, and the trace of MomentMatching."""
        return self.game().learn(access, rng)
