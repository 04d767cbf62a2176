"""The training loop of learners that minimise a loss: Adam, watched for divergence, resumed bit by bit."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...base.errors import InvalidModel, NotSolved
from ...base.record import expect_counts
from .checkpoint import fill, read, versions, write
from .nets import expect_rate

IGNORED = ("device", "threads", "progress", "checkpoint", "policies")


@dataclass(frozen=True, kw_only=True, eq=False)
class Descent:
    """Settings of Adam, which the learners inherit.

    Args:
        steps: number of Adam steps; of an online learner those of each round.
        batch: rows per step, drawn by their weights; all rows, weighted, if there are no more.
        rate: initial step size, which decays linearly to 0.
        device: torch device. threads: torch threads during training; None leaves them unchanged.
        every: steps between entries of the trace, calls of `progress` and checkpoints.
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Resumable(Descent):
    """Settings of a single run of Adam that can be resumed.

    Args:
        checkpoint: path of a checkpoint file. If it exists, the run resumes from it, bit-identical to an uninterrupted
            run on the same versions and machine; `rng` is used at the first start only. The rest as for Descent.
    """

    checkpoint: str | Path | None = field(default=None, compare=False)


class Run:
    """Adam on a loss.

    Args:
        settings: a Descent, or a learner with its settings. net: the module that is trained.
        loss: function without arguments that returns the loss of the next step.
        columns: functions without arguments that return the other entries of a row of the trace; `loss` for that of
            the step if left out.
        drawn: the torch.Generators that the loss uses, which a checkpoint holds.
        data: text that identifies the data, for a checkpoint.
    """

    def __init__(self, settings, net, loss, columns=None, *, drawn=(), data=""):
        self.settings, self.net, self.loss, self.columns = settings, net, loss, columns or {}
        self.drawn, self.data = drawn, data
        self.optimiser = torch.optim.Adam(net.parameters(), lr=settings.rate, fused=True)
        self.step, self.trace = 0, {"step": [], "loss": [], **{name: [] for name in self.columns}}

    def finish(self, progress=None, before=0):
        """All steps that are left; errors count `before` steps of earlier rounds.

        Raises: NotSolved naming the step at which a loss, or at last a weight, is not finite.
        """
        settings, path = self.settings, getattr(self.settings, "checkpoint", None)
        if path and Path(path).exists():
            self._read(path)
        while self.step < settings.steps:
            for group in self.optimiser.param_groups:
                group["lr"] = settings.rate * (1 - self.step / settings.steps)
            loss = self.loss()
            self.step += 1
            self._expect_finite(bool(loss.isfinite()), "the loss is", before + self.step)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            if self.step % settings.every == 0 or self.step == settings.steps:
                finite = all(weight.isfinite().all() for weight in self.net.parameters())
                self._expect_finite(finite, "weights of the network are", before + self.step)
                row = {"step": self.step, "loss": float(loss.detach())}
                with torch.no_grad():
                    row |= {name: float(column()) for name, column in self.columns.items()}
                for name, entry in row.items():
                    self.trace[name].append(entry)
                if path:
                    self._write(path)
                if progress:
                    progress(self.step, settings.steps, loss=row["loss"])
        return self

    def _expect_finite(self, finite, what, step):
        if not finite:
            raise NotSolved(
                f"training diverged at step {step}: {what} not finite; the rate was {self.settings.rate}, try a smaller one"
            )

    # ---- checkpoint file
    @property
    def _kind(self):
        return f"run of deep.{type(self.settings).__name__}"

    def _decides(self):
        """The settings and data that identify a run."""
        named = {each.name: getattr(self.settings, each.name) for each in fields(self.settings)}
        plain = bool | int | float | None
        own = {
            name: value if isinstance(value, plain) else str(value)
            for name, value in named.items()
            if name not in IGNORED
        }
        return {"learner": {"kind": type(self.settings).__name__, **own}, "policy": repr(self.net), "data": self.data}

    def _write(self, path):
        state = self.optimiser.state_dict()["state"]
        moments = {f"adam.{k}.{name}": value for k, each in state.items() for name, value in each.items()}
        weights = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        drawn = {f"rng.{k}": each.get_state() for k, each in enumerate(self.drawn)}
        trace = {name: list(map(repr, column)) for name, column in self.trace.items()}
        write(
            path,
            self._kind,
            {"run": self._decides(), "step": self.step, "trace": trace},
            {**weights, **moments, **drawn},
        )

    def _read(self, path):
        header, tensors = read(path, self._kind)
        for name, own in self._decides().items():
            if header["run"][name] != own:
                raise InvalidModel(f"{path} is of another run: its {name} is {header['run'][name]}; expected {own}")
        if header["versions"] != versions():
            raise InvalidModel(
                f"{path} was written by {header['versions']}, and cannot be resumed bit for bit; expected {versions()}"
            )
        parts: dict[str, dict[str, Any]] = {"net": {}, "adam": {}, "rng": {}}
        for name, value in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = value
        fill(self.net, parts["net"], path)
        state = self.optimiser.state_dict()
        state["state"] = {}
        for name, value in parts["adam"].items():
            k, _, moment = name.partition(".")
            state["state"].setdefault(int(k), {})[moment] = value
        self.optimiser.load_state_dict(state)
        for k, each in enumerate(self.drawn):
            each.set_state(parts["rng"][str(k)])
        self.step = header["step"]
        self.trace = {
            name: [int(entry) if name == "step" else float(entry) for entry in column]
            for name, column in header["trace"].items()
        }


def identify(*arrays) -> str:
    """Digest of arrays of numbers."""
    text = hashlib.sha256()
    for array in map(np.ascontiguousarray, arrays):
        text.update(f"|{array.dtype}{array.shape}:".encode() + array.tobytes())
    return text.hexdigest()
