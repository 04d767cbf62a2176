"""FILTER: moment matching whose policy player starts at the expert's states."""

from dataclasses import dataclass
from typing import Self

from ..plumbing.schedule import Schedule, expect_schedule
from .moment_matching import MomentMatching


@dataclass(frozen=True)
class FILTER(MomentMatching):
    """FILTER with networks: moment matching whose training episodes start at states of the demonstrations.

    Args:
        rounds, episodes, reward_player, policy_player, relabel, state_only, normalise, progress: as for MomentMatching.
        alpha: probability that a training episode starts at a state of the demonstrations, at its step, instead of the
            initial distribution; a number or a schedule over rounds.
        reward_sees_resets: whether the reward player also sees the training steps of those episodes, exploration
            included. Otherwise it sees the learner from the initial distribution only, and what the learner does where
            it was reset to is not part of the moments.

    The tabular `mdpkit.learn.FILTER` mixes the expert's states with those of the last policy at every step; here the
    other episodes start at the beginning.
    Source: adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.
    """

    alpha: Schedule = 0.5
    reward_sees_resets: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        expect_schedule("alpha", self.alpha, self.rounds, most=1)

    @property
    def reset_share(self) -> Schedule:
        return self.alpha

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(alpha=0.0)
