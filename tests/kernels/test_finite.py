"""Kernels of policies over H steps: compiled against plain, rationals against trajectories, edges of the loops."""

from itertools import product

import numpy as np
import pytest

from mdpkit.base.arrays import floats, objects
from mdpkit.kernels import finite


def laws(rng, *shape):
    """Rational distributions along the last axis, about half of the entries 0."""
    weights = rng.integers(1, 6, shape) * rng.integers(0, 2, shape)
    weights[..., 0] += weights.sum(axis=-1) == 0
    return objects(weights) / objects(weights.sum(axis=-1, keepdims=True))


def drawn(seed, steps=(1, 1, 1), H=3, S=2, A=2):
    """P, r, rho, pi with as many steps as asked for."""
    rng = np.random.default_rng(seed)
    r = objects(rng.integers(-6, 7, (steps[1], S, A))) / 5
    return laws(rng, steps[0], S, A, S), r, laws(rng, S), laws(rng, steps[2], S, A)


def trajectories(P, rho, pi, H):
    S, A = pi.shape[1:]
    for path in product(product(range(S), range(A)), repeat=H):
        chance = rho[path[0][0]]
        for t, (s, a) in enumerate(path):
            chance *= pi[t % len(pi), s, a]
            if t + 1 < H:
                chance *= P[t % len(P), s, a, path[t + 1][0]]
        yield chance, path


STEPS = [(1, 1, 1), (3, 1, 1), (1, 3, 1), (1, 1, 3), (3, 3, 3)]


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("seed", range(4))
def test_rationals_follow_every_trajectory(seed, steps):
    P, r, rho, pi = drawn(seed, steps)
    V, d = finite.policy_value(P, r, pi, 3), finite.occupancy(P, rho, pi, 3)
    share = objects(np.zeros(d.shape, dtype=int))
    for t in range(3):
        law, reward, plays = (np.roll(x, -t, axis=0) for x in (P, r, pi))
        for s in range(2):
            to_come = 0
            for chance, path in trajectories(law, objects(np.eye(2, dtype=int)[s]), plays, 3 - t):
                to_come += chance * sum(reward[k % len(r), i, a] for k, (i, a) in enumerate(path))
            assert V[t, s] == to_come
    for chance, path in trajectories(P, rho, pi, 3):
        for t, (s, a) in enumerate(path):
            share[t, s, a] += chance
    assert (d == share).all()
    assert not V[3].any()


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("seed", range(4))
def test_floats_follow_the_rationals_compiled_or_not(seed, steps):
    P, r, rho, pi = drawn(seed, steps, S=3)
    close = [floats(x) for x in (P, r, rho, pi)]
    for kernel, exact, near in (
        (finite.policy_value, (P, r, pi, 3), (close[0], close[1], close[3], 3)),
        (finite.occupancy, (P, rho, pi, 3), (close[0], close[2], close[3], 3)),
    ):
        answer = kernel(*near)
        assert answer.dtype == np.float64
        assert (answer == kernel.py_func(*near)).all()
        np.testing.assert_allclose(answer, floats(kernel(*exact)), atol=1e-14)


def test_the_arrays_given_are_not_written_to():
    P, _, rho, pi = drawn(0)
    before = rho.copy()
    finite.occupancy(P, rho, pi, 3)
    assert (rho == before).all()


def test_what_has_no_chance_counts_nowhere_even_if_infinite():
    assert finite.expectation(np.array([0.0, 0.25, 0.75]), np.array([np.inf, 4.0, 8.0])) == 7
    assert finite.expectation(np.array([0.5, 0.5]), np.array([np.inf, 1.0])) == np.inf
    P, pi = np.array([[[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]]]), np.array([[[1.0, 0.0], [1.0, 0.0]]])
    r = np.array([[[1.0, np.inf], [np.inf, 0.0]]])
    assert finite.policy_value(P, r, pi, 2).tolist() == [[2, np.inf], [1, np.inf], [0, 0]]


def test_occupancy_leaves_unmet_laws_alone():
    """A state that is never met, or an action never played, may have any row, also one that is no law."""
    P = np.array([[[[0.0, 1.0], [np.nan, np.nan]], [[0.0, 1.0], [np.nan, np.nan]]]])
    pi = np.array([[[1.0, 0.0], [1.0, 0.0]]])
    assert finite.occupancy(P, np.array([1.0, 0.0]), pi, 2).tolist() == [[[1, 0], [0, 0]], [[0, 0], [1, 0]]]
