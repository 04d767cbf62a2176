"""Adversarial value-moment imitation learning (AdVIL)."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import is_exact, nearest
from ...base.record import expect_counts
from ...base.types import Number
from ...model.access import Access
from ...model.policy import TabularPolicy
from .._tabular import empirical_occupancy, exists, uniform
from ..players.no_regret import expect_number, fraction
from ..players.rewards import BoxRewards, Rewards
from ..players.simplex import onto_simplex


@dataclass(frozen=True, eq=False)
class AdVIL:
    """Adversarial value-moment imitation (AdVIL): the off-Q moment game, played on the demonstrations alone.

    The payoff U(pi, f) = sum_t E_{s ~ d_E,t} [E_{a ~ E} f_t(s,a) - E_{a ~ pi} f_t(s,a)] is linear in the policy's table
    and in f. Both players take optimistic gradient steps at the same time: the prediction of the next gradient is the
    last one.

    Args:
        rewards: the class of moments f, which should contain the learner's action values divided by H:
            FiniteRewards, BoxRewards or LinearRewards.
        rounds: number of rounds N.
        rate: step size of both players.

    The returned policy averages the rounds' tables, which the linear payoff permits; at states without demonstrations
    it is uniform. For rate <= 1/(3L), L the norm of the payoff as a bilinear form (at most 1 for BoxRewards),
    sup_f U(policy, f) is at most (D_f + D_pi) / (2 rate N) + rate G / N, D_f and D_pi the largest squared distances of
    the two players' points from their starts, G the sum of the squares of their first gradients. If the class contains
    the learner's action values divided by H (by 1/(1-gamma) if discounted), then the value gap is at most H sup_f U.
    Rational problems stay rational, with digits that grow linearly in the rounds.
    Source: adapted from Swamy, Choudhury, Bagnell and Wu, 2021; steps adapted from Rakhlin and Sridharan, 2013.
    """

    rewards: Rewards = field(default_factory=lambda: BoxRewards(lower=0))
    rounds: int = 100
    rate: Number = 0.25

    needs: ClassVar = ("demonstrations",)

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds)
        expect_number("rate", self.rate)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The average policy, and a trace with one row per round k.

        Its columns: reward, policy: f_k and pi_k `[(t,)s,a]`. payoff: U(pi_k, f_k). sup_payoff: sup_f U(mean of
        pi_1..pi_k, f).
        inf_payoff: min_pi U(pi, mean of f_1..f_k), at most 0; the difference of the two is the duality gap.
        """
        setting = access.setting
        there = exists(setting)
        expert = empirical_occupancy(setting, access.demonstrations())
        states = expert.sum(axis=-1, keepdims=True)
        rewards = self.rewards.like(expert)
        rate = fraction(self.rate) if is_exact(expert) else nearest(fraction(self.rate))

        point = secondary_point = rewards.start()
        table = secondary_table = uniform(setting).table
        total_point = total_table = 0
        rows = []
        for k in range(1, self.rounds + 1):
            reward = rewards.reward(point)
            up, down = rewards.moments(expert - states * table), states * reward
            total_point, total_table = total_point + point, total_table + table
            rows.append(
                (
                    reward,
                    TabularPolicy(table),
                    (up * point).sum(),
                    rewards.sup(expert - states * (total_table / k)),
                    self._least(expert, states, rewards.reward(total_point / k), there),
                )
            )
            secondary_point = rewards.project(secondary_point + rate * up)
            secondary_table = onto_simplex(secondary_table + rate * down, there)
            point = rewards.project(secondary_point + rate * up)
            table = onto_simplex(secondary_table + rate * down, there)
        names = ("reward", "policy", "payoff", "sup_payoff", "inf_payoff")
        trace = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
        return TabularPolicy(total_table / self.rounds), trace

    @staticmethod
    def _least(expert, states, reward, there):
        """min over policies of U(policy, reward): every state's best action against the demonstrated ones."""
        best = np.where(there, reward, reward.min()).max(axis=-1)
        return (expert * reward).sum() - (states[..., 0] * best).sum()
