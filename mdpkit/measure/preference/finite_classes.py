"""Sets of optima over finite classes of rewards and policies: ties are kept, none is broken."""

import numpy as np

from ...base.errors import InvalidModel
from ...base.interval import Interval, stack
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...base.types import Numbers
from ...model.policy import TabularPolicy
from ...model.preference import PreferenceProblem
from ...solve.tilting import tilt
from ..planning.optimal import best_actions
from .likelihood import preference_log_likelihood
from .problem import divergence_from


@replaceable
def likeliest(problem: PreferenceProblem, weights: Numbers, wins: np.ndarray) -> Interval:
    """Indicator `[k]` of the rewards of maximum likelihood in a finite class, given by `weights[k,x,y]` = e^(r/beta).

    Of a class of policies it is, for the weights tables / reference, that of the optima of direct preference
    optimisation.
    """
    return best_actions(preference_log_likelihood(problem, weights, wins))


@replaceable
def soft_optima(problem: PreferenceProblem, tables: Numbers, weights: Numbers) -> Interval:
    """Indicator `[k]` of the policies `tables[k,x,y]` that maximise E_pi r - beta KL(pi || reference) in their class.

    They are those of least E_x KL(pi || reference * weights / Z).

    Args: weights: `weights[x,y]` = e^(r/beta).
    Raises: InvalidModel for tables of another shape.

    >>> from mdpkit.base.arrays import objects
    >>> problem = PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 1]]))
    >>> soft_optima(problem, objects([[["1/2", "1/2"]], [["1/4", "3/4"]]]), objects([[1, 3]])).lower
    array([0, 1], dtype=object)
    """
    if not proposing() and (np.ndim(tables) != 3 or np.shape(tables)[1:] != problem.reference.shape):
        raise InvalidModel(f"tables has shape {np.shape(tables)}; expected (k, {problem.X}, {problem.Y})")
    target = tilt(problem, weights)
    return best_actions(-stack([divergence_from(problem, TabularPolicy(table), target) for table in tables]))
