"""Damped sweeps: a fixed point up to a constant in each component, on floats and on rationals."""

import numpy as np
import scipy.sparse as sp

from mdpkit.base.arrays import objects
from mdpkit.kernels import average

TURN = [[0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
"""States 0 and 1 turn about; from 2 and 3 one may stay or change over."""
PAY = [[0, -1], [1, 0], [0, 0], [1, 2]]
OWN = np.array([0, 0, 1, 1])


def parts(kind=float):
    P = sp.csr_array(np.array(TURN, dtype=float))
    data = objects(P.data.astype(int)) if kind is objects else P.data
    return data, P.indices.astype(np.uint32), P.indptr.astype(np.uint32)


def test_the_change_becomes_the_gain_of_each_component():
    r = np.array(PAY, dtype=float)
    w, used = average.relative(*parts(), r, np.zeros(4), OWN, 0.5, 1e-12, 10_000)
    change = (r + (np.array(TURN, dtype=float) @ w).reshape(4, 2)).max(axis=1) - w
    np.testing.assert_allclose(change, [0.5, 0.5, 2, 2], atol=1e-12)
    assert used < 200
    assert average.relative(*parts(), r, w, OWN, 0.5, 1e-9, 10_000)[1] == 1


def test_undamped_sweeps_of_a_periodic_component_never_end():
    assert average.relative(*parts(), np.array(PAY, dtype=float), np.zeros(4), OWN, 1.0, 1e-3, 1000)[1] == 1000


def test_rationals_floats_and_the_plain_loops_agree():
    r = np.array(PAY, dtype=float)
    exact, used = average.relative(*parts(objects), objects(PAY), objects([0] * 4), OWN, objects("3/4")[()], 0, 6)
    assert used == 6
    for run in (average.relative, average.relative.py_func):
        found, times = run(*parts(), r, np.zeros(4), OWN, 0.75, 0.0, 6)
        assert times == 6
        np.testing.assert_allclose(found, exact.astype(float), atol=1e-14)


def test_missing_actions_are_not_taken():
    r = np.array(PAY, dtype=float)
    r[3, 1] = -np.inf
    w, _ = average.relative(*parts(), r, np.zeros(4), OWN, 0.5, 1e-12, 10_000)
    change = (r + (np.array(TURN, dtype=float) @ w).reshape(4, 2)).max(axis=1) - w
    np.testing.assert_allclose(change, [0.5] * 4, atol=1e-12)
