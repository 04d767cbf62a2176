"""HyPE: moment matching whose policy player replays the expert's transitions."""

from dataclasses import dataclass

from ..plumbing.schedule import Schedule, expect_schedule
from .moment_matching import MomentMatching


@dataclass(frozen=True)
class HyPE(MomentMatching):
    """HyPE with networks: moment matching whose replay batches are shared by expert and learner; needs no resets.

    Args:
        rounds, episodes, reward_player, policy_player, relabel, state_only, normalise, progress: as for MomentMatching.
        expert_share: fraction of expert transitions in every replay batch, with rewards recomputed by the current
            reward; a number or a schedule over rounds.

    Source: adapted from Ren, Swamy, Wu, Bagnell and Choudhury, 2024.
    """

    expert_share: Schedule = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        expect_schedule("expert_share", self.expert_share, self.rounds, most=1)

    @property
    def replay_share(self) -> Schedule:
        return self.expert_share
