"""EvIL: rewards that can be retrained on, and potentials that make the retraining fast."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from ...base.arrays import exactly, is_exact, nearest, zeros
from ...base.errors import InvalidModel
from ...base.record import expect_counts
from ...base.types import Number
from ...model.access import KINDS, Access
from ...model.policy import TabularPolicy
from .._labels import drawing
from .._tabular import exists, uniform
from ..experience import KEPT, Experience, expect_share
from ..players.no_regret import Gains, GradientAscent, Player, fraction, tilt
from ..players.policy_players import ExpertResets, NaturalGradient, PolicyPlayer
from ..players.rewards import BoxRewards, Rewards
from ..rollin import visits
from .potential import Evolution, evolve_potential
from .retraining import EpisodicQLearning, LookaheadGradient, Retraining

COMBINED = "mean", "pessimistic"
RECOVERED = "last", "average"


@dataclass(frozen=True, eq=False)
class EvIL:
    """EvIL: rewards learned against all past policies, then a potential evolved for fast retraining on them.

    Each round the policy player responds to the combined reward of the ensemble, and every member's player sees the
    gain <f, d_E - d>, with d the mean occupancy of all policies so far or that of the last one. At an equilibrium
    d_E - d of the last policy is 0, and every reward of the class is a best response to it, also a constant; the mean
    over all policies keeps what the first ones did wrong. Gradient steps keep it with either buffer, since they sum
    over the rounds; best responses to the mean may fail where policies oscillate around a randomised expert. The
    recovered reward is then shaped by a potential, evolved so that a policy trained from scratch has a high return
    early, under the recovered reward alone.

    Args:
        rewards: the class: FiniteRewards, BoxRewards or LinearRewards.
        reward_player: of each member: GradientAscent, FollowTheLeader, BestResponse or, on FiniteRewards, Hedge.
        policy_player: NaturalGradient, which goes on from the last policy, Planning or ExpertResets.
        rounds: number of rounds of the game.
        members: size of the ensemble; the first member starts at the class's start, the others at random points.
        combined: "mean", or "pessimistic": the lowest of the members' rewards at each entry.
        buffer: "all": the mean of all rounds' visits; "last": those of the last policy.
        restart: probability p of replacing the policy by a random one; p (1 - k/rounds) in round k.
        recovered: "last": the reward after the last round's update; "average": the mean of the rounds' rewards.
        evolution: an Evolution; None for a potential of 0.
        inner: LookaheadGradient or, without a model, EpisodicQLearning: trains the policies.
        episodes: episodes per round that estimate the policy's occupancy; if the model is granted, it is exact instead.

    The returned policy is trained on the shaped reward, for which the same policies are optimal as for the recovered
    one. The fitness of the potential, as estimated, is never below that of the start of the evolution, by default a
    potential of 0. Whether an optimal policy of the recovered reward imitates the expert depends on ties and on the
    target's dynamics: `mdpkit.measure.retrained_return`. Rewards are rational on exact problems, and best kept to 30
    rounds there, since denominators grow; potentials are evolved in float64.
    Source: adapted from Sapora, Swamy, Lu, Teh and Foerster, 2024.
    """

    rewards: Rewards = field(default_factory=BoxRewards)
    reward_player: Player = field(default_factory=GradientAscent)
    policy_player: PolicyPlayer = field(default_factory=NaturalGradient)
    rounds: int = 20
    members: int = 5
    combined: str = "mean"
    buffer: str = "all"
    restart: Number = "3/100"
    recovered: str = "last"
    evolution: Evolution | None = field(default_factory=Evolution)
    inner: Retraining = field(default_factory=LookaheadGradient)
    episodes: int = 10

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds, members=self.members, episodes=self.episodes)
        expect_share("restart", self.restart)
        for name, known in (("combined", COMBINED), ("buffer", KEPT), ("recovered", RECOVERED)):
            if getattr(self, name) not in known:
                raise InvalidModel(f"{name} is {getattr(self, name)!r}; expected one of {', '.join(known)}")

    @property
    def needs(self) -> tuple[str, ...]:
        kinds = {"demonstrations", "episodes", *self.policy_player.needs, *self.inner.needs}
        return tuple(kind for kind in KINDS if kind in kinds)

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        sampled = ExpertResets(rollouts_per_action=1)
        return cls(), cls(policy_player=sampled), cls(policy_player=sampled, inner=EpisodicQLearning())

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The policy trained on the shaped reward, and a trace with one row per round, then one per generation.

        Its columns: stage: "reward" or "shaping". reward: of the round `[(t,)s,a]`, then the recovered one.
        policy, gain: of the round, and <f, d_E - d> for its own occupancy d. gap: sup over the class of that.
        potential, fitness: of the generation's centre. None where a stage has no such entry.
        """
        reward, rounds = self._recover(access, rng)
        runs = self.inner.prepare(access, reward)
        if self.evolution is None:
            potential = np.zeros(runs.S)
            generations = [(potential, runs.fitness(potential[None])[0])]
        else:
            found = evolve_potential(runs, self.evolution, rng=drawing(rng, "fit"))
            potential, generations = found.potential, list(zip(found.centres, found.history, strict=True))
        rows = [("reward", *row, None, None) for row in rounds]
        rows += [("shaping", reward, None, None, None, Phi, float(fitness)) for Phi, fitness in generations]
        names = "stage", "reward", "policy", "gain", "gap", "potential", "fitness"
        return runs.policy(potential), dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))

    def _recover(self, access, rng):
        """The recovered reward, and the reward, policy, gain and gap of every round."""
        setting = access.setting
        experience = Experience(setting, access.demonstrations())
        rewards = self.rewards.like(experience.expert)
        points = self._starts(rewards, rng)
        gains = Gains(None, zeros(rewards.moments(experience.expert).shape, experience.expert), 0)
        policy, rows = uniform(setting), []
        for k in range(self.rounds):
            reward = self._combine([rewards.reward(point) for point in points])
            if self._restarts(k, rng):
                policy = random_policy(setting, drawing(rng, "fit"))
            policy = self.policy_player.next(access, reward, policy, experience, rng)
            experience = experience.then(visits(access, policy, self.episodes, rng=rng))
            missed = experience.expert - experience.learner("last")
            rows.append((reward, policy, (reward * missed).sum(), rewards.sup(missed)))
            seen = missed if self.buffer == "last" else experience.expert - experience.learner("all")
            gains = gains.then(rewards.moments(seen))
            points = [self.reward_player.next(rewards, point, gains) for point in points]
        if self.recovered == "average":
            return sum(row[0] for row in rows) / self.rounds, rows
        return self._combine([rewards.reward(point) for point in points]), rows

    def _starts(self, rewards, rng):
        start = rewards.start()
        points = [start]
        for _ in range(self.members - 1):
            drawn = drawing(rng, "fit").uniform(-1, 1, start.shape)
            points.append(rewards.project(exactly(drawn) if is_exact(start) else drawn))
        return points

    def _combine(self, rewards):
        if self.combined == "mean":
            return sum(rewards) / len(rewards)
        lowest = rewards[0]
        for reward in rewards[1:]:
            lowest = np.minimum(lowest, reward)
        return lowest

    def _restarts(self, k, rng):
        p = nearest(fraction(self.restart)) * (1 - k / self.rounds)
        return p > 0 and drawing(rng, "fit").random() < p


def random_policy(setting, rng) -> TabularPolicy:
    """A policy whose distribution at every state (and step) is drawn uniformly, and rounded to multiples of 2^-24."""
    start = uniform(setting).table
    with np.errstate(divide="ignore"):
        exponents = np.log(rng.standard_exponential(start.shape))
    return TabularPolicy(tilt(exists(setting), exponents, start))
