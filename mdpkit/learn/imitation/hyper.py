"""HyPER: hybrid inverse reinforcement learning with a fitted model and resets to the expert's states in it."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ...base.types import Numbers
from ...model.access import Access
from ...model.policy import TabularPolicy
from ..mixture import Mixture
from ..players.hybrid import FittedResets
from ..players.no_regret import GradientAscent, Player
from ..players.rewards import BoxRewards, Rewards
from .moment_matching import MomentMatching


@dataclass(frozen=True, eq=False)
class HyPER:
    """HyPER: moment matching by planning in a model fitted on both demonstrations and the learner's own transitions.

    Each round the transition model is fitted anew on the mixture, and PSDP in the model, from the expert's states,
    responds to the reward. No policy is planned from the start state, and the environment is not reset.

    Args:
        rewards, reward_player, rounds, episodes, start: as for MomentMatching.
        expert_share, keep, unseen, stationary, default_policy, ties: as for FittedResets. With expert_share = 1 the
            model is fitted on the demonstrations alone and errors off the expert's states are never corrected. With
            the value "optimistic" for unseen actions each of them is tried once; a lower value relies on the expert's
            actions.

    In a round with reward f in [0, 1] and model P', J(expert) - J(policy) is at most the sum over t of E_{d_t^E}[A'],
    the expert's advantage in the model, and of (H-1-t) E[TV(P, P')] under both occupancies. A response that is greedy
    in the model has E_{d_t^E}[A'] <= 0.
    Source: adapted from Ren, Swamy, Wu, Bagnell and Choudhury, 2024; Vemula, Song, Singh, Bagnell and Choudhury, 2023.
    """

    rewards: Rewards = field(default_factory=BoxRewards)
    reward_player: Player = field(default_factory=GradientAscent)
    expert_share: Numbers = "1/2"
    keep: str = "all"
    unseen: str = "zero"
    stationary: bool = False
    default_policy: TabularPolicy | None = None
    ties: str = "first"
    rounds: int = 100
    episodes: int = 10
    start: Numbers | None = None

    needs: ClassVar = ("demonstrations", "episodes")

    def __post_init__(self) -> None:
        self.game()

    def game(self) -> MomentMatching:
        """The game that it plays."""
        player = FittedResets(
            self.expert_share, self.keep, self.unseen, self.stationary, self.default_policy, self.ties
        )
        return MomentMatching(
            self.rewards, self.reward_player, player, self.rounds, episodes=self.episodes, start=self.start
        )

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[Mixture, dict[str, Any]]:
        """The mixture of all rounds' policies, and the trace of MomentMatching."""
        return self.game().learn(access, rng)
