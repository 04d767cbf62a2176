"""Kernels of matrix games: exact on rationals, certified on floats, quantal responses as softmaxes."""

import numpy as np
import pytest

from mdpkit.base.arrays import floats, objects
from mdpkit.exact.stage import matrix_game
from mdpkit.kernels import matrix_games as kernels
from mdpkit.kernels import quantal_responses

SHAPES = [(1, 1), (1, 4), (3, 1), (2, 2), (2, 3), (3, 2), (3, 3), (4, 3), (5, 5)]
PIVOT, MOST = 2.0**-40, 10**6


def drawn(seed, shape, games=30, most=2):
    """Small integers make ties, saddle points and many optimal strategies."""
    return objects(np.random.default_rng(seed).integers(-most, most + 1, (games, *shape)))


def from_supports(payoff, row, column):
    return kernels.certified_saddles(payoff, row, column, PIVOT, 2.0**-46, 2.0**-36, 0.0, 0.0, MOST)


@pytest.mark.parametrize("shape", SHAPES)
def test_rational_strategies_are_optimal(shape):
    payoff = drawn(0, shape)
    lower, upper, row, column = kernels.saddles(payoff, 0, MOST)
    assert (lower == upper).all()
    for k, Q in enumerate(payoff):
        assert lower[k] == matrix_game(Q).value
        for law in (row[k], column[k]):
            assert (law >= 0).all()
            assert law.sum() == 1
        assert (row[k] @ Q).min() == (Q @ column[k]).max() == lower[k]


@pytest.mark.parametrize("shape", SHAPES)
def test_floats_follow_the_rationals(shape):
    payoff = drawn(1, shape, most=9)
    exact = kernels.saddles(payoff, 0, MOST)[0]
    lower, upper, row, column = kernels.saddles(floats(payoff), PIVOT, MOST)
    np.testing.assert_allclose(lower, floats(exact), atol=1e-13)
    np.testing.assert_allclose(upper, floats(exact), atol=1e-13)
    np.testing.assert_allclose(row.sum(axis=1), 1, atol=1e-14)
    np.testing.assert_allclose(column.sum(axis=1), 1, atol=1e-14)
    assert min(row.min(), column.min()) >= 0


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("moved", [0, 1, 5])
def test_supports_that_are_tried_first_change_no_value(shape, moved):
    payoff = drawn(2, shape, most=9)
    near = floats(payoff + drawn(3, shape, most=moved) / 5)
    before = kernels.saddles(near, PIVOT, MOST)[2:4]
    exact = floats(kernels.saddles(payoff, 0, MOST)[0])
    lower, upper, row, column, poor = from_supports(floats(payoff), *before)
    assert not poor.any()
    np.testing.assert_allclose(lower, exact, atol=1e-12)
    np.testing.assert_allclose(upper, exact, atol=1e-12)
    np.testing.assert_allclose(row.sum(axis=1), 1, atol=1e-14)
    np.testing.assert_allclose(column.sum(axis=1), 1, atol=1e-14)
    wrong = [law[::-1].copy() for law in before]
    np.testing.assert_allclose(from_supports(floats(payoff), *wrong)[0], exact, atol=1e-12)


def test_a_sparse_sweep_is_the_same_in_plain_python():
    rng = np.random.default_rng(4)
    P = rng.dirichlet(np.ones(4), 24)
    r, w, none = rng.normal(size=(4, 6)), rng.normal(size=4), np.zeros((0, 0))
    parts = P.ravel(), np.tile(np.arange(4, dtype=np.uint32), 24), 4 * np.arange(25, dtype=np.uint32)
    args = (*parts, r, 0.9, 2, w, none, none, PIVOT, 2.0**-46, 2.0**-36, 1e-15, 0.0, MOST)
    for one, other in zip(kernels.sparse_sweep(*args), kernels.sparse_sweep.py_func(*args), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_security_levels_of_pure_actions_are_not_the_value():
    """Matching pennies: the best pure row guarantees 0, the mixed one 1/2."""
    pennies = objects([[1, 0], [0, 1]])
    assert kernels.pure_saddle(pennies)[2:] == (0, 1)
    assert kernels.saddles(pennies[None], 0, MOST)[0][0] == matrix_game(pennies).value == objects("1/2")[()]


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_quantal_responses_are_softmaxes(shape, temperature):
    payoff = np.random.default_rng(2).normal(size=(5, *shape))
    lower, upper, row, column, used = quantal_responses.quantal(payoff, temperature, 1e-12, 10**6)
    assert (used < 10**6).all()
    assert (upper - lower <= 1e-12).all()
    for Q, x, y, low in zip(payoff, row, column, lower, strict=True):
        for law, score in ((x, Q @ y), (y, -x @ Q)):
            np.testing.assert_allclose(law, np.exp(score / temperature) / np.exp(score / temperature).sum(), atol=1e-4)
        entropies = -(x * np.log(x)).sum() + (y * np.log(y)).sum()
        assert x @ Q @ y + temperature * entropies == pytest.approx(low, abs=1e-9)


def test_mirror_descent_is_the_same_in_plain_python():
    payoff = np.random.default_rng(3).normal(size=(2, 3, 2))
    compiled, plain = (
        f(payoff, 0.5, 1e-10, 10**5) for f in (quantal_responses.quantal, quantal_responses.quantal.py_func)
    )
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
