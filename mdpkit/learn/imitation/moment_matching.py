"""Moment matching: imitation as a zero-sum game between a reward player and a policy player."""

from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Self

import numpy as np

from ...base.arrays import exactly, is_exact, like, zeros
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Numbers
from ...model.access import KINDS, Access
from .._tabular import empirical_occupancy, uniform
from ..experience import Experience
from ..mixture import Mixture
from ..players.no_regret import Gains, GradientAscent, Player, expect_no_regret
from ..players.policy_players import ExpertResets, Planning, PolicyPlayer, expect_policy_player
from ..players.rewards import BoxRewards, Rewards
from ..rollin import visits

ORDERS = ("dual", "primal")


@dataclass(frozen=True, eq=False)
class MomentMatching:
    """Moment matching: minimise sup_f J(expert, f) - J(policy, f) over a class of rewards by a repeated zero-sum game.

    Args:
        rewards: the class: FiniteRewards, BoxRewards or LinearRewards.
        reward_player: Hedge, GradientAscent, FollowTheLeader or BestResponse.
        policy_player: Planning, NaturalGradient or ExpertResets.
        rounds: number of rounds N.
        order: "dual": each round's policy responds to the round's reward; "primal": the reward responds to the policy.
        episodes: episodes per round that estimate the policy's occupancy; if the model is granted, it is exact instead.
        start: initial point of the reward player, e.g. a reward `[(t,)s,a]` of BoxRewards; defaults to the class's own.
        play_start: whether the uniform initial policy is played before the first round of the dual order, so that its
            visits precede those of the rounds.

    The returned policy is the Mixture of all rounds' policies. With Reg_f = sup_f sum_k <f - f_k, d_E - d_k>, its gap
    sup_f J(expert, f) - J(mixture, f) is (Reg_f + sum_k [J(expert, f_k) - J(pi_k, f_k)]) / N for the demonstrations'
    occupancy d_E and the observed occupancies d_k, whether or not any policy is optimal for any reward.
    Source: adapted from Swamy, Choudhury, Bagnell and Wu, 2021; Ren, Swamy, Wu, Bagnell and Choudhury, 2024.
    """

    rewards: Rewards = field(default_factory=BoxRewards)
    reward_player: Player = field(default_factory=GradientAscent)
    policy_player: PolicyPlayer = field(default_factory=Planning)
    rounds: int = 100
    order: str = "dual"
    episodes: int = 10
    start: Numbers | None = None
    play_start: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.rewards, type) or not callable(getattr(self.rewards, "project", None)):
            raise InvalidModel(f"rewards is {self.rewards!r}; expected a class of rewards such as BoxRewards()")
        expect_no_regret("reward_player", self.reward_player)
        expect_policy_player("policy_player", self.policy_player)
        expect_counts(rounds=self.rounds, episodes=self.episodes)
        if self.order not in ORDERS:
            raise InvalidModel(f"order is {self.order!r}; expected one of {', '.join(ORDERS)}")

    @property
    def needs(self) -> tuple[str, ...]:
        kinds = {"demonstrations", "episodes", *self.policy_player.needs}
        return tuple(kind for kind in KINDS if kind in kinds)

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(policy_player=ExpertResets(rollouts_per_action=1))

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[Mixture, dict[str, Any]]:
        """The mixture, and a trace with one row per round k.

        Its columns: reward, policy: f_k `[(t,)s,a]` and pi_k. gain: <f_k, d_E - d_k>.
        sup_gap: sup_f <f, d_E - mean of d_1..d_k>. reward_regret: Reg_f of the rounds up to k.
        """
        setting = access.setting
        experience = Experience(setting, access.demonstrations())
        rewards = self.rewards.like(experience.expert)
        point, policy = self._start(rewards), uniform(setting)
        gains = Gains(None, zeros(rewards.moments(experience.expert).shape, experience.expert), 0)
        reward, rows = None, []
        if self.play_start and self.order == "dual":
            experience = experience.then(visits(access, policy, self.episodes, rng=rng))
        for k in range(self.rounds):
            if self.order == "dual" and k:
                point = self.reward_player.next(rewards, point, gains)
            if self.order == "dual":
                reward = _finite(rewards.reward(point), k)
            if reward is not None:
                policy = self.policy_player.next(access, reward, policy, experience, rng)
            seen = visits(access, policy, self.episodes, rng=rng)
            experience = experience.then(seen)
            gains = gains.then(rewards.moments(experience.expert - empirical_occupancy(setting, seen)))
            if self.order == "primal":
                point = self.reward_player.next(rewards, point, gains)
                reward = _finite(rewards.reward(point), k)
            highest = (rewards.best(gains.total) * gains.total).sum()
            rows.append((reward, policy, (point * gains.last).sum(), highest))
        return Mixture(tuple(row[1] for row in rows)), _trace(rows)

    def _start(self, rewards):
        point = rewards.start()
        if self.start is None:
            return point
        start = np.asarray(self.start)
        if start.shape != point.shape:
            raise InvalidModel(f"start has shape {start.shape}; a point of {type(rewards).__name__} has {point.shape}")
        return rewards.project(exactly(start) if is_exact(point) and start.dtype.kind == "f" else like(start, point))


def _trace(rows):
    reward, policy, gain, highest = (list(column) for column in zip(*rows, strict=True))
    sup_gap = [value / k for k, value in enumerate(highest, 1)]
    regret = [value - won for value, won in zip(highest, accumulate(gain), strict=True)]
    return {"reward": reward, "policy": policy, "gain": gain, "sup_gap": sup_gap, "reward_regret": regret}


def _finite(reward, k):
    """The reward of round k, checked.

    Raises: InvalidModel naming the round and the entry if the discriminator's reward is not finite.
    """
    if reward.dtype != object and not np.isfinite(reward).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(reward))[0])
        raise InvalidModel(
            f"round {k}: the discriminator's reward{list(where)} is {reward[where]}; every reward must be finite"
        )
    return reward
