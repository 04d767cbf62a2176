"""Expert oracle that labels observations."""

import numpy as np

from ..base.errors import InvalidModel
from ..model.access import Discrete


class Labels:
    """The expert's actions, or action distributions, at observations chosen by the learner."""

    def __init__(self, expert, setting, rng):
        self.expert, self.setting, self.rng = expert, setting, rng

    def label(self, obs, t):
        obs = self._check_observations(obs)
        labels = np.asarray(
            self.expert.sample(obs, t, drawing(self.rng).random(uniforms(self.setting.actions, len(obs))))
        )
        expect_actions(self.setting.actions, labels, "the expert")
        return labels

    def law(self, obs, t):
        return self.expert.rows(self._check_observations(obs), t)

    def _check_observations(self, obs):
        obs = np.asarray(obs)
        if not self.setting.observations.holds(obs):
            raise InvalidModel(
                f"the expert was queried at {np.array2string(obs, threshold=6)}; observations are {self.setting.observations}"
            )
        return obs


def drawing(rng, call="grant"):
    """The random generator that `grant`, or another call, received.

    Raises: InvalidModel if sampling is requested but there is none, as exact access allows.
    """
    if rng is None:
        lacking = "the access" if call == "grant" else "the learner"
        raise InvalidModel(
            f"sampling was requested, but {lacking} has no generator: {call}(..., rng=numpy.random.default_rng(seed))"
        )
    return rng


def expect_actions(space, actions, who):
    """Check that a batch of actions belongs to the action space; vectors may lie outside its bounds.

    Raises: InvalidModel if it does not.
    """
    if not (space.holds(actions) if isinstance(space, Discrete) else space.holds(actions, within=False)):
        raise InvalidModel(f"{who} plays {np.array2string(np.asarray(actions), threshold=6)}; the actions are {space}")


def expect_player(policy):
    """Check that `policy` can play an episode.

    Raises: InvalidModel if it lacks `start` or `sample`.
    """
    if not all(callable(getattr(policy, verb, None)) for verb in ("start", "sample")):
        raise InvalidModel(f"{policy!r} is not a policy; expected an object with `start(u)` and `sample(obs, t, u)`")


def uniforms(actions, count):
    """Shape of the array of uniform numbers that samples `count` actions."""
    return count if isinstance(actions, Discrete) else (count, actions.size)
