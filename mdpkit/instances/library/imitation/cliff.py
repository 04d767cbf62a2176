"""Mistakes that cost every later reward, or are repeated: a learner with error eps per step loses order eps H^2."""

from collections.abc import Sequence

import numpy as np

from ....base.arrays import objects, rational
from ....model import MDP, Finite, TabularPolicy
from ... import families
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance


@named_instance
def cliff(H: int = 3, eps: Exact = "1/4", reward: Exact = 1) -> Instance:
    """A cliff, an expert that never falls, and a learner that falls with probability eps at each step.

    State 0 pays for action 0, which stays; action 1 falls to an absorbing state without reward. The value gap is
    sum_k (1 - (1 - eps)^k), k = 1..H, at least (1 - eps H/2) eps H(H+1)/2: the quadratic bound of behavioural cloning
    is attained as eps tends to 0, and no bound linear in H holds.

    Args:
        H: horizon.
        eps: probability of a fall at each step.
        reward: for action 0 at state 0.

    Returns: `mdp`, `expert`, `learner` and `eps`.
    Source: adapted from Ross and Bagnell, 2010.

    >>> cliff(5, "1/10").learner.table[0]
    array([9/10, 1/10], dtype=object)
    """
    error = rational(eps)
    expert, learner = (TabularPolicy(objects([row, [1, 0]])) for row in ([1, 0], [1 - error, error]))
    return Instance(mdp=families.cliff(H, reward), eps=error, expert=expert, learner=learner)


@named_instance
def first_fall(H: int = 3, eps: Exact = 1) -> Instance:
    """The cliff, with a learner that may fall at the first step only.

    Its gap is H eps, u = H is the range of the expert's action values, and it makes eps mistakes on its own states:
    the bound u sum_t E_{d_t^L} TV(E, L) is attained.

    Args:
        H: horizon.
        eps: probability of a fall at the first step.

    Returns: `mdp`, `expert`, `learner`, `eps` and `name`.
    Source: adapted from Swamy, Choudhury, Bagnell and Wu, 2021.

    >>> first_fall(3).learner
    TabularPolicy(S=2, A=2, 3 steps, rational)
    """
    m = cliff(H, eps)
    learner = TabularPolicy(np.stack([m.learner.table, *[m.expert.table] * (H - 1)]))
    return m.replace(learner=learner, name="first fall")


@named_instance
def habit(H: int = 3, eps: Exact = "1/10") -> Instance:
    """A learner that slips with probability eps, and at every step after its first slip.

    Action 0 pays and leads to state 0, action 1 to state 1. A mistake costs u = 1 reward, so that the gap is the
    expected number of mistakes under the learner's own occupancy. Under the expert's occupancy there are too few: the
    gap is up to (H+1)/2 times their number.

    Args:
        H: horizon.
        eps: probability of a slip at state 0.

    Returns: `mdp`, `expert`, `learner`, `eps` and `name`.
    Source: adapted from Swamy, Choudhury, Bagnell and Wu, 2021.

    >>> habit(4).learner.table[1]
    array([0, 1], dtype=object)
    """
    error = rational(eps)
    mdp = MDP(objects([[[1, 0], [0, 1]]] * 2), objects([[1, 0]] * 2), objects([1, 0]), horizon=Finite(H))
    expert, learner = (TabularPolicy(objects(table)) for table in ([[1, 0]] * 2, [[1 - error, error], [0, 1]]))
    return Instance(mdp=mdp, eps=error, expert=expert, learner=learner, name="habit")


@named_instance
def lanes(e: Sequence[Exact] = ("1/3", "1/3", "1/3"), reward: Exact = 1) -> Instance:
    """Disjoint lanes, on each of which the learner falls at a step of its own.

    An episode starts in lane t with probability e[t], and the learner falls there at step t; on one more lane it never
    does. A lane pays for action 0 and leads to itself; action 1 falls to the last state, which pays nothing. The gap is
    sum_t (H-t) e_t: the bounds of behavioural cloning are attained at errors of any size, not only in the limit.

    Args:
        e: error of every step, of sum at most 1; its length is the horizon.
        reward: for action 0 on a lane.

    Returns: `mdp`, `expert`, `learner` and `e`.
    Source: adapted from Ross and Bagnell, 2010.

    >>> lanes(["1/2", 0]).mdp
    MDP(S=4, A=2, Finite(H=2), rational, 8 transitions)
    """
    H, errors = len(e), objects(e)
    P, r = np.zeros((H + 2, 2, H + 2), dtype=int), objects(np.zeros((H + 2, 2), dtype=int))
    for lane in range(H + 1):
        P[lane, 0, lane], P[lane, 1, H + 1], r[lane, 0] = 1, 1, rational(reward)
    P[H + 1, :, H + 1] = 1
    stay = np.broadcast_to([1, 0], (H, H + 2, 2)).copy()
    slips = stay.copy()
    slips[np.arange(H), np.arange(H)] = [0, 1]
    mdp = MDP(objects(P), r, objects([*errors, 1 - errors.sum(), 0]), horizon=Finite(H))
    return Instance(mdp=mdp, expert=TabularPolicy(objects(stay)), learner=TabularPolicy(objects(slips)), e=errors)


@named_instance
def flips(N: int = 2) -> Instance:
    """A cliff of two steps and N policies that in turn keep to it and fall, against two rewards.

    The imitation gap of the uniform mixture of the policies equals the average regrets of rewards and policies; that
    of the average of their tables does not.

    Args: N: number of policies, and of rewards played.

    Returns: `mdp`, `expert`, the policies' tables `learners[k,t,s,a]`, the rewards played against them
        `played[k,s,a]`, and the class of rewards `rewards[k,s,a]`.
    Source: adapted from Ren, Swamy, Wu, Bagnell and Choudhury, 2024.

    >>> flips(3).learners.shape
    (3, 2, 2, 2)
    """
    expect_integer("N", N, 1)
    return cliff(2, 0).replace(
        learners=objects([[[[1 - k % 2, k % 2], [1, 0]]] * 2 for k in range(N)]),
        played=objects([[[k, 1], [0, k]] for k in range(N)]),
        rewards=objects([[[1, 0], [0, 0]], [[0, 1], [-1, 0]]]),
    )


@named_instance
def leak(H: int = 3, eps: Exact = "1/4", reward: Exact = 1) -> Instance:
    """A paying state that leaks into an absorbing one, and a model without the leak.

    There is one action and no choice: the value in the MDP falls short of that in the model by the sum over steps of
    the error in total variation times the oscillation of the model's values. The simulation lemma is attained, for
    every H and eps.

    Args:
        H: horizon.
        eps: probability of leaving state 0, at each step.
        reward: of state 0.

    Returns: `mdp`, `model`, `policy` and `eps`.
    Source: adapted from Kearns and Singh, 2002.

    >>> leak(3, "1/2").mdp.P[0, 0]
    array([1/2, 1/2], dtype=object)
    """
    error = rational(eps)
    laws = ([[[1 - error, error]], [[0, 1]]], [[[1, 0]], [[0, 1]]])
    mdp, model = (MDP(objects(P), objects([[reward], [0]]), objects([1, 0]), horizon=Finite(H)) for P in laws)
    return Instance(mdp=mdp, model=model, eps=error, policy=TabularPolicy(objects([[1], [1]])))
