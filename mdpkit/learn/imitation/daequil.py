"""DAgger-like expert-value moment imitation learning (DAeQuIL)."""

from dataclasses import dataclass, field
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import is_exact, nearest
from ...base.record import expect_counts
from ...base.types import Number
from ...model.access import Access
from ...model.policy import TabularPolicy
from .._tabular import empirical_occupancy, exists, uniform
from ..mixture import Mixture
from ..players.no_regret import BestResponse, Gains, Player, expect_number, fraction
from ..players.rewards import BoxRewards, Rewards
from ..players.simplex import onto_simplex
from ..rollin import label, visits


@dataclass(frozen=True, eq=False)
class DAeQuIL:
    """On-Q moment matching with a queryable expert (DAeQuIL): dataset aggregation with an adversarial loss.

    Each round rolls out pi_k, queries the expert on its states, and chooses the moment f_k that tells the two apart:
    l_k(pi) = sum_t E_{s ~ d_t^{pi_k}} [E_{a ~ E} f_k - E_{a ~ pi} f_k]. The next policy follows the regularised leader
    of all losses so far: at every state the projection of uniform play + rate * sum_k d_k f_k onto the distributions.

    Args:
        rewards: the class of moments f, which should contain the expert's action values divided by u.
        reward_player: the player that chooses f_k; BestResponse maximises the round's own moments.
        iterations: number of rounds N.
        episodes: episodes per round; if the model is granted, the policy's exact occupancy is used instead.
        rate: step size; defaults to 1/sqrt(k) after k rounds. A float rate counts as the dyadic rational that it is.

    The returned policy is the Mixture of the rounds' policies. With f_k by BestResponse and a class that contains
    Q^E / u up to functions of the state, J(expert) - J(mixture) <= u (best loss in hindsight + regret) / N, where the
    best loss is at most 0 because the expert has l_k = 0. Rational problems stay rational.
    Source: adapted from Swamy, Choudhury, Bagnell and Wu, 2021.
    """

    rewards: Rewards = field(default_factory=lambda: BoxRewards(lower=0))
    reward_player: Player = field(default_factory=BestResponse)
    iterations: int = 10
    episodes: int = 10
    rate: Number | None = None

    needs: ClassVar = ("episodes", "queries")

    def __post_init__(self) -> None:
        expect_counts(iterations=self.iterations, episodes=self.episodes)
        if self.rate is not None:
            expect_number("rate", self.rate)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[Mixture, dict[str, Any]]:
        """The mixture, and a trace with one row per round k.

        Its columns: reward, policy: f_k and pi_k. loss: l_k(pi_k). regret: sum of the losses of rounds 1..k minus that
        of the best fixed policy.
        """
        setting = access.setting
        there, policy = exists(setting), uniform(setting)
        start, point, gains = policy.table, None, None
        shown = leaned = lost = 0  # sum of l_k's expert terms, of d_k f_k, and of l_k(pi_k)
        rows = []
        for k in range(1, self.iterations + 1):
            labels = label(access, visits(access, policy, self.episodes, rng=rng))
            expert = empirical_occupancy(setting, labels)
            states = expert.sum(axis=-1, keepdims=True)
            if k == 1:
                rewards = self.rewards.like(expert)
                point, gains = rewards.start(), Gains(None, 0, 0)
            gains = gains.then(rewards.moments(expert - states * policy.table))
            point = self.reward_player.next(rewards, point, gains)
            reward = rewards.reward(point)
            shown, leaned = shown + (expert * reward).sum(), leaned + states * reward
            loss = (gains.last * point).sum()
            lost = lost + loss
            best = shown - np.where(there, leaned, leaned.min()).max(axis=-1).sum()
            rows.append((reward, policy, loss, lost - best))
            policy = TabularPolicy(onto_simplex(start + self._rate(k, expert) * leaned, there))
        names = ("reward", "policy", "loss", "regret")
        trace = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
        return Mixture(tuple(trace["policy"])), trace

    def _rate(self, k, pattern):
        rate = fraction(1 / sqrt(k) if self.rate is None else self.rate)
        return rate if is_exact(pattern) else nearest(rate)
