"""Dataset aggregation with a network."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...learn import Mixture
from ...learn.rollin import aggregate, label, visits
from ...model.access import Access
from ..plumbing.repeatable import generator, seeds, threads
from .cloning import Cloning, clone


@dataclass(frozen=True)
class DAgger:
    """Dataset aggregation: each round rolls out the network, queries the expert on its states and clones all labels.

    Args:
        iterations: number of rounds.
        episodes: episodes per round; if the model is granted, the policy's exact occupancy is used instead.
        demonstrated: initialise by cloning the demonstrations and keep them among the labels; otherwise start from the
            randomly initialised network.
        cloning: a deep.Cloning without a checkpoint, for all labels so far; each round continues from the last network.
        progress: called with (rounds done, total rounds, loss=...).

    The returned policy is the Mixture of the networks that were rolled out; the last round's labels are not cloned.
    Source: Ross, Gordon and Bagnell, 2011.
    """

    iterations: int = 10
    episodes: int = 10
    demonstrated: bool = False
    cloning: Cloning = field(default_factory=lambda: Cloning(steps=300))
    progress: Callable | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        expect_counts(iterations=self.iterations, episodes=self.episodes)
        if self.cloning.checkpoint:
            raise InvalidModel("cloning.checkpoint is given; deep.DAgger does not support checkpoints")
        if self.cloning.normalise and not self.demonstrated:
            raise InvalidModel("cloning.normalise requires demonstrations; give demonstrated=True too")

    @property
    def needs(self) -> tuple[str, ...]:
        return (*(["demonstrations"] if self.demonstrated else []), "episodes", "queries")

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(demonstrated=True)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[Mixture, dict[str, Any]]:
        """The mixture, and a trace with one row per round.

        Its column loss: -sum weight log pi(label | obs), in nats per episode of the round's policy; for discrete
        actions an upper bound on the expected number of disagreements with the expert.
        """
        first, drawing, playing = seeds(rng, 3)
        drawn, rng = generator(drawing), np.random.default_rng(playing)
        collected = [access.demonstrations()] if self.demonstrated else []
        policy = self.cloning.fresh(access.setting, collected[0] if collected else None, generator(first))
        played, losses = [], []
        with threads(self.cloning.threads):
            for k in range(self.iterations):
                if collected:
                    clone(self.cloning, policy, aggregate(collected), drawn, self.cloning.progress)
                played.append(deepcopy(policy))
                labels = label(access, visits(access, policy, self.episodes, rng=rng))
                losses.append(
                    float(-(floats(labels.weight) * policy.log_prob(labels.obs, labels.t, labels.action)).sum())
                )
                collected.append(labels)
                if self.progress:
                    self.progress(k + 1, self.iterations, loss=losses[-1])
        return Mixture(tuple(played)), {"loss": losses}
