"""Instances of the claims of this folder."""

import numpy as np

from ...base.arrays import objects, rational
from ...instances.instance import Instance
from ...model import MDP, Discounted, TabularPolicy
from ...solve import solve

LOG_TWO = rational("253/365")


def planned(P, r, gamma, step, rounds, start=None):
    """Planning from state 0 and a start policy, by default uniform; the comparator is an optimal policy."""
    S, A = np.shape(r)
    rho = objects([1] + [0] * (S - 1))
    start = objects(np.ones((S, A), dtype=int)) / A if start is None else objects(start)
    mdp = MDP(objects(P), objects(r), rho, horizon=Discounted(gamma))
    return Instance(mdp=mdp, start=TabularPolicy(start), rival=solve(mdp).policy, step=rational(step), rounds=rounds)


def arms(k, c, T):
    """2^k arms, of which one pays."""
    return planned(np.ones((1, 2**k, 1), dtype=int), [[1] + [0] * (2**k - 1)], "1/2", c * k * LOG_TWO / (2 * T), T)


def listed():
    best = ((1, "59/32"), (3, "19/20"), (5, "9/11"), (10, "11/14"))
    return [arms(k, rational(c), T).replace(k=k) for k, c in best for T in (1, 4, 16, 64)]


def rare(j):
    """Two arms, k = T = 4^j, c = 1 - 2^-j."""
    k, short = 4**j, 1 / rational(2**j)
    start = [[1 / rational(2**k), 1 - 1 / rational(2**k)]]
    return planned([[[1], [1]]], [[1, 0]], "1/2", (1 - short) * LOG_TWO / 2, k, start).replace(share=1 - 2 * short)


def detour(pays=1):
    """State 0 pays 2/5 for staying; action 1 leads to state 1, where action 0 pays 1. Leaving is optimal, but not greedy at the start."""
    return planned([[[1, 0], [0, 1]], [[0, 1], [0, 1]]], [[rational("2/5") * pays, 0], [pays, 0]], "1/2", 8, 1)


def hills():
    """Four states before an absorbing goal that pays 1 per step. One action of 64 advances; the others stay, for a small reward."""
    P, r = np.zeros((5, 64, 5), dtype=int), objects(np.zeros((5, 64), dtype=int))
    for s, stay in enumerate(("31/100", "1/5", "4/25", "1/50", 1)):
        P[s, 1:, s] = P[s, 0, min(s + 1, 4)] = 1
        r[s, 1:] = rational(stay)
    r[4, 0] = rational(1)
    return planned(P, r, "9/10", 1000, 4)
