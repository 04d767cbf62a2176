"""Dataset aggregation (DAgger)."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ...base.record import expect_counts
from ...base.types import Number
from ...model.access import Access
from ...model.policy import TabularPolicy
from .._tabular import empirical_occupancy, uniform
from ..mixture import Mixture
from ..players.no_regret import expect_number
from ..rollin import label, visits
from .cloning import occupancy_frequencies


@dataclass(frozen=True)
class DAgger:
    """Dataset aggregation: each round rolls out the policy, queries the expert at its states and clones all labels.

    Args:
        iterations: number of rounds.
        episodes: episodes per round; if the model is granted, the policy's exact occupancy is used instead.
        demonstrated: whether to start from the cloned demonstrations, and keep them among the labels, rather than from
            the uniform policy.
        smoothing: pseudo-count added to every existing action, as in Cloning.

    The returned policy is the Mixture of the rounds' policies. Its value gap J(expert) - J is the average over rounds
    of the expert advantage lost under the learner's own occupancy: at most u times the average loss, for an expert
    whose advantages are at least -u. Cloning all labels is follow-the-leader, whose average regret vanishes.
    Source: Ross, Gordon and Bagnell, 2011.
    """

    iterations: int = 10
    episodes: int = 10
    demonstrated: bool = False
    smoothing: Number = 0

    def __post_init__(self) -> None:
        expect_counts(iterations=self.iterations, episodes=self.episodes)
        expect_number("smoothing", self.smoothing, positive=False)

    @property
    def needs(self) -> tuple[str, ...]:
        return (*(["demonstrations"] if self.demonstrated else []), "episodes", "queries")

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(demonstrated=True)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[Mixture, dict[str, Any]]:
        """The mixture, and a trace with one row per round.

        Its column loss: expected number of disagreements with the expert over an episode of the round's policy.
        """
        setting, policy = access.setting, uniform(access.setting)
        total, parts = 0, 0  # sum of the occupancies of all labels, which have equal shares, and their number
        if self.demonstrated:
            total, parts = empirical_occupancy(setting, access.demonstrations()), 1
            policy = TabularPolicy(occupancy_frequencies(total, setting, self.smoothing))
        policies, losses = [], []
        for _ in range(self.iterations):
            policies.append(policy)
            labels = label(access, visits(access, policy, self.episodes, rng=rng))
            losses.append(disagreement(policy, labels))
            total, parts = total + empirical_occupancy(setting, labels), parts + 1
            policy = TabularPolicy(occupancy_frequencies(total / parts, setting, self.smoothing))
        return Mixture(tuple(policies)), {"loss": losses}


def disagreement(policy, labels):
    """Sum of the labels' weights, each times the probability that the policy disagrees with the label."""
    table = policy.table
    played = table[labels.obs, labels.action] if table.ndim == 2 else table[labels.t, labels.obs, labels.action]
    return (labels.weight * (1 - played)).sum()
