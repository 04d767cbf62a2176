"""An expert that answers."""

import numpy as np

from ..base.errors import InvalidModel
from ..model.access import Discrete


class Labels:
    """The expert's actions at observations of the learner's choice."""

    def __init__(self, expert, setting, rng):
        self.expert, self.setting, self.rng = expert, setting, rng

    def label(self, obs, t):
        obs = self._expected(obs)
        labels = np.asarray(self.expert.sample(obs, t, drawing(self.rng).random(uniforms(self.setting.actions, len(obs)))))
        expect_actions(self.setting.actions, labels, "the expert")
        return labels

    def law(self, obs, t):
        return self.expert.rows(self._expected(obs), t)

    def _expected(self, obs):
        obs = np.asarray(obs)
        if not self.setting.observations.holds(obs):
            raise InvalidModel(f"the expert was asked at {np.array2string(obs, threshold=6)}; observations are {self.setting.observations}")
        return obs


def drawing(rng):
    """The generator of an access.

    Raises: InvalidModel where `grant` was given none, since all that it granted is exact, and now something is to be drawn.
    """
    if rng is None:
        raise InvalidModel("this is drawn at random, and the access has no generator: grant(..., rng=numpy.random.default_rng(seed))")
    return rng


def expect_actions(space, actions, who):
    """Raises: InvalidModel where a batch of actions does not belong to the space; vectors may lie outside its bounds."""
    if not (space.holds(actions) if isinstance(space, Discrete) else space.holds(actions, within=False)):
        raise InvalidModel(f"{who} plays {np.array2string(np.asarray(actions), threshold=6)}; the actions are {space}")


def expect_player(policy):
    """Raises: InvalidModel for what cannot play an episode."""
    if not all(callable(getattr(policy, verb, None)) for verb in ("start", "sample")):
        raise InvalidModel(f"{policy!r} is no policy; expected an object with `start(u)` and `sample(obs, t, u)`")


def uniforms(actions, count):
    """The shape of the uniform numbers that choose so many actions."""
    return count if isinstance(actions, Discrete) else (count, actions.size)
