"""Encodings of observations and actions as float32 vectors."""

import numpy as np
import torch
from torch import nn

from ...base.errors import InvalidModel
from ...model.access import Continuous, Discrete
from ...model.horizon import Finite

TIMES = ("one-hot", "share", "none")


class Encoding(nn.Module):
    """Encoding of observations and steps as rows `[k, size]`.

    Args:
        observations: Discrete (one-hot) or Continuous (unchanged).
        H: number of steps, or None without a finite horizon.
        time: "one-hot", "share" (t/H) or "none" if H is given; without H, time is not encoded.
        data: Trajectories whose weighted mean and standard deviation standardise continuous observations, or None.

    Raises: InvalidModel for any other `time`, and for observations or steps outside the spaces.

    >>> Encoding(Discrete(2), 3)([1], 2)
    tensor([[0., 1., 0., 0., 1.]])
    """

    def __init__(self, observations, H=None, time="one-hot", data=None):
        super().__init__()
        if time not in TIMES:
            raise InvalidModel(f"time is {time!r}; expected one of {', '.join(TIMES)}")
        self.observations, self.H, self.time = observations, H, time if H else "none"
        self.width = observations.n if isinstance(observations, Discrete) else observations.size
        if isinstance(observations, Continuous):
            mean, deviation = (np.zeros(self.width), np.ones(self.width)) if data is None else _moments(data)
            self.register_buffer("mean", torch.tensor(mean))
            self.register_buffer("deviation", torch.tensor(deviation))

    @property
    def size(self) -> int:
        return self.width + {"one-hot": self.H, "share": 1, "none": 0}[self.time]

    def forward(self, obs, t):
        obs = np.asarray(obs)
        inside = (
            self.observations.holds(obs)
            if isinstance(self.observations, Discrete)
            else self.observations.holds(obs, within=False)
        )
        if not inside or (self.time != "none" and (np.min(t, initial=0) < 0 or np.max(t, initial=0) >= self.H)):
            asked, steps = np.array2string(obs, threshold=6), f" and steps 0 to {self.H - 1}" if self.H else ""
            raise InvalidModel(
                f"observations {asked} at step {t} do not fit the network, which takes {self.observations}{steps}"
            )
        if isinstance(self.observations, Discrete):
            shown = nn.functional.one_hot(torch.tensor(obs, dtype=torch.int64), self.width)
        else:
            shown = (torch.tensor(obs, dtype=torch.float64) - self.mean.cpu()) / self.deviation.cpu()
        if self.time == "none":
            return shown.float()
        t = torch.tensor(np.broadcast_to(t, len(shown)))
        when = nn.functional.one_hot(t, self.H) if self.time == "one-hot" else t[:, None] / self.H
        return torch.cat([shown.float(), when.float()], dim=1)


def encoding(setting, time, data=None) -> Encoding:
    """The Encoding of a setting's observations, with time if its horizon is finite."""
    return Encoding(
        setting.observations, setting.horizon.H if isinstance(setting.horizon, Finite) else None, time, data
    )


def action_rows(actions, chosen):
    """Actions as float32 rows: `[k]` one-hot, or `[k,d]` scaled from their bounds to [-1, 1]."""
    if isinstance(actions, Discrete):
        return nn.functional.one_hot(torch.tensor(np.asarray(chosen), dtype=torch.int64), actions.n).float()
    centre, half = middle(actions)
    return torch.tensor((np.asarray(chosen) - centre) / half, dtype=torch.float32)


def middle(actions):
    """(centre, half-width) of each dimension of continuous actions; (0, 1) if a bound is infinite."""
    bounded = np.isfinite(actions.lower) & np.isfinite(actions.upper)
    lower, upper = np.where(bounded, actions.lower, -1.0), np.where(bounded, actions.upper, 1.0)
    return (upper + lower) / 2, (upper - lower) / 2


def _moments(data):
    weight = data.weight.astype(np.float64) / float(data.weight.sum())
    mean = weight @ data.obs
    deviation = np.sqrt(weight @ (data.obs - mean) ** 2)
    return mean, np.where(deviation > 0, deviation, 1.0)
