"""A gymnasium environment, played and watched: one that breaks the protocol is an error that says where."""

from math import isfinite

import numpy as np

from ..base.errors import InvalidModel
from ..model.access import Continuous, Discrete, Setting
from ..model.data import Trajectories
from ._labels import uniforms


class EnvironmentSimulator:
    """An environment with the five-tuple `step`, in float64 and integers.

    Resets to a state go by `env.reset(options={"state": state})`, for environments whose `metadata["resets_to_state"]` is True;
    what others do with unknown options is not known.
    """

    def __init__(self, env, rng):
        self.env, self.name = env, type(getattr(env, "unwrapped", env)).__name__
        self.setting = Setting(_space(env.observation_space, self.name, "observation"), _space(env.action_space, self.name, "action"))
        self.seed = int(rng.integers(2**31))
        self.t = 0

    def expect_resets(self):
        metadata = getattr(getattr(self.env, "unwrapped", self.env), "metadata", None) or {}
        if not metadata.get("resets_to_state"):
            raise InvalidModel(f"{self.name} cannot be reset to a state: its metadata does not hold resets_to_state=True")

    def check(self, demonstrations):
        """Raises: InvalidModel where demonstrations are from other spaces."""
        for name, space in (("obs", self.setting.observations), ("action", self.setting.actions)):
            column = getattr(demonstrations, name)
            kind, shape = ("iu", ()) if isinstance(space, Discrete) else ("f", (space.size,))
            if column.dtype.kind not in kind or column.shape[1:] != shape:
                raise InvalidModel(
                    f"the demonstrations' {name} holds {column.dtype} rows of shape {column.shape[1:]}; {self.name} has {_words(space)}"
                )
            if isinstance(space, Discrete) and ((column < 0) | (column >= space.n)).any():
                raise InvalidModel(f"the demonstrations' {name} runs to {column.max()}; {self.name} has {_words(space)}")

    def reset(self, to, at):
        options = {} if to is None else {"options": {"state": to}}
        answer = self.env.reset(seed=self.seed, **options) if self.seed is not None else self.env.reset(**options)
        self.seed = None
        if not (isinstance(answer, tuple) and len(answer) == 2):
            raise InvalidModel(f"{self.name}.reset returned {_shape(answer)}; expected (observation, info)")
        self.t = at
        return self._observed(answer[0], "reset")

    def step(self, action):
        answer = self.env.step(action)
        if not (isinstance(answer, tuple) and len(answer) == 5):
            raise InvalidModel(f"{self.name}.step returned {_shape(answer)}; expected (obs, reward, terminated, truncated, info)")
        obs, reward, terminated, truncated, _ = answer
        self.t += 1
        try:
            paid = float(reward)
        except (TypeError, ValueError) as error:
            raise InvalidModel(f"{self.name}.step returned the reward {reward!r}; expected a number") from error
        if not isfinite(paid):
            raise InvalidModel(f"{self.name}.step returned the reward {paid}; expected a finite number")
        if not all(isinstance(flag, bool | np.bool_) for flag in (terminated, truncated)):
            raise InvalidModel(f"{self.name}.step returned terminated={terminated!r}, truncated={truncated!r}; expected booleans")
        return self._observed(obs, "step"), paid, bool(terminated), bool(truncated)

    def play(self, policy, episodes, rng, rewards):
        rows = []
        for episode in range(episodes):
            obs, member, t, over = self.reset(None, 0), policy.start(rng.random()), 0, False
            while not over:
                state = getattr(getattr(self.env, "unwrapped", self.env), "state", None)
                action = np.asarray(member.sample(np.asarray(obs)[None], t, rng.random(uniforms(self.setting.actions, 1))))[0]
                action = int(action) if isinstance(self.setting.actions, Discrete) else action
                following, reward, terminated, truncated = self.step(action)
                over = terminated or truncated
                rows.append((obs, action, t, reward, following, terminated, episode, state))
                obs, t = following, t + 1
        names = ("obs", "action", "t", "reward", "following", "ended", "episode", "state")
        columns = {name: np.array(part) if name != "state" else part for name, part in zip(names, zip(*rows, strict=True), strict=True)}
        known = all(state is not None for state in columns["state"])
        columns["state"] = np.array(columns["state"], dtype=float) if known else None
        return Trajectories(**{**columns, "reward": columns["reward"] if rewards else None})

    def _observed(self, obs, verb):
        space = self.setting.observations
        if isinstance(space, Discrete):
            if not (hasattr(obs, "__index__") and 0 <= int(obs) < space.n):
                raise InvalidModel(f"{self.name}.{verb} returned the observation {obs!r}; its space is {_words(space)}")
            return int(obs)
        array = np.asarray(obs, dtype=np.float64)
        if array.shape != (space.size,) or not np.isfinite(array).all():
            raise InvalidModel(f"{self.name}.{verb} returned the observation {obs!r}; its space is {_words(space)}, finite numbers")
        return array


def _space(space, name, what):
    """A gymnasium space, Discrete or a Box of vectors, as ours."""
    if hasattr(space, "n") and getattr(space, "shape", None) == ():
        if getattr(space, "start", 0) != 0:
            raise InvalidModel(f"{name}: its {what} space starts at {space.start}; expected integers from 0")
        return Discrete(int(space.n))
    if hasattr(space, "low") and np.ndim(space.low) == 1:
        return Continuous(np.asarray(space.low, dtype=np.float64), np.asarray(space.high, dtype=np.float64))
    raise InvalidModel(f"{name}: its {what} space is {space!r}; expected Discrete, or a Box of vectors")


def _words(space):
    return f"the integers 0 to {space.n - 1}" if isinstance(space, Discrete) else f"vectors of length {space.size}"


def _shape(answer):
    return f"{len(answer)} values" if isinstance(answer, tuple) else f"a {type(answer).__name__}"
