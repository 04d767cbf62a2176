"""Small problems with experts, exact and drawn."""

import numpy as np
import pytest

from mdpkit import MDP, Discounted, Finite, TabularPolicy, objects


def laws(rng, *shape):
    """Rational distributions along the last axis, some entries 0."""
    weights = rng.integers(0, 5, shape) * rng.integers(0, 2, shape)
    weights[..., 0] += weights.sum(axis=-1) == 0
    return objects(weights) / objects(weights.sum(axis=-1, keepdims=True))


def drawn(seed, H=3, S=3, A=2, discounted=False, masked=False):
    """A rational problem, time-varying where it is finite, and a randomised expert."""
    rng = np.random.default_rng(seed)
    time = () if discounted else (H,)
    P, r = laws(rng, *time, S, A, S), objects(rng.integers(-3, 4, (*time, S, A))) / 3
    mask = None
    if masked:
        mask = rng.random((S, A)) < 0.5
        mask[np.arange(S), rng.integers(0, A, S)] = True
    weights = rng.integers(0, 4, (*time, S, A)) * (1 if mask is None else mask)
    weights += (weights.sum(axis=-1, keepdims=True) == 0) * (np.ones((S, A), dtype=int) if mask is None else mask)
    expert = TabularPolicy(objects(weights) / objects(weights.sum(axis=-1, keepdims=True)))
    return MDP(P, r, laws(rng, S), horizon=Discounted("4/5") if discounted else Finite(H), mask=mask), expert


def tree(H, actions=2):
    """A full deterministic tree, from its root: each correct action of the last step pays, where the path was correct.

    The expert plays the last action at every node; the last state is what comes after a leaf.
    """
    nodes = sum(actions**depth for depth in range(H))
    P = np.zeros((nodes + 1, actions, nodes + 1), dtype=int)
    for node in range(nodes):
        for a in range(actions):
            P[node, a, min(actions * node + 1 + a, nodes)] = 1
    P[nodes, :, nodes] = 1
    r = np.zeros((nodes + 1, actions), dtype=int)
    r[nodes - 1, actions - 1] = 1
    always = np.broadcast_to(np.eye(actions, dtype=int)[actions - 1], r.shape)
    start = np.eye(nodes + 1, dtype=int)[0]
    return MDP(objects(P), objects(r), objects(start), horizon=Finite(H)), TabularPolicy(objects(always))


@pytest.fixture
def make():
    """The builders of this file."""

    class Builders:
        pass

    Builders.laws, Builders.drawn, Builders.tree = staticmethod(laws), staticmethod(drawn), staticmethod(tree)
    return Builders
