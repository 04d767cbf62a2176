"""The moment game: optimality on rationals, enclosure on floats."""

import numpy as np
import pytest

from mdpkit.base.arrays import objects, rational
from mdpkit.base.errors import NotSolved
from mdpkit.model import MomentProblem
from mdpkit.solve import Status, solve


def drawn(seed, Z=5, K=3):
    rng = np.random.default_rng(seed)
    weights = objects(rng.integers(1, 9, Z))
    return MomentProblem(
        objects(rng.integers(-9, 10, (Z, K))) / 4, objects(rng.integers(-9, 10, Z)) / 3, weights / weights.sum()
    )


def objective(problem, h):
    psi = problem.b - problem.A @ h
    return (problem.weights * psi * psi).sum()


@pytest.mark.parametrize("seed", range(10))
def test_no_step_along_any_direction_improves(seed):
    problem, rng = drawn(seed), np.random.default_rng(seed)
    answer = solve(problem)
    assert answer.value.lower[()] == objective(problem, answer.h.lower)
    for _ in range(20):
        step = objects(rng.integers(-3, 4, 3)) / int(rng.integers(1, 1000))
        assert objective(problem, answer.h.lower + step) >= answer.value.lower[()]


@pytest.mark.parametrize("seed", range(10))
def test_float_bounds_contain_the_rational_minimiser(seed):
    problem = drawn(seed)
    exact, answer = solve(problem), solve(problem.to_float())
    assert answer.h.contains(exact.h)
    assert answer.value.contains(exact.value)
    assert answer.h.width < 1e-9


def test_the_best_test_function_is_the_projected_error():
    problem = drawn(3)
    psi = problem.b - problem.A @ solve(problem).h.lower
    rng = np.random.default_rng(0)
    for _ in range(20):
        f = psi + objects(rng.integers(-2, 3, 5)) / 5
        assert (problem.weights * (2 * f * psi - f * f)).sum() <= solve(problem).value.lower[()]


@pytest.mark.parametrize("floating", [False, True])
def test_under_identified_problems_have_no_single_answer(floating):
    problem = MomentProblem(objects([[1, 2], [2, 4]]), objects([1, 1]), objects(["1/2", "1/2"]))
    problem = problem.to_float() if floating else problem
    assert solve(problem, throw=False).status is Status.INFEASIBLE
    with pytest.raises(NotSolved, match="no unique one"):
        solve(problem)


def test_an_instrument_of_weight_0_counts_nowhere():
    problem = MomentProblem(objects([[1], [1], [5]]), objects([0, 1, 70]), objects(["1/3", "2/3", 0]))
    assert solve(problem).h.lower[0] == rational("2/3")


@pytest.mark.parametrize("small", [1e-9, 1e-17, 1e-120, 1e-300])
def test_a_weak_instrument_is_bounded_however_weak_it_is(small):
    """A = diag(1, small) has one minimiser. Floats bound it, or at least the minimum, and never say there is none."""
    problem = MomentProblem(np.diag([1.0, small]), [1.0, 3 * small], [0.5, 0.5])
    answer, exact = solve(problem, throw=False), solve(problem.to_exact())
    assert answer.status is not Status.INFEASIBLE
    assert exact.status is Status.SOLVED
    assert answer.value.contains(exact.value)
    assert answer.h is None or answer.h.contains(exact.h)
    if small == 1e-17:
        assert answer.h.mid == pytest.approx([1, 3])
        assert answer.h.width < 1e-11


def test_where_floats_cannot_tell_the_refusal_says_what_can():
    """The second column is off the first by less than rounding: on rationals there is one minimiser."""
    problem = MomentProblem([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]], [1.0, 0.0], [0.5, 0.5])
    answer = solve(problem, throw=False)
    assert answer.status is Status.FLOOR_REACHED
    assert answer.h is None
    assert answer.value.contains(solve(problem.to_exact()).value)
    with pytest.raises(NotSolved, match=r"float64 cannot represent .*problem\.to_exact\(\) for the exact answer"):
        solve(problem)


def test_a_column_seen_only_by_an_instrument_of_weight_0_is_not_identified():
    problem = MomentProblem([[1.0, 0.0], [2.0, 0.0], [1.0, 1.0]], [1.0, 0.0, 3.0], [0.5, 0.5, 0.0])
    assert solve(problem, throw=False).status is Status.INFEASIBLE
    assert solve(problem.to_exact(), throw=False).status is Status.INFEASIBLE


def test_nearly_dependent_columns_reach_the_floor():
    problem = MomentProblem([[1.0, 1.0], [1.0, 1.0 + 2e-12]], [1.0, 0.0], [0.5, 0.5])
    assert solve(problem, throw=False).status is Status.FLOOR_REACHED


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_bounds_for_weak_instruments_grow_with_the_condition_number_and_not_with_its_square(k):
    """A has condition number about 10^k, A h = b is solvable, and rounding A and b moves h by about 10^(k - 16)."""
    weak = objects(f"1/{10**k}")[()]
    A = objects([["1/2", "1/2"], ["1/2", "1/2"]]) + objects([[1, -1], [-1, 1]]) * weak
    problem = MomentProblem(A, A @ objects([3, -2]), objects(["1/2", "1/2"])).to_float()
    answer = solve(problem)
    forced = 2 * (np.abs(np.linalg.inv(problem.A)) @ (np.abs(problem.A) @ [3, 2] + np.abs(problem.b))).max() * 2.0**-53
    assert forced < answer.h.width < 40 * forced
    assert answer.h.contains(solve(problem.to_exact()).h)
    assert answer.h.contains(objects([3, -2]))


@pytest.mark.parametrize("seed", range(10))
def test_float_bounds_hold_where_columns_are_nearly_dependent_and_equations_cannot_be_met(seed):
    problem = drawn(seed, Z=6)
    near = problem.A.copy()
    near[:, 2] = near[:, 0] + near[:, 1] + objects(np.arange(6)) / 10**4
    problem = MomentProblem(near, problem.b, problem.weights)
    answer, exact = solve(problem.to_float(), throw=False), solve(problem)
    assert answer.status in (Status.SOLVED, Status.FLOOR_REACHED)
    assert answer.h.contains(exact.h)
    assert answer.value.contains(exact.value)
    assert answer.value.width < 1e-9 * (1 + exact.value.mid)
