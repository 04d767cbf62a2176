"""Behavioural cloning."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...base.arrays import floats, like
from ...base.types import Number
from ...model.access import Access
from ...model.policy import TabularPolicy
from .._tabular import exists, sizes, steps
from ..players.no_regret import expect_number


@dataclass(frozen=True)
class Cloning:
    """Behavioural cloning: the demonstrations' empirical action frequencies at each (t, s), i.e. maximum likelihood.

    Args:
        smoothing: pseudo-count added to every existing action, in units of episodes; 0 gives plain frequencies.
        stationary: whether to fit one decision rule for all steps.

    At states without demonstrations and smoothing it plays uniformly. From the exact occupancy it equals the expert on
    the states that the expert reaches. Requires demonstrations only, no interaction.
    Source: Pomerleau, 1988.
    """

    smoothing: Number = 0
    stationary: bool = False

    needs = ("demonstrations",)

    def __post_init__(self) -> None:
        expect_number("smoothing", self.smoothing, positive=False)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The policy, and a trace with the negative log-likelihood of the demonstrations, in nats per episode."""
        data = access.demonstrations()
        policy = TabularPolicy(frequencies(data, access.setting, self.smoothing, self.stationary))
        return policy, {"loss": [likelihood_loss(policy, data)]}


def frequencies(data, setting, smoothing=0, stationary=False) -> np.ndarray:
    """Empirical action frequencies, `table[t,s,a]` or `[s,a]`; uniform over existing actions at states of weight 0."""
    return occupancy_frequencies(
        data.occupancy(*sizes(setting), None if stationary else steps(setting)), setting, smoothing
    )


def occupancy_frequencies(d, setting, smoothing=0) -> np.ndarray:
    """Action frequencies of an occupancy `d[(t,)s,a]`; uniform over existing actions at states without weight."""
    there = like(exists(setting).astype(int), d)
    counts = d + there * like(smoothing, d)[()]
    total = counts.sum(axis=-1, keepdims=True)
    seen = np.asarray(total > 0)
    return np.where(seen, counts / np.where(seen, total, 1), there / there.sum(axis=-1, keepdims=True))


def likelihood_loss(policy, data) -> float:
    """Negative log-likelihood -sum weight log pi(action | obs), in nats per episode; inf if a probability is 0."""
    return float(-(floats(data.weight) * policy.log_prob(data.obs, data.t, data.action)).sum())
