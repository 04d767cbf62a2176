"""Behavioural cloning."""

from dataclasses import dataclass

import numpy as np

from ...base.arrays import floats, like
from ...model.policy import TabularPolicy
from .._tabular import exists, sizes, steps
from ..players.no_regret import expect_number


@dataclass(frozen=True)
class Cloning:
    """Plays what the demonstrations play: at each (t, s) their frequencies of actions, the maximum of their likelihood.

    Args:
        smoothing: added to the count of every action that exists, in episodes' weight; 0 is pure frequencies.
        stationary: one rule for all steps.

    Where nothing was demonstrated, and nothing added, it plays uniformly. On the exact law it is the expert wherever the expert goes.
    Needs demonstrations alone: no interaction.
    Source: Pomerleau, 1989.
    """

    smoothing: object = 0
    stationary: bool = False

    needs = ("demonstrations",)

    def __post_init__(self):
        expect_number("smoothing", self.smoothing, positive=False)

    def learn(self, access, rng):
        """The policy; the trace has the negative log-likelihood of the demonstrations in nats an episode."""
        data = access.demonstrations()
        policy = TabularPolicy(frequencies(data, access.setting, self.smoothing, self.stationary))
        return policy, {"loss": [likelihood_loss(policy, data)]}


def frequencies(data, setting, smoothing=0, stationary=False) -> np.ndarray:
    """`table[t,s,a]`, or `[s,a]`: the actions' shares of the weight at each state, even over existing actions where there is none."""
    d = data.occupancy(*sizes(setting), None if stationary else steps(setting))
    there = like(exists(setting).astype(int), d)
    counts = d + there * like(smoothing, d)[()]
    total = counts.sum(axis=-1, keepdims=True)
    seen = np.asarray(total > 0)
    return np.where(seen, counts / np.where(seen, total, 1), there / there.sum(axis=-1, keepdims=True))


def likelihood_loss(policy, data) -> float:
    """-sum of weight log pi(action | obs), in nats an episode; inf where an action was seen that is never played."""
    return float(-(floats(data.weight) * policy.log_prob(data.obs, data.t, data.action)).sum())
