"""Roads that a learner may leave: what a mistake costs depends on the way back."""

import numpy as np

from ....base.arrays import objects, rational
from ....model import MDP, Finite, TabularPolicy
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance


def first_action(S: int, A: int) -> TabularPolicy:
    """The policy of S states and A actions that plays action 0 everywhere."""
    return TabularPolicy(objects(np.eye(A, dtype=int)[np.zeros(S, dtype=int)]))


@named_instance
def road(H: int = 3, eps: Exact = "1/10", recovers: bool = True) -> Instance:
    """A road to which every action leads back in one step, or only one that the learner does not play.

    State 0 pays for action 0, action 1 falls to state 1. If every action recovers, a slip forfeits two rewards and the
    gap is nearly (2H - 1) eps, linear in H. If action 0 alone recovers, and the learner plays action 1 there, the gap
    is quadratic again.

    Args:
        H: horizon.
        eps: probability of a slip at state 0.
        recovers: whether action 1 of state 1 leads back as well.

    Returns: `mdp`, `expert`, `learner` and `eps`.
    Source: adapted from Ross and Bagnell, 2010, and Swamy, Choudhury, Bagnell and Wu, 2021.

    >>> road(3, recovers=False).learner.table[1]
    array([0, 1], dtype=object)
    """
    error = rational(eps)
    P = objects([[[1, 0], [0, 1]], [[1, 0], [1, 0] if recovers else [0, 1]]])
    mdp = MDP(P, objects([[1, 0], [0, 0]]), objects([1, 0]), horizon=Finite(H))
    learner = TabularPolicy(objects([[1 - error, error], [1, 0] if recovers else [0, 1]]))
    return Instance(mdp=mdp, eps=error, expert=first_action(2, 2), learner=learner)


@named_instance
def fog(H: int = 3, p: Exact = "1/2") -> Instance:
    """A road in the fog: at each step in one of two states, drawn anew, and a wrong action ends it.

    At states 0 and 1, the latter with probability p at each step, action 0 stays on the road and pays 1; action 1 falls
    to an absorbing state. States that n demonstrations have not shown at some step make behavioural cloning lose order
    H^2 / n.

    Args:
        H: horizon.
        p: probability of state 1 on the road.

    Returns: `mdp` and `expert`.
    Source: adapted from Rajaraman, Yang, Jiao and Ramchandran, 2020.

    >>> fog(4, "1/3").mdp.rho
    array([2/3, 1/3, 0], dtype=object)
    """
    share, fall = rational(p), objects([0, 0, 1])
    ahead = objects([1 - share, share, 0])
    P, r = objects([[ahead, fall]] * 2 + [[fall, fall]]), objects([[1, 0], [1, 0], [0, 0]])
    return Instance(mdp=MDP(P, r, ahead, horizon=Finite(H)), expert=first_action(3, 2))


@named_instance
def ditch(H: int = 3, A: int = 3) -> Instance:
    """A road beside a ditch that one action of A leaves.

    State 0 pays 1 for action 0, which stays; the others fall to state 1, from which only action 0 leads back, unpaid.
    The expert never shows the way out: a clone loses order H^2, a learner that queries the expert on its own states
    order H.

    Args:
        H: horizon.
        A: number of actions.

    Returns: `mdp` and `expert`.
    Source: adapted from Ross, Gordon and Bagnell, 2011.

    >>> ditch(4, 8).mdp
    MDP(S=2, A=8, Finite(H=4), rational, 16 transitions)
    """
    expect_integer("A", A, 2)
    P = np.broadcast_to(np.array([[0, 1]]), (2, A, 2)).copy()
    P[:, 0] = [1, 0]
    r = np.zeros((2, A), dtype=int)
    r[0, 0] = 1
    mdp = MDP(objects(P), objects(r), objects([1, 0]), horizon=Finite(H))
    return Instance(mdp=mdp, expert=first_action(2, A))
