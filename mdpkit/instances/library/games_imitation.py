"""Games with a restricted class of mediators, between which the objectives of multi-agent imitation choose."""

import numpy as np

from ...base.arrays import objects, rational
from ..catalogue import Exact, named_instance
from ..instance import Instance
from .games import fork

RARE = 2


@named_instance
def two_mediators(H: int = 20, b: Exact = "1/10", everywhere: Exact = "1/5", rare: Exact = 1) -> Instance:
    """A fork and a class of two mediators: one errs seldom everywhere, the other often, but in the rare branch alone.

    The error a_2 = 1 pays the first player in the rare branch, which the expert visits with probability b, and a
    deviating player for certain. On the expert's states the second mediator errs less, so that cloning prefers it; on
    the states of a deviation the first does, so that MALICE and BLADES prefer that.

    Args:
        H: horizon.
        b: probability with which the expert visits the rare branch.
        everywhere: probability of an error of the first mediator, at each step and state.
        rare: probability of an error of the second mediator in the rare branch, at each step.

    Returns: `game`, `expert`, `members[k,s,j]`, `b`, `everywhere` and `rare`.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.

    >>> two_mediators(20).members[:, RARE]
    array([[4/5, 1/5, 0, 0],
           [0, 1, 0, 0]], dtype=object)
    """
    m, everywhere, rare = fork(H, b), rational(everywhere), rational(rare)
    often, seldom = objects([1 - rare, rare, 0, 0]), objects([1 - everywhere, everywhere, 0, 0])
    members = np.stack([np.stack([seldom] * 3), m.expert.table])
    members[1, RARE] = often
    return Instance(game=m.game, expert=m.expert, members=members, b=rational(b), everywhere=everywhere, rare=rare)
