"""Policy players respond to rewards with policies.

`next(access, reward, policy, experience, rng)` returns the policy to play after `policy` was paired with `reward`.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from ...base.arrays import floats, nearest
from ...base.errors import InvalidModel
from ...base.interval import Interval
from ...base.types import Number
from ...measure import action_value
from ...model.access import Access, Setting
from ...model.data import Trajectories
from ...model.policy import TabularPolicy
from ...solve import SoftPlanning, solve
from .._tabular import empirical_occupancy, exists
from ..experience import Experience, expect_share
from ..imitation.psdp import expect_rollouts, expect_ties, probe, psdp
from .no_regret import expect_number, fraction, tilt


class PolicyPlayer(Protocol):
    """Interface of players that respond to rewards with policies.

    Attributes: needs: the kinds of access that it uses.
    """

    needs: tuple[str, ...]

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        experience: Experience,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        """The next policy.

        Args: reward: the last reward `[(t,)s,a]`. policy: the last policy. experience: the Experience so far.
        """


def expect_policy_player(name, player):
    """Check that a player responds with policies, as `Planning()` does.

    Raises: InvalidModel for anything else, such as a name, the class Planning itself, or a player of rewards.
    """
    if isinstance(player, type) or not (callable(getattr(player, "next", None)) and hasattr(player, "needs")):
        raise InvalidModel(f"{name} is {player!r}; expected a policy player such as Planning()")


@dataclass(frozen=True)
class Planning:
    """Best response: an optimal policy for the reward, by `solve`. Its regret is nonpositive if it moves second."""

    needs: ClassVar = ("model",)

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        experience: Experience,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        return solve(access.model(reward)).policy


@dataclass(frozen=True)
class SoftBestResponse:
    """Soft planning: the policy that maximises return plus temperature times entropy relative to uniform play.

    Args: temperature: units of reward per nat.

    It loses at most temperature H log(number of actions) of a best response's return, up to the error of rounding
    probabilities to multiples of 2^-24.
    Source: adapted from Ziebart, Bagnell and Dey, 2010.
    """

    temperature: Number = 1

    needs: ClassVar = ("model",)

    def __post_init__(self) -> None:
        expect_number("temperature", self.temperature)

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        experience: Experience,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        method = SoftPlanning(temperature=nearest(fraction(self.temperature)))
        table = solve(access.model(reward), method, throw=False).policy.table
        with np.errstate(divide="ignore"):
            return TabularPolicy(tilt(exists(access.setting), np.log(table), policy.table))


@dataclass(frozen=True)
class NaturalGradient:
    """Natural policy gradient: multiply the last policy by e^(rate * its action value) at every state, and normalise.

    Args: rate: step size.

    No-regret in either order, up to the error of rounding probabilities to multiples of 2^-24.
    Source: Kakade, 2001; as a no-regret player adapted from Even-Dar, Kakade and Mansour, 2009.
    """

    rate: Number = 1

    needs: ClassVar = ("model",)

    def __post_init__(self) -> None:
        expect_number("rate", self.rate)

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        experience: Experience,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        known = action_value(access.model(reward), policy)
        return exponential_step(access.setting, policy, self.rate, known.mid if isinstance(known, Interval) else known)


def exponential_step(setting: Setting, policy: TabularPolicy, rate: Number, Q: np.ndarray) -> TabularPolicy:
    """The policy proportional to policy * e^(rate * Q), with probabilities rounded to multiples of 2^-24."""
    with np.errstate(divide="ignore"):
        exponents = np.log(floats(policy.table)) + nearest(fraction(rate)) * floats(Q)
    return TabularPolicy(tilt(exists(setting), exponents, policy.table))


@dataclass(frozen=True, eq=False)
class ExpertResets:
    """PSDP whose resets are drawn from the expert's states, or from a mixture of the expert's and other states.

    The reset distribution of step t is expert_share * d_E,t + (1 - expert_share) * d_t, with d_t the state distribution
    of `offline` data or, without it, of the last policy. With exact values and unrestricted rules the policy is at
    least as good on the reward as every policy whose states the resets cover.

    Args:
        rollouts_per_action, default_policy, rules, ties: as for PSDP; without `rollouts_per_action` the values are
            computed from the model.
        expert_share: a number in [0, 1]. Before the first policy was played the expert's states alone are used.
        offline: Trajectories whose states replace those of the last policy.
        rollouts: number of episodes per step, each started at a state drawn from the reset distribution with a
            uniformly drawn action, in place of a number per state and action; states that are not drawn keep the
            default policy.
    Source: adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023; Espinosa-Dice, Choudhury, Sun and Swamy, 2025.
    """

    rollouts_per_action: int | None = None
    default_policy: TabularPolicy | None = None
    rules: np.ndarray | None = None
    expert_share: Number = 1
    offline: Trajectories | None = None
    ties: str = "first"
    rollouts: int | None = None

    def __post_init__(self) -> None:
        expect_rollouts(self.rollouts_per_action)
        expect_rollouts(self.rollouts, "rollouts")
        expect_ties(self.ties)
        expect_share("expert_share", self.expert_share)

    @property
    def needs(self) -> tuple[str, ...]:
        return ("model",) if self.rollouts_per_action is None and self.rollouts is None else ("resets",)

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        experience: Experience,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        other = None if self.offline is None else empirical_occupancy(access.setting, self._offline(access.setting))
        return psdp(
            access,
            reward,
            experience.mixture(self.expert_share, other=other).sum(axis=-1),
            rollouts_per_action=self.rollouts_per_action,
            rollouts=self.rollouts,
            default_policy=self.default_policy,
            rules=self.rules,
            ties=self.ties,
            rng=rng,
        )

    def _offline(self, setting):
        """The offline data in the setting's kind of numbers."""
        return self.offline.to_exact() if setting.exact else self.offline.to_float()


@dataclass(frozen=True, eq=False)
class NoRegretResets:
    """Follow-the-regularised-leader on action values at reset states: one stationary policy, without a best response.

    With the entropy as regulariser, the policy after k rewards f_j is pi(a|s) proportional to
    exp(rate * sum_j g_j(s,a)), g_j(s,a) = sum_t nu_t(s) Q_{j,t}(s,a): the action values of f_j under the policy of its
    round, at reset times that are uniform over the steps. If each f_j is a best response to the policy of its round and
    nu the state distribution of a stationary expert, N times the imitation gap of the mixture is at most the regret of
    this player.

    Args:
        rate: step size.
        rollouts: number of episodes per round, each started at a state and step drawn from the reset distribution with
            a uniformly drawn action; without it the values are computed from the model.
        expert_share: as for ExpertResets.

    Probabilities are rounded to positive multiples of 2^-24, and each round multiplies those of the round before.
    Source: adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.
    """

    rate: Number = 1
    rollouts: int | None = None
    expert_share: Number = 1

    def __post_init__(self) -> None:
        expect_number("rate", self.rate)
        expect_rollouts(self.rollouts, "rollouts")
        expect_share("expert_share", self.expert_share)

    @property
    def needs(self) -> tuple[str, ...]:
        return ("model",) if self.rollouts is None else ("resets",)

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        experience: Experience,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        table, actions = policy.table, exists(access.setting)
        if table.ndim == 3:
            if np.asarray(table != table[:1]).any():
                raise InvalidModel("the policy varies over time; expected a stationary one, such as this player's own")
            table = table[0]
        states = experience.mixture(self.expert_share).sum(axis=-1)
        gradient = self._gradient(access, reward, TabularPolicy(table), np.atleast_2d(states), actions, rng)
        with np.errstate(divide="ignore"):
            exponents = np.log(floats(table)) + nearest(fraction(self.rate)) * gradient
        return TabularPolicy(tilt(actions, exponents, table))

    def _gradient(self, access, reward, policy, states, actions, rng):
        """g(s,a) = sum_t nu_t(s) Q_t(s,a), exact or estimated without bias, as floats."""
        if self.rollouts is None:
            known = action_value(access.model(reward), policy)
            Q = floats(known.mid if isinstance(known, Interval) else known)
            return (floats(states)[..., None] * Q).sum(axis=0)
        s, a, _, totals = probe(access, reward, policy, states, 0, actions, self.rollouts, rng)
        found = np.zeros(actions.shape)
        np.add.at(found, (s, a), floats(totals) * actions.sum(axis=1)[s])
        return found * floats(states).sum() / self.rollouts
