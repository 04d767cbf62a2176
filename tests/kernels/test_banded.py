"""Elimination in a band, centred residuals and Gauss-Seidel sweeps against dense solves and rationals."""

import numpy as np
import pytest
import scipy.sparse as sp

from mdpkit.base.arrays import exactly
from mdpkit.kernels import banded


def drawn(seed, S=14, A=2, half=3):
    rng = np.random.default_rng(seed)
    near = np.abs(np.arange(S)[:, None] - np.arange(S)) <= half
    dense = rng.random((S, A, S)) * near[:, None] * (rng.random((S, A, S)) < 0.7)
    dense[np.arange(S), :, np.arange(S)] += 0.05
    P = sp.csr_array((dense / dense.sum(axis=2, keepdims=True)).reshape(S * A, S))
    return P, (P.data, P.indices.astype(np.uint32), P.indptr.astype(np.uint32)), rng


@pytest.mark.parametrize("gamma", [0.5, 0.999999])
@pytest.mark.parametrize("seed", range(4))
def test_elimination_solves_the_policys_equations(seed, gamma):
    P, parts, rng = drawn(seed)
    choice, b = rng.integers(0, 2, 14), rng.standard_normal(14)
    law = P.toarray()[np.arange(14) * 2 + choice]
    law /= law.sum(axis=1, keepdims=True)
    x = banded.eliminate(*parts, choice, 2, gamma, 1 - gamma, b, 3)
    expected = np.linalg.solve(np.eye(14) - gamma * law, b)
    np.testing.assert_allclose(x, expected, rtol=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_errors_of_centred_residuals_are_within_their_bounds(seed):
    P, parts, rng = drawn(seed)
    gamma, r, w = 0.9999, rng.random((14, 2)), 1e6 * (1 + 1e-9 * rng.standard_normal(14))
    each, own, pay = 16 * 2.0**-52, 2.0**-52, 4 * 2.0**-52
    R, wrong = banded.centred(*parts, r, w, gamma, 1 - gamma, each, own, pay)
    p, g, v = exactly(P.toarray()).reshape(14, 2, 14), exactly(gamma)[()], exactly(w)
    exact = exactly(r) + g * (p / p.sum(axis=2)[..., None] * v).sum(axis=2) - v[:, None]
    assert (abs(exactly(R) - exact) <= exactly(wrong)[:, None]).all()
    assert wrong.max() < 1e-9  # the terms of r + g P w - w have the size 1e6, whose rounding is 1e-10 each


def test_gauss_seidel_in_both_directions_converges_to_the_optimum_and_keeps_it():
    P, parts, rng = drawn(1)
    r = rng.random((14, 2))
    V = banded.gauss_seidel(*parts, r, np.zeros(14), 0.9, 200)
    np.testing.assert_allclose(V, (r + 0.9 * (P @ V).reshape(14, 2)).max(axis=1), atol=1e-12)
