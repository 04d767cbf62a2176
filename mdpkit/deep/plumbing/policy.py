"""Network policies, sampled from given uniform numbers in float64."""

import numpy as np
import torch
from scipy.special import log_ndtr, ndtri
from torch import nn

from ...base.errors import InvalidModel
from ...model.access import Discrete
from ...model.policy import TabularPolicy, inverse, tabular
from .encoding import middle
from .nets import Masked

LEAST_DEVIATION = -5.0
"""Minimum log standard deviation, in units of half the action range; it bounds a deterministic expert's likelihood."""
LOG_DEVIATIONS = -20.0, 2.0
"""Range to which stable-baselines3 clips log standard deviations."""
OPEN = 2.0**-53
"""Distance of uniform numbers and squashed actions from the ends of their range, where normal quantiles diverge."""


class NetworkPolicy(nn.Module):
    """A Markov policy, stationary or, if the encoding includes time, time-varying.

    Args: encoding: the Encoding of observations. net: maps its rows to policy parameters. actions: the action space.
    """

    def __init__(self, encoding, net, actions):
        super().__init__()
        self.encoding, self.net, self.actions = encoding, net, actions

    def start(self, u) -> "NetworkPolicy":
        """The Markov policy for one episode: the policy itself."""
        return self

    def _out(self, obs, t) -> np.ndarray:
        with torch.no_grad():
            device = next(self.net.parameters()).device
            return self.net(self.encoding(obs, t).to(device)).double().cpu().numpy()

    def __repr__(self):
        return f"{type(self).__name__}({self.encoding.size} -> {sum(weight.numel() for weight in self.parameters())} weights)"


class _Choosing(NetworkPolicy):
    """Network policies over discrete actions."""

    def sample(self, obs, t, u) -> np.ndarray:
        """Actions `[k]` sampled from uniform numbers `u[k]`, by inversion of the distribution function."""
        return inverse(self.law(obs, t), u)

    def log_prob(self, obs, t, action) -> np.ndarray:
        """log P(action | obs) at step t, in nats; -inf for an action of probability 0."""
        return np.take_along_axis(self._log_law(obs, t), np.asarray(action)[:, None], axis=1)[:, 0]

    def law(self, obs, t) -> np.ndarray:
        """Action probabilities `[k,a]` in float64."""
        return np.exp(self._log_law(obs, t))

    def to_tabular(self, problem) -> TabularPolicy:
        """Action probabilities at every state and step, in the problem's number kind; floats become exact rationals.

        Raises: InvalidModel if the problem's states, actions or steps differ from the policy's.
        """
        seen, H = self.encoding.observations, getattr(problem.horizon, "H", None)
        if not isinstance(seen, Discrete) or (seen.n, self.actions.n) != (problem.S, problem.A):
            size = seen.n if isinstance(seen, Discrete) else "continuous"
            raise InvalidModel(
                f"the policy has {size} states and {self.actions.n} actions; the problem has {problem.S} and {problem.A}"
            )
        steps = 1 if self.encoding.time == "none" else self.encoding.H
        if self.encoding.time != "none" and steps != H:
            raise InvalidModel(f"the policy has {steps} steps; the problem has {H or 'no last step'}")
        states = np.arange(problem.S)
        table = np.stack([self.law(states, t) for t in range(steps)])
        policy = TabularPolicy(table[0] if self.encoding.time == "none" else table)
        return tabular(problem, policy.to_exact() if problem.exact else policy)


class Categorical(_Choosing):
    """Softmax policy on the network's outputs.

    Args: mask: `mask[s,a]`, True where the action exists; others have probability 0.
    """

    def __init__(self, encoding, net, actions, mask=None):
        super().__init__(encoding, net if mask is None else Masked(net, mask), actions)

    def nll(self, rows, action):
        """-log P(action `[k]` | encoded rows), `[k]`: the training loss."""
        return nn.functional.cross_entropy(self.net(rows), action, reduction="none")

    def _log_law(self, obs, t):
        out = self._out(obs, t)
        out = out - out.max(axis=1, keepdims=True)
        return out - np.log(np.exp(out).sum(axis=1, keepdims=True))


class Greedy(_Choosing):
    """Greedy policy: the first action of maximum value."""

    def __init__(self, encoding, net, actions, mask=None):
        super().__init__(encoding, net if mask is None else Masked(net, mask), actions)

    def _log_law(self, obs, t):
        best = self._out(obs, t).argmax(axis=1)
        return np.where(np.arange(self.actions.n) == best[:, None], 0.0, -np.inf)


class _Moving(NetworkPolicy):
    """Network policies over continuous actions: a normal distribution in units in which the bounds are -1 and 1."""

    def __init__(self, encoding, net, actions):
        super().__init__(encoding, net, actions)
        self.centre, self.half = middle(actions)

    def sample(self, obs, t, u) -> np.ndarray:
        """Actions `[k,d]` sampled from uniform numbers `u[k,d]`, by normal quantiles."""
        mean, deviation = self._normal(obs, t)
        unit = self._squash(mean + deviation * ndtri(np.clip(u, OPEN / 2, 1 - OPEN)))
        return np.clip(self.centre + self.half * unit, self.actions.lower, self.actions.upper)

    def to_tabular(self, problem):
        raise InvalidModel("a policy over continuous actions has no table")


class ClippedGaussian(_Moving):
    """Normal distribution clipped to the bounds, with a state-independent standard deviation.

    A bound has the probability of the tail beyond it, and `log_prob` returns its logarithm there; inside the bounds it
    returns the log density. So a saturating expert has a finite likelihood.
    Source: adapted from Tobin, 1958.
    """

    def __init__(self, encoding, net, actions):
        super().__init__(encoding, net, actions)
        self.log_deviation = nn.Parameter(torch.zeros(actions.size))
        lower, upper = ((end - self.centre) / self.half for end in (actions.lower, actions.upper))
        self.register_buffer("lower", torch.tensor(lower))
        self.register_buffer("upper", torch.tensor(upper))

    def nll(self, rows, action):
        """-log_prob of actions `[k,d]` in units of the bounds, `[k]`: the training loss."""
        mean, log = self.net(rows), self.log_deviation.clamp(min=LEAST_DEVIATION)
        scale, lower, upper = log.exp(), self.lower.float(), self.upper.float()
        inside = 0.5 * ((action - mean) / scale) ** 2 + log + 0.5 * np.log(2 * np.pi)
        # an infinite bound has no tail, and would make the derivative NaN
        below, above = (torch.nan_to_num(end, posinf=0.0, neginf=0.0) for end in (lower, upper))
        under, over = -torch.special.log_ndtr((below - mean) / scale), -torch.special.log_ndtr((mean - above) / scale)
        return torch.where(action <= lower, under, torch.where(action >= upper, over, inside)).sum(dim=1)

    def log_prob(self, obs, t, action) -> np.ndarray:
        """Log density of `action[k,d]`, with log probability for dimensions at a bound, in nats."""
        mean, deviation = self._normal(obs, t)
        unit, lower, upper = (
            (np.asarray(action) - self.centre) / self.half,
            self.lower.cpu().numpy(),
            self.upper.cpu().numpy(),
        )
        inside = -0.5 * ((unit - mean) / deviation) ** 2 - np.log(deviation * self.half) - 0.5 * np.log(2 * np.pi)
        under, over = log_ndtr((lower - mean) / deviation), log_ndtr((mean - upper) / deviation)
        return np.where(unit <= lower, under, np.where(unit >= upper, over, inside)).sum(axis=1)

    def _normal(self, obs, t):
        log = np.maximum(self.log_deviation.detach().double().cpu().numpy(), LEAST_DEVIATION)
        return self._out(obs, t), np.exp(log)

    def _squash(self, unit):
        return unit


class SquashedGaussian(_Moving):
    """tanh of a normal variable; the network outputs its mean, then its log standard deviation. Bounds are finite."""

    def log_prob(self, obs, t, action) -> np.ndarray:
        """Log density of `action[k,d]`, in nats; actions at a bound are moved inside by the float spacing."""
        mean, deviation = self._normal(obs, t)
        unit = np.clip((np.asarray(action) - self.centre) / self.half, -1 + OPEN, 1 - OPEN)
        before = np.arctanh(unit)
        normal = -0.5 * ((before - mean) / deviation) ** 2 - np.log(deviation) - 0.5 * np.log(2 * np.pi)
        return (normal - np.log1p(-(unit**2)) - np.log(self.half)).sum(axis=1)

    def _normal(self, obs, t):
        mean, log = np.split(self._out(obs, t), 2, axis=1)
        return mean, np.exp(np.clip(log, *LOG_DEVIATIONS))

    def _squash(self, before):
        return np.tanh(before)


class Steady(_Moving):
    """Continuous actions without noise: the network's outputs in units of the bounds, clipped to them."""

    def sample(self, obs, t, u) -> np.ndarray:
        """The actions `[k,d]`, whatever the uniform numbers."""
        return np.clip(self.centre + self.half * self._out(obs, t), self.actions.lower, self.actions.upper)

    def log_prob(self, obs, t, action):
        """Raises: InvalidModel, since a deterministic policy over continuous actions has no density."""
        raise InvalidModel("a deterministic policy over continuous actions has no density")
