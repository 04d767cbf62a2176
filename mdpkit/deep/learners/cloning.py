"""Behavioural cloning with a network."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...base.arrays import floats
from ...base.record import expect_counts
from ...model.access import Access, Continuous, Discrete, Setting
from ...model.data import Trajectories
from ..plumbing.descent import Run
from ..plumbing.encoding import action_rows, encoding
from ..plumbing.nets import expect_rate, mlp
from ..plumbing.policy import Categorical, ClippedGaussian, NetworkPolicy
from ..plumbing.repeatable import device_named, drawing, generator, seeds, threads


@dataclass(frozen=True)
class Cloning:
    """Behavioural cloning by a network with two hidden layers: Adam on the demonstrations' negative log-likelihood.

    Args:
        width: width of both hidden layers.
        steps: number of Adam steps. batch: rows per step, sampled by weight; all rows, weighted, if there are no more.
            rate: initial step size, which decays linearly to 0.
        time: encoding of the step of a finite horizon, "one-hot", "share" (t/H) or "none".
        normalise: whether continuous observations are standardised by the demonstrations' mean and standard deviation.
        device: torch device. threads: torch threads during training; None leaves them unchanged.
        every: steps between entries of the trace, calls of `progress` and checkpoints.
        checkpoint: path of a checkpoint file. If it exists, the run resumes from it, bit-identical to an uninterrupted
            run on the same versions and machine; `rng` is used at the first start only.
        progress: called with (steps done, total steps, loss=...).

    Discrete actions are drawn from a softmax, continuous ones from a normal distribution clipped to the bounds. On the
    exact occupancy of a finite problem the minimum loss is the expert's, so (loss - minimum) bounds the KL divergence
    of whole episodes: the value gap is at most (max return - min return) sqrt((loss - minimum) / 2).
    Requires demonstrations only, no interaction.
    Raises: NotSolved if training diverges.
    Source: Pomerleau, 1988; Pinsker's inequality for the bound.

    >>> import numpy as np
    >>> from mdpkit import MDP, Finite, TabularPolicy, fit, grant
    >>> flip = MDP([[[0.0, 1], [1, 0]], [[1, 0], [0, 1]]], [[1.0, 0], [0, 1]], horizon=Finite(3))
    >>> seen = grant(flip, expert=TabularPolicy([[1.0, 0], [0, 1]]), demonstrations="exact")
    >>> answer = fit(Cloning(steps=300), seen, rng=np.random.default_rng(0))
    >>> answer.policy.to_tabular(flip).table[0].round(1)
    array([[1., 0.],
           [0., 1.]])
    """

    width: int = 64
    steps: int = 2000
    batch: int = 256
    rate: float = 3e-3
    time: str = "one-hot"
    normalise: bool = False
    device: str = "cpu"
    threads: int | None = 1
    every: int = 100
    checkpoint: str | Path | None = None
    progress: Callable | None = field(default=None, compare=False)

    needs = ("demonstrations",)

    def __post_init__(self) -> None:
        expect_counts(width=self.width, steps=self.steps, batch=self.batch, every=self.every)
        expect_rate(self.rate)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[NetworkPolicy, dict[str, Any]]:
        """The policy, and a trace with one row per `every` steps.

        Its columns: step; loss: -sum weight log pi(action | obs), in nats per episode.
        """
        data = access.demonstrations()
        first, drawing = seeds(rng, 2)
        policy = self.fresh(access.setting, data, generator(first))
        with threads(self.threads):
            run = clone(self, policy, data, generator(drawing), self.progress)
        return policy, run.trace

    def fresh(self, setting: Setting, data: Trajectories, drawn: torch.Generator) -> NetworkPolicy:
        """An untrained policy for a setting."""
        normalised = self.normalise and isinstance(setting.observations, Continuous)
        shown, actions = encoding(setting, self.time, data if normalised else None), setting.actions
        size = actions.n if isinstance(actions, Discrete) else actions.size
        net = mlp(shown.size, size, self.width, drawn, last=0.01)
        policy = (
            Categorical(shown, net, actions, setting.mask)
            if isinstance(actions, Discrete)
            else ClippedGaussian(shown, net, actions)
        )
        return policy.to(device_named(self.device))


def clone(learner: Cloning, policy: NetworkPolicy, data: Trajectories, drawn: torch.Generator, progress=None) -> Run:
    """Train a policy on the likelihood of some rows, as a learner is set."""
    loss = Likelihood(policy, data, learner.batch, drawn)
    run = Run(learner, policy, loss, {"loss": loss.whole}, drawn=(drawn,), data=data.digest())
    return run.finish(progress)


class Likelihood:
    """The negative log-likelihood of rows: a mean weighted as they are, or over rows drawn by their weights."""

    def __init__(self, policy, data, batch, drawn):
        self.policy, self.batch = policy, batch
        device = next(policy.parameters()).device
        self.rows = policy.encoding(data.obs, data.t).to(device)
        discrete = isinstance(policy.actions, Discrete)
        self.actions = torch.tensor(data.action) if discrete else action_rows(policy.actions, data.action)
        self.actions = self.actions.to(device)
        weight = floats(data.weight)
        self.draw = drawing(weight, drawn)
        self.total, self.share = weight.sum(), torch.tensor(weight / weight.sum())

    def __call__(self):
        """The loss of a step."""
        if len(self.rows) <= self.batch:
            return self.share.to(self.rows) @ self.policy.nll(self.rows, self.actions)
        k = self.draw(self.batch)
        return self.policy.nll(self.rows[k], self.actions[k]).mean()

    def whole(self):
        """-sum weight log pi(action | obs) of all rows."""
        return self.total * (self.share @ self.policy.nll(self.rows, self.actions).double().cpu())
