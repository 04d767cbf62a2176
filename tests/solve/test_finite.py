"""Backward induction, judged by certificates and by enumeration over all plans."""

import numpy as np
import pytest

from mdpkit.base.errors import NotSolved
from mdpkit.model import MDP, Finite
from mdpkit.solve import Status, solve

SHAPES = [{"S": 2, "A": 2}, {"S": 2, "A": 2, "moving": True}, {"S": 3, "A": 2, "masked": True, "moving": True}]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(4))
def test_value_is_that_of_the_best_plan(make, seed, shape):
    problem = make.drawn(seed, Finite(3), **shape)
    answer = solve(problem)
    assert answer.value.shape == (4, problem.S)
    assert (answer.value.lower == make.by_enumeration(problem)).all()
    answer.certificate.verify()


@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_float_bounds_contain_the_rational_value(make, seed, masked, moving):
    problem = make.drawn(seed, Finite(12), S=5, masked=masked, moving=moving)
    exact, answer = solve(problem), solve(problem.to_float())
    assert answer.value.contains(exact.value)
    assert answer.value.width < 1e-11
    answer.certificate.verify()
    assert (answer.value.upper[-1] >= 0).all()
    assert (answer.value.lower[-1] <= 0).all()


@pytest.mark.parametrize("masked", [False, True])
def test_sparse_is_dense(make, masked):
    problem = make.drawn(7, Finite(9), S=6, masked=masked).to_float()
    moving = MDP(problem.P, np.random.default_rng(1).random((9, 6, 3)), horizon=Finite(9), mask=problem.mask)
    for dense in (problem, moving):
        a, b = solve(dense), solve(make.sparse(dense))
        assert (abs(a.value.mid - b.value.mid) < 1e-12).all()
        b.certificate.verify()


def test_bounds_enclose_the_meaning_of_rows_that_do_not_sum_to_1():
    P = np.array([[[0.5 + 4e-10, 0.5], [0.25, 0.75]], [[0.1, 0.9], [1.0, 3e-10]]])
    problem = MDP(P, [[1.0, 0.0], [0.0, 2.0]], horizon=Finite(5))
    answer = solve(problem, throw=False)
    assert answer.value.contains(solve(problem.to_exact()).value)
    answer.certificate.verify()


def test_long_horizons_keep_their_bounds_narrow(make):
    """The value grows to 1700, its spread stays near 1: the bounds are limited by its last digit, 2000 times."""
    problem = make.drawn(0, Finite(2000), S=4)
    answer = solve(problem.to_float())
    assert answer.value.width < 2000 * 4 * np.spacing(1715.0)


def test_what_float64_cannot_carry_is_said(make):
    problem = make.drawn(0, Finite(50)).to_float()
    answer = solve(problem, tol=1e-18, throw=False)
    assert answer.status is Status.FLOOR_REACHED
    with pytest.raises(NotSolved, match="float64"):
        solve(problem, tol=1e-18)


def test_overflow_is_said():
    problem = MDP([[[1.0]]], [[1e308]], horizon=Finite(4))
    assert solve(problem, throw=False).status is Status.NONFINITE
