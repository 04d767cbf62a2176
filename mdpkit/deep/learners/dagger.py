"""Dataset aggregation by a network."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...learn import Mixture
from ...learn.rollin import aggregated, labelled, visits
from ..plumbing.repeatable import generator, seeds, threads
from .cloning import Cloning, Run


@dataclass(frozen=True)
class DAgger:
    """Asks the expert where the network goes: each round plays it, labels its visits, and clones all labels so far.

    Args:
        iterations: rounds.
        episodes: played a round; where the model is granted, the law of the policy's visits is taken instead.
        demonstrated: start from the network that clones the demonstrations, and keep these among the labels; else from the
            network as it is drawn.
        cloning: how labels are cloned, a deep.Cloning without a checkpoint; every round goes on from the last round's network.
        progress: called with (rounds done, rounds in all, loss=...).

    The policy is the Mixture of the rounds' networks; those played, so not the one that clones the last labels.
    Source: Ross, Gordon and Bagnell, 2011.
    """

    iterations: int = 10
    episodes: int = 10
    demonstrated: bool = False
    cloning: Cloning = field(default_factory=lambda: Cloning(steps=300))
    progress: Callable | None = field(default=None, compare=False)

    def __post_init__(self):
        expect_counts(iterations=self.iterations, episodes=self.episodes)
        if self.cloning.checkpoint:
            raise InvalidModel("cloning.checkpoint is given; deep.DAgger keeps no checkpoints")
        if self.cloning.normalise and not self.demonstrated:
            raise InvalidModel("cloning.normalise goes by the demonstrations; give demonstrated=True too")

    @property
    def needs(self):
        return (*(["demonstrations"] if self.demonstrated else []), "episodes", "queries")

    @classmethod
    def variants(cls):
        """One learner for each answer of `needs`."""
        return cls(), cls(demonstrated=True)

    def learn(self, access, rng):
        """The mixture, and a trace with a row for each round.

        Its column loss: -sum of weight log pi(label | obs), in nats an episode of the round's policy; where actions are discrete at
        least how often, in expectation, the expert does something else.
        """
        first, drawing, playing = seeds(rng, 3)
        drawn, rng = generator(drawing), np.random.default_rng(playing)
        collected = [access.demonstrations()] if self.demonstrated else []
        policy = self.cloning.fresh(access.setting, collected[0] if collected else None, generator(first))
        played, losses = [], []
        with threads(self.cloning.threads):
            for k in range(self.iterations):
                if collected:
                    Run(self.cloning, policy, aggregated(collected), drawn).finish()
                played.append(deepcopy(policy))
                labels = labelled(access, visits(access, policy, self.episodes, rng=rng))
                losses.append(float(-(floats(labels.weight) * policy.log_prob(labels.obs, labels.t, labels.action)).sum()))
                collected.append(labels)
                if self.progress:
                    self.progress(k + 1, self.iterations, loss=losses[-1])
        return Mixture(tuple(played)), {"loss": losses}
