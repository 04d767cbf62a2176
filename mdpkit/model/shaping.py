"""Potential-based shaping of rewards."""

from ..base.errors import InvalidModel
from ..base.interval import Interval, Quantity, stack
from ..base.lifting import convert, enclose, number
from ..base.replaceable import replaceable
from .expectation import expected_next
from .horizon import Finite
from .mdp import MDP, stepwise


@replaceable
def shaped_reward(problem: MDP, potential: Quantity) -> Interval:
    """Shaped reward r + gamma E[potential(s')] - potential(s); `[t,s,a]` for Finite, `[s,a]` for Discounted.

    Args: potential: `[t,s]` with t = 0..H for Finite (gamma is then 1), `[s]` for Discounted.
    Raises: InvalidModel if it has a different shape.
    Source: adapted from Ng, Harada and Russell, 1999.
    """
    potential, finite = convert(potential, problem), isinstance(problem.horizon, Finite)
    wanted = (problem.horizon.H + 1, problem.S) if finite else (problem.S,)
    if potential.shape != wanted:
        raise InvalidModel(f"the potential has shape {potential.shape}; expected {wanted}")
    if not finite:
        return (
            enclose(problem.r)
            + expected_next(problem, potential) * number(problem.horizon.gamma, potential)
            - potential[:, None]
        )
    r = stepwise(problem.r, 2)
    steps = range(problem.horizon.H)
    return stack(
        [enclose(r[t % len(r)]) + expected_next(problem, potential[t + 1], t) - potential[t][:, None] for t in steps]
    )
