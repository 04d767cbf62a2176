"""Kernels of deviations, against the same recursions written with sums over arrays."""

from itertools import product

import numpy as np
import pytest

from mdpkit.base.arrays import floats, objects
from mdpkit.kernels import finite
from mdpkit.kernels import regret as kernels
from mdpkit.kernels.recoverability import widest_range

ACTIONS, PLAYER = (2, 3), 1
B = ACTIONS[PLAYER]
OWN = np.array([0, 1, 2, 0, 1, 2])
SWAPPED = np.array([[0, 1, 2]] * 3 + [[3, 4, 5]] * 3)


def laws(rng, *shape):
    weights = rng.integers(1, 6, shape) * rng.integers(0, 2, shape)
    weights[..., 0] += weights.sum(axis=-1) == 0
    return objects(weights) / objects(weights.sum(axis=-1, keepdims=True))


def drawn(seed, moving, H=3, S=3):
    """P, r and sigma, stationary or with H steps each; few different rewards make ties."""
    rng, J = np.random.default_rng(seed), len(OWN)
    steps = [H if part else 1 for part in moving]
    return laws(rng, steps[0], S, J, S), objects(rng.integers(-2, 3, (steps[1], S, J))), laws(rng, steps[2], S, J)


def told_and_played(P, r, sigma, t, following):
    """gain[s,a,b] = sum over joint actions j with own part a of sigma(j) Q(j with b in its place)."""
    Q = r[t % len(r)] + P[t % len(P)] @ following
    joint, Q = (x.reshape(len(Q), *ACTIONS) for x in (sigma[t % len(sigma)], Q))
    return (joint[:, :, :, None] * Q[:, :, None, :]).sum(axis=1)


def zeros(*shape):
    return objects(np.zeros(shape, dtype=int))


def first_best(row, preferred):
    """The preferred action if it is among the best, else the first best."""
    return preferred if row[preferred] == max(row) else list(row).index(max(row))


MOVING = [(False, False, False), (True, False, False), (False, True, False), (False, False, True), (True, True, True)]
cases = pytest.mark.parametrize(("seed", "moving"), [(seed, moving) for seed in range(4) for moving in MOVING])


@cases
def test_swap(seed, moving):
    P, r, sigma = drawn(seed, moving)
    W, choice = kernels.swap(P, r, sigma, OWN, SWAPPED, 3)
    assert not W[3].any()
    for t in range(3):
        gain = told_and_played(P, r, sigma, t, W[t + 1])
        assert (W[t] == gain.max(axis=2).sum(axis=1)).all()
        assert choice[t].tolist() == [[first_best(gain[s, a], a) for a in range(B)] for s in range(3)]


@cases
def test_coarse(seed, moving):
    P, r, sigma = drawn(seed, moving)
    W, choice = kernels.coarse(P, r, sigma, OWN, SWAPPED, 3)
    assert not W[3].any()
    for t in range(3):
        gain = told_and_played(P, r, sigma, t, W[t + 1]).sum(axis=1)
        assert (W[t] == gain.max(axis=1)).all()
        assert choice[t].tolist() == [list(row).index(max(row)) for row in gain]


@cases
def test_trigger(seed, moving):
    P, r, sigma = drawn(seed, moving)
    alone, _ = kernels.coarse(P, r, sigma, OWN, SWAPPED, 3)
    U, choice = kernels.trigger(P, r, sigma, OWN, SWAPPED, alone, 3)
    assert not U[3].any()
    for t in range(3):
        gain = told_and_played(P, r, sigma, t, alone[t + 1])
        for a in range(B):
            gain[:, a, a] = told_and_played(P, r, sigma, t, U[t + 1])[:, a, a]
        assert (U[t] == gain.max(axis=2).sum(axis=1)).all()
        assert choice[t].tolist() == [[first_best(gain[s, a], a) for a in range(B)] for s in range(3)]


@cases
def test_one_shot(seed, moving):
    P, r, sigma = drawn(seed, moving)
    rho = laws(np.random.default_rng(seed), 3)
    V, state = finite.policy_value(P, r, sigma, 3), finite.occupancy(P, rho, sigma, 3).sum(axis=2)
    total, choice = kernels.one_shot(P, r, sigma, OWN, SWAPPED, state, V, 3)
    assert total.shape == (3,)
    for t in range(3):
        gain = told_and_played(P, r, sigma, t, V[t + 1])
        better = gain.max(axis=2) - np.einsum("saa->sa", gain)
        assert total[t] == (state[t] * better.sum(axis=1)).sum()
        assert choice[t].tolist() == [[first_best(gain[s, a], a) for a in range(B)] for s in range(3)]


@cases
def test_extremes_and_spread(seed, moving):
    P, r, sigma = drawn(seed, moving)
    high, low = kernels.extremes(P, r, sigma, OWN, SWAPPED, 3)
    least, most = kernels.extremes(P, -r, sigma, OWN, SWAPPED, 3)
    assert (high == -most).all()
    assert (low == -least).all()
    widest = 0
    for t in range(3):
        assert (high[t] == told_and_played(P, r, sigma, t, high[t + 1]).max(axis=2).sum(axis=1)).all()
        assert (low[t] == told_and_played(P, r, sigma, t, low[t + 1]).min(axis=2).sum(axis=1)).all()
        law, reward = P[t % len(P)], r[t % len(r)]
        shift = law[:, :, None, :] - law[:, None, :, :]
        ahead = np.where(shift > 0, shift, 0) @ high[t + 1] + np.where(shift < 0, shift, 0) @ low[t + 1]
        widest = max(widest, (reward[:, :, None] - reward[:, None, :] + ahead).max())
    assert not high[3].any()
    assert not low[3].any()
    assert kernels.spread(P, r, high, low, 3) == widest


@pytest.mark.parametrize("H", [1, 2, 3, 4])
@cases
def test_the_widest_range_is_that_of_the_best_corner(seed, moving, H):
    """Every value at step 2 and later is the largest or the smallest given those after it."""
    S, widest = 2, 0
    P, r, sigma = drawn(seed, moving, H, S)
    for picked in product((False, True), repeat=max(H - 2, 0) * S):
        W, high, low = zeros(H + 1, S), zeros(H + 1, S), zeros(H + 1, S)
        for t in range(H - 1, 0, -1):
            gain = told_and_played(P, r, sigma, t, W[t + 1])
            high[t], low[t] = gain.max(axis=2).sum(axis=1), gain.min(axis=2).sum(axis=1)
            W[t] = np.where(picked[(t - 2) * S : (t - 1) * S], high[t], low[t]) if t >= 2 else high[t]
        widest = max(widest, kernels.spread(P, r, high, low, H))
    assert widest_range(P, r, sigma, OWN, SWAPPED, H) == widest


def every_kernel(P, r, sigma, rho):
    """All answers of all kernels for one player, as a list of arrays."""
    told = sigma, OWN, SWAPPED
    alone, coarse_choice = kernels.coarse(P, r, *told, 3)
    V, state = finite.policy_value(P, r, sigma, 3), finite.occupancy(P, rho, sigma, 3).sum(axis=2)
    high, low = kernels.extremes(P, r, *told, 3)
    ranges = [kernels.spread(P, r, high, low, 3), widest_range(P, r, *told, 3)]
    answers = [alone, coarse_choice, high, low, *map(np.asarray, ranges)]
    for kernel, more in ((kernels.swap, ()), (kernels.trigger, (alone,)), (kernels.one_shot, (state, V))):
        answers.extend(kernel(P, r, *told, *more, 3))
    return answers


@pytest.mark.parametrize("moving", [MOVING[0], MOVING[-1]])
@pytest.mark.parametrize("seed", range(4))
def test_floats_follow_the_rationals(seed, moving):
    """Laws in powers of 1/2 and integer rewards: the float answers are the exact ones, choices included."""
    rng, steps = np.random.default_rng(seed), [3 if part else 1 for part in moving]
    P = objects(np.eye(3, dtype=int)[rng.integers(3, size=(2, steps[0], 3, 6))]).sum(axis=0) / 2
    sigma = objects(np.eye(6, dtype=int)[rng.integers(6, size=(4, steps[2], 3))]).sum(axis=0) / 4
    r, rho = objects(rng.integers(-2, 3, (steps[1], 3, 6))), objects(["1/2", "1/4", "1/4"])
    exact, close = every_kernel(P, r, sigma, rho), every_kernel(*map(floats, (P, r, sigma, rho)))
    for rational, near in zip(exact, close, strict=True):
        assert near.dtype in (np.float64, np.int64)
        assert (floats(rational) == near).all()


def test_compiled_and_plain_agree():
    rng = np.random.default_rng(9)
    P, r, sigma = rng.dirichlet(np.ones(3), (3, 3, 6)), rng.random((3, 3, 6)), rng.dirichlet(np.ones(6), (3, 3))
    for kernel in (kernels.swap, kernels.coarse, kernels.extremes):
        for fast, plain in zip(
            kernel(P, r, sigma, OWN, SWAPPED, 3), kernel.py_func(P, r, sigma, OWN, SWAPPED, 3), strict=True
        ):
            np.testing.assert_allclose(fast, plain, atol=1e-14)
    args = P, r, sigma, OWN, SWAPPED, 3
    np.testing.assert_allclose(widest_range(*args), widest_range.py_func(*args), atol=1e-14)


@pytest.mark.parametrize("rows", [1, 3, 4, 10])
@pytest.mark.parametrize("functions", [3, 6])
def test_expectations_are_products(rows, functions):
    rng = np.random.default_rng(rows)
    law, values = rng.dirichlet(np.ones(7), rows), rng.normal(size=(functions, 7))
    np.testing.assert_allclose(kernels.expectations(law, values), law @ values.T, atol=1e-14)
    np.testing.assert_allclose(kernels.expectations.py_func(law, values), law @ values.T, atol=1e-14)


def test_what_is_never_recommended_counts_nowhere():
    """The joint action of chance 0 may be worth anything; unrecommended actions are obeyed."""
    sigma, Q = np.array([0.0, 0.5, 0.5, 0.0, 0.0, 0.0]), np.array([1.0, 2.0, 4.0, np.inf, np.inf, np.inf])
    assert kernels.swap_gain(sigma, Q, OWN, SWAPPED).tolist() == [[0, 0, 0], [0.5, 1, 2], [0.5, 1, 2]]
    P, r = np.ones((1, 1, 6, 1)), Q[None, None]
    assert kernels.swap(P, r, sigma[None, None], OWN, SWAPPED, 1)[1].tolist() == [[[0, 2, 2]]]
