"""Policy players that plan offline, in a model fitted on data: pessimistically, close to the clone, or greedily."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import floats, is_exact, like, nearest, objects, zeros
from ...base.errors import InvalidModel
from ...base.record import numbers
from ...base.types import Number, Numbers
from ...model.access import Access
from ...model.data import Trajectories
from ...model.mdp import stepwise
from ...model.policy import TabularPolicy
from .._tabular import exists, sizes, steps
from ..empirical import EmpiricalModel, estimate, expect_following, expect_unseen, fit_model, unseen_values
from ..experience import Experience
from ..imitation.cloning import frequencies
from ..imitation.psdp import expect_ties, start_table
from .no_regret import GRID, expect_number, fraction, tilt


@dataclass(frozen=True, eq=False)
class OfflinePlayer:
    """Base of the offline players.

    Args:
        offline: Trajectories with next states on which it plans; defaults to the demonstrations and all rounds'
            transitions.
        stationary: whether the transitions of all steps are pooled.
    """

    _: KW_ONLY
    offline: Trajectories | None = None
    stationary: bool = False

    needs: ClassVar = ("demonstrations", "episodes")

    def model(self, access: Access, experience: Experience) -> EmpiricalModel:
        """The model of the data, in which episodes have equal weight; exact at pairs with data if the model is granted.

        `offline` data are used with their own weights and frequencies.
        """
        if self.offline is None:
            seen = [experience.demonstrations, *experience.rounds]
            return fit_model(access, [(each, max(int((each.t == 0).sum()), 1)) for each in seen], self.stationary)
        data = self.offline.to_exact() if access.setting.exact else self.offline.to_float()
        data.check(*sizes(access.setting), steps(access.setting))
        expect_following(data, "the offline data")
        return estimate(access.setting, [(data, 1)], self.stationary)


@dataclass(frozen=True, eq=False)
class LowerConfidence(OfflinePlayer):
    """Value iteration with lower confidence bounds: greedy for the model's values minus a bonus.

    The action value r + P' V - b is clipped below at the lowest total reward of the remaining steps, which is also the
    value of pairs without data.

    Args:
        bonus: b, an array `[t,s,a]` or `[s,a]`; or a number c for b = c * range / sqrt(n), with n the number of
            rows of the pair and range the difference between the highest and lowest total reward of the later
            steps. A number gives no bonus where the transition law is known, and is rounded up to a multiple of 2^-24.
        default_policy: TabularPolicy played at states without data at that step; defaults to uniform.
        ties: as for PSDP.

    If b is at least the backup error |(P' - P) V-| of its values V-, the policy's value falls short of a comparator's
    by at most twice the expected bonus under the comparator's occupancy.
    Source: adapted from Rashidinejad, Zhu, Ma, Jiao and Russell, 2021; Jin, Yang and Wang, 2021.
    """

    bonus: Numbers = "3/10"
    default_policy: TabularPolicy | None = None
    ties: str = "first"

    def __post_init__(self) -> None:
        expect_ties(self.ties)
        if np.ndim(self.bonus) == 0:
            expect_number("bonus", self.bonus, positive=False)

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        experience: Experience,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        model, lowest = self.model(access, experience), unseen_values(access.setting, reward, "pessimistic")
        bonus = self.bonus_of(model, reward)
        return plan(
            model, reward, lowest, self.default_policy, self.ties, lambda t, Q: np.maximum(Q - bonus[t], lowest[t])
        )

    def bonus_of(self, model: EmpiricalModel, reward: np.ndarray) -> np.ndarray:
        """The bonus `[t,s,a]`; it is not used at unknown pairs.

        Raises: InvalidModel for an array of another shape.
        """
        shape = model.known.shape
        if np.ndim(self.bonus):
            bonus = numbers("bonus", self.bonus, is_exact(reward), ("sa", "tsa"))
            if bonus.shape not in (shape, shape[1:]):
                raise InvalidModel(f"bonus has shape {bonus.shape}; expected {shape[1:]} or {shape}")
            return np.broadcast_to(bonus, shape)
        if model.counts is None or fraction(self.bonus) == 0:
            return zeros(shape, reward)
        lowest, highest = (floats(unseen_values(model.setting, reward, end)) for end in ("pessimistic", "optimistic"))
        later = np.append((highest - lowest)[1:], 0)
        b = nearest(fraction(self.bonus)) * later[:, None, None] / np.sqrt(np.maximum(model.counts, 1))
        units = np.ceil(b * GRID).astype(np.int64)
        return objects(units) / GRID if is_exact(reward) else units / GRID


@dataclass(frozen=True, eq=False)
class Greedy(OfflinePlayer):
    """Greedy planning in the fitted model, without pessimism: a baseline, whose errors need not be covered by the data.

    Args:
        unseen: value of pairs without data: "zero", or the lowest ("pessimistic") or highest ("optimistic") total
            reward of the remaining steps.
        default_policy, ties: as for LowerConfidence.
    """

    unseen: str = "zero"
    default_policy: TabularPolicy | None = None
    ties: str = "first"

    def __post_init__(self) -> None:
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
        model, default = self.model(access, experience), unseen_values(access.setting, reward, self.unseen)
        return plan(model, reward, default, self.default_policy, self.ties, lambda t, Q: Q)


@dataclass(frozen=True, eq=False)
class KLToClone(OfflinePlayer):
    """Soft planning in the fitted model with a KL penalty to the cloned policy.

    It maximises E sum_t (r_t - temperature KL(pi(.|s_t) | clone(.|s_t))), so that it plays demonstrated actions only,
    where there are demonstrations and no smoothing.

    Args:
        temperature: above 0, in units of reward per nat; large values give the clone.
        smoothing: of the clone, as for Cloning.
        unseen: value of pairs without data, as for Greedy.

    Values are floats, and probabilities are rounded to multiples of 2^-24.
    Source: adapted from Wu, Swamy, Bagnell, Wu and Choudhury, 2024.
    """

    temperature: Number = 1
    smoothing: Number = 0
    unseen: str = "pessimistic"

    def __post_init__(self) -> None:
        expect_number("temperature", self.temperature)
        expect_number("smoothing", self.smoothing, positive=False)
        expect_unseen(self.unseen)

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        experience: Experience,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        setting, r = access.setting, stepwise(floats(reward), 2)
        model, default = self.model(access, experience).to_float(), unseen_values(setting, r, self.unseen)
        clone = frequencies(experience.demonstrations, setting, self.smoothing)
        weights, temperature = floats(clone), nearest(fraction(self.temperature))
        V, exponents = np.zeros(weights.shape[1]), np.zeros(weights.shape)
        with np.errstate(divide="ignore"):
            logs = np.log(weights)
        for t in range(len(weights) - 1, -1, -1):
            exponents[t] = logs[t] + model.action_values(t, r[t % len(r)], V, default[t]) / temperature
            V = temperature * np.logaddexp.reduce(exponents[t], axis=-1)
        return TabularPolicy(tilt(weights > 0, exponents, clone))


def plan(model: EmpiricalModel, reward: np.ndarray, default: np.ndarray, default_policy, ties: str, lower: Any):
    """The policy that is greedy for lower(t, Q), with Q the model's action values, `default[t]` at unknown pairs.

    At states without data at that step it plays the default policy, and its value there is `default[t]`.
    """
    r, there = stepwise(reward, 2), exists(model.setting)
    table = start_table(model.setting, default_policy)
    V, states, actions = zeros(len(there), reward), np.arange(len(there)), np.arange(there.shape[1])
    for t in range(len(table) - 1, -1, -1):
        Q = lower(t, model.action_values(t, r[t % len(r)], V, default[t]))
        chosen = np.where(there, Q, Q.min() - 1).argmax(axis=1)
        if ties == "default":
            likely = table[t].argmax(axis=1)
            chosen = np.where(
                np.asarray(Q[states, likely] == Q[states, chosen]) & there[states, likely], likely, chosen
            )
        seen = model.known[t].any(axis=1)
        V = np.where(seen, Q[states, chosen], default[t])
        table[t] = np.where(seen[:, None], like((chosen[:, None] == actions).astype(int), table), table[t])
    return TabularPolicy(table)
