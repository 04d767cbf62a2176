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
    S, A = available.shape
    label, inner = components_of_rows(np.repeat(np.arange(S), A), edges, available.ravel())
    return EndComponents(label, inner.reshape(S, A))


def components_of_rows(owner, edges, inner) -> tuple[np.ndarray, np.ndarray]:
    """Maximal end components of states with any number of actions: labels `[s]`, and the rows that stay inside.

    Args: owner: `[row]`, the state of each row. edges: a sparse matrix `[row, n]` of possible transitions. inner:
        `[row]`, the rows to consider.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    S, edges, inner = edges.shape[1], edges.tocoo(), inner.copy()
    while True:
        kept = inner[edges.row]
        came, went = owner[edges.row[kept]], edges.col[kept]
        graph = coo_array((np.ones(len(came)), (came, went)), shape=(S, S))
        component = connected_components(graph, directed=True, connection="strong")[1]
        leaving = edges.row[kept][component[came] != component[went]]
        if not len(leaving):
            break
        inner[leaving] = False
    member = np.zeros(S, dtype=bool)
    member[owner[inner]] = True
    label = np.full(S, -1)
    label[member] = np.unique(component[member], return_inverse=True)[1]
    return label, inner
