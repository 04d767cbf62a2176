"""What a learner may use of a problem, and how much of it was used."""

from dataclasses import dataclass, fields

import numpy as np

from ..base.errors import InvalidModel, MissingAccess
from ..base.record import expect_counts

KINDS = {
    "demonstrations": "demonstrations=... of an expert",
    "episodes": "episodes=...",
    "resets": "resets=... to states of the learner's choice",
    "queries": "queries=... to an expert",
    "preferences": "preferences=...",
    "rewards": "rewards=True",
    "model": 'episodes="exact", the law of every policy\'s episodes',
}
"""What can be granted, and the argument of `grant` that does."""

USED_AS = {"preferences": "comparisons"}
"""What the Meter calls a kind that it has another name for."""


@dataclass(frozen=True)
class Meter:
    """Counts of what was used, each kind apart.

    Attributes:
        demonstrations: rows of demonstrations handed out. episodes: started. steps: of the environment.
        resets: to a state of the learner's choice. queries: observations that the expert labelled.
        comparisons: answered. model_calls: times the known model was asked about a reward or a policy.

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

    def __add__(self, other):
        return Meter(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def __sub__(self, other):
        return Meter(*(getattr(self, field.name) - getattr(other, field.name) for field in fields(self)))

    def __repr__(self):
        counts = {field.name: getattr(self, field.name) for field in fields(self)}
        return f"Meter({', '.join(f'{name}={count}' for name, count in counts.items() if count)})"


@dataclass(frozen=True)
class Discrete:
    """The integers 0..n-1."""

    n: int

    def holds(self, batch) -> bool:
        """Whether `batch[k]` are members."""
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
        """Whether `batch[k,d]` are members, or finite vectors of the right length if not `within` the bounds."""
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
    """What every learner is told: the spaces of observations and actions, the horizon, and which actions exist.

    Attributes:
        observations, actions: Discrete or Continuous.
        horizon: Finite(H), Discounted(gamma), or None where an environment ends its episodes itself.
        mask: `mask[s,a]`, True where the action exists; None where all do.
        exact: whether laws that are granted are rational.
    """

    observations: Discrete | Continuous
    actions: Discrete | Continuous
    horizon: object = None
    mask: np.ndarray | None = None
    exact: bool = False


class Access:
    """What a learner may use: made by `grant`, which names the parts; whatever was not granted is not there to be reached.

    Attributes:
        setting: the Setting. granted: names of the kinds that can be used. used: the Meter.

    Without `grant(..., rewards=True)` a step's reward is NaN where there is an expert to imitate.
    """

    def __init__(self, setting, granted, *, demonstrations=None, simulator=None, expert=None, judge=None):
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

    def demonstrations(self):
        """The Trajectories of the expert: a sample, or every row of its population law."""
        self._need("demonstrations")
        self._count(demonstrations=len(self._demonstrations))
        return self._demonstrations

    # ---- episodes, in gymnasium's words
    def reset(self, to=None, at=0):
        """Start an episode, from the start law, or `to` a state at step `at` where resets are granted.

        Returns: observation, {}.
        Raises: MissingAccess where no episode or reset is left.
        """
        kind = "episodes" if to is None else "resets"
        self._need(kind)
        if to is None and at != 0:
            raise InvalidModel(f"reset(at={at}): the start law is that of step 0; give a state `to` to begin elsewhere")
        self._check_limit(kind, 1)
        obs = self._simulator.reset(to, at)
        self._count(**{kind: 1})
        self._running = True
        return obs, {}

    def step(self, action):
        """Play one action.

        Returns: observation, reward, terminated, truncated, {}. A finite horizon terminates after H steps; discounting by
        gamma terminates after each step with probability 1 - gamma, so that the expected sum of rewards is J.
        Raises: InvalidModel before `reset` and after an end.
        """
        if not self._running:
            raise InvalidModel("no episode is running: call reset() first, and again after an episode has ended")
        obs, reward, terminated, truncated = self._simulator.step(action)
        self._count(steps=1)
        self._running = not (terminated or truncated)
        return obs, reward if "rewards" in self.granted else float("nan"), terminated, truncated, {}

    def play(self, policy, episodes, *, rng):
        """Trajectories of the given number of complete episodes of a policy."""
        self._need("episodes")
        expect_counts(episodes=episodes)
        expect_generator(rng)
        self._spend("episodes", episodes)
        played = self._simulator.play(policy, episodes, rng, "rewards" in self.granted)
        self._count(steps=len(played))
        self._running = False
        return played

    # ---- the expert, asked
    def label(self, obs, t=0):
        """The actions that the expert takes at observations `obs[k,...]` and steps t; each is a query."""
        self._need("queries")
        obs, t = _query(obs, t)
        self._spend("queries", len(obs))
        return self._expert.label(obs, t)

    def label_law(self, obs, t=0):
        """The expert's action probabilities `[k,a]`, where queries="exact"."""
        self._need("queries", exactly=True)
        obs, t = _query(obs, t)
        self._spend("queries", len(obs))
        return self._expert.law(obs, t)

    def compare(self, x, y, z):
        """Whether response `y[k]` was preferred to `z[k]` at prompt `x[k]`, drawn anew; each is a comparison."""
        self._need("preferences")
        x, y, z = (np.asarray(index) for index in (x, y, z))
        if not x.shape == y.shape == z.shape == x.shape[:1] != ():
            raise InvalidModel(
                f"compare: x, y and z have shapes {x.shape}, {y.shape} and {z.shape}; expected one length"
            )
        self._spend("preferences", len(x))
        return self._judge.compare(x, y, z)

    # ---- the model, known
    def model(self, reward):
        """The problem with a reward of the learner's own: all that is known about the dynamics. A model call."""
        self._need("model")
        self._count(model_calls=1)
        return self._simulator.model(reward)

    def law(self, policy):
        """Every (t, s, a) that a policy visits as Trajectories, weighted by its probability. A model call."""
        self._need("model")
        self._count(model_calls=1)
        return self._simulator.law(policy)

    def exact(self, kind) -> bool:
        """Whether a kind was granted without a limit, as a law and not as a sample."""
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
        """Raises: MissingAccess where fewer are left."""
        limit, name = self._limits[kind], USED_AS.get(kind, kind)
        used = getattr(self._used, name)
        if limit != "exact" and used + count > limit:
            raise MissingAccess(f"{limit} {name} were granted and {used} are used; {count} more were asked for")

    def _count(self, **counts):
        self._used = self._used + Meter(**counts)

    def __repr__(self):
        kinds = (f"{kind}={self._limits[kind]}" if kind not in ("model", "rewards") else kind for kind in self.granted)
        return f"Access({', '.join(kinds)}; used {self._used!r})"


def expect_generator(rng):
    """Raises: InvalidModel for what is no numpy Generator, such as a seed."""
    if not isinstance(rng, np.random.Generator):
        raise InvalidModel(f"rng is {rng!r}; expected numpy.random.default_rng(seed)")


def _query(obs, t):
    """Observations, and the step or the steps at which they were made: one query each.

    Raises: InvalidModel for steps that are no integers of at least 0, or not as many as the observations.
    """
    obs, t = np.asarray(obs), np.asarray(t)
    if obs.ndim == 0 or t.dtype.kind not in "iu" or t.shape not in ((), obs.shape[:1]) or (t < 0).any():
        raise InvalidModel(
            f"asked at observations of shape {obs.shape} and steps {np.array2string(t, threshold=6)}; expected a step for each"
        )
    return obs, t
