"""Preference oracle."""

import numpy as np

from ..base.arrays import floats
from ..base.errors import InvalidModel
from ..model.access import Discrete, Setting


class Judge:
    """Samples preferences between responses from the distribution of a PreferenceProblem."""

    def __init__(self, problem, rng):
        self.problem, self.rng = problem, rng
        self.setting = Setting(Discrete(problem.X), Discrete(problem.Y), exact=problem.exact)

    def compare(self, x, y, z):
        for name, index, size in (("x", x, self.problem.X), ("y", y, self.problem.Y), ("z", z, self.problem.Y)):
            if index.dtype.kind not in "iu" or (index < 0).any() or (index >= size).any():
                raise InvalidModel(f"compare: {name} is {index}; expected integers from 0 to {size - 1}")
        return self.rng.random(len(x)) < self._chance(x, y, z)

    def _chance(self, x, y, z):
        if self.problem.win is not None:
            return floats(self.problem.win)[x, y, z]
        if self.problem.weights is not None:
            weights = floats(self.problem.weights)
            return weights[x, y] / (weights[x, y] + weights[x, z])
        reward = floats(self.problem.reward)
        return 1 / (1 + np.exp(np.clip(reward[x, z] - reward[x, y], -700, 700)))
