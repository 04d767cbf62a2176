"""FILTER: inverse reinforcement learning without reinforcement learning, by resets to the expert's states."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Self

import numpy as np

from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Number
from ...model.access import KINDS, Access
from ...model.mdp import at_step
from ...model.policy import TabularPolicy
from .._tabular import empirical_occupancy, exists, steps
from ..experience import expect_share
from ..mixture import Mixture
from ..players.no_regret import BestResponse, GradientAscent, Player, expect_number, fraction
from ..players.policy_players import ExpertResets, NoRegretResets
from ..players.rewards import BoxRewards, Rewards
from ..players.step_game import RewardValues, solve_step
from .moment_matching import ORDERS, MomentMatching
from .psdp import expect_rollouts, expect_ties, rule_array, start_table

GAMES = "mmdp", "nrmm"


@dataclass(frozen=True, eq=False)
class FILTER:
    """FILTER: moment matching whose policy player starts its episodes at the expert's states, and need not explore.

    The reset distribution of step t is alpha * d_E,t + (1 - alpha) * d_t, with d_t the states of the last policy.
    Exploration from the initial distribution alone takes exponentially many episodes in the worst case (see the claim
    `expert_resets_remove_exploration`).

    Args:
        alpha: share of the expert's states in [0, 1]; 1 resets to them alone, 0 to those of the last policy, before the
            first round those of the uniform policy.
        game: "mmdp" (moment matching by dynamic programming): every round responds by PSDP, from the last step to the
            first; "nrmm" (no-regret moment matching): one stationary policy, which every round improves by a step of
            follow-the-regularised-leader on the action values of all past rewards, with reset times uniform over the
            horizon.
        order: "dual": the policy responds to the round's reward. "primal": for "nrmm" the reward is a best response to
            the round's policy; for "mmdp" there are no rounds, each step solves its game of decision rules against
            rewards, from the last to the first, as a linear program in the model, and alpha is 1: the expert's actions
            are known on its states alone.
        rewards: the class: FiniteRewards, BoxRewards or LinearRewards.
        reward_player: defaults to GradientAscent in the dual order, to BestResponse in the primal one. FollowTheLeader
            responds to the replay of all rounds, BestResponse to the last round alone.
        rounds, episodes: as for MomentMatching.
        rollouts: number of episodes per step and round ("mmdp"), or per round ("nrmm"), started at states drawn from
            the reset distribution with a uniformly drawn action; None computes the values from the model.
        rate: step size of the policy ("nrmm").
        rules, default_policy, ties: as for PSDP ("mmdp"). Guarantees hold whatever is played at states never reset to,
            and may seem to hold without resets by luck alone: test with an adversarial default.

    With eps_t = sup_f E_{d_E,t}[Q_f(s, expert) - Q_f(s, policy)], in units of Q, the gap sup_f J(expert, f) - J(policy,
    f) is at most sum_t eps_t; if eps_t is at most H - t times eps', at most eps' H (H+1)/2. For every alpha > 0 it is
    at most sum_t eps_t(alpha) / alpha, eps_t(alpha) = sup_f E[max_a Q_f(s, a) - Q_f(s, policy)] under the reset
    distribution.
    Source: adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.
    """

    alpha: Number = Fraction(1, 2)
    game: str = "mmdp"
    order: str = "dual"
    rewards: Rewards = field(default_factory=BoxRewards)
    reward_player: Player | None = None
    rounds: int = 100
    episodes: int = 10
    rollouts: int | None = None
    rate: Number = 1
    rules: np.ndarray | None = None
    default_policy: TabularPolicy | None = None
    ties: str = "first"

    def __post_init__(self) -> None:
        expect_share("alpha", self.alpha)
        for name, known in (("game", GAMES), ("order", ORDERS)):
            if getattr(self, name) not in known:
                raise InvalidModel(f"{name} is {getattr(self, name)!r}; expected one of {', '.join(known)}")
        expect_counts(rounds=self.rounds, episodes=self.episodes)
        expect_rollouts(self.rollouts, "rollouts")
        expect_number("rate", self.rate)
        expect_ties(self.ties)
        if self.game == "nrmm" and (self.rules is not None or self.default_policy is not None):
            raise InvalidModel("game 'nrmm' learns one stationary policy; rules and default_policy belong to 'mmdp'")
        if self.solves_steps and fraction(self.alpha) != 1:
            raise InvalidModel(
                f"alpha is {self.alpha!r}; expected 1: the primal game 'mmdp' compares with the expert's actions, "
                "which are known on its states alone"
            )
        if self.solves_steps and self.rollouts is not None:
            raise InvalidModel("the primal game 'mmdp' is solved in the model; expected rollouts=None")

    @property
    def solves_steps(self) -> bool:
        """Whether each step is solved once, instead of rounds of rewards against policies."""
        return self.game == "mmdp" and self.order == "primal"

    @property
    def needs(self) -> tuple[str, ...]:
        kinds = ("demonstrations", "model") if self.solves_steps else self._matching().needs
        return tuple(kind for kind in KINDS if kind in kinds)

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(rollouts=1), cls(alpha=1, order="primal")

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[Mixture | TabularPolicy, dict[str, Any]]:
        """The mixture of the rounds' policies and the trace of MomentMatching.

        In the primal game "mmdp" the policy, and a trace with one row per step, from the last to the first. Its column
        game_value: eps_t, the value of the step's game in units of Q.
        """
        return self._solve(access) if self.solves_steps else self._matching().learn(access, rng)

    def _matching(self):
        usual = GradientAscent() if self.order == "dual" else BestResponse()
        if self.game == "nrmm":
            policy_player = NoRegretResets(self.rate, self.rollouts, self.alpha)
        else:
            policy_player = ExpertResets(
                default_policy=self.default_policy,
                rules=self.rules,
                expert_share=self.alpha,
                ties=self.ties,
                rollouts=self.rollouts,
            )
        player = usual if self.reward_player is None else self.reward_player
        return MomentMatching(
            self.rewards,
            player,
            policy_player,
            self.rounds,
            self.order,
            self.episodes,
            play_start=fraction(self.alpha) != 1,
        )

    def _solve(self, access):
        setting = access.setting
        if steps(setting) is None:
            raise InvalidModel(f"game 'mmdp' needs a finite horizon; the horizon is {setting.horizon}")
        expert = empirical_occupancy(setting, access.demonstrations())
        table, actions = start_table(setting, self.default_policy), exists(setting)
        rules = None if self.rules is None else rule_array(self.rules, actions, table)
        values = RewardValues(self.rewards.like(expert), expert.shape, expert)
        P = access.model(expert * 0).P
        found = []
        for t in range(len(table) - 1, -1, -1):
            Q = values.at_step(t, at_step(P, t))
            value, table[t] = solve_step(values, Q, expert[t], rules, actions, table[t])
            values.follow(table[t], Q)
            found.append(value)
        return TabularPolicy(table), {"game_value": found}
