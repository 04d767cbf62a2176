"""Which differences of rewards a set of comparisons identifies."""

import numpy as np

from ...model.comparisons import Comparisons


def comparison_components(data: Comparisons, shape: tuple[int, int]) -> np.ndarray:
    """Connected sets of responses in the graph of comparisons: labels `[x,y]`, the first response of each set.

    Only differences of rewards, or of log-ratios, within a set are identified. A response that was never compared with
    another is a set of its own, and so is every response to a prompt that was never asked.

    >>> comparison_components(Comparisons([0, 0], [0, 2], [1, 2], [1, 1]), (1, 3))
    array([[0, 0, 2]])
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    data.check(*shape)
    X, Y = shape
    there = np.asarray(data.weight > 0)
    ends = (data.prompt.astype(np.int64)[there] * Y + column[there] for column in (data.first, data.second))
    graph = coo_array((np.ones(int(there.sum()), dtype=bool), tuple(ends)), shape=(X * Y, X * Y))
    count, labels = connected_components(graph, directed=False)
    first = np.full(count, X * Y)
    np.minimum.at(first, labels, np.arange(X * Y))
    return first[labels].reshape(X, Y) % Y


def name_components(labels: np.ndarray) -> list[str]:
    """One sentence for each prompt at which the comparisons leave a constant between sets of responses free.

    >>> name_components(np.array([[0, 0, 2], [0, 0, 0]]))
    ['prompt 0: {0, 1} and {2} are not compared with each other']
    """
    found = []
    for x, row in enumerate(labels):
        sets = ["{" + ", ".join(str(y) for y in np.flatnonzero(row == label)) + "}" for label in np.unique(row)]
        if len(sets) == len(row) > 1:
            found.append(f"prompt {x}: no two responses were compared")
        elif len(sets) > 1:
            found.append(f"prompt {x}: {', '.join(sets[:-1])} and {sets[-1]} are not compared with each other")
    return found
