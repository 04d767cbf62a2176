"""Simulator of a gymnasium environment, which checks that the environment follows the protocol."""

from math import isfinite
from operator import index

import numpy as np

from ..base.errors import InvalidModel
from ..model.access import Continuous, Discrete, Setting
from ..model.data import Trajectories
from ._labels import expect_actions, expect_player, uniforms


class EnvironmentSimulator:
    """An environment whose `step` returns five values, with observations and actions in float64 or integers.

    A reset to a state calls `env.reset(options={"state": state, "time": at})`. It requires an environment whose
    `metadata["resets_to_state"]` is True; in others the effect of unknown options is undefined.
    """

    def __init__(self, env, rng):
        self.env, self.name = env, type(getattr(env, "unwrapped", env)).__name__
        self.setting = setting_of(env.observation_space, env.action_space, self.name)
        self.seed = int(rng.integers(2**31))
        self.reports_state = False

    def allow_resets(self):
        """From now on, report the states of played episodes.

        Raises: InvalidModel if the environment cannot be reset to a state.
        """
        metadata = getattr(getattr(self.env, "unwrapped", self.env), "metadata", None) or {}
        if not metadata.get("resets_to_state"):
            raise InvalidModel(
                f"{self.name} cannot be reset to a state: its metadata does not hold resets_to_state=True"
            )
        self.reports_state = True

    def check(self, demonstrations):
        """Check that demonstrations belong to the environment's spaces.

        Raises: InvalidModel if they do not.
        """
        if not self.setting.observations.holds(demonstrations.obs):
            raise InvalidModel(
                f"the demonstrations' obs is {_batch(demonstrations.obs)}; {self.name} has {self.setting.observations}"
            )
        expect_actions(self.setting.actions, demonstrations.action, f"the demonstrations' policy in {self.name}")
        demonstrations.check_mass()

    def reset(self, to, at):
        options = {} if to is None else {"options": {"state": to, "time": at}}
        answer = self.env.reset(seed=self.seed, **options) if self.seed is not None else self.env.reset(**options)
        self.seed = None
        if not (isinstance(answer, tuple) and len(answer) == 2):
            raise InvalidModel(f"{self.name}.reset returned {_shape(answer)}; expected (observation, info)")
        return self._check_observation(answer[0], "reset")

    def step(self, action):
        expect_actions(self.setting.actions, np.asarray(action)[None], f"the policy in {self.name}")
        answer = self.env.step(int(action) if isinstance(self.setting.actions, Discrete) else action)
        if not (isinstance(answer, tuple) and len(answer) == 5):
            raise InvalidModel(
                f"{self.name}.step returned {_shape(answer)}; expected (obs, reward, terminated, truncated, info)"
            )
        obs, reward, terminated, truncated, _ = answer
        try:
            paid = float(reward)
        except (TypeError, ValueError) as error:
            raise InvalidModel(f"{self.name}.step returned the reward {reward!r}; expected a number") from error
        if not isfinite(paid):
            raise InvalidModel(f"{self.name}.step returned the reward {paid}; expected a finite number")
        if not all(isinstance(flag, bool | np.bool_) for flag in (terminated, truncated)):
            raise InvalidModel(
                f"{self.name}.step returned terminated={terminated!r}, truncated={truncated!r}; expected booleans"
            )
        return self._check_observation(obs, "step"), paid, bool(terminated), bool(truncated)

    def play(self, policy, episodes, rng, rewards):
        expect_player(policy)
        rows = []
        for episode in range(episodes):
            obs, member, t, over = self.reset(None, 0), policy.start(rng.random()), 0, False
            while not over:
                state = self._state()
                action = np.asarray(
                    member.sample(np.asarray(obs)[None], t, rng.random(uniforms(self.setting.actions, 1)))
                )[0]
                following, reward, terminated, truncated = self.step(action)
                over = terminated or truncated
                rows.append((obs, action, t, reward, following, terminated, episode, state))
                obs, t = following, t + 1
        names = ("obs", "action", "t", "reward", "following", "ended", "episode", "state")
        columns = {
            name: np.array(part) if name != "state" else part
            for name, part in zip(names, zip(*rows, strict=True), strict=True)
        }
        known = all(state is not None for state in columns["state"])
        columns["state"] = np.array(columns["state"]) if known else None
        return Trajectories(**{**columns, "reward": columns["reward"] if rewards else None})

    def _state(self):
        """Current state to which the environment can be reset; None if it is unavailable or resets are not granted.

        The state may contain more than the observation.
        """
        if not self.reports_state:
            return None
        state = getattr(getattr(self.env, "unwrapped", self.env), "state", None)
        return np.array(state, dtype=np.float64) if np.asarray(state).dtype.kind in "iuf" else None

    def _check_observation(self, obs, verb):
        space = self.setting.observations
        discrete = isinstance(space, Discrete)
        try:
            array = np.array(index(obs)) if discrete else np.array(obs, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidModel(f"{self.name}.{verb} returned the observation {obs!r}; its space is {space}") from error
        if not space.holds(array[None]):
            raise InvalidModel(f"{self.name}.{verb} returned the observation {obs!r}; its space is {space}")
        return int(array) if discrete else array


def setting_of(observations, actions, name) -> Setting:
    """The Setting of two gymnasium spaces.

    Args: observations, actions: gymnasium spaces. name: of what they belong to, for errors.
    Raises: InvalidModel for a space that is neither Discrete from 0 nor a Box of vectors.
    """
    return Setting(_space(observations, name, "observation"), _space(actions, name, "action"))


def _space(space, name, what):
    """Convert a gymnasium space, Discrete or a Box of vectors."""
    if hasattr(space, "n") and getattr(space, "shape", None) == ():
        if getattr(space, "start", 0) != 0:
            raise InvalidModel(f"{name}: its {what} space starts at {space.start}; expected integers from 0")
        return Discrete(int(space.n))
    if hasattr(space, "low") and np.ndim(space.low) == 1:
        return Continuous(np.asarray(space.low, dtype=np.float64), np.asarray(space.high, dtype=np.float64))
    raise InvalidModel(f"{name}: its {what} space is {space!r}; expected Discrete, or a Box of vectors")


def _batch(rows):
    return f"{rows.dtype} of shape {rows.shape}, {np.array2string(rows, threshold=6)}"


def _shape(answer):
    return f"{len(answer)} values" if isinstance(answer, tuple) else f"a {type(answer).__name__}"
