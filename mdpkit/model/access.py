"""Interaction of a learner with a problem: the access granted, and the use of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..base.errors import InvalidModel, MissingAccess
from ..base.record import expect_counts
from ..base.types import Numbers
from .comparisons import Comparisons
from .data import Trajectories
from .game import Deviation
from .mdp import MDP

KINDS = {
    "demonstrations": "demonstrations=... of an expert",
    "episodes": "episodes=...",
    "resets": "resets=... to states of the learner's choice",
    "queries": "queries=... to an expert",
    "preferences": "preferences=...",
    "rewards": "rewards=True",
    "model": 'episodes="exact", the law of every policy\'s episodes',
}
"""Kinds of access, and the argument of `grant` for each."""

USED_AS = {"preferences": "comparisons"}
"""Kinds whose counter in the Meter has another name."""


@dataclass(frozen=True)
class Meter:
    """Counts of use, by kind.

    Attributes:
        demonstrations: rows of demonstrations read. episodes: episodes started. steps: environment steps.
        resets: resets to a state chosen by the learner. queries: observations labelled by the expert.
        comparisons: preference comparisons. model_calls: calls to the known model.

    >>> Meter(steps=7) - Meter(steps=3)
    Meter(steps=4)
    """

    demonstrations: int = 0
    episodes: int = 0
    steps: int = 0
    resets: int = 0
    queries: int = 0
    comparisons: int = 0
    model_calls: int = 0

    def __add__(self, other: "Meter") -> "Meter":
        return Meter(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def __sub__(self, other: "Meter") -> "Meter":
        return Meter(*(getattr(self, field.name) - getattr(other, field.name) for field in fields(self)))

    def __repr__(self):
        counts = {field.name: getattr(self, field.name) for field in fields(self)}
        return f"Meter({', '.join(f'{name}={count}' for name, count in counts.items() if count)})"


@dataclass(frozen=True)
class Discrete:
    """The integers 0..n-1."""

    n: int

    def holds(self, batch) -> bool:
        """Whether each `batch[k]` is a member."""
        batch = np.asarray(batch)
        return batch.ndim == 1 and batch.dtype.kind in "iu" and bool(((batch >= 0) & (batch < self.n)).all())

    def __str__(self):
        return f"the integers 0 to {self.n - 1}"


@dataclass(frozen=True, eq=False)
class Continuous:
    """Vectors between `lower[k]` and `upper[k]`, either of which may be infinite."""

    lower: np.ndarray
    upper: np.ndarray

    @property
    def size(self) -> int:
        return len(self.lower)

    def holds(self, batch, within=True) -> bool:
        """Whether each `batch[k,d]` is a member; if not `within`, a finite vector of the right length."""
        batch = np.asarray(batch)
        if batch.shape[1:] != (self.size,) or batch.dtype.kind not in "iuf" or not np.isfinite(batch).all():
            return False
        return not within or bool(((batch >= self.lower) & (batch <= self.upper)).all())

    def __str__(self):
        return (
            f"vectors of {self.size} finite numbers from {np.array2string(self.lower)} to {np.array2string(self.upper)}"
        )


@dataclass(frozen=True)
class Setting:
    """The setting known to every learner: observation and action spaces, horizon, and available actions.

    Attributes:
        observations, actions: Discrete or Continuous.
        horizon: Finite(H), Discounted(gamma), or None if the environment terminates its episodes.
        mask: `mask[s,a]`, True where the action exists; None if all do.
        exact: whether granted distributions are rational.
    """

    observations: Discrete | Continuous
    actions: Discrete | Continuous
    horizon: object = None
    mask: np.ndarray | None = None
    exact: bool = False


@dataclass(frozen=True, eq=False)
class PreferenceSetting(Setting):
    """The setting of a preference problem: observations are prompts, actions are responses.

    Attributes:
        reference: `reference[x,y]`, the policy that fine-tuning starts from. rho: `rho[x]`, distribution of prompts.
        beta: KL coefficient.
    """

    reference: np.ndarray | None = None
    rho: np.ndarray | None = None
    beta: Any = 1


@dataclass(frozen=True, eq=False)
class GameSetting(Setting):
    """The setting of a Markov game: actions are joint actions, in C order.

    Attributes: players: number of actions of each player.
    """

    players: tuple[int, ...] = ()


class Access:
    """A learner's access to a problem, made by `grant`; what was not granted raises MissingAccess.

    Attributes:
        setting: the Setting. granted: names of the kinds granted. used: the Meter.
        tasks: an access for each task; of a single problem the access itself.

    Rewards are NaN if there is an expert to imitate, unless granted by `grant(..., rewards=True)`.
    """

    def __init__(
        self,
        setting: Setting,
        granted: Mapping[str, int | str | bool],
        *,
        demonstrations: Trajectories | None = None,
        simulator: Any = None,
        expert: Any = None,
        judge: Any = None,
    ) -> None:
        self.setting = setting
        self._limits = dict(granted)
        self._demonstrations, self._simulator, self._expert, self._judge = demonstrations, simulator, expert, judge
        self._used = Meter()
        self._running = False

    @property
    def granted(self) -> tuple[str, ...]:
        return tuple(kind for kind in KINDS if self._limits.get(kind))

    @property
    def used(self) -> Meter:
        return self._used

    @property
    def tasks(self) -> tuple["Access", ...]:
        return (self,)

    def demonstrations(self) -> Trajectories:
        """The expert's Trajectories: a sample, or its population distribution."""
        self._need("demonstrations")
        self._count(demonstrations=len(self._demonstrations))
        return self._demonstrations

    # ---- episodes, in gymnasium's words
    def reset(self, to: Any = None, at: int = 0) -> tuple[Any, dict[str, Any]]:
        """Start an episode from the initial distribution or, with granted resets, from state `to` at step `at`.

        Returns: observation, {}.
        Raises: MissingAccess if no episode or reset is left.
        """
        kind = "episodes" if to is None else "resets"
        self._need(kind)
        if to is None and at != 0:
            raise InvalidModel(
                f"reset(at={at}): the initial distribution is that of step 0; give a state `to` to begin elsewhere"
            )
        self._check_limit(kind, 1)
        obs = self._simulator.reset(to, at)
        self._count(**{kind: 1})
        self._running = True
        return obs, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Play one action.

        Returns: observation, reward, terminated, truncated, {}. A finite horizon terminates after H steps; discounting
            by
        gamma terminates after each step with probability 1 - gamma, so that the expected sum of rewards is J.
        Raises: InvalidModel before `reset` and after termination.
        """
        if not self._running:
            raise InvalidModel("no episode is running: call reset() first, and again after an episode has ended")
        obs, reward, terminated, truncated = self._simulator.step(action)
        self._count(steps=1)
        self._running = not (terminated or truncated)
        return obs, reward if "rewards" in self.granted else float("nan"), terminated, truncated, {}

    def play(
        self, policy: Any, episodes: int, *, rng: np.random.Generator, deviation: Deviation | None = None
    ) -> Trajectories:
        """Roll out a policy for a number of complete episodes.

        Args: deviation: in a game, how one player modifies the recommendations of the mediator `policy`.
        """
        self._need("episodes")
        expect_counts(episodes=episodes)
        expect_generator(rng)
        policy = self._deviate(policy, deviation)
        self._spend("episodes", episodes)
        played = self._simulator.play(policy, episodes, rng, "rewards" in self.granted)
        self._count(steps=len(played))
        self._running = False
        return played

    def play_from(
        self, policy: Any, obs: ArrayLike, action: ArrayLike, t: ArrayLike, *, rng: np.random.Generator
    ) -> Trajectories:
        """Roll out one episode from each state `obs[k]` at step `t[k]`, which begins with `action[k]`; one reset each.

        Raises: InvalidModel for an environment, whose episodes start by `reset(to=...)`.
        """
        self._need("resets")
        expect_generator(rng)
        if not hasattr(self._simulator, "play_from"):
            raise InvalidModel("play_from is for a finite problem; in an environment start episodes by reset(to=...)")
        obs, action, t = np.broadcast_arrays(*(np.asarray(column) for column in (obs, action, t)))
        self._check_limit("resets", len(obs))
        played = self._simulator.play_from(policy, obs, action, t, rng, "rewards" in self.granted)
        self._count(resets=len(obs), steps=len(played))
        self._running = False
        return played

    # ---- the expert, asked
    def label(self, obs: ArrayLike, t: ArrayLike = 0) -> np.ndarray:
        """The expert's actions at observations `obs[k,...]` and steps t; one query each."""
        self._need("queries")
        obs, t = _query(obs, t)
        self._spend("queries", len(obs))
        return self._expert.label(obs, t)

    def label_law(self, obs: ArrayLike, t: ArrayLike = 0) -> np.ndarray:
        """The expert's action probabilities `[k,a]`; needs queries="exact"."""
        self._need("queries", exactly=True)
        obs, t = _query(obs, t)
        self._spend("queries", len(obs))
        return self._expert.law(obs, t)

    def compare(self, x: ArrayLike, y: ArrayLike, z: ArrayLike) -> np.ndarray:
        """Sample whether response `y[k]` is preferred to `z[k]` at prompt `x[k]`; one comparison each."""
        self._need("preferences")
        x, y, z = (np.asarray(index) for index in (x, y, z))
        if not x.shape == y.shape == z.shape == x.shape[:1] != ():
            raise InvalidModel(
                f"compare: x, y and z have shapes {x.shape}, {y.shape} and {z.shape}; expected one length"
            )
        self._spend("preferences", len(x))
        return self._judge.compare(x, y, z)

    def compare_law(self, x: ArrayLike, y: ArrayLike, z: ArrayLike) -> np.ndarray:
        """Probability that `y[k]` is preferred to `z[k]` at prompt `x[k]`; needs preferences="exact"."""
        self._need("preferences", exactly=True)
        x, y, z = np.broadcast_arrays(*(np.asarray(index) for index in (x, y, z)))
        self._spend("preferences", x.size)
        return self._judge.law(x, y, z)

    def comparisons(self, count: int | None = None) -> Comparisons:
        """Comparisons of two responses drawn from the distribution of the data, prompts from `rho`.

        Args: count: number of comparisons; defaults to all that are left.
        Returns: the comparisons that were given as data; with preferences="exact" their population distribution; else a
            sample of `count`.
        Raises: MissingAccess if fewer are left.
        """
        self._need("preferences")
        limit = self._limits["preferences"]
        if self.exact("preferences") or self._judge.given is not None:
            found = self._judge.population() if self.exact("preferences") else self._judge.given
            self._count(comparisons=len(found))
            return found
        count = limit - self._used.comparisons if count is None else count
        expect_counts(count=count)
        self._spend("preferences", count)
        return self._judge.draw(count)

    def score(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        """Reward of response `y[k]` to prompt `x[k]`; needs rewards=True."""
        self._need("rewards")
        return self._judge.score(np.asarray(x), np.asarray(y))

    # ---- the model, known
    def model(self, reward: Numbers) -> MDP:
        """The problem with a reward of the learner's choice, dynamics included; one model call."""
        self._need("model")
        self._count(model_calls=1)
        return self._simulator.model(reward)

    def reward(self) -> np.ndarray:
        """The problem's own reward `r[(t,)s,a]`, where rewards and the model are granted."""
        self._need("rewards")
        self._need("model")
        return self._simulator.problem.r

    def law(self, policy: Any, deviation: Deviation | None = None) -> Trajectories:
        """The occupancy of a policy as weighted Trajectories; one model call.

        Args: deviation: in a game, how one player modifies the recommendations of the mediator `policy`.
        """
        self._need("model")
        policy = self._deviate(policy, deviation)
        self._count(model_calls=1)
        return self._simulator.law(policy)

    def _deviate(self, policy, deviation):
        """The policy, or the joint policy that is played if one player deviates from it.

        Raises: InvalidModel for a deviation outside a game, or of another game.
        """
        if deviation is None:
            return policy
        if not isinstance(self.setting, GameSetting):
            raise InvalidModel(
                "a deviation modifies the recommendations of a mediator; expected access to a MarkovGame"
            )
        return self._simulator.deviate(policy, deviation)

    def exact(self, kind: str) -> bool:
        """Whether a kind was granted as a distribution, without limit, and not as a sample."""
        return self._limits.get(kind) == "exact"

    # ---- accounts
    def _need(self, kind, exactly=False):
        if kind not in self.granted or (exactly and not self.exact(kind)):
            how = f'{kind}="exact"' if exactly else KINDS[kind]
            raise MissingAccess(f"this needs {how}; granted: {', '.join(self.granted) or 'nothing'}")

    def _spend(self, kind, count):
        self._check_limit(kind, count)
        self._count(**{USED_AS.get(kind, kind): count})

    def _check_limit(self, kind, count):
        """Raise MissingAccess if fewer than `count` are left."""
        limit, name = self._limits[kind], USED_AS.get(kind, kind)
        used = getattr(self._used, name)
        if limit != "exact" and used + count > limit:
            raise MissingAccess(f"{limit} {name} were granted and {used} are used; {count} more were asked for")

    def _count(self, **counts):
        self._used = self._used + Meter(**counts)

    def __repr__(self):
        kinds = (f"{kind}={self._limits[kind]}" if kind not in ("model", "rewards") else kind for kind in self.granted)
        return f"Access({', '.join(kinds)}; used {self._used!r})"


class TasksAccess(Access):
    """Access to several tasks that differ in their rewards alone, made by `grant` from a list of problems.

    Attributes:
        tasks: the Access of each task, with its own demonstrations and reward. used: the sum of their Meters.
        granted: names of the kinds granted for every task.
    """

    def __init__(self, tasks: tuple[Access, ...]) -> None:
        super().__init__(tasks[0].setting, tasks[0]._limits)
        self._tasks = tasks

    @property
    def tasks(self) -> tuple[Access, ...]:
        return self._tasks

    @property
    def granted(self) -> tuple[str, ...]:
        return tuple(kind for kind in KINDS if all(kind in task.granted for task in self._tasks))

    def exact(self, kind: str) -> bool:
        """Whether a kind was granted for every task as a distribution, without limit, and not as a sample."""
        return all(task.exact(kind) for task in self._tasks)

    @property
    def used(self) -> Meter:
        return sum((task.used for task in self._tasks), Meter())

    def _need(self, kind, exactly=False):
        raise InvalidModel(f"the access holds {len(self._tasks)} tasks; use access.tasks[k], which holds one")

    def __repr__(self):
        shown = list(dict.fromkeys(map(repr, self._tasks)))
        return f"TasksAccess({len(self._tasks)} tasks, {'each ' if len(shown) == 1 else ''}{', '.join(shown)})"


def expect_generator(rng):
    """Raise InvalidModel for anything but a numpy Generator, such as a seed."""
    if not isinstance(rng, np.random.Generator):
        raise InvalidModel(f"rng is {rng!r}; expected numpy.random.default_rng(seed)")


def _query(obs, t):
    """Validate observations and their steps, which make one query each.

    Raises: InvalidModel unless the steps are non-negative integers, one or as many as the observations.
    """
    obs, t = np.asarray(obs), np.asarray(t)
    if obs.ndim == 0 or t.dtype.kind not in "iu" or t.shape not in ((), obs.shape[:1]) or (t < 0).any():
        raise InvalidModel(
            f"asked at observations of shape {obs.shape} and steps {np.array2string(t, threshold=6)}; expected a step for each"
        )
    return obs, t
