"""Sweeps over candidates against sweeps over all actions."""

import numpy as np
import pytest
import scipy.sparse as sp

from mdpkit.kernels import candidates


def drawn(seed, S=12, A=3):
    rng = np.random.default_rng(seed)
    P = sp.csr_array(rng.dirichlet(np.full(S, 0.2), S * A))
    r = np.where(rng.random((S, A)) < 0.8, rng.random((S, A)), -np.inf)
    r[:, 1] = 0.5
    w = rng.standard_normal(S)
    return P, (P.data, P.indices.astype(np.uint32), P.indptr.astype(np.uint32)), r, w, r + 0.9 * (P @ w).reshape(S, A)


@pytest.mark.parametrize("seed", range(5))
def test_actions_near_the_best_are_kept_with_their_rows(seed):
    P, parts, r, w, Q = drawn(seed)
    least = Q.max(axis=1) - 0.3
    q, rows, first, starts, weights, reached = candidates.keep(*parts, r, w, 0.9, least, 36, P.nnz)
    np.testing.assert_array_equal(rows, np.flatnonzero(least[:, None] <= Q))
    np.testing.assert_allclose(q, Q.ravel()[rows], atol=1e-14)
    np.testing.assert_array_equal(np.diff(first), (least[:, None] <= Q).sum(axis=1))
    kept = sp.csr_array((weights, reached, starts), shape=(len(rows), len(w)))
    np.testing.assert_array_equal(kept.toarray(), P.toarray()[rows])
    assert len(candidates.keep(*parts, r, w, 0.9, least, len(rows) - 1, P.nnz)[0]) == 0
    assert len(candidates.keep(*parts, r, w, 0.9, least, 36, len(weights) - 1)[0]) == 0
    exactly = candidates.keep(*parts, r, w, 0.9, least, len(rows), len(weights))
    np.testing.assert_array_equal(exactly[1], rows)


@pytest.mark.parametrize("seed", range(5))
def test_sweeps_over_all_actions_as_candidates_are_bellman_sweeps(seed):
    P, parts, r, w, _ = drawn(seed)
    _, rows, *law = candidates.keep(*parts, r, w, 0.9, np.full(len(w), -1e9), 36, P.nnz)
    v = w[::-1].copy()
    now = r + 0.9 * (P @ v).reshape(r.shape)
    q, change, best = candidates.greedy(*law, r.ravel()[rows], v, 0.9)
    np.testing.assert_allclose(change, now.max(axis=1) - v, atol=1e-14)
    np.testing.assert_array_equal(rows[best], np.arange(12) * 3 + now.argmax(axis=1))
    e, used = candidates.correct(*law, q - np.repeat(v, np.diff(law[0])), change, 0.9, 0.0, 3)
    expected = change
    for _ in range(3):
        expected = (now - v[:, None] + 0.9 * (P @ expected).reshape(r.shape)).max(axis=1)
    np.testing.assert_allclose(e, expected, atol=1e-13)
    assert used == 3
