"""The checks of rows against numpy, and the rows that they refuse."""

import numpy as np
import pytest
import scipy.sparse as sp

from mdpkit.kernels.rows import examine, examine_dense, narrow


def drawn(seed, S=9, A=2):
    rng = np.random.default_rng(seed)
    dense = rng.random((S * A, S)) * (rng.random((S * A, S)) < 0.4)
    dense[:, 0] += 0.1
    return sp.csr_array(dense / dense.sum(axis=1, keepdims=True))


def facts(P):
    return examine(P.data, P.indices.astype(np.uint32), P.indptr.astype(np.uint32), P.shape[1])


@pytest.mark.parametrize("seed", range(5))
def test_facts_of_rows_are_those_of_their_dense_form(seed):
    P = drawn(seed)
    fits, longest, worst, half = facts(P)
    s, n = np.nonzero(P.toarray())
    assert fits
    assert longest == (P.toarray() > 0).sum(axis=1).max()
    assert worst == pytest.approx(np.abs(P.toarray().sum(axis=1) - 1).max(), abs=1e-15)
    assert half == np.abs(n - s // 2).max()


@pytest.mark.parametrize("wrong", ["zero", "negative", "nan", "infinite", "order", "twice", "outside", "sum"])
def test_rows_that_are_no_sorted_laws_do_not_fit(wrong):
    P = drawn(0)
    k = int(P.indptr[np.flatnonzero(np.diff(P.indptr) > 1)[0]])
    if wrong in ("order", "twice"):
        P.indices[k : k + 2] = P.indices[k : k + 2][::-1] if wrong == "order" else P.indices[k]
    elif wrong == "outside":
        P.indices[P.indptr[1] - 1] = P.shape[1]
    else:
        P.data[k] = {"zero": 0.0, "negative": -0.1, "nan": np.nan, "infinite": np.inf, "sum": 5.0}[wrong]
    assert not facts(P)[0]


@pytest.mark.parametrize("run", [examine_dense, examine_dense.py_func])
def test_dense_rows_are_summed_and_multiplied_and_negative_entries_found(run):
    rng = np.random.default_rng(1)
    P, w = rng.dirichlet(np.ones(20), 7), rng.normal(size=20)
    sums, products, negative = run(P, w)
    assert np.abs(sums - 1).max() < 1e-15
    assert np.abs(products - P @ w).max() < 1e-14
    assert negative == 0
    P[3, 5] = -5e-324
    assert run(P, w)[2] > 0


@pytest.mark.parametrize("run", [narrow, narrow.py_func])
def test_integers_are_narrowed_if_they_fit(run):
    found, fits = run(np.array([0, 5, 6]), 7)
    assert found.dtype == np.uint32
    assert found.tolist() == [0, 5, 6]
    assert fits
    assert not run(np.array([0, 7]), 7)[1]
    assert not run(np.array([-1 + 2**40, 3]), 7)[1]
