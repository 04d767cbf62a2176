"""Imitation as a game between a discriminator and a reinforcement learner."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...model.access import KINDS, Continuous, Discrete
from ..plumbing.encoding import action_rows, encoding
from ..plumbing.repeatable import borrowed_globals, device_named, drawing, generator, seeds, threads
from ..plumbing.replay import RelabellingBuffer
from ..plumbing.view import AccessEnv
from .discriminator import Discriminator
from .reinforcement import Reinforcement, policy_of


@dataclass(frozen=True)
class MomentMatching:
    """Finds a policy that a discriminator does not tell from the expert.

    Each round the discriminator is fitted to the expert and to episodes of the policy, then the policy to the discriminator.

    Args:
        rounds: N. episodes: of the current policy, played each round for the discriminator.
        discriminator: a Discriminator. policy_player: a Reinforcement, whose `steps` are those of a round; its progress is not used.
        relabel: whether a replayed step is paid by the discriminator as it is now, or by the one it was collected under.
        expert_share: of every batch that is replayed, the share that the expert did; always paid by the discriminator as it is now.
        expert_resets: the probability that an episode of training starts where the expert was, at a row of the demonstrations.
        normalise: whether continuous observations are shifted and scaled by the demonstrations' mean and deviation.
        progress: called with (rounds done, rounds in all, gap=...).

    Rewards come from the discriminator alone. The policy is the iterate whose worst gap is smallest: the highest mean of f_j
    on the expert less that on the iterate's own episodes, over all discriminators f_1..f_N of the run.
    With expert_share 0 and expert_resets 0 this is moment matching, with expert_resets 1 FILTER, with a share alone HyPE.
    Source: adapted from Swamy, Choudhury, Bagnell and Wu, 2021; Swamy, Wu, Choudhury, Bagnell and Wu, 2023; Ren, Swamy, Wu,
    Bagnell and Choudhury, 2024.
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

    def __post_init__(self):
        expect_counts(rounds=self.rounds, episodes=self.episodes)
        for name in ("expert_share", "expert_resets"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidModel(f"{name} is {getattr(self, name)}; expected 0 to 1")

    @property
    def needs(self):
        return tuple(kind for kind in KINDS if kind in ("demonstrations", "episodes") or (kind == "resets" and self.expert_resets))

    @classmethod
    def variants(cls):
        """One learner for each answer of `needs`."""
        return cls(), cls(expert_resets=1.0)

    def learn(self, access, rng):
        """The best iterate, and a trace with a row for each round.

        Its columns: steps: of the environment so far, all of them. gap: the worst gap of its policy, in units of f a step. best:
        whether that policy is returned. policy: the iterate, the last one at the end.
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
    """The two players, and what is known of them."""

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
        env = AccessEnv(access, self.encoding, self._paid, self._starts(data), self.rng)
        buffer = {"reward": self._reward, "relabel": settings.relabel, "share": settings.expert_share, "draw": self.draw}
        buffer["expert"] = self._transitions(data) if settings.expert_share else None
        self.algorithm = player.algorithm(
            env,
            self.setting,
            settings.rounds * player.steps,
            streams[0],
            replay_buffer_class=RelabellingBuffer,
            replay_buffer_kwargs=buffer,
        )
        self.episodes = self._played(policy_of(self.algorithm, self.encoding, self.setting))

    def play(self):
        """One round."""
        self.f.update(self.expert, self.draw, self.episodes)
        self.fitted.append(self.f.kept())
        self.algorithm._last_obs = None  # the episode that it began was ended by those played for the discriminator
        self.algorithm.learn(self.settings.policy_player.steps, reset_num_timesteps=False, log_interval=None)
        self.policies.append(policy_of(self.algorithm, self.encoding, self.setting))
        self.episodes = self._played(self.policies[-1])
        self.seen.append(self.episodes)
        self.steps.append(self.access.used.steps - self.before)

    def gap(self):
        """Of the last policy, for the last discriminator."""
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

    def _played(self, policy):
        return self._rows(self.access.play(policy, self.settings.episodes, rng=self.rng))

    # ---- what the reinforcement learner is paid, where it starts, what it is lent
    def _reward(self, observations, actions):
        """Of a batch as the replay buffer holds it: continuous actions with their bounds as -1 and 1."""
        if isinstance(self.setting.actions, Discrete):
            actions = torch.nn.functional.one_hot(actions[:, 0].long(), self.setting.actions.n)
        return self.f(torch.cat([observations, actions.float()], dim=1))

    def _paid(self, row, action):
        if self.settings.relabel:
            return 0.0  # nobody reads it
        rows = torch.tensor(row)[None], action_rows(self.setting.actions, np.asarray(action)[None])
        return float(self.f(torch.cat(rows, dim=1).to(self.device))[0])

    def _starts(self, data):
        chance = self.settings.expert_resets
        if not chance:
            return None
        finite = isinstance(self.setting.observations, Discrete)
        if not finite and data.state is None:
            raise InvalidModel("expert_resets need the demonstrations' `state`, what the environment can be reset to; they have none")

        def start(rng):
            if rng.random() >= chance:
                return None
            k = int(self.draw(1)[0])
            return (int(data.obs[k]) if finite else data.state[k]), int(data.t[k])

        return start

    def _transitions(self, data):
        if data.following is None or data.ended is None:
            raise InvalidModel("expert_share needs demonstrations with `following` and `ended`, such as episodes that were played")
        H = self.encoding.H
        following = self.encoding(data.following, np.minimum(data.t + 1, H - 1) if H else 0)
        discrete = isinstance(self.setting.actions, Discrete)
        actions = torch.tensor(data.action)[:, None] if discrete else action_rows(self.setting.actions, data.action)
        dones = torch.tensor(data.ended, dtype=torch.float32)[:, None]
        return [column.to(self.device) for column in (self.encoding(data.obs, data.t), actions, following, dones)]
