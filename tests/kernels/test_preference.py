"""Kernels of preference losses against sums over rows, in floats and in fractions."""

import numpy as np
import pytest

from mdpkit.base.arrays import floats, objects
from mdpkit.kernels import preference as kernels


def drawn(seed, X=2, Y=3, n=12):
    rng = np.random.default_rng(seed)
    x, y, z = (rng.integers(0, size, n).astype(np.uint32) for size in (X, Y, Y))
    table = objects(rng.integers(1, 9, (X, Y)))
    won, weight = objects(rng.integers(0, 5, n)) / 4, objects(rng.integers(0, 7, n)) / 10
    return table, x, y, z, won, weight


def summed(pull, x, y, z, shape):
    out = objects(np.zeros(shape, dtype=int))
    for k in range(len(x)):
        out[x[k], y[k]] += pull[k]
        out[x[k], z[k]] -= pull[k]
    return out


@pytest.mark.parametrize("seed", range(5))
def test_gradients_are_sums_over_rows_and_agree_with_their_rational_runs(seed):
    table, x, y, z, won, weight = drawn(seed)
    chance = table[x, y] / (table[x, y] + table[x, z])
    half, third = objects(["1/2"])[0], objects(["-1/3"])[0]
    for kernel, pull, constants in (
        (kernels.logistic_gradient, weight * (chance - won), ()),
        (kernels.squared_gradient, weight * 2 * (table[x, y] - table[x, z] - won * half - third), (half, third)),
    ):
        exact = kernel(table, x, y, z, won, weight, *constants)
        assert (exact == summed(pull, x, y, z, table.shape)).all()
        near = kernel(floats(table), x, y, z, floats(won), floats(weight), *(float(c) for c in constants))
        assert np.allclose(near, floats(exact), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_values_are_sums_over_rows(seed):
    table, x, y, z, won, weight = drawn(seed)
    s, w, v = floats(table), floats(won), floats(weight)
    d = s[x, y] - s[x, z]
    assert np.isclose(kernels.logistic_value(s, x, y, z, w, v), v @ (np.logaddexp(0, d) - w * d), rtol=1e-14)
    assert np.isclose(kernels.squared_value(s, x, y, z, w, v, 2.0, -1.0), v @ (d - 2 * w + 1) ** 2, rtol=1e-14)
    exact = kernels.squared_value(table, x, y, z, won, weight, 2, -1)
    assert exact == (weight * (table[x, y] - table[x, z] - won * 2 + 1) ** 2).sum()


def test_a_difference_of_a_thousand_nats_does_not_overflow():
    s, index = np.array([[1000.0, 0.0]]), np.zeros(1, np.uint32)
    assert kernels.logistic_value(s, index, index, index + np.uint32(1), np.zeros(1), np.ones(1)) == 1000
