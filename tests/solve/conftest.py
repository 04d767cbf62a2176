"""Random decision processes on a rational grid, and every deterministic policy of a tiny one."""

from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp

from mdpkit.base.arrays import objects
from mdpkit.model import MDP, Discounted, Finite


def laws(rng, *shape):
    """Rational distributions along the last axis, some entries 0."""
    weights = rng.integers(0, 6, shape) * rng.integers(0, 2, shape)
    weights[..., 0] += weights.sum(axis=-1) == 0
    return objects(weights) / objects(weights.sum(axis=-1, keepdims=True))


def drawn(seed, horizon=None, S=3, A=3, masked=False, moving=False, rewards=9):
    """A rational MDP; few different rewards make ties."""
    rng = np.random.default_rng(seed)
    horizon = Discounted("9/10") if horizon is None else horizon
    time = (horizon.H,) if moving else ()
    r = objects(rng.integers(-rewards, rewards + 1, (*time, S, A))) / 7
    mask = rng.random((S, A)) < 0.6 if masked else None
    if masked:
        mask[np.arange(S), rng.integers(0, A, S)] = True
    return MDP(laws(rng, *time, S, A, S), r, horizon=horizon, mask=mask)


def sparse(problem):
    """The same float problem with P in compressed sparse rows."""
    P = sp.csr_array(problem.P.reshape(-1, problem.S))
    return MDP(P, problem.r, problem.rho, horizon=problem.horizon, mask=problem.mask)


def by_enumeration(problem):
    """Optimal value over all deterministic Markov policies, each evaluated by itself, in rational arithmetic."""
    available = problem.available
    choices = list(product(*(np.flatnonzero(row) for row in available)))
    states = np.arange(problem.S)
    if isinstance(problem.horizon, Finite):
        H, S = problem.horizon.H, problem.S
        P, r = (x if x.ndim == still + 1 else x[None] for x, still in ((problem.P, 3), (problem.r, 2)))
        best = None
        for plan in product(choices, repeat=H):
            V = objects(np.zeros((H + 1, S), dtype=int))
            for t in range(H - 1, -1, -1):
                chosen = np.array(plan[t])
                V[t] = r[t % len(r)][states, chosen] + P[t % len(P)][states, chosen] @ V[t + 1]
            best = V if best is None else np.maximum(best, V)
        return best
    from mdpkit.exact.linear import solve_linear

    identity, g, best = objects(np.eye(problem.S, dtype=int)), problem.horizon.gamma, None
    for chosen in map(np.array, choices):
        V = solve_linear(identity - g * problem.P[states, chosen], problem.r[states, chosen])
        best = V if best is None else np.maximum(best, V)
    return best


def grid(side, gamma):
    """Four deterministic moves on a square at cost 1, one corner absorbing at reward 0: nearly every state has ties."""
    S = side * side
    x, y = np.divmod(np.arange(S), side)
    moves = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    reached = np.stack([np.clip(x + dx, 0, side - 1) * side + np.clip(y + dy, 0, side - 1) for dx, dy in moves], axis=1)
    reached[-1] = S - 1
    r = np.full((S, 4), -1.0)
    r[-1] = 0
    P = sp.csr_array((np.ones(S * 4), (np.arange(S * 4), reached.ravel())), shape=(S * 4, S))
    return MDP(P, r, horizon=Discounted(gamma))


@pytest.fixture
def make():
    """The builders of this file."""

    class Builders:
        pass

    for builder in (laws, drawn, sparse, by_enumeration, grid):
        setattr(Builders, builder.__name__, staticmethod(builder))
    return Builders
