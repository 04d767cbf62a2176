"""Moment matching: imitation as a game between a discriminator network and a reinforcement learner."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...model.access import KINDS, Access, Continuous, Discrete
from ..plumbing.encoding import action_rows, encoding
from ..plumbing.policy import NetworkPolicy
from ..plumbing.repeatable import borrowed_globals, device_named, drawing, generator, seeds, threads
from ..plumbing.replay import RelabellingBuffer
from ..plumbing.view import AccessEnv
from .discriminator import Discriminator
from .reinforcement import Reinforcement, policy_of


@dataclass(frozen=True)
class MomentMatching:
    """Moment matching with networks: reinforcement learning against a discriminator of expert and learner.

    Each round fits the discriminator to expert and learner episodes, then trains the policy on the reward it defines.

    Args:
        rounds: number of rounds N. episodes: episodes of the current policy per round, for the discriminator.
        discriminator: a Discriminator. policy_player: a Reinforcement, with `steps` per round and `progress` unused.
        relabel: whether replayed rewards are recomputed with the current discriminator, or kept as collected.
        expert_share: fraction of expert transitions in every replay batch, with rewards of the current discriminator.
        expert_resets: probability that a training episode starts at a state of the demonstrations.
        normalise: whether continuous observations are standardised by the demonstrations' mean and standard deviation.
        progress: called with (rounds done, total rounds, gap=...).

    Rewards come from the discriminator only. The returned policy is the iterate with the smallest worst-case gap: the
    maximum over all discriminators f_1..f_N of the mean of f_j on the expert minus that on the iterate's episodes.
    With expert_share = expert_resets = 0 this is moment matching, with expert_resets 1 FILTER, with a share alone HyPE.
    Source: adapted from Swamy, Choudhury, Bagnell and Wu, 2021; Swamy, Wu, Choudhury, Bagnell and Wu, 2023; Ren, Swamy,
    Wu, Bagnell and Choudhury, 2024.
    """

    rounds: int = 20
    episodes: int = 10
    discriminator: Discriminator = field(default_factory=Discriminator)
    policy_player: Reinforcement = field(default_factory=lambda: Reinforcement(steps=500))
    relabel: bool = True
    expert_share: float = 0.0
    expert_resets: float = 0.0
    normalise: bool = False
    progress: Callable | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds, episodes=self.episodes)
        for name in ("expert_share", "expert_resets"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidModel(f"{name} is {getattr(self, name)}; expected 0 to 1")

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(
            kind
            for kind in KINDS
            if kind in ("demonstrations", "episodes") or (kind == "resets" and self.expert_resets)
        )

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return cls(), cls(expert_resets=1.0)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[NetworkPolicy, dict[str, Any]]:
        """The best iterate, and a trace with one row per round.

        Its columns: steps: total environment steps so far. gap: worst-case gap of the iterate, in units of f per step.
        best: whether the iterate is returned. policy: the iterate.
        """
        streams = seeds(rng, 4)
        player = self.policy_player
        with threads(player.threads), borrowed_globals(streams[0]):
            match = _Match(self, access, streams)
            for k in range(self.rounds):
                match.play()
                if self.progress:
                    self.progress(k + 1, self.rounds, gap=match.gap())
            return match.answer()


class _Match:
    """State of the game: both players and their history."""

    def __init__(self, settings, access, streams):
        self.settings, self.access, self.setting = settings, access, access.setting
        player, data = settings.policy_player, access.demonstrations()
        self.before = access.used.steps
        shown = settings.normalise and isinstance(self.setting.observations, Continuous)
        self.encoding = encoding(self.setting, player.time, data if shown else None)
        self.device = device_named(player.device)
        self.expert, weights = self._rows(data), floats(data.weight)
        self.draw = drawing(weights, generator(streams[1]))
        self.share = torch.tensor(weights / weights.sum(), dtype=torch.float32).to(self.device)
        self.f = settings.discriminator.start(self.expert.shape[1], generator(streams[2]), self.device)
        self.rng = np.random.default_rng(streams[3])
        self.policies, self.seen, self.fitted, self.steps = [], [], [], []
        env = AccessEnv(access, self.encoding, self._step_reward, self._starts(data), self.rng)
        buffer = {
            "reward": self._reward,
            "relabel": settings.relabel,
            "share": settings.expert_share,
            "draw": self.draw,
        }
        buffer["expert"] = self._transitions(data) if settings.expert_share else None
        self.algorithm = player.algorithm(
            env,
            self.setting,
            settings.rounds * player.steps,
            streams[0],
            replay_buffer_class=RelabellingBuffer,
            replay_buffer_kwargs=buffer,
        )
        self.episodes = self._play(policy_of(self.algorithm, self.encoding, self.setting))

    def play(self):
        """Run one round."""
        self.f.update(self.expert, self.draw, self.episodes)
        self.fitted.append(self.f.snapshot())
        self.algorithm._last_obs = None  # its current episode was ended by those played for the discriminator
        self.algorithm.learn(self.settings.policy_player.steps, reset_num_timesteps=False, log_interval=None)
        self.policies.append(policy_of(self.algorithm, self.encoding, self.setting))
        self.episodes = self._play(self.policies[-1])
        self.seen.append(self.episodes)
        self.steps.append(self.access.used.steps - self.before)

    def gap(self):
        """Gap of the last policy under the last discriminator."""
        return self._gap(self.f, self.seen[-1])

    def answer(self):
        gaps = np.array([max(self._gap(f, seen) for f in self.fitted) for seen in self.seen])
        best = int(gaps.argmin())
        column = {"steps": self.steps, "gap": gaps, "best": np.arange(len(gaps)) == best, "policy": self.policies}
        return self.policies[best], column

    def _gap(self, f, seen):
        return float(self.share @ f(self.expert) - f(seen).mean())

    # ---- rows of observation and action
    def _rows(self, data):
        rows = self.encoding(data.obs, data.t), action_rows(self.setting.actions, data.action)
        return torch.cat(rows, dim=1).to(self.device)

    def _play(self, policy):
        return self._rows(self.access.play(policy, self.settings.episodes, rng=self.rng))

    # ---- rewards, initial states and expert transitions of the reinforcement learner
    def _reward(self, observations, actions):
        """Rewards of a batch from the replay buffer, whose continuous actions are scaled to [-1, 1]."""
        if isinstance(self.setting.actions, Discrete):
            actions = torch.nn.functional.one_hot(actions[:, 0].long(), self.setting.actions.n)
        return self.f(torch.cat([observations, actions.float()], dim=1))

    def _step_reward(self, row, action):
        if self.settings.relabel:
            return 0.0  # unused: rewards are recomputed at replay
        rows = torch.tensor(row)[None], action_rows(self.setting.actions, np.asarray(action)[None])
        return float(self.f(torch.cat(rows, dim=1).to(self.device))[0])

    def _starts(self, data):
        chance = self.settings.expert_resets
        if not chance:
            return None
        finite = isinstance(self.setting.observations, Discrete)
        if not finite and data.state is None:
            raise InvalidModel(
                "expert_resets requires demonstrations with `state`, to which the environment can be reset; they have none"
            )

        def start(rng):
            if rng.random() >= chance:
                return None
            k = int(self.draw(1)[0])
            return (int(data.obs[k]) if finite else data.state[k]), int(data.t[k])

        return start

    def _transitions(self, data):
        if data.following is None or data.ended is None:
            raise InvalidModel(
                "expert_share needs demonstrations with `following` and `ended`, such as simulated episodes"
            )
        H = self.encoding.H
        following = self.encoding(data.following, np.minimum(data.t + 1, H - 1) if H else 0)
        discrete = isinstance(self.setting.actions, Discrete)
        actions = torch.tensor(data.action)[:, None] if discrete else action_rows(self.setting.actions, data.action)
        dones = torch.tensor(data.ended, dtype=torch.float32)[:, None]
        return [column.to(self.device) for column in (self.encoding(data.obs, data.t), actions, following, dones)]
