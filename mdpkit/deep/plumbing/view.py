"""An access as a gymnasium environment."""

import gymnasium
import numpy as np
from gymnasium import spaces

from ...base.errors import InvalidModel
from ...model.access import Discrete


class AccessEnv(gymnasium.Env):
    """Gymnasium environment of an access, which counts every reset and step; observations are encoded rows.

    Args:
        access: an Access. encoding: an Encoding of its observations.
        reward: reward function of (row, action); None for the access's rewards.
        starts: function of a numpy Generator that returns an initial (state, step), or None for the initial
            distribution; None if episodes always start from the initial distribution.
        rng: numpy Generator of `starts`.

    `terminated` and `truncated` are those of the access, but never both.
    Raises: InvalidModel for continuous actions without finite bounds.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 (gymnasium's own attribute)
    render_mode = None

    def __init__(self, access, encoding, reward=None, starts=None, rng=None):
        self.access, self.encoding, self.reward, self.starts, self.rng = access, encoding, reward, starts, rng
        self.observation_space = spaces.Box(-np.inf, np.inf, (encoding.size,), np.float32)
        actions = access.setting.actions
        self.discrete = isinstance(actions, Discrete)
        if not self.discrete and not (np.isfinite(actions.lower) & np.isfinite(actions.upper)).all():
            raise InvalidModel(
                f"the actions are bounded by {actions.lower} and {actions.upper}; expected finite bounds"
            )
        self.action_space = (
            spaces.Discrete(actions.n)
            if self.discrete
            else spaces.Box(*(_single(actions.lower), _single(actions.upper)))
        )

    def reset(self, *, seed=None, options=None):
        start = self.starts(self.rng) if self.starts else None
        obs, info = self.access.reset() if start is None else self.access.reset(to=start[0], at=start[1])
        self.t = 0 if start is None else start[1]
        self.row = self._encode(obs)
        return self.row, info

    def step(self, action):
        obs, reward, terminated, truncated, info = self.access.step(
            int(action) if self.discrete else np.asarray(action)
        )
        if self.reward:
            reward = self.reward(self.row, action)
        self.t += 1
        self.row = self._encode(obs)
        return self.row, reward, terminated, truncated and not terminated, info

    def _encode(self, obs):
        last = (
            self.encoding.H - 1 if self.encoding.H else self.t
        )  # the observation after the last step is encoded at the last step
        return self.encoding(np.asarray(obs)[None], min(self.t, last)).numpy()[0]


def _single(bound):
    return np.asarray(bound, dtype=np.float32)
