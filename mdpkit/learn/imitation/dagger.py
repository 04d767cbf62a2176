"""Dataset aggregation."""

from dataclasses import dataclass

from ...base.record import expect_counts
from ...model.policy import TabularPolicy
from .._tabular import uniform
from ..mixture import Mixture
from ..players.no_regret import expect_number
from ..rollin import aggregated, labelled, visits
from .cloning import frequencies


@dataclass(frozen=True)
class DAgger:
    """Asks the expert where the learner goes: each round plays the policy, labels its visits, and clones all labels so far.

    Args:
        iterations: rounds.
        episodes: played a round; where the model is granted, the law of the policy's visits is taken instead.
        demonstrated: start from the policy that clones the demonstrations, and keep these among the labels; else from the
            uniform policy.
        smoothing: added to the weight of every action that exists, as by Cloning.

    The policy is the Mixture of the rounds' policies. Its gap J(expert) - J is the mean over rounds of the advantage that the
    policies lose where they go themselves: at most u times the mean of the rounds' losses, for an expert whose advantages
    are at least -u. Cloning all labels follows the leader: its regret vanishes.
    Source: Ross, Gordon and Bagnell, 2011.
    """

    iterations: int = 10
    episodes: int = 10
    demonstrated: bool = False
    smoothing: object = 0

    def __post_init__(self):
        expect_counts(iterations=self.iterations, episodes=self.episodes)
        expect_number("smoothing", self.smoothing, positive=False)

    @property
    def needs(self):
        return (*(["demonstrations"] if self.demonstrated else []), "episodes", "queries")

    @classmethod
    def variants(cls):
        """One learner for each answer of `needs`."""
        return cls(), cls(demonstrated=True)

    def learn(self, access, rng):
        """The mixture, and a trace with a row for each round.

        Its column loss: how often, in expectation over an episode of the round's policy, the expert does something else.
        """
        setting, collected = access.setting, []
        policy = uniform(setting)
        if self.demonstrated:
            collected.append(access.demonstrations())
            policy = TabularPolicy(frequencies(collected[0], setting, self.smoothing))
        policies, losses = [], []
        for _ in range(self.iterations):
            policies.append(policy)
            collected.append(labelled(access, visits(access, policy, self.episodes, rng=rng)))
            losses.append(disagreement(policy, collected[-1]))
            policy = TabularPolicy(frequencies(aggregated(collected), setting, self.smoothing))
        return Mixture(tuple(policies)), {"loss": losses}


def disagreement(policy, labels):
    """The weight of labels, each times the chance that the policy does something else."""
    table = policy.table
    played = table[labels.obs, labels.action] if table.ndim == 2 else table[labels.t, labels.obs, labels.action]
    return (labels.weight * (1 - played)).sum()
