"""Behavioural cloning with a network."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...model.access import Access, Continuous, Discrete, Setting
from ...model.data import Trajectories
from ..plumbing.checkpoint import fill, read, versions, write
from ..plumbing.encoding import action_rows, encoding
from ..plumbing.nets import expect_finite, expect_rate, mlp
from ..plumbing.policy import Categorical, ClippedGaussian, NetworkPolicy
from ..plumbing.repeatable import device_named, drawing, generator, seeds, threads

KIND = "run of deep.Cloning"


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
        run = Run(self, self.fresh(access.setting, data, generator(first)), data, generator(drawing))
        with threads(self.threads):
            run.resume()
            run.finish()
        return run.policy, {"step": run.at, "loss": run.losses}

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


class Run:
    """A resumable run of Adam on the likelihood of some rows."""

    def __init__(self, learner, policy, data, drawn):
        self.learner, self.policy, self.data, self.drawn = learner, policy, data, drawn
        self.optimiser = torch.optim.Adam(policy.parameters(), lr=learner.rate, fused=True)
        device = next(policy.parameters()).device
        self.rows = policy.encoding(data.obs, data.t).to(device)
        discrete = isinstance(policy.actions, Discrete)
        self.actions = torch.tensor(data.action) if discrete else action_rows(policy.actions, data.action)
        self.actions = self.actions.to(device)
        weight = floats(data.weight)
        self.draw = drawing(weight, drawn)
        self.total, self.share = weight.sum(), torch.tensor(weight / weight.sum())
        self.step, self.at, self.losses = 0, [], []

    def resume(self):
        """Resume from the learner's checkpoint, if it exists."""
        if self.learner.checkpoint and Path(self.learner.checkpoint).exists():
            self._read(Path(self.learner.checkpoint))

    def finish(self):
        learner = self.learner
        while self.step < learner.steps:
            self._advance()
            if self.step % learner.every == 0 or self.step == learner.steps:
                self.at.append(self.step)
                self.losses.append(self._loss())
                expect_finite(self.policy, learner.rate)
                if learner.checkpoint:
                    self._write(learner.checkpoint)
                if learner.progress:
                    learner.progress(self.step, learner.steps, loss=self.losses[-1])

    def _advance(self):
        for group in self.optimiser.param_groups:
            group["lr"] = self.learner.rate * (1 - self.step / self.learner.steps)
        if len(self.rows) <= self.learner.batch:
            loss = self.share.to(self.rows) @ self.policy.nll(self.rows, self.actions)
        else:
            k = self.draw(self.learner.batch)
            loss = self.policy.nll(self.rows[k], self.actions[k]).mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.step += 1

    def _loss(self):
        with torch.no_grad():
            return float(self.total * (self.share @ self.policy.nll(self.rows, self.actions).double().cpu()))

    # ---- checkpoint file
    def _decides(self):
        """The settings and data that identify a run."""
        own = {
            name: value
            for name, value in asdict(self.learner).items()
            if name not in ("checkpoint", "progress", "device", "threads")
        }
        return {"learner": own, "policy": repr(self.policy), "data": self.data.digest()}

    def _write(self, path):
        state = self.optimiser.state_dict()["state"]
        moments = {f"adam.{k}.{name}": value for k, each in state.items() for name, value in each.items()}
        weights = {f"policy.{name}": value for name, value in self.policy.state_dict().items()}
        header = {"run": self._decides(), "step": self.step, "at": self.at, "losses": list(map(repr, self.losses))}
        write(path, KIND, header, {**weights, **moments, "rng": self.drawn.get_state()})

    def _read(self, path):
        header, tensors = read(path, KIND)
        for name, own in self._decides().items():
            if header["run"][name] != own:
                raise InvalidModel(f"{path} is of another run: its {name} is {header['run'][name]}; expected {own}")
        if header["versions"] != versions():
            raise InvalidModel(
                f"{path} was written by {header['versions']}, and cannot be resumed bit for bit; expected {versions()}"
            )
        parts = {
            part: {
                name.removeprefix(f"{part}."): value for name, value in tensors.items() if name.startswith(f"{part}.")
            }
            for part in ("policy", "adam")
        }
        fill(self.policy, parts["policy"], path)
        state = self.optimiser.state_dict()
        state["state"] = {}
        for name, value in parts["adam"].items():
            k, _, moment = name.partition(".")
            state["state"].setdefault(int(k), {})[moment] = value
        self.optimiser.load_state_dict(state)
        self.drawn.set_state(tensors["rng"])
        self.step, self.at, self.losses = header["step"], header["at"], list(map(float, header["losses"]))
