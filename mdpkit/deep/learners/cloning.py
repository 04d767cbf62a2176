"""Behavioural cloning by a network."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...model.access import Continuous, Discrete
from ..plumbing.checkpoint import fill, read, versions, write
from ..plumbing.encoding import action_rows, encoding
from ..plumbing.nets import expect_finite, expect_rate, mlp
from ..plumbing.policy import Categorical, ClippedGaussian
from ..plumbing.repeatable import device_named, drawing, generator, seeds, threads

KIND = "run of deep.Cloning"


@dataclass(frozen=True)
class Cloning:
    """Lowers the negative log-likelihood of the demonstrations, by Adam on a network of two hidden layers.

    Args:
        width: of both hidden layers.
        steps: of Adam. batch: rows a step, drawn by their weights; all rows, weighted, where they are no more. rate: of the
            first step; it falls linearly to 0.
        time: how a finite horizon's steps are told, "one-hot", "share" (t/H) or "none".
        normalise: whether continuous observations are shifted and scaled by the demonstrations' mean and deviation.
        device: of torch. threads: of torch while it trains; None leaves them as they are.
        every: steps between entries of the trace, calls of `progress` and checkpoints.
        checkpoint: path of a file to keep the run in. Where it exists the run goes on from it, bit by bit as if it had never
            stopped, on the same versions and machine; `rng` counts at the first start alone.
        progress: called with (steps done, steps in all, loss=...).

    Discrete actions are drawn from a softmax, continuous ones from a normal law clipped to the bounds. On the exact law of a
    finite problem the least loss is the expert's own, so that (loss - least) bounds the divergence of whole episodes: the
    value gap is at most (highest return - lowest) sqrt((loss - least) / 2).
    Needs demonstrations alone: no interaction.
    Raises: NotSolved where training diverges.
    Source: Pomerleau, 1989; Pinsker's inequality for the bound.

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

    def __post_init__(self):
        expect_counts(width=self.width, steps=self.steps, batch=self.batch, every=self.every)
        expect_rate(self.rate)

    def learn(self, access, rng):
        """The policy, and a trace with a row for every so many steps.

        Its columns: step; loss: -sum of weight log pi(action | obs), in nats an episode.
        """
        data = access.demonstrations()
        first, drawing = seeds(rng, 2)
        run = Run(self, self.fresh(access.setting, data, generator(first)), data, generator(drawing))
        with threads(self.threads):
            run.resume()
            run.finish()
        return run.policy, {"step": run.at, "loss": run.losses}

    def fresh(self, setting, data, drawn):
        """An untrained policy for a setting."""
        normalised = self.normalise and isinstance(setting.observations, Continuous)
        shown, actions = encoding(setting, self.time, data if normalised else None), setting.actions
        size = actions.n if isinstance(actions, Discrete) else actions.size
        net = mlp(shown.size, size, self.width, drawn, last=0.01)
        policy = Categorical(shown, net, actions, setting.mask) if isinstance(actions, Discrete) else ClippedGaussian(shown, net, actions)
        return policy.to(device_named(self.device))


class Run:
    """Adam on the likelihood of some rows, stopped and gone on with at will."""

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
        """Go on from the learner's checkpoint, where there is one."""
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

    # ---- kept in a file
    def _decides(self):
        """What another run would differ in."""
        own = {name: value for name, value in asdict(self.learner).items() if name not in ("checkpoint", "progress", "device", "threads")}
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
            raise InvalidModel(f"{path} was written by {header['versions']}, and cannot go on bit by bit; expected {versions()}")
        parts = {
            part: {name.removeprefix(f"{part}."): value for name, value in tensors.items() if name.startswith(f"{part}.")}
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
