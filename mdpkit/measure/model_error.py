"""What a wrong model of the process costs."""

from ..base.interval import Interval
from ..model.mdp import stepwise
from ._known import known
from ._public import public
from .occupancy import occupancy


@public
def reward_error(problem, model, policy) -> Interval:
    """E |r - r'| over the state and action at step t of the problem itself, `[t]`; Discounted: their discounted sum.

    Args: problem, model: MDPs of the same states, actions and horizon.
    """
    return _visited(problem, policy, abs(known(stepwise(problem.r, 2)) - known(stepwise(model.r, 2))))


@public
def transition_error(problem, model, policy) -> Interval:
    """E TV(P, P') over the state and action at step t of the problem itself, `[t]`; Discounted: their discounted sum."""
    P, Q = known(stepwise(problem.P, 3), problem.defect), known(stepwise(model.P, 3), model.defect)
    return _visited(problem, policy, abs(P - Q).sum(axis=-1) / 2)


def _visited(problem, policy, error):
    d = occupancy(problem, policy)
    return (d * error).sum(axis=(1, 2)) if d.ndim == 3 else (d * error[0]).sum()
