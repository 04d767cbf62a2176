"""Graph analysis for total reward: where a process can rest, and from where rest can surely be reached.

Only the possible transitions matter here, not their probabilities.
"""

import numpy as np

from ..kernels.reach import shortest_paths
from ..model.mdp import as_uint32

SMALL = 200
"""Graphs of at most this many transitions are searched without compiling the search."""


def transitions(problem):
    """Possible transitions of a problem, a CSR matrix of ones `[s*A+a, n]`."""
    from scipy.sparse import csr_array

    if problem.sparse:
        edges = csr_array(problem.P, copy=True)
        edges.eliminate_zeros()
    else:
        edges = csr_array(np.asarray(problem.P != 0, dtype=float).reshape(-1, problem.S))
    edges.data[:] = 1
    return edges


def free_pairs(problem) -> np.ndarray:
    """`[s,a]`, True where the action exists and pays exactly 0."""
    return problem.available & np.asarray(problem.r == 0, dtype=bool)


def closed_under(allowed, edges, states) -> np.ndarray:
    """`[s,a]`, True for the allowed actions of the `states[s]` whose successors all lie in `states`."""
    outside = (edges @ (~states).astype(float)).reshape(allowed.shape) > 0
    return allowed & states[:, None] & ~outside


def stay_for_ever(allowed, edges) -> np.ndarray:
    """The largest set of states `[s]` in which one can stay for ever with probability 1 by allowed actions."""
    states = np.ones(len(allowed), dtype=bool)
    while True:
        kept = closed_under(allowed, edges, states).any(axis=1)
        if (kept == states).all():
            return states
        states = kept


def steps_towards(owner, rows, goal, allowed=None) -> np.ndarray:
    """One row a state, on a shortest path to the goal; -1 in the goal, and in states without a path.

    Args: owner: `[row]`, the state to which each row belongs. rows: a CSR matrix `[row, n]` of transitions.
        goal: `[s]` booleans. allowed: `[row]` booleans; defaults to all rows.
    """
    return paths_towards(owner, rows, goal, allowed)[0]


def paths_towards(owner, rows, goal, allowed=None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `steps_towards`; the paths' lengths, -1 without one; and the states in their order, those without last."""
    allowed = np.ones(len(owner), dtype=bool) if allowed is None else allowed
    search = shortest_paths.py_func if rows.nnz <= SMALL else shortest_paths
    return search(as_uint32(rows.indices), as_uint32(rows.indptr), owner, goal, allowed)


def surely_reach(available, edges, goal) -> np.ndarray:
    """The states `[s]` from which some policy reaches the goal with probability 1.

    Args: available: `[s,a]`. edges: CSR `[s*A+a, n]`. goal: `[s]` booleans.

    The largest set from each of whose states the goal can be reached without an action that may leave the set; a policy
    that takes a shortest path then reaches it surely.
    Source: adapted from de Alfaro, 1997, chapter 3.

    >>> import scipy.sparse
    >>> edges = scipy.sparse.csr_array([[0, 1, 1], [0, 1, 0], [0, 0, 1]])
    >>> surely_reach(np.ones((3, 1), dtype=bool), edges, np.array([False, True, False])).tolist()
    [False, True, False]
    """
    states, owner = np.ones(len(available), dtype=bool), np.repeat(np.arange(len(available)), available.shape[1])
    while True:
        safe = closed_under(available, edges, states).ravel()
        kept = goal | (steps_towards(owner, edges, goal, safe) >= 0)
        if (kept == states).all():
            return states
        states = kept


def may_miss(available, edges, goal) -> np.ndarray:
    """The states `[s]` from which some policy misses the goal with positive probability.

    They are those with a path, outside the goal, to a state from which some policy surely never reaches it.
    """
    outside = available & ~goal[:, None]
    owner = np.repeat(np.arange(len(available)), available.shape[1])
    never = stay_for_ever(outside, edges)
    return never | (steps_towards(owner, edges, never, outside.ravel()) >= 0)
