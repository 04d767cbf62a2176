"""Reinforcement learning with stable-baselines3: DQN for discrete actions, SAC for continuous ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np
import torch
from stable_baselines3 import DQN, SAC
from stable_baselines3.dqn.policies import DQNPolicy

from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...model.access import Access, Discrete, Setting
from ..plumbing.encoding import encoding
from ..plumbing.nets import Masked, expect_finite, expect_rate, mlp
from ..plumbing.policy import Greedy, NetworkPolicy, SquashedGaussian
from ..plumbing.repeatable import borrowed_globals, device_named, seeds, threads
from ..plumbing.view import AccessEnv


@dataclass(frozen=True)
class Reinforcement:
    """Reinforcement learning: maximise the return, by DQN or SAC with two hidden layers.

    Args:
        steps: minimum number of environment steps: whole episodes are played, each followed by as many gradient steps
            as it had environment steps.
        width: width of both hidden layers. rate: Adam step size. batch: rows per gradient step.
        discount: the learner's discount factor; defaults to 1 for problems with a horizon (episodes end by it or by
            discounting), and 0.99 in an environment.
        time: encoding of the step of a finite horizon, "one-hot", "share" (t/H) or "none".
        device: torch device. threads: torch threads during training; None leaves them unchanged.
        options: further arguments of stable_baselines3's DQN or SAC.
        progress: called with (steps done, total steps, return_=return of the last episode).

    Values are bootstrapped at truncation, not at termination. One more episode is started than is played, since
    stable-baselines3 resets when an episode ends.
    Source: Mnih and others, 2015; Haarnoja and others, 2018.
    """

    steps: int = 10_000
    width: int = 64
    rate: float = 1e-3
    batch: int = 64
    discount: float | None = None
    time: str = "one-hot"
    device: str = "cpu"
    threads: int | None = 1
    options: Mapping = field(default_factory=dict)
    progress: Callable | None = field(default=None, compare=False)

    needs = ("episodes", "rewards")

    def __post_init__(self) -> None:
        expect_counts(steps=self.steps, width=self.width, batch=self.batch)
        expect_rate(self.rate)
        if self.discount is not None and not 0 <= self.discount <= 1:
            raise InvalidModel(f"discount is {self.discount}; expected 0 to 1")

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[NetworkPolicy, dict[str, Any]]:
        """The final policy, and a trace with one row per episode.

        Its columns: steps: environment steps at its end. return: its undiscounted return, exploration included.
        """
        (seed,) = seeds(rng, 1)
        shown = encoding(access.setting, self.time)
        with threads(self.threads), borrowed_globals(seed):
            algorithm = self.algorithm(AccessEnv(access, shown), access.setting, self.steps, seed)
            rows = []

            def on_step(algorithm_locals, _):
                for info in algorithm_locals["infos"]:
                    if "episode" in info:
                        rows.append((algorithm.num_timesteps, info["episode"]["r"]))
                        if self.progress:
                            self.progress(min(rows[-1][0], self.steps), self.steps, return_=float(rows[-1][1]))
                return True  # continue training

            algorithm.learn(self.steps, callback=on_step, log_interval=None)
        column = {name: [row[k] for row in rows] for k, name in enumerate(("steps", "return"))}
        return policy_of(algorithm, shown, access.setting), column

    def algorithm(self, env: gymnasium.Env, setting: Setting, planned: int, seed: int, **buffer: Any) -> SAC | DQN:
        """The stable-baselines3 learner on an AccessEnv, with schedules over `planned` steps."""
        discount = self.discount if self.discount is not None else 0.99 if setting.horizon is None else 1.0
        common = {
            "learning_rate": self.rate,
            "buffer_size": planned + 1,
            "batch_size": self.batch,
            "gamma": discount,
            "train_freq": (1, "episode"),
            "gradient_steps": -1,
            "device": device_named(self.device),
            "seed": seed % 2**31,
            **buffer,
        }
        if isinstance(setting.actions, Discrete):
            kind, policy, own = (
                _DQN,
                _MaskedPolicy,
                {"learning_starts": 0, "target_update_interval": 100, "exploration_fraction": 0.5},
            )
            shape = {"mask": setting.mask}
        else:
            kind, policy, own, shape = _SAC, "MlpPolicy", {}, {}
        shape["net_arch"] = [self.width, self.width]
        algorithm = kind(policy, env, **{**common, **own, **self.options}, policy_kwargs=shape)
        algorithm.planned = planned
        return algorithm


def policy_of(algorithm, shown, setting):
    """The algorithm's current policy without exploration, as an independent network.

    Raises: NotSolved if training has diverged.
    """
    expect_finite(algorithm.policy, algorithm.learning_rate)
    if isinstance(algorithm, DQN):
        q, width = algorithm.q_net.q_net, algorithm.q_net.net_arch[0]
        net = mlp(shown.size, setting.actions.n, width, torch.Generator())
        net.load_state_dict((q.net if isinstance(q, Masked) else q).state_dict())
        return Greedy(shown, net, setting.actions, setting.mask)
    actor = algorithm.actor
    net = mlp(shown.size, 2 * setting.actions.size, actor.net_arch[0], torch.Generator())
    last = {name: torch.cat([getattr(part, name) for part in (actor.mu, actor.log_std)]) for name in ("weight", "bias")}
    net.load_state_dict({**actor.latent_pi.state_dict(), **{f"4.{name}": value for name, value in last.items()}})
    return SquashedGaussian(shown, net, setting.actions)


class _Planned:
    """Schedules over the whole fit, which consists of several calls of `learn`."""

    planned = 1

    def _update_current_progress_remaining(self, num_timesteps, total_timesteps):
        super()._update_current_progress_remaining(min(num_timesteps, self.planned), self.planned)


class _SAC(_Planned, SAC):
    pass


class _DQN(_Planned, DQN):
    """DQN that explores among existing actions only."""

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        if deterministic or self.action_space.np_random.random() >= self.exploration_rate:
            return self.policy.predict(observation, state, episode_start, deterministic)
        mask = self.policy.mask
        allowed = [None if mask is None else mask[row[: len(mask)].argmax()].astype(np.int8) for row in observation]
        return np.array([self.action_space.sample(mask=each) for each in allowed]), state


class _MaskedPolicy(DQNPolicy):
    def __init__(self, *args, mask=None, **kwargs):
        self.mask = mask
        super().__init__(*args, **kwargs)

    def make_q_net(self):
        made = super().make_q_net()
        if self.mask is not None:
            made.q_net = Masked(made.q_net, self.mask).to(self.device)
        return made
