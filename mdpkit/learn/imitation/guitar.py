"""GUITAR: efficient imitation under misspecification, with resets to the states of the expert and of offline data."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Self

import numpy as np

from ...base.errors import InvalidModel
from ...base.types import Number
from ...model.access import Access
from ...model.data import Trajectories
from ...model.policy import TabularPolicy
from .._tabular import empirical_occupancy, steps
from ..mixture import Mixture
from ..players.no_regret import GradientAscent, Player
from ..players.policy_players import ExpertResets
from ..players.rewards import BoxRewards, Rewards
from .moment_matching import MomentMatching


@dataclass(frozen=True, eq=False)
class GUITAR:
    """GUITAR: moment matching by PSDP over a class without the expert, with resets to expert states and offline data.

    The reset distribution of step t is nu_t = expert_share * d_E,t + (1 - expert_share) * d_off,t. States outside of
    the expert's help where no policy of the class stays on those: the data show where a policy of the class can go.

    Args:
        expert_share: share of the expert's states in [0, 1]; defaults to 1/2 with `offline` data, and to 1 without.
        offline: Trajectories of other policies, whose states alone are used.
        rules: `rules[k,s,a]`, the decision rules among which each step's is chosen; defaults to all rules.
        rewards: the class: FiniteRewards, BoxRewards or LinearRewards.
        reward_player: GradientAscent, or Hedge for mirror descent over a FiniteRewards.
        rounds, episodes: as for MomentMatching.
        rollouts: number of episodes per step and round, started at states drawn from the reset distribution with a
            uniformly drawn action; None computes the values from the model.
        default_policy, ties: as for PSDP. What is played at states never reset to decides what expert resets alone can
            lose; with rules it is the rule that ties go to, the first.

    For a comparator pi_c, in the class or not, and each round's reward f, J(pi_c, f) - J(policy, f) is at most
    sum_t C_t (eps_t + e_t): C_t the maximum ratio of pi_c's state distribution to nu_t, e_t the error of step t's
    choice, and eps_t the completeness error of the class at the policy, E_{nu_t}[max_a Q_f(s, a)] minus the maximum of
    E_{nu_t}[Q_f(s, rule)] over its rules. With resets to the expert's states it is linear in H if eps_t stays bounded.
    Source: adapted from Espinosa-Dice, Choudhury, Sun and Swamy, 2025.
    """

    expert_share: Number | None = None
    offline: Trajectories | None = None
    rules: np.ndarray | None = None
    rewards: Rewards = field(default_factory=BoxRewards)
    reward_player: Player = field(default_factory=GradientAscent)
    rounds: int = 100
    episodes: int = 10
    rollouts: int | None = None
    default_policy: TabularPolicy | None = None
    ties: str = "first"

    def __post_init__(self) -> None:
        if self.offline is None and self.expert_share not in (None, 1):
            raise InvalidModel(
                f"expert_share is {self.expert_share!r} without offline data; expected 1, or offline=Trajectories(...)"
            )
        if self.offline is not None and not isinstance(self.offline, Trajectories):
            raise InvalidModel(f"offline is {self.offline!r}; expected Trajectories")
        self._matching()  # checks the rest

    @property
    def needs(self) -> tuple[str, ...]:
        return self._matching().needs

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(rollouts=1)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[Mixture, dict[str, Any]]:
        """The mixture of the rounds' policies, and the trace of MomentMatching.

        Raises: InvalidModel if the offline data do not fit the problem, or show no state at some step.
        """
        if self.offline is not None:
            expect_states(access.setting, self.offline)
        return self._matching().learn(access, rng)

    def _matching(self):
        share = self.expert_share
        if share is None:
            share = 1 if self.offline is None else Fraction(1, 2)
        policy_player = ExpertResets(
            default_policy=self.default_policy,
            rules=self.rules,
            expert_share=share,
            offline=self.offline,
            ties=self.ties,
            rollouts=self.rollouts,
        )
        return MomentMatching(self.rewards, self.reward_player, policy_player, self.rounds, episodes=self.episodes)


def expect_states(setting, offline):
    """Check that offline data fit a problem and show states at every step.

    Raises: InvalidModel naming the row or the step that does not.
    """
    H = steps(setting)
    if H is None:
        raise InvalidModel(f"GUITAR needs a finite horizon; the horizon is {setting.horizon}")
    offline.check_mass(H)
    mass = np.asarray(empirical_occupancy(setting, offline).sum(axis=(1, 2)) > 0)
    if not mass.all():
        raise InvalidModel(
            f"the offline data show no state at step {int(np.argmin(mass))}; expected all steps 0 to {H - 1}"
        )
