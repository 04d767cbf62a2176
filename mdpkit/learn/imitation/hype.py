"""HyPE: hybrid inverse reinforcement learning without resets and without a model."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ...base.types import Number, Numbers
from ...model.access import Access
from ..mixture import Mixture
from ..players.hybrid import FittedGradient
from ..players.no_regret import GradientAscent, Player
from ..players.rewards import BoxRewards, Rewards
from .moment_matching import MomentMatching


@dataclass(frozen=True, eq=False)
class HyPE:
    """HyPE: moment matching whose policy step is fitted on both demonstrations and the learner's own transitions.

    Each round the reward player takes a step on the difference between expert and learner, the action values of the
    last policy are fitted on a mixture of demonstrations and played transitions under the new reward, and the policy
    takes a natural gradient step.

    Args:
        rewards, reward_player, rounds, episodes, start: as for MomentMatching.
        rate, expert_share, keep, unseen, stationary: as for FittedGradient. What the demonstrations give depends on
            `unseen`, the value of actions without data, and on the class of rewards. They replace exploration if
            rewards are sparse and the value is 0. Dense rewards guide the online method too; with the lowest value it
            does not explore at all, and with the highest value neither method follows the demonstrations at first.

    The imitation gap of the returned Mixture is (Reg_f + sum_k [J(expert, f_k) - J(pi_k, f_k)]) / N, so that it
    vanishes if the policies' regret relative to the expert does. With expert_share = 0 this is online inverse
    reinforcement learning.
    Source: adapted from Ren, Swamy, Wu, Bagnell and Choudhury, 2024.
    """

    rewards: Rewards = field(default_factory=BoxRewards)
    reward_player: Player = field(default_factory=GradientAscent)
    rate: Number = 1
    expert_share: Numbers = "1/2"
    keep: str = "all"
    unseen: str = "zero"
    stationary: bool = False
    rounds: int = 100
    episodes: int = 10
    start: Numbers | None = None

    needs: ClassVar = ("demonstrations", "episodes")

    def __post_init__(self) -> None:
        self.game()

    def game(self) -> MomentMatching:
        """The game that it plays."""
        player = FittedGradient(self.rate, self.expert_share, self.keep, self.unseen, self.stationary)
        return MomentMatching(
            self.rewards, self.reward_player, player, self.rounds, episodes=self.episodes, start=self.start
        )

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[Mixture, dict[str, Any]]:
        """The mixture of all rounds' policies, and the trace of MomentMatching."""
        return self.game().learn(access, rng)
