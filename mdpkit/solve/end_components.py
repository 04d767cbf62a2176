"""Maximal end components of a decision process."""

from typing import NamedTuple

import numpy as np


class EndComponents(NamedTuple):
    """Maximal end components: closed, strongly connected sets of states and actions.

    label: `[s]`, index of the component, -1 for a state that is transient under every policy. inner: `[s,a]`, True
        where
    the action stays in the component of its state with probability 1.
    """

    label: np.ndarray
    inner: np.ndarray

    @property
    def count(self) -> int:
        return int(self.label.max()) + 1


def end_components(available, edges) -> EndComponents:
    """Maximal end components of the graph of possible transitions.

    Args: available: `[s,a]`. edges: a sparse matrix `[s*A+a, n]` whose stored entries are the possible transitions.

    Actions that may leave the strongly connected component of their state are removed until none does.
    Source: de Alfaro, Formal Verification of Probabilistic Systems, 1997.

    >>> import scipy.sparse
    >>> edges = scipy.sparse.csr_array([[0, 1, 1], [0, 1, 0], [0, 0, 1]])
    >>> end_components(np.ones((3, 1), dtype=bool), edges).label.tolist()
    [-1, 0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    (S, A), edges = available.shape, edges.tocoo()
    inner = available.ravel().copy()
    while True:
        kept = inner[edges.row]
        came, went = edges.row[kept] // A, edges.col[kept]
        graph = coo_array((np.ones(len(came)), (came, went)), shape=(S, S))
        component = connected_components(graph, directed=True, connection="strong")[1]
        leaving = edges.row[kept][component[came] != component[went]]
        if not len(leaving):
            break
        inner[leaving] = False
    inner = inner.reshape(S, A)
    member = inner.any(axis=1)
    label = np.full(S, -1)
    label[member] = np.unique(component[member], return_inverse=True)[1]
    return EndComponents(label, inner)
