"""Discriminator network with a gradient penalty."""

from copy import deepcopy
from dataclasses import dataclass, field

import torch

from ...base.record import expect_counts
from ..plumbing.nets import mlp
from ..plumbing.schedule import Decaying, Schedule, at_round, expect_schedule


@dataclass(frozen=True)
class Discriminator:
    """A RewardPlayer: a network f(observation, action) fitted to be high on the expert and low on the learner.

    Args:
        width: width of both hidden layers.
        rate: Adam step size, a number or a schedule over rounds.
        steps: Adam steps per round. batch: rows per step, of the expert and of the learner each.
        penalty, slope: the loss includes penalty (|grad f| - slope)^2 at random interpolates of expert and learner.

    Source: adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023, with their slope and decay.
    """

    width: int = 64
    rate: Schedule = field(default_factory=lambda: Decaying(8e-3))
    steps: int = 50
    batch: int = 256
    penalty: float = 10.0
    slope: float = 0.4

    def __post_init__(self) -> None:
        expect_counts(width=self.width, steps=self.steps, batch=self.batch)
        for name in ("rate", "penalty", "slope"):
            expect_schedule(name, getattr(self, name), 1)

    def start(self, inputs: int, drawn: torch.Generator, device: torch.device) -> "FittedReward":
        """An untrained reward on rows of length `inputs`."""
        return FittedReward(self, mlp(inputs, 1, self.width, drawn).to(device), drawn)


class Reward:
    """The reward f of a network."""

    def __init__(self, net):
        self.net = net

    def __call__(self, rows):
        """Rewards f `[k]` of rows."""
        with torch.no_grad():
            return self.net(rows)[:, 0]


class FittedReward(Reward):
    """A reward network with its optimiser."""

    def __init__(self, settings, net, drawn):
        super().__init__(net)
        self.settings, self.drawn, self.round = settings, drawn, 0
        self.optimiser = torch.optim.Adam(net.parameters(), fused=True)

    def snapshot(self) -> Reward:
        """A frozen copy of the current reward."""
        return Reward(deepcopy(self.net))

    def update(self, expert, draw, learner):
        """Optimisation steps of one round.

        Args: expert: rows of the expert, sampled by `draw(count)`. learner: its rows `[k]`, sampled uniformly.
        """
        settings, self.round = self.settings, self.round + 1
        for group in self.optimiser.param_groups:
            group["lr"] = at_round(settings.rate, self.round)
        for _ in range(settings.steps):
            theirs = expert[draw(settings.batch)]
            mine = learner[torch.randint(len(learner), (settings.batch,), generator=self.drawn)]
            loss = self.net(mine).mean() - self.net(theirs).mean() + settings.penalty * self._steepness(theirs, mine)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()

    def _steepness(self, theirs, mine):
        share = torch.rand((len(mine), 1), generator=self.drawn).to(mine)
        between = (share * theirs + (1 - share) * mine).requires_grad_()
        (slope,) = torch.autograd.grad(self.net(between).sum(), between, create_graph=True)
        return ((slope.norm(dim=1) - self.settings.slope) ** 2).mean()
