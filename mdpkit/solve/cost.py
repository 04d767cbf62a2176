"""Predicted cost of exact policy iteration and of sparse factorisation."""

from math import lcm

import numpy as np

from ..model.horizon import Discounted

EXACT_SECONDS = 10
"""Rational infinite-horizon problems predicted to take less time, in seconds, are solved exactly."""

LARGEST_FACTOR = 5 * 10**7
"""Largest number of entries of a triangular factor for policy iteration on floats (about 1 GB for both factors)."""

NARROW = 4
"""A band is narrow if its squared half-width is at most this many times the transitions of a state."""


def exact_seconds(problem) -> float:
    """Predicted processor time of exact policy iteration on a rational infinite-horizon MDP, in seconds.

    With S states, A actions, m transitions and b = `equation_bits(problem)`: the entries of P are converted (1e-6 S^2
    A), an initial policy is found by sweeps in floats (5e-6 S^2), and the transitions are read for b (1e-6 m).
    Discounted: 3 improvements are counted, each a p-adic solve of S equations and a product with P on numbers of about
        S b bits,
    S^3 b (0.5 + 0.06 A) (1 + b/400) 1e-9. Average: the equations of gain and bias, with right sides as long as their
    solutions, 5e-8 S^3 b (1 + b/60) in all.

    The constants were measured on one core of about 3 GHz, with python-flint 0.9, on chains, Taxi, sparse and dense
    random laws of 100 to 800 states and denominators of 3 to 400 bits (150 to 500 states and 60 bits for Average); from
    the float optimum on, one to three improvements were enough, and none took longer than predicted.
    """
    S, A = problem.S, problem.A
    seconds = 1e-6 * S**2 * A + 5e-6 * S**2 + 1e-6 * np.count_nonzero(problem.P)
    if seconds >= EXACT_SECONDS:  # b need not be read
        return float(seconds)
    b = equation_bits(problem)
    if isinstance(problem.horizon, Discounted):
        return float(seconds + 3 * S**3 * b * (0.5 + 0.06 * A) * (1 + b / 400) * 1e-9)
    return float(seconds + 5e-8 * S**3 * b * (1 + b / 60))


def equation_bits(problem) -> float:
    """Mean bits of the common denominator of one of a policy's S equations, discount included.

    The mean is over states and actions; a 1/S share of the bits of the rewards' common denominator is added.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import MDP
    >>> equation_bits(MDP(objects([[["1/3", "2/3"]], [[0, 1]]]), objects([["1/4"], [0]]), horizon=Discounted("9/10")))
    7.0
    """
    rows = problem.P.reshape(-1, problem.S)
    laws = sum(lcm(*{int(p.q) for p in row[np.flatnonzero(row)]}).bit_length() for row in rows) / len(rows)
    rewards = lcm(*{int(x.q) for x in problem.r.flat}).bit_length() / problem.S
    discount = int(problem.horizon.gamma.q).bit_length() if isinstance(problem.horizon, Discounted) else 0
    return laws + rewards + discount


def is_narrow(problem) -> bool:
    """Whether eliminating a state in the band of a sparse float MDP costs no more than some sweeps over its rows."""
    return problem.sparse and problem.row_facts.half**2 <= NARROW * problem.P.nnz / problem.S


def factor_entries(problem) -> float:
    """Upper bound, over all policies, on the entries of a triangular factor of a policy's equations, for a float MDP.

    Dense problems have S^2/2; for sparse ones see `envelope`.
    """
    S = problem.S
    if not problem.sparse:
        return S**2 / 2
    from scipy.sparse import csr_array

    source = np.repeat(np.arange(S * problem.A) // problem.A, np.diff(problem.P.indptr))
    return envelope(csr_array((np.ones(problem.P.nnz, dtype=np.int8), (source, problem.P.indices)), shape=(S, S)))


def envelope(edges) -> float:
    """Upper bound on the entries of a triangular factor of I - Q, where Q has the nonzero entries of CSR `edges[s,n]`.

    States of more than 10 sqrt(S) neighbours are eliminated last and fill their columns; the others are in reverse
    Cuthill-McKee order, in which elimination fills only the envelope, between a row's first entry and its diagonal.
    Source: George and Liu, Computer Solution of Large Sparse Positive Definite Systems, 1981, section 4.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    S = edges.shape[0]
    edges = csr_array((np.ones(edges.nnz, dtype=np.int8), edges.indices, edges.indptr), shape=edges.shape)
    graph = (edges + edges.T).tocsr()
    crowded = np.diff(graph.indptr) > 10 * np.sqrt(S)
    others = np.flatnonzero(~crowded)
    graph = graph[others][:, others].tocsr()
    place = np.empty(len(others), dtype=np.int64)
    place[reverse_cuthill_mckee(graph, symmetric_mode=True)] = np.arange(len(others))
    first = place.copy()
    np.minimum.at(first, np.repeat(np.arange(len(others)), np.diff(graph.indptr)), place[graph.indices])
    return float((place - first).sum() + len(others) + crowded.sum() * S)
