"""Planning over a few steps, with a potential in place of the value of what follows."""

from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity, stack
from ...base.replaceable import replaceable
from ...model.horizon import Finite
from ...model.mdp import MDP
from ...model.shaping import shaped_reward
from .._known import convert, expected_next


@replaceable
def lookahead_action_value(problem: MDP, potential: Quantity, k: int) -> Interval:
    """Optimal action values `[t,s,a]` of the shaped reward over the next k steps, or until the end if that is sooner.

    They equal max E[r_t + ... + r_{t+k-1} + potential_{t+k}] - potential_t(s) over plans that begin with a. With k = 1
    this is the shaped reward itself; with k = H, Q* - potential.

    Args:
        problem: a finite-horizon MDP in which every action exists.
        potential: `[t,s]`, t = 0..H, with a last row of 0.
        k: number of steps, at least 1.
    Raises: InvalidModel for another problem, potential or k.
    Source: adapted from Ng, Harada and Russell, 1999.

    >>> from mdpkit.instances import named
    >>> cliff = named("cliff", H=2).mdp
    >>> lookahead_action_value(cliff, [[2, 0], [1, 0], [0, 0]], 1).lower[0, 0]
    array([0, -2], dtype=object)
    """
    if not isinstance(problem.horizon, Finite) or problem.mask is not None:
        raise InvalidModel(f"{problem!r}: plans are made over a finite horizon, where every action exists")
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InvalidModel(f"k is {k!r}; expected an integer of at least 1")
    reward, H = shaped_reward(problem, convert(potential, problem)), problem.horizon.H
    Q = []
    for t in range(H):
        last = min(t + k, H) - 1
        ahead = reward[last]
        for u in range(last - 1, t - 1, -1):
            ahead = reward[u] + expected_next(problem, ahead.max(axis=-1), u)
        Q.append(ahead)
    return stack(Q)
