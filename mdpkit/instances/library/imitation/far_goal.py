"""A corridor with a goal at its end: a reward that is far away, on which few steps of lookahead find nothing."""

import numpy as np

from ....base.arrays import objects
from ....model import MDP, Finite, TabularPolicy
from ...catalogue import expect_integer, named_instance
from ...instance import Instance


@named_instance
def far_goal(S: int = 6, H: int = 8) -> Instance:
    """A corridor whose last state pays 1 at every step; action 0 goes back, action 1 ahead, and the goal is absorbing.

    The reward of the next steps says nothing before the goal is near: a learner with a short lookahead needs a
    potential. As the scale c grows, c V* makes its first update optimal, so that no potential is better than the
    best-scaled V*.

    Args:
        S: number of states; episodes start at state 0.
        H: horizon, at least S for a positive return.

    Returns: `mdp` and `expert`, which goes ahead and returns H - S + 1.
    Source: adapted from Sapora, Swamy, Lu, Teh and Foerster, 2024.

    >>> far_goal(4, 6).mdp
    MDP(S=4, A=2, Finite(H=6), rational, 8 transitions)
    """
    expect_integer("S", S, 2)
    P = np.zeros((S, 2, S), dtype=int)
    ahead = np.arange(S - 1)
    P[ahead, 0, np.maximum(ahead - 1, 0)] = P[ahead, 1, ahead + 1] = 1
    P[S - 1, :, S - 1] = 1
    r = np.zeros((S, 2), dtype=int)
    r[S - 1] = 1
    mdp = MDP(objects(P), objects(r), objects(np.eye(1, S, dtype=int)[0]), horizon=Finite(H))
    return Instance(mdp=mdp, expert=TabularPolicy(objects([[0, 1]] * S)))
