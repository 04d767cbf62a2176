"""Policy players that use a model fitted on a mixture of demonstrations and of the learner's own transitions."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...base.arrays import zeros
from ...base.types import Number, Numbers
from ...model.access import Access
from ...model.mdp import stepwise
from ...model.policy import TabularPolicy
from ..empirical import EmpiricalModel, expect_unseen, hybrid_model, unseen_values
from ..experience import Experience, expect_keep, expect_shares, share_of_round
from ..imitation.psdp import at_states, expect_ties, psdp
from .no_regret import expect_number
from .policy_players import exponential_step


def _model(player, access, experience):
    """The player's fitted model, with the share of the coming round."""
    share = share_of_round(player.expert_share, len(experience.rounds))
    return hybrid_model(access, experience, share, player.keep, player.stationary)


@dataclass(frozen=True)
class FittedGradient:
    """Natural policy gradient whose action values are fitted on a mixture of demonstrations and played transitions.

    The action values of the last policy are backed up on the mixture's transitions; each action not in the mixture has
    the value `unseen`. Needs neither resets nor a model; an exact access fits the values on exact transition laws.

    Args:
        rate: step size.
        expert_share: share of the demonstrations in the mixture, in [0, 1]; 0 gives the online method. Pairs
            (round, share) give linear pieces, such as ((0, "1/5"), (50, "1/100")).
        keep: "all" rounds' transitions, or those of the "last".
        unseen: "zero", or the lowest ("pessimistic") or highest ("optimistic") total reward of the remaining steps.
        stationary: whether the transitions of all steps are pooled.

    Probabilities are rounded to multiples of 2^-24.
    Source: adapted from Ren, Swamy, Wu, Bagnell and Choudhury, 2024.
    """

    rate: Number = 1
    expert_share: Numbers = "1/2"
    keep: str = "all"
    unseen: str = "zero"
    stationary: bool = False

    needs: ClassVar = ("demonstrations", "episodes")

    def __post_init__(self) -> None:
        expect_number("rate", self.rate)
        expect_shares("expert_share", self.expert_share)
        expect_keep(self.keep)
        expect_unseen(self.unseen)

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        experience: Experience,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        model = _model(self, access, experience)
        return exponential_step(access.setting, policy, self.rate, model.evaluate(reward, policy, self.unseen))


@dataclass(frozen=True)
class FittedResets:
    """PSDP in a model fitted on a mixture of demonstrations and played transitions, from the expert's states.

    From the last step to the first, each state that the expert visits gets the greedy action of the model. No policy is
    optimised from the start state, and the environment is not reset.

    Args:
        expert_share, keep, unseen, stationary: as for FittedGradient; with expert_share = 1 the model is never
            corrected.
        default_policy, ties: as for PSDP.
    Source: adapted from Ren, Swamy, Wu, Bagnell and Choudhury, 2024; Vemula, Song, Singh, Bagnell and Choudhury, 2023.
    """

    expert_share: Numbers = "1/2"
    keep: str = "all"
    unseen: str = "zero"
    stationary: bool = False
    default_policy: TabularPolicy | None = None
    ties: str = "first"

    needs: ClassVar = ("demonstrations", "episodes")

    def __post_init__(self) -> None:
        expect_shares("expert_share", self.expert_share)
        expect_keep(self.keep)
        expect_unseen(self.unseen)
        expect_ties(self.ties)

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        experience: Experience,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        model = _model(self, access, experience)
        return psdp(
            access,
            reward,
            experience.expert.sum(axis=-1),
            values=InModel(model, reward, self.unseen),
            default_policy=self.default_policy,
            ties=self.ties,
            rng=rng,
        )


class InModel:
    """Action values of the later steps' policy in a fitted model, as `psdp` asks for them."""

    def __init__(self, model: EmpiricalModel, reward: np.ndarray, unseen: str) -> None:
        self.model, self.reward = model, stepwise(reward, 2)
        self.default = unseen_values(model.setting, reward, unseen)
        self._step(len(self.default) - 1, zeros(model.known.shape[1], reward))

    def at_step(self, t, states, actions, table):
        return at_states(self.Q, states, actions)

    def follow(self, t, table):
        if t:
            self._step(t - 1, (table[t] * self.Q).sum(axis=-1))

    def _step(self, t, V):
        self.Q = self.model.action_values(t, self.reward[t % len(self.reward)], V, self.default[t])
