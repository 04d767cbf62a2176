"""Likelihood of comparisons under the Bradley-Terry model."""

import numpy as np

from ...base.arrays import objects, rational
from ...base.errors import InvalidModel
from ...base.interval import Interval
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...base.types import Numbers
from ...model.preference import PreferenceProblem
from .._known import enclose
from .._logs import logarithm


@replaceable
def preference_log_likelihood(problem: PreferenceProblem, weights: Numbers, wins: np.ndarray) -> Interval:
    """Log-likelihood of comparisons if their probabilities are those of the reward beta log weights.

    A policy implies the weights table / reference, for which this is minus the loss of direct preference optimisation.

    Args:
        weights: `weights[...,x,y]` = e^(r/beta), above 0; leading axes count the members of a class.
        wins: `wins[x,y,z]`, how often response y was preferred to response z at prompt x.

    Returns: `[...]`, the logarithm of a product of rationals if the weights are rational and beta is an integer.
    Raises: InvalidModel for shapes that do not fit the problem, a weight of 0, or a rational beta that is no integer.

    >>> problem = PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]]))
    >>> preference_log_likelihood(problem, problem.weights, np.array([[[0, 0], [2, 0]]]))
    Interval(-4 log(2) + 2 log(3), exact)
    """
    if not proposing():
        _validate(problem, weights, wins)
    weights = weights.lower if isinstance(weights, Interval) else weights
    powers = weights ** (int(rational(problem.beta)) if problem.exact else problem.beta)
    chance = powers[..., :, None] / (powers[..., :, None] + powers[..., None, :])
    if not problem.exact:
        return (logarithm(enclose(chance)) * wins).sum(axis=(-3, -2, -1))
    wins = np.asarray(wins)
    found = np.empty(chance.shape[:-3], dtype=object)
    for index in np.ndindex(found.shape):
        found[index] = rational(1)
        for place in np.argwhere(wins):
            found[index] *= chance[index][tuple(place)] ** int(wins[tuple(place)])
    return logarithm(Interval(objects(found)))


def _validate(problem, weights, wins):
    X, Y = problem.X, problem.Y
    if np.shape(wins) != (X, Y, Y):
        raise InvalidModel(f"wins has shape {np.shape(wins)}; expected ({X}, {Y}, {Y})")
    if np.asarray(wins).dtype.kind not in "iu" or (np.asarray(wins) < 0).any():
        raise InvalidModel("wins counts comparisons; expected integers of at least 0")
    array = weights.lower if isinstance(weights, Interval) else np.asarray(weights)
    if array.shape[-2:] != (X, Y):
        raise InvalidModel(f"weights has shape {array.shape}; expected (..., {X}, {Y})")
    if not np.asarray(array > 0).all():
        where = tuple(int(i) for i in np.argwhere(~np.asarray(array > 0, dtype=bool))[0])
        raise InvalidModel(f"weights[{', '.join(map(str, where))}] is {array[where]}; a weight e^(r/beta) is above 0")
    if problem.exact and rational(problem.beta).q != 1:
        raise InvalidModel(f"beta is {problem.beta}; expected an integer, for which probabilities are rational")
