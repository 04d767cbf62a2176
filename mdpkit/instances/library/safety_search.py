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

    Under the source every action of the gate leads to failure, and the states before it may stay: its tube is the gate
    and failure. Under the target the gate can be kept, and every state before it leads to the next one: only failure is
    doomed. Planning in the target with the source's tube forbids all states, since none before the gate avoids it.

    Args: L: number of states before the gate.

    Returns: `source`, `target` and the number `L`.
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


@named_instance
def walled_cart(right: int = 2, left: int = 1, vmax: int = 1, xmax: int = 3) -> Instance:
    """A cart on the integers between two walls, with a brake of its own before each.

    Position and velocity move at the same time, x' = x + v and v' = v + a with -right <= a <= left, clipped to |x| <=
    xmax and |v| <= vmax; |x| = xmax is failure. State (x + xmax)(2 vmax + 1) + v + vmax. Failure is inevitable exactly
    where x + stop(v) >= xmax with the brake before the right wall, or -x + stop(-v) >= xmax with that before the left
    one, if xmax exceeds all braking distances.

    Args:
        right: largest deceleration when moving right, at least 1.
        left: largest deceleration when moving left, at least 1.
        vmax: top speed.
        xmax: position of the right wall; the left one is at -xmax.

    Returns: `problem`.
    Source: adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.

    >>> walled_cart(1, 1, 1, 2).problem
    SafetyProblem(S=15, A=3, 6 failure states)
    """
    for name, number in (("right", right), ("left", left), ("vmax", vmax), ("xmax", xmax)):
        expect_integer(name, number, 1)
    x, v = np.meshgrid(np.arange(-xmax, xmax + 1), np.arange(-vmax, vmax + 1), indexing="ij")
    x, v, a = x.ravel(), v.ravel(), np.arange(-right, left + 1)
    place = np.clip(x + v, -xmax, xmax)
    speed = np.clip(v[:, None] + a, -vmax, vmax)
    successors = (place[:, None] + xmax) * (2 * vmax + 1) + speed + vmax
    return Instance(problem=SafetyProblem(abs(x) == xmax, successors))


@named_instance
def bridge(n: int = 3) -> Instance:
    """A bridge of n states that can be crossed only by switching between two dynamics at every step.

    On state k the dynamics of the parity of k lead to the next state, the others into failure, the last state; the
    bridge is a circle. Each dynamics alone fail from every state; switching by parity never does.

    Args: n: number of states of the bridge, at least 2.

    Returns: `first` and `second`, the two dynamics, and the number `n`.
    Source: adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.

    >>> bridge(2).first.successors.tolist(), bridge(2).second.successors.tolist()
    ([[1], [2], [2]], [[2], [0], [2]])
    """
    expect_integer("n", n, 2)
    states = np.arange(n + 1)
    ahead = (states + 1) % n
    dynamics = [np.where((states % 2 == parity) & (states < n), ahead, n)[:, None] for parity in (0, 1)]
    first, second = (SafetyProblem(states == n, each) for each in dynamics)
    return Instance(first=first, second=second, n=n)
