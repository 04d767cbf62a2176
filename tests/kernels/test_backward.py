"""Backward induction kernels: floats against rationals, soft against hard."""

import numpy as np
import pytest

from mdpkit.base.arrays import floats, objects
from mdpkit.kernels import backward


def drawn(seed, H=4, S=3, A=2, steps=1):
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 5, (steps, S, A, S))
    weights[..., 0] += 1
    mask = np.ones((S, A), dtype=bool)
    mask[rng.integers(0, S), 0] = False
    return (
        objects(weights) / objects(weights.sum(axis=-1, keepdims=True)),
        objects(rng.integers(-5, 6, (steps, S, A))) / 3,
        mask,
        H,
    )


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("seed", range(5))
def test_floats_follow_the_rationals(seed, steps):
    P, r, mask, H = drawn(seed, steps=steps)
    V, choice = backward.optimal(P, r, mask, H)
    W, chosen = backward.optimal(floats(P), floats(r), mask, H)
    np.testing.assert_allclose(W, floats(V), atol=1e-13)
    assert W.shape == (H + 1, 3)
    for t in range(H):
        for s in range(3):
            Q = [r[t % steps, s, a] + (P[t % steps, s, a] * V[t + 1]).sum() for a in range(2) if mask[s, a]]
            assert V[t, s] == max(Q)
            present = [a for a in range(2) if mask[s, a]]
            assert choice[t, s] == present[Q.index(max(Q))]
            assert mask[s, chosen[t, s]]


def test_of_tied_actions_the_first_is_chosen():
    P, r = objects(np.ones((1, 1, 3, 1), dtype=int)), objects([[[0, 1, 1]]])
    assert backward.optimal(P, r, np.ones((1, 3), dtype=bool), 1)[1].tolist() == [[1]]


@pytest.mark.parametrize("seed", range(3))
def test_soft_is_a_backup_by_log_sum_exp(seed):
    P, r, mask, H = drawn(seed)
    P, r = floats(P), floats(r)
    reference = (mask / mask.sum(axis=1, keepdims=True))[None]
    V, pi = backward.soft(P, r, reference, 0.5, H)
    assert V.shape == (H + 1, 3)
    assert not V[H].any()
    for t in range(H):
        Q = r[0] + P[0] @ V[t + 1]
        np.testing.assert_allclose(V[t], 0.5 * np.log((reference[0] * np.exp(Q / 0.5)).sum(axis=1)), atol=1e-12)
        np.testing.assert_allclose(pi[t].sum(axis=1), 1, atol=1e-14)
        v, law = backward.soft_step(Q, reference[0], 0.5)
        np.testing.assert_allclose(v, V[t], atol=1e-13)
        np.testing.assert_allclose(law, pi[t], atol=1e-13)


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 0, 2], [2, 0, 1]])
def test_the_largest_value_may_lie_anywhere_outside_the_reference(order):
    v, pi = backward.soft_step(np.array([[1e4, 1e9, -1e4]])[:, order], np.array([[0.5, 0.0, 0.5]])[:, order], 0.01)
    np.testing.assert_allclose(v, 1e4 + 0.01 * np.log(0.5))
    assert pi.tolist() == [np.eye(3)[0][order].tolist()]


def test_soft_does_not_overflow_and_leaves_out_the_reference_of_weight_0():
    v, pi = backward.soft_step(np.array([[1e4, 1e9, -1e4]]), np.array([[0.5, 0.0, 0.5]]), 0.01)
    np.testing.assert_allclose(v, 1e4 + 0.01 * np.log(0.5))
    assert pi.tolist() == [[1, 0, 0]]


def test_the_plain_loops_agree_with_the_compiled_ones():
    P, r, mask, H = drawn(2)
    P, r = floats(P), floats(r)
    reference = (mask / mask.sum(axis=1, keepdims=True))[None]
    for kernel, args in ((backward.optimal, (P, r, mask, H)), (backward.soft, (P, r, reference, 0.5, H))):
        for a, b in zip(kernel(*args), kernel.py_func(*args), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-14)
