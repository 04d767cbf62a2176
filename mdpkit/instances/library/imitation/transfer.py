"""Rewards moved to other dynamics: a source, a target, and a potential with which a reward was shaped in the source."""

import numpy as np

from ....base.arrays import objects, rational
from ....model import MDP, Finite
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance


@named_instance
def lotteries(H: int = 3, delta: Exact = "1/4") -> Instance:
    """Two actions that lead to state 0 or 1 with probabilities that are exchanged in the target.

    In the source action 0 leads to state 0 with probability (1 + delta)/2 and action 1 with (1 - delta)/2, in the
    target the other way round. Action 1 pays 2 delta, and the potential is 1 on state 0. Averaged over the source's
    transitions it makes up for the reward, so that retraining in the target with the worst ties loses 2 delta at every
    step but the last:
    the bound 2 sum_t osc(Phi_{t+1}) max TV(P_t, P'_t) is attained.

    Args:
        H: horizon.
        delta: total variation between source and target, at most 1/2 for rewards in [0, 1].

    Returns: `source`, `target`, `potential[t,s]` and `delta`.
    Source: adapted from Ng, Harada and Russell, 1999.

    >>> lotteries(3, "1/4").source.P[0]
    array([[5/8, 3/8],
           [3/8, 5/8]], dtype=object)
    """
    expect_integer("H", H, 1)
    d = rational(delta)
    law = objects([(1 + d) / 2, (1 - d) / 2])
    r, start = objects([[0, 2 * d]] * 2), objects([1, 0])
    source, target = (
        MDP(objects([rows] * 2), r, start, horizon=Finite(H)) for rows in ([law, law[::-1]], [law[::-1], law])
    )
    return Instance(source=source, target=target, potential=objects([[1, 0]] * H + [[0, 0]]), delta=d)


@named_instance
def swapped_roads(H: int = 3) -> Instance:
    """Two roads, one of which pays at every step, that are exchanged in the target.

    At state 0, action 0 leads to state 1, which pays 1 at every later step, and action 1 is paid 1 and leads to
    state 2, which pays nothing. In the target the two states are exchanged. The source's optimal values as a potential,
    averaged over the source's transitions, leave its advantages, whose best policy in the target is the worst one
    there: the loss is H, all that can be lost, for every H >= 2.

    Args: H: horizon.

    Returns: `source`, `target` and `potential[t,s]`.
    Source: adapted from Ng, Harada and Russell, 1999.

    >>> swapped_roads(3).potential[:, 1]
    array([3, 2, 1, 0], dtype=object)
    """
    expect_integer("H", H, 1)
    P = np.zeros((3, 2, 3), dtype=int)
    P[0, 0, 1] = P[0, 1, 2] = 1
    P[1, :, 1] = P[2, :, 2] = 1
    Q = P.copy()
    Q[0] = P[0, ::-1]
    r, start = objects([[0, 1], [1, 1], [0, 0]]), objects([1, 0, 0])
    source, target = (MDP(objects(rows), r, start, horizon=Finite(H)) for rows in (P, Q))
    values = [[max(1, H - t - 1), H - t, 0] for t in range(H)] + [[0, 0, 0]]
    return Instance(source=source, target=target, potential=objects(values))


@named_instance
def late_exits(H: int = 4, k: int = 2, eps: Exact = "1/8") -> Instance:
    """A state that should be left at once, and a potential for which leaving a step later always looks as good.

    At state 0, action 0 leaves for an absorbing state 1 + t of its own at each step t, and action 1 stays; everything
    pays 1, but staying 1 - 2 eps. The potential is wrong by eps: too low for the state left to k steps ago, too high
    for state 0 and for the one left to k - 1 steps ago. Plans over k steps with it, with the worst ties, never leave
    before the end is in sight, and lose 2 eps at each of H - k steps.

    Args:
        H: horizon.
        k: number of steps that are planned ahead, below H.
        eps: largest error of the potential, at most 1/2 for rewards in [0, 1].

    Returns: `mdp`, `potential[t,s]`, `k` and `eps`.
    Source: adapted from Ng, Harada and Russell, 1999.

    >>> late_exits(3, 1, "1/4").mdp
    MDP(S=4, A=2, Finite(H=3), rational, 24 transitions)
    """
    expect_integer("H", H, 2)
    expect_integer("k", k, 1)
    error = rational(eps)
    P = np.zeros((H, H + 1, 2, H + 1), dtype=int)
    P[:, np.arange(1, H + 1), :, np.arange(1, H + 1)] = 1
    P[np.arange(H), 0, 0, np.arange(1, H + 1)] = 1
    P[:, 0, 1, 0] = 1
    r = objects([[1, 1 - 2 * error], *[[1, 1]] * H])
    potential = objects([[H - t] * (H + 1) for t in range(H + 1)])
    for t in range(H):
        potential[t, 0] += error
        if t >= k:
            potential[t, 1 + t - k] -= error
        if t >= k - 1:
            potential[t, 2 + t - k] += error if k > 1 else 0
    start = objects(np.eye(1, H + 1, dtype=int)[0])
    return Instance(mdp=MDP(objects(P), r, start, horizon=Finite(H)), potential=potential, k=k, eps=error)
