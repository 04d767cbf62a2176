"""Bandits and small processes for policy gradients: `step` is the step size, `rounds` the number of steps."""

import numpy as np

from ....base.arrays import objects, rational
from ....model import MDP, Discounted, TabularPolicy
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance

LOG_TWO = rational("253/365")
"""log 2 to five digits."""


def ascent(P, r, gamma: Exact, step: Exact, rounds: int, rival: list[int], start=None) -> Instance:
    """Gradient ascent from a start policy, by default uniform, on an MDP whose episodes start at state 0.

    Args: rival: the optimal action of each state, which the comparator plays.
    """
    S, A = np.shape(r)
    start = objects(np.ones((S, A), dtype=int)) / A if start is None else objects(start)
    mdp = MDP(objects(P), objects(r), objects([1] + [0] * (S - 1)), horizon=Discounted(gamma))
    best = TabularPolicy(objects(np.eye(A, dtype=int)[rival]))
    return Instance(mdp=mdp, start=TabularPolicy(start), rival=best, step=rational(step), rounds=rounds)


@named_instance
def arms(k: int = 2, c: Exact = 1, T: int = 4) -> Instance:
    """A bandit of 2^k arms, of which one pays.

    After T steps of natural policy gradient of size eta = c (1-gamma) log(2^k) / T the gap has a closed form, and is up
    to about half of the bound (log A / eta + 1/(1-gamma)^2) / T.

    Args:
        k: logarithm to the base 2 of the number of arms.
        c: step size in units of (1-gamma) log(2^k) / T.
        T: number of steps.

    Returns: `mdp`, the policies `start` (uniform) and `rival` (optimal), `step` and `rounds`.
    Source: adapted from Agarwal, Kakade, Lee and Mahajan, 2021.

    >>> arms(3).mdp
    MDP(S=1, A=8, Discounted(1/2), rational, 8 transitions)
    """
    expect_integer("k", k, 0)
    expect_integer("T", T, 1)
    step = rational(c) * k * LOG_TWO / (2 * T)
    return ascent(np.ones((1, 2**k, 1), dtype=int), [[1] + [0] * (2**k - 1)], "1/2", step, T, [0])


@named_instance
def rare_arm(j: int = 2) -> Instance:
    """A bandit of two arms, the paying one of which has probability 2^-k at the start, k = 4^j.

    The gap after k steps of natural policy gradient of size (1 - 2^-j) log(2) / 2 is a share of the bound that tends
    to 1: its constant is optimal.

    Args: j: k = 4^j.

    Returns: `mdp`, the policies `start` and `rival` (optimal), `step`, `rounds`, and `share`, 1 - 2^(1-j).
    Source: adapted from Agarwal, Kakade, Lee and Mahajan, 2021.

    >>> rare_arm(2).rounds
    16
    """
    expect_integer("j", j, 1)
    k, short = 4**j, 1 / rational(2**j)
    start = [[1 / rational(2**k), 1 - 1 / rational(2**k)]]
    return ascent([[[1], [1]]], [[1, 0]], "1/2", (1 - short) * LOG_TWO / 2, k, [0], start).replace(share=1 - 2 * short)


@named_instance
def detour(pays: Exact = 1) -> Instance:
    """Two states, of which the first pays 2/5 for staying; the second is reached by leaving, and pays 1.

    Leaving is optimal, but not greedy for the values of the uniform policy: one large step of natural policy gradient
    is worse than log A / (eta T).

    Args: pays: factor of the rewards.

    Returns: `mdp`, the policies `start` (uniform) and `rival` (optimal), `step` and `rounds`.
    Source: adapted from Agarwal, Kakade, Lee and Mahajan, 2021.

    >>> detour().rival.table.argmax(axis=1)
    array([1, 0])
    """
    P, pays = [[[1, 0], [0, 1]], [[0, 1], [0, 1]]], rational(pays)
    return ascent(P, [[rational("2/5") * pays, 0], [pays, 0]], "1/2", 8, 1, [1, 0])


@named_instance
def hills(A: int = 64) -> Instance:
    """Four states before an absorbing goal that pays 1 per step; one action of A advances.

    The others stay, for a reward that falls with every state. Natural policy gradient learns the states one after the
    other, from the goal backwards: its bound needs the second factor 1/(1-gamma).

    Args: A: number of actions.

    Returns: `mdp`, the policies `start` (uniform) and `rival` (optimal), `step` and `rounds`.
    Source: adapted from Agarwal, Kakade, Lee and Mahajan, 2021.

    >>> hills().mdp
    MDP(S=5, A=64, Discounted(9/10), rational, 320 transitions)
    """
    expect_integer("A", A, 2)
    P, r = np.zeros((5, A, 5), dtype=int), objects(np.zeros((5, A), dtype=int))
    for s, stay in enumerate(("31/100", "1/5", "4/25", "1/50", 1)):
        P[s, 1:, s] = P[s, 0, min(s + 1, 4)] = 1
        r[s, 1:] = rational(stay)
    r[4, 0] = rational(1)
    return ascent(P, r, "9/10", 1000, 4, [0, 0, 0, 0, 0])
