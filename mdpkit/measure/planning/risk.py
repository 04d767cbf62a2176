"""Risk of the return of a policy over a finite horizon: its law, CVaR and entropic certainty equivalent."""

import numpy as np

from ...base.arrays import nearest
from ...base.errors import InvalidModel
from ...base.interval import Interval
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...base.types import Number
from ...model.horizon import Finite
from ...model.mdp import MDP
from ...model.policy import Policy, tabular
from ...solve.cvar_planning import enclose_return, expect_level, lower_tail_mean
from ...solve.cvar_planning import return_law as law_of_table
from ...solve.entropic_planning import entropic_values


@replaceable
def return_law(problem: MDP, policy: Policy) -> tuple[np.ndarray, np.ndarray]:
    """The possible returns of a policy over a finite horizon, ascending, and their probabilities.

    Args: problem: a Finite MDP. policy: a record with a `table`.
    Returns: two arrays of rationals; floats count as the rationals they are, with rows divided by their sums.
    Raises: InvalidModel if the horizon is not finite, or the policy belongs to a different problem.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import TabularPolicy
    >>> coin = MDP(objects([[["1/2", "1/2"]], [["1/2", "1/2"]]]), objects([[0], [1]]), horizon=Finite(2))
    >>> return_law(coin, TabularPolicy(objects([[1], [1]])))
    (array([0, 1, 2], dtype=object), array([1/4, 1/2, 1/4], dtype=object))
    """
    if not isinstance(problem.horizon, Finite):
        raise InvalidModel(f"the law of the return is computed over a finite horizon; got {problem!r}")
    return law_of_table(problem, tabular(problem, policy).table)


@replaceable
def cvar(problem: MDP, policy: Policy, level: Number) -> Interval:
    """Conditional value at risk of the return of a policy: the mean of the worst `level` share of its law.

    Args: problem: a Finite MDP. policy: a record with a `table`. level: in (0, 1]; 1 gives the value J.
    Returns: a scalar Interval, exact for rationals.
    Raises: InvalidModel if the level or the horizon does not fit.
    Source: adapted from Rockafellar and Uryasev, 2000.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import TabularPolicy
    >>> coin = MDP(objects([[["1/2", "1/2"]], [["1/2", "1/2"]]]), objects([[0], [1]]), horizon=Finite(2))
    >>> cvar(coin, TabularPolicy(objects([[1], [1]])), "1/2")
    Interval(1/2, exact)
    """
    share = expect_level(level)
    mean = lower_tail_mean(*return_law(problem, policy), share)
    return nearest(mean) if proposing() else enclose_return(problem, mean, mean, share)


@replaceable
def entropic_value(problem: MDP, policy: Policy, aversion: Number) -> Interval:
    """Entropic certainty equivalent -(1/aversion) log E e^(-aversion G) of a policy's return G over a finite horizon.

    Args: problem: a Finite MDP. policy: a record with a `table`. aversion: not 0; risk averse above 0.
    Returns: an enclosed Interval `[t,s]`, t = 0..H with row H zero, of the rewards from step t on. From an initial
        distribution rho it is -(1/aversion) log sum_s rho e^(-aversion value[0,s]), not the mean of the values.
    Source: adapted from Howard and Matheson, 1972.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import TabularPolicy
    >>> sure = MDP(objects([[[1]]]), objects([["1/3"]]), horizon=Finite(3))
    >>> entropic_value(sure, TabularPolicy(objects([[1]])), 5)[0, 0].contains(1)
    True
    """
    if not isinstance(problem.horizon, Finite):
        raise InvalidModel(f"the entropic value is computed over a finite horizon; got {problem!r}")
    return entropic_values(problem, aversion, tabular(problem, policy).table)[0]
