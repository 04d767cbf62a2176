"""Moment matching: imitation as a game between a reward player and a reinforcement learner."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

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
from ..plumbing.schedule import Schedule, at_round
from ..plumbing.view import AccessEnv
from .discriminator import Discriminator
from .reinforcement import Reinforcement, policy_of
from .reward_player import RewardPlayer, rewards_of


@dataclass(frozen=True)
class MomentMatching:
    """Moment matching with networks: reinforcement learning on a reward that separates expert from learner.

    Each round updates the reward on expert and learner episodes, then trains the policy on it.

    Args:
        rounds: number of rounds N. episodes: episodes of the current policy per round, for the reward player.
        reward_player: a Discriminator, or another RewardPlayer.
        policy_player: a Reinforcement, with `steps` per round and `progress` unused.
        relabel: whether replayed rewards are recomputed with the current reward, or kept as collected.
        state_only: whether rewards are functions of the observation alone.
        normalise: whether continuous observations are standardised by the demonstrations' mean and standard deviation.
        progress: called with (rounds done, total rounds, gap=...).

    Rewards come from the reward player only. The returned policy is the iterate with the smallest worst-case gap: the
    maximum over the rewards f_1..f_N of all rounds of the mean of f_j on the expert minus that on the iterate's
    episodes. It explores from the initial distribution; see FILTER and HyPE for learners that need not.
    Source: adapted from Swamy, Choudhury, Bagnell and Wu, 2021; Swamy, Wu, Choudhury, Bagnell and Wu, 2023.
    """

    rounds: int = 20
    episodes: int = 10
    reward_player: RewardPlayer = field(default_factory=Discriminator)
    policy_player: Reinforcement = field(default_factory=lambda: Reinforcement(steps=500))
    relabel: bool = True
    state_only: bool = False
    normalise: bool = False
    progress: Callable | None = field(default=None, compare=False)

    reset_share: ClassVar[Schedule] = 0.0
    """Probability that a training episode starts at a state of the demonstrations."""
    replay_share: ClassVar[Schedule] = 0.0
    """Fraction of expert transitions in every replay batch."""
    reward_sees_resets: ClassVar[bool] = False
    """Whether the reward player sees the training steps of episodes that start at a state of the demonstrations."""

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds, episodes=self.episodes)

    @property
    def needs(self) -> tuple[str, ...]:
        used = ("demonstrations", "episodes", *(["resets"] if self.reset_share else []))
        return tuple(kind for kind in KINDS if kind in used)

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        return (cls(),)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[NetworkPolicy, dict[str, Any]]:
        """The best iterate, and a trace with one row per round.

        Its columns: steps: total environment steps so far. updates: total gradient steps of the policy player so far.
        gap: worst-case gap of the iterate, in units of f per step. best: whether the iterate is returned. policy: the
        iterate.
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
        self.f = settings.reward_player.start(self.expert.shape[1], generator(streams[2]), self.device)
        self.rng = np.random.default_rng(streams[3])
        self.round, self.policies, self.seen, self.fitted, self.steps, self.updates = 0, [], [], [], [], []
        self.from_reset, self.reset_rows = False, []
        env = AccessEnv(access, self.encoding, self._step_reward, self._starts(data), self.rng)
        buffer = {
            "reward": self._reward,
            "relabel": settings.relabel,
            "draw": self.draw,
            "expert": self._transitions(data) if settings.replay_share else None,
        }
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
        self.f.update(self.expert, self.draw, torch.cat([self.episodes, *self.reset_rows]))
        self.fitted.append(self.f.snapshot())
        self.round, self.reset_rows = self.round + 1, []
        self.algorithm.replay_buffer.share = at_round(self.settings.replay_share, self.round)
        self.algorithm._last_obs = None  # its current episode was ended by those played for the reward player
        self.algorithm.learn(self.settings.policy_player.steps, reset_num_timesteps=False, log_interval=None)
        self.policies.append(policy_of(self.algorithm, self.encoding, self.setting))
        self.episodes = self._play(self.policies[-1])
        self.seen.append(self.episodes)
        self.steps.append(self.access.used.steps - self.before)
        self.updates.append(self.algorithm._n_updates)

    def gap(self):
        """Gap of the last policy under the last reward."""
        return self._gap(self.round, self.seen[-1])

    def answer(self):
        gaps = np.array([max(self._gap(k, seen) for k in range(1, self.round + 1)) for seen in self.seen])
        best = int(gaps.argmin())
        column = {
            "steps": self.steps,
            "updates": self.updates,
            "gap": gaps,
            "best": np.arange(len(gaps)) == best,
            "policy": self.policies,
        }
        return self.policies[best], column

    def _gap(self, k, seen):
        """Mean reward of round k on the expert minus that on rows of the learner."""
        f = self.fitted[k - 1]
        return float(self.share @ rewards_of(f, self.expert, k) - rewards_of(f, seen, k).mean())

    # ---- rows of observation and action
    def _rows(self, data):
        rows = self.encoding(data.obs, data.t), action_rows(self.setting.actions, data.action)
        return self._inputs(*rows).to(self.device)

    def _inputs(self, observations, actions):
        return observations if self.settings.state_only else torch.cat([observations, actions], dim=1)

    def _play(self, policy):
        return self._rows(self.access.play(policy, self.settings.episodes, rng=self.rng))

    # ---- rewards, initial states and expert transitions of the reinforcement learner
    def _reward(self, observations, actions):
        """Rewards of a batch from the replay buffer, whose continuous actions are scaled to [-1, 1]."""
        if isinstance(self.setting.actions, Discrete):
            actions = torch.nn.functional.one_hot(actions[:, 0].long(), self.setting.actions.n)
        return rewards_of(self.f, self._inputs(observations, actions.float()), self.round)

    def _step_reward(self, row, action):
        logged = self.from_reset and self.settings.reward_sees_resets
        if self.settings.relabel and not logged:
            return 0.0  # unused: rewards are recomputed at replay
        rows = torch.tensor(row)[None], action_rows(self.setting.actions, np.asarray(action)[None])
        inputs = self._inputs(*rows).to(self.device)
        if logged:
            self.reset_rows.append(inputs)
        return 0.0 if self.settings.relabel else float(rewards_of(self.f, inputs, self.round)[0])

    def _starts(self, data):
        share = self.settings.reset_share
        if not share:
            return None
        finite = isinstance(self.setting.observations, Discrete)
        if not finite and data.state is None:
            raise InvalidModel(
                "resets require demonstrations with `state`, to which the environment can be reset; they have none"
            )

        def start(rng):
            self.from_reset = bool(rng.random() < at_round(share, self.round))
            if not self.from_reset:
                return None
            k = int(self.draw(1)[0])
            return (int(data.obs[k]) if finite else data.state[k]), int(data.t[k])

        return start

    def _transitions(self, data):
        if data.following is None or data.ended is None:
            raise InvalidModel(
                "expert transitions need demonstrations with `following` and `ended`, such as simulated episodes"
            )
        H = self.encoding.H
        following = self.encoding(data.following, np.minimum(data.t + 1, H - 1) if H else 0)
        discrete = isinstance(self.setting.actions, Discrete)
        actions = torch.tensor(data.action)[:, None] if discrete else action_rows(self.setting.actions, data.action)
        dones = torch.tensor(data.ended, dtype=torch.float32)[:, None]
        return [column.to(self.device) for column in (self.encoding(data.obs, data.t), actions, following, dones)]
