"""An expert that answers."""

import numpy as np

from ..base.errors import InvalidModel
from ..model.access import Discrete


class Labels:
    """The expert's actions at observations of the learner's choice."""

    def __init__(self, expert, setting, rng):
        self.expert, self.setting, self.rng = expert, setting, rng

    def label(self, obs, t):
        self._expect(obs)
        return self.expert.sample(np.asarray(obs), t, self.rng.random(uniforms(self.setting.actions, len(obs))))

    def law(self, obs, t):
        self._expect(obs)
        table = self.expert.table
        return table[obs] if table.ndim == 2 else table[t, obs]

    def _expect(self, obs):
        space = self.setting.observations
        if isinstance(space, Discrete) and len(obs) and not 0 <= np.min(obs) <= np.max(obs) < space.n:
            raise InvalidModel(f"the expert was asked at states {np.unique(obs)}; the problem has 0 to {space.n - 1}")


def uniforms(actions, count):
    """The shape of the uniform numbers that choose so many actions."""
    return count if isinstance(actions, Discrete) else (count, actions.size)
