"""Processes with a wrong model, or one that is fitted as the learner goes."""

import numpy as np

from ....base.arrays import objects, rational
from ....model import MDP, Finite, TabularPolicy
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance


@named_instance
def mirage(H: int = 3, hidden: Exact = "1/2", imagined: Exact = "1/2", reward: Exact = 1) -> Instance:
    """A fork whose model hides the rewarding branch of the expert and imagines it at the learner's.

    At state 0 action 0 leads to state 1, which pays in every later step, and action 1 to state 2, which pays nothing;
    both absorb. In the model action 0 leads to state 2 with probability `hidden`, and action 1 to state 1 with
    probability `imagined`. The expert takes action 0, the learner action 1. Model errors under both policies'
    occupancies are needed to bound the gap, and the bound is attained.

    Args:
        H: horizon, at least 2.
        hidden: error of the model at the expert's action.
        imagined: error of the model at the learner's action.
        reward: of state 1.

    Returns: `mdp`, `model`, and the policies `expert` and `learner`.
    Source: adapted from Vemula, Song, Singh, Bagnell and Choudhury, 2023.

    >>> mirage(2).model.P[0]
    array([[0, 1/2, 1/2],
           [0, 1/2, 1/2]], dtype=object)
    """
    expect_integer("H", H, 2)
    p, q, paid = rational(hidden), rational(imagined), rational(reward)
    good, bad = [[0, 1, 0]] * 2, [[0, 0, 1]] * 2
    r = objects([[0, 0], [paid, paid], [0, 0]])
    laws = objects([[[0, 1, 0], [0, 0, 1]], good, bad]), objects([[[0, 1 - p, p], [0, q, 1 - q]], good, bad])
    mdp, model = (MDP(P, r, objects([1, 0, 0]), horizon=Finite(H)) for P in laws)
    expert, learner = (TabularPolicy(objects([row] * 3)) for row in ([1, 0], [0, 1]))
    return Instance(mdp=mdp, model=model, expert=expert, learner=learner)


@named_instance
def turnoffs(H: int = 3, A: int = 2) -> Instance:
    """A road with turn-offs that a model fitted to the expert's data knows nothing about.

    At state 0 action 0 stays and pays 1/2; each other action leads to the absorbing state 1, which pays nothing. An
    entry that no policy reaches pays 1, so that 1 per step is the highest total reward that an unseen action may have.
    Ties go to the first action, and the expert plays action 0.

    Args:
        H: horizon.
        A: number of actions.

    Returns: `mdp` and `expert`.
    Source: adapted from Ren, Swamy, Wu, Bagnell and Choudhury, 2024.

    >>> turnoffs(2).mdp.r
    array([[1/2, 0],
           [0, 0],
           [1, 1]], dtype=object)
    """
    expect_integer("H", H, 1)
    expect_integer("A", A, 2)
    nodes = np.ones((3, A), dtype=int)
    nodes[0, 0], nodes[2] = 0, 2
    r = objects(np.zeros((3, A), dtype=int))
    r[0, 0], r[2] = rational("1/2"), rational(1)
    mdp = MDP(objects(np.eye(3, dtype=int)[nodes]), r, objects([1, 0, 0]), horizon=Finite(H))
    return Instance(mdp=mdp, expert=TabularPolicy(objects(np.eye(A, dtype=int)[[0] * 3])))
