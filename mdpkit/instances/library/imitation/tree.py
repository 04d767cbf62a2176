"""The tree of A actions and H steps: states are nodes, actions edges down, leaves last edges, counted from the left."""

import numpy as np

from ....base.arrays import bare, like, objects
from ....model import MDP, Finite, TabularPolicy
from ...catalogue import expect_integer, named_instance
from ...instance import Instance


@named_instance
def tree(A: int = 2, H: int = 3, leaf: int = 5, shaped: bool = False) -> Instance:
    """A tree with one rewarding leaf, and an expert that goes there.

    Any learner needs order A^H episodes from the root to find the leaf if it is drawn uniformly; with resets to the
    expert's states H A of them suffice.

    Args:
        A: number of actions.
        H: horizon, which is the depth.
        leaf: the rewarding leaf, below A^H.
        shaped: whether every step on the path to the leaf pays 1/H, instead of the last one 1.

    Returns: `mdp` and `expert`.
    Source: adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.

    >>> tree(2, 4, leaf=9).mdp
    MDP(S=15, A=2, Finite(H=4), rational, 30 transitions)
    """
    expect_integer("A", A, 2)
    expect_integer("H", H, 1)
    expect_integer("leaf", leaf, 0, A**H - 1)
    return Instance(mdp=tree_mdp(A, H, leaf_reward(leaf, A, H, shaped)), expert=policy_to_leaf(leaf, A, H))


def tree_mdp(A: int, H: int, r: np.ndarray | None = None, pattern: np.ndarray | None = None) -> MDP:
    """The tree as an MDP: node s leads by action a to node A s + 1 + a, and the deepest ones to the root.

    Args: r: rewards `r[s,a]`, 0 if left out. pattern: an array whose kind of numbers is taken; rational if left out.
    """
    nodes = np.arange((A**H - 1) // (A - 1))
    pattern = objects([]) if pattern is None else pattern
    child = A * nodes[:, None] + 1 + np.arange(A)
    P = np.eye(len(nodes), dtype=int)[np.where(child < len(nodes), child, 0)]
    r, rho = np.zeros(child.shape, dtype=int) if r is None else r, np.eye(1, len(nodes), dtype=int)[0]
    return MDP(like(P, pattern), like(r, pattern), like(rho, pattern), horizon=Finite(H))


def path_to_leaf(leaf: int, A: int, H: int) -> list[tuple[int, int]]:
    """(node, action) at every step on the path to a leaf."""
    node, steps = 0, []
    for t in range(H):
        action = leaf // A ** (H - 1 - t) % A
        steps.append((node, action))
        node = A * node + 1 + action
    return steps


def policy_to_leaf(leaf: int, A: int, H: int) -> TabularPolicy:
    """The policy that goes to a leaf, and plays action 0 off its path."""
    return policy_of_leaf_law(objects(np.arange(A**H) == leaf), A, H)


def policy_of_leaf_law(law: np.ndarray, A: int, H: int) -> TabularPolicy:
    """The policy that ends at each leaf with probability `law[leaf]`, and plays action 0 at nodes never visited."""
    rows, below, first = [], law, like(np.eye(1, A, dtype=int), law)
    for _ in range(H):
        split = below.reshape(-1, A)
        below = split.sum(axis=1)
        seen = bare(below > 0)[:, None]
        rows.insert(0, np.where(seen, split / np.where(seen, below[:, None], 1), first))
    return TabularPolicy(np.concatenate(rows))


def leaf_law(d):
    """The law of the leaf, from the occupancy `d[t,s,a]` of a policy on the tree."""
    H, _, A = d.shape
    return d[-1][-(A ** (H - 1)) :].reshape(-1)


def leaf_reward(leaf: int, A: int, H: int, shaped: bool = False) -> np.ndarray:
    """Rewards `[s,a]` of total 1: at a leaf or, if shaped, 1/H for every step on the path to it."""
    r = np.zeros(((A**H - 1) // (A - 1), A), dtype=int)
    steps = path_to_leaf(leaf, A, H)
    for node, action in steps if shaped else steps[-1:]:
        r[node, action] = 1
    return objects(r) / (H if shaped else 1)
