"""The training loop that the preference learners share: Adam on a loss, watched for divergence."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from ...base.errors import NotSolved
from ...base.record import expect_counts
from .nets import expect_rate


@dataclass(frozen=True, kw_only=True, eq=False)
class Descent:
    """Settings of Adam, which the learners inherit.

    Args:
        steps: number of Adam steps; of an online learner those of each round.
        batch: rows per step, drawn by their weights; all rows, weighted, if there are no more.
        rate: initial step size, which decays linearly to 0.
        device: torch device. threads: torch threads during training; None leaves them unchanged.
        every: steps between entries of the trace and calls of `progress`.
        progress: called with (steps done, total steps, loss=...); by an online learner with rounds.
    """

    steps: int = 500
    batch: int = 256
    rate: float = 3e-3
    device: str = "cpu"
    threads: int | None = 1
    every: int = 100
    progress: Callable | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        expect_counts(steps=self.steps, batch=self.batch, every=self.every)
        expect_rate(self.rate)


class Run:
    """Adam on a loss.

    Args:
        settings: a Descent. net: the module that is trained.
        loss: function without arguments that returns the loss of the next step.
        whole: function that returns the loss of the trace; None for that of the step.
    """

    def __init__(self, settings, net, loss, whole=None):
        self.settings, self.net, self.loss, self.whole = settings, net, loss, whole
        self.optimiser = torch.optim.Adam(net.parameters(), lr=settings.rate, fused=True)
        self.at, self.losses = [], []

    def finish(self, progress=None, before=0):
        """All steps; errors count `before` steps of earlier rounds.

        Raises: NotSolved naming the step at which a loss, or at last a weight, is not finite.
        """
        for step in range(1, self.settings.steps + 1):
            for group in self.optimiser.param_groups:
                group["lr"] = self.settings.rate * (1 - (step - 1) / self.settings.steps)
            loss = self.loss()
            self._expect_finite(bool(loss.isfinite()), "loss that is", before + step)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            if step % self.settings.every == 0 or step == self.settings.steps:
                finite = all(weight.isfinite().all() for weight in self.net.parameters())
                self._expect_finite(finite, "weights that are", before + step)
                self.at.append(step)
                with torch.no_grad():
                    self.losses.append(float(loss.detach() if self.whole is None else self.whole()))
                if progress:
                    progress(step, self.settings.steps, loss=self.losses[-1])
        return self

    def _expect_finite(self, finite, what, step):
        if not finite:
            raise NotSolved(
                f"training diverged at step {step}: the network has {what} not finite; the rate was "
                f"{self.settings.rate}, try a smaller one"
            )
