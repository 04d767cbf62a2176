"""Preference oracle."""

import numpy as np

from ..base.arrays import floats
from ..base.errors import InvalidModel
from ..model.access import Discrete, PreferenceSetting
from ..model.comparisons import Comparisons
from ..model.policy import inverse
from ._labels import drawing


class Judge:
    """Samples preferences between responses from the distribution of a PreferenceProblem.

    Args: given: Comparisons that replace those drawn from the problem's data.
    """

    def __init__(self, problem, rng, given=None):
        self.problem, self.rng, self.given = problem, rng, given
        self.setting = PreferenceSetting(
            Discrete(problem.X),
            Discrete(problem.Y),
            exact=problem.exact,
            reference=problem.reference,
            rho=problem.rho,
            beta=problem.beta,
        )

    def compare(self, x, y, z):
        self._expect(x=x, y=y, z=z)
        return drawing(self.rng).random(len(x)) < floats(self._chance(x, y, z))

    def law(self, x, y, z):
        self._expect(x=x, y=y, z=z)
        return self._chance(x, y, z)

    def population(self):
        """All comparisons of the data's support, each with its probability."""
        data, rho = self.problem.data, self.problem.rho
        pairs = data[:, :, None] * data[:, None, :] * rho[:, None, None]
        x, y, z = np.nonzero(np.asarray(pairs != 0))
        won, weight = self._chance(x, y, z), pairs[x, y, z]
        return Comparisons(x, y, z, won, weight=weight if won.dtype == weight.dtype else floats(weight))

    def draw(self, count):
        """Sampled comparisons of two independent responses from the data's distribution."""
        rng = drawing(self.rng)
        x = inverse(np.broadcast_to(floats(self.problem.rho), (count, self.problem.X)), rng.random(count))
        law = floats(self.problem.data)[x]
        y, z = (inverse(law, rng.random(count)) for _ in range(2))
        return Comparisons(x, y, z, self.compare(x, y, z).astype(float))

    def score(self, x, y):
        self._expect(x=x, y=y)
        if self.problem.win is not None:
            raise InvalidModel("the preferences are given by `win`; this problem has no rewards")
        return self._rewards()[x, y]

    def _rewards(self):
        """r `[x,y]`, which is beta log weights in tilt form."""
        if self.problem.reward is not None:
            return self.problem.reward
        return float(floats(np.asarray(self.problem.beta))) * np.log(floats(self.problem.weights))

    def _expect(self, **indices):
        for name, index in indices.items():
            size = self.problem.X if name == "x" else self.problem.Y
            if index.dtype.kind not in "iu" or (index < 0).any() or (index >= size).any():
                raise InvalidModel(f"compare: {name} is {index}; expected integers from 0 to {size - 1}")

    def _chance(self, x, y, z):
        """Probability that y is preferred to z: rational for rational win probabilities, or weights if beta is 1."""
        if self.problem.win is not None:
            return self.problem.win[x, y, z]
        if self.problem.weights is not None and self.problem.beta == 1:
            weights = self.problem.weights
            return weights[x, y] / (weights[x, y] + weights[x, z])
        reward = floats(self._rewards())
        return 1 / (1 + np.exp(np.clip(reward[x, z] - reward[x, y], -700, 700)))
