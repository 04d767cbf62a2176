"""Small problems whose exact answers are known."""

import numpy as np
import pytest

from mdpkit import MDP, Finite, TabularPolicy, objects


def made(H, S, A, seed, exact=False, mask=None):
    """A problem and a randomised expert, drawn from small integers."""
    rng = np.random.default_rng(seed)

    def law(*shape, where=True):
        weight = rng.integers(1, 6, shape) * where
        total = weight.sum(axis=-1, keepdims=True)
        return objects(
            [f"{w}/{n}" for w, n in zip(weight.ravel(), np.broadcast_to(total, shape).ravel(), strict=True)]
        ).reshape(shape)

    there = True if mask is None else mask
    problem = MDP(law(S, A, S), objects(rng.integers(0, 4, (S, A)).tolist()), law(S), horizon=Finite(H), mask=mask)
    expert = TabularPolicy(law(H, S, A, where=there))
    return (problem, expert) if exact else (problem.to_float(), expert.to_float())


def lock(H):
    """One of two digits is right at each step; every right one in turn pays 1 at the end. The expert knows them."""
    P, r, known = (np.zeros(shape) for shape in ((H, 2, 2, 2), (H, 2, 2), (H, 2, 2)))
    P[..., 1], known[:, 1, 0] = 1, 1
    for t in range(H):
        right = (3 * t + 1) % 2
        P[t, 0, right], known[t, 0, right] = [1, 0], 1
    r[H - 1, 0] = known[H - 1, 0]
    return MDP(P, r, [1.0, 0], horizon=Finite(H)), TabularPolicy(known)


def cliff(H):
    """State 0 pays while action 0 is played; action 1 falls for ever. The expert never falls."""
    P = objects([[[1, 0], [0, 1]], [[0, 1], [0, 1]]])
    return MDP(P, objects([[1, 0], [0, 0]]), objects([1, 0]), horizon=Finite(H)), TabularPolicy(
        objects([[1, 0], [1, 0]])
    )


@pytest.fixture
def rng():
    return np.random.default_rng(0)
