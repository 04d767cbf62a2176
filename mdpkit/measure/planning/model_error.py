"""Errors of a model of the MDP, under a policy's occupancy or per state and action."""

from ...base.interval import Interval, Quantity
from ...base.replaceable import replaceable
from ...model.mdp import MDP, stepwise
from ...model.policy import Policy
from ...model.shaping import shaped_reward
from .._known import dynamics, enclose, row_error
from .occupancy import occupancy


@replaceable
def reward_error(problem: MDP, model: MDP, policy: Policy) -> Interval:
    """E |r - r'| under the policy's occupancy in the problem at step t, `[t]`; Discounted: the discounted sum over t.

    Args: problem, model: MDPs of the same states, actions and horizon.
    """
    return _weigh(problem, policy, abs(enclose(stepwise(problem.r, 2)) - enclose(stepwise(model.r, 2))))


@replaceable
def transition_error(problem: MDP, model: MDP, policy: Policy) -> Interval:
    """E TV(P, P') under the policy's occupancy in the problem at step t, `[t]`; Discounted: the discounted sum over t.

    Args: problem, model: MDPs or MarkovGames of the same states, actions and horizon.
    """
    problem, model = dynamics(problem), dynamics(model)
    P, Q = (enclose(stepwise(each.P, 3), row_error(each)) for each in (problem, model))
    return _weigh(problem, policy, abs(P - Q).sum(axis=-1) / 2)


@replaceable
def backup_error(problem: MDP, model: MDP, values: Quantity) -> Interval:
    """One-step Bellman backup error |r' - r + gamma (P' - P) values| of the model, `[t,s,a]`; Discounted: `[s,a]`.

    Args: problem, model: MDPs of the same states, actions and horizon. values: of the next state, `[t,s]` with t = 0..H
        for Finite, `[s]` for Discounted; an Interval or numbers.
    """
    return abs(shaped_reward(model, values) - shaped_reward(problem, values))


def _weigh(problem, policy, error):
    d = occupancy(problem, policy)
    return (d * error).sum(axis=(1, 2)) if d.ndim == 3 else (d * error[0]).sum()
