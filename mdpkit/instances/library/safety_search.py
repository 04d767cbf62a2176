"""Graphs on which the constraint that stops an episode decides what a search, a shield or a transfer costs."""

import numpy as np

from ...model import SafetyProblem
from ..catalogue import expect_integer, named_instance
from ..instance import Instance


@named_instance
def doomed_tree(A: int = 2, N: int = 2) -> Instance:
    """A safe state beside a tree of doomed states, in which every path fails after N further steps.

    In state 0 the last action enters the root of the tree, all others stay. Every action of a state of the tree leads
    to a child of its own, those of the N-th level to failure, the last state. Only an action into the root need be
    tried to know the tube; a search that is stopped by failure alone fails A^N times.

    Args: A: number of actions, at least 2. N: number of levels of the tree.

    Returns: `problem`, and the numbers `A` and `N`.
    Source: adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.

    >>> doomed_tree(2, 2).problem.successors.tolist()
    [[0, 1], [2, 3], [4, 4], [4, 4], [4, 4]]
    """
    expect_integer("A", A, 2)
    expect_integer("N", N, 0)
    inside = sum(A**level for level in range(N))
    last = inside + 1
    successors = np.full((last + 1, A), last)
    successors[0] = [0] * (A - 1) + [1]
    for s in range(1, last):
        children = A * (s - 1) + 2 + np.arange(A)
        successors[s] = np.where(children < last, children, last)
    return Instance(problem=SafetyProblem(np.arange(last + 1) == last, successors), A=A, N=N)


@named_instance
def gate(L: int = 3) -> Instance:
    """A walk of L safe states that all pass a gate: a state that another system cannot keep safe.

    Under the source every action of the gate leads to failure; under the target the gate can be kept. All other states
    lead to the next one under both. The tube of the source is not only the gate: no state before it can stop, so that
    planning with the learned constraint in the target forbids all of them, although none is doomed there.

    Args: L: number of states before the gate, which can stop under the source alone.

    Returns: `source` and `target`.
    Source: adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.

    >>> gate(2).source.successors.tolist(), gate(2).target.successors.tolist()
    ([[1, 0], [2, 1], [3, 3], [3, 3]], [[1, 1], [2, 2], [2, 3], [3, 3]])
    """
    expect_integer("L", L, 0)
    states, failure = np.arange(L + 2), L + 1
    ahead = np.minimum(states + 1, failure)
    source = np.stack([ahead, np.where(states < L, states, ahead)], axis=1)
    target = np.stack([np.where(states == L, L, ahead), ahead], axis=1)
    lost = states == failure
    return Instance(source=SafetyProblem(lost, source), target=SafetyProblem(lost, target), L=L)
