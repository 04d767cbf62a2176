"""Values in the worst transition laws of sets around those of a problem."""

from ...base.interval import Interval
from ...base.replaceable import replaceable
from ...model.horizon import Finite
from ...model.mdp import MDP
from ...model.policy import Policy, tabular
from ...solve.ambiguity import Ambiguity
from ...solve.robust_planning import play_against_nature, robust_values
from .._known import law


@replaceable
def robust_value(problem: MDP, policy: Policy, ambiguity: Ambiguity) -> Interval:
    """Lowest value J of a policy in any MDP whose transition laws lie in (s,a)-rectangular sets.

    Args: problem: a Discounted or Finite MDP. policy: a record with a `table`. ambiguity: an `L1Ball`, a `KLBall` or an
        `IntervalSet` of `mdpkit.solve`.
    Returns: a scalar Interval; exact for rationals, except in a KL ball.
    Raises: InvalidModel if the policy or the sets do not fit the problem.
    Source: adapted from Iyengar, 2005.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Discounted, TabularPolicy
    >>> from mdpkit.solve import L1Ball
    >>> work = MDP(objects([[[1, 0]], [[0, 1]]]), objects([[1], [0]]), objects([1, 0]), horizon=Discounted("1/2"))
    >>> robust_value(work, TabularPolicy(objects([[1], [1]])), L1Ball("1/2"))
    Interval(8/5, exact)
    """
    V = robust_values(problem, tabular(problem, policy), ambiguity)[0]
    return (law(problem, "rho") * (V[0] if isinstance(problem.horizon, Finite) else V)).sum()


@replaceable
def robust_optimal_value(problem: MDP, ambiguity: Ambiguity) -> Interval:
    """Highest value of a policy in the worst MDP of (s,a)-rectangular sets, `[s]`, or `[t,s]` for Finite.

    Args: problem: a Discounted or Finite MDP. ambiguity: an `L1Ball`, a `KLBall` or an `IntervalSet`.

    A policy that attains it, and a worst model, are those of `solve(problem, RobustPlanning(ambiguity))`.
    """
    return play_against_nature(problem, ambiguity, None, 0)[0]


@replaceable
def worst_model(problem: MDP, policy: Policy, ambiguity: Ambiguity) -> MDP:
    """An MDP of (s,a)-rectangular sets in which the value of a policy is lowest, from every state: `robust_value`.

    Args: problem: a Discounted or Finite MDP. policy: a record with a `table`. ambiguity: an `L1Ball`, a `KLBall` or an
        `IntervalSet`.

    Its transition laws vary with time for Finite. On floats it is a worst model up to rounding.

    >>> from mdpkit.model import Finite, TabularPolicy
    >>> from mdpkit.solve import L1Ball
    >>> work = MDP([[[1.0, 0.0]], [[0.0, 1.0]]], [[1.0], [0.0]], horizon=Finite(2))
    >>> worst_model(work, TabularPolicy([[1.0], [1.0]]), L1Ball(0.5)).P[0, 0, 0]
    array([0.75, 0.25])
    """
    return robust_values(problem, tabular(problem, policy), ambiguity)[1]
