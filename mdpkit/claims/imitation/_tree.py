"""The tree: a state is a node at depth 0..H-1, an action an edge down, a leaf the last edge. Leaves are numbered from the left."""

import numpy as np

from ...base.arrays import bare, like, objects
from ...model import MDP, Finite, TabularPolicy


def tree(A, H, r=None, pattern=None) -> MDP:
    """Every action leads to a child. `pattern` gives the type of the numbers, by default rational; rewards `r[s,a]` are 0 by default."""
    nodes, pattern = np.arange((A**H - 1) // (A - 1)), objects([]) if pattern is None else pattern
    child = A * nodes[:, None] + 1 + np.arange(A)
    P = np.eye(len(nodes), dtype=int)[np.where(child < len(nodes), child, 0)]
    r, rho = np.zeros(child.shape, dtype=int) if r is None else r, np.eye(1, len(nodes), dtype=int)[0]
    return MDP(like(P, pattern), like(r, pattern), like(rho, pattern), horizon=Finite(H))


def way(leaf, A, H):
    """(node, action) at every step on the path to a leaf."""
    node, steps = 0, []
    for t in range(H):
        action = leaf // A ** (H - 1 - t) % A
        steps.append((node, action))
        node = A * node + 1 + action
    return steps


def to_leaf(leaf, A, H) -> TabularPolicy:
    """Goes to a leaf; leftmost off its path."""
    return to_law(objects(np.arange(A**H) == leaf), A, H)


def to_law(law, A, H) -> TabularPolicy:
    """Ends at each leaf with its probability `law[leaf]`; at nodes that it never visits it is leftmost."""
    rows, below, first = [], law, like(np.eye(1, A, dtype=int), law)
    for _ in range(H):
        split = below.reshape(-1, A)
        below = split.sum(axis=1)
        seen = bare(below > 0)[:, None]
        rows.insert(0, np.where(seen, split / np.where(seen, below[:, None], 1), first))
    return TabularPolicy(np.concatenate(rows))


def at_leaves(d):
    """The law of the leaf, from the occupancy `d[t,s,a]`."""
    H, _, A = d.shape
    return d[-1][-(A ** (H - 1)) :].reshape(-1)


def paying(leaf, A, H, shaped=False):
    """Rewards `[s,a]` of total 1: at a leaf, or, if shaped, 1/H for every step on the path to it."""
    r = np.zeros(((A**H - 1) // (A - 1), A), dtype=int)
    steps = way(leaf, A, H)
    for node, action in steps if shaped else steps[-1:]:
        r[node, action] = 1
    return objects(r) / (H if shaped else 1)
