"""Linear systems: brackets contain the exact solution, and elimination decides semidefiniteness."""

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from mdpkit.base.arrays import floats, objects
from mdpkit.base.interval import Interval
from mdpkit.base.mode import propose
from mdpkit.exact.linear import Singular, enclosed_solution, full_rank, product, semidefinite, solve_linear


def about(array):
    """A float Interval around rationals."""
    near = floats(array)
    return Interval(np.nextafter(near, -np.inf), np.nextafter(near, np.inf), "float")


def system(seed, m=3, columns=2):
    rng = np.random.default_rng(seed)
    return objects(rng.integers(-9, 10, (m, m))) / 7, objects(rng.integers(-9, 10, (m, columns))) / 3


@pytest.mark.parametrize("seed", range(12))
def test_the_bracket_contains_the_solution(seed):
    A, b = system(seed)
    exact, found = solve_linear(A, b), enclosed_solution(about(A), about(b))
    assert found.contains(exact)
    assert found.width < 1e-10
    vector = enclosed_solution(about(A), about(b[:, 0]))
    assert vector.shape == (3,)
    assert vector.contains(exact[:, 0])
    with propose():
        assert enclosed_solution(floats(A), floats(b)) == pytest.approx(floats(exact), rel=1e-9, abs=1e-12)


def test_a_wide_matrix_says_nothing():
    wide = Interval([[0.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], "float")
    assert enclosed_solution(wide, Interval([1.0, 1.0], how="float")).upper[0] == np.inf
    flat = Interval([[1.0, 1.0], [1.0, 1.0]], how="float")
    assert enclosed_solution(flat, Interval([1.0, 1.0], how="float")).lower[0] == -np.inf
    with pytest.raises(Singular):
        enclosed_solution(Interval(objects([[1, 1], [1, 1]])), Interval(objects([1, 1])))


@pytest.mark.parametrize("width", [1e-3, 1e-2])
def test_every_matrix_of_the_bracket_is_solved(width):
    rng = np.random.default_rng(5)
    A, b = np.array([[3.0, 1.0], [-1.0, 2.0]]), np.array([1.0, -2.0])
    found = enclosed_solution(Interval(A - width, A + width, "float"), Interval(b - width, b + width, "float"))
    for _ in range(200):
        corner = np.linalg.solve(A + width * rng.choice([-1, 1], (2, 2)), b + width * rng.choice([-1, 1], 2))
        assert (found.lower <= corner).all()
        assert (corner <= found.upper).all()


def minors_are_non_negative(A):
    """Every principal minor, by Laplace expansion: positive semidefiniteness by its definition for symmetric matrices."""

    def determinant(M):
        if not len(M):
            return fmpq(1)
        rest = [np.delete(M[1:], k, axis=1) for k in range(len(M))]
        return sum(((-1) ** k * M[0, k] * determinant(rest[k]) for k in range(len(M))), fmpq(0))

    return all(determinant(A[np.ix_(keep, keep)]) >= 0 for keep in subsets(len(A)))


def subsets(m):
    return [[k for k in range(m) if code >> k & 1] for code in range(2**m)]


@given(st.integers(1, 3), st.data())
def test_semidefinite_by_principal_minors(m, data):
    entries = data.draw(st.lists(st.integers(-2, 2), min_size=m * m, max_size=m * m))
    B = objects(entries).reshape(m, m)
    A = data.draw(st.sampled_from([B + B.T, B @ B.T]))
    assert semidefinite(Interval(A)) == minors_are_non_negative(A)
    assert not semidefinite(about(A)) or minors_are_non_negative(A)
    if semidefinite(Interval(A - objects(np.eye(m, dtype=int)) / 100)):
        assert semidefinite(about(A))


def test_rank_is_decided_on_what_the_floats_are():
    assert not full_rank(objects([["1/3", "2/3"], [1, 2], [0, 0]]))
    assert full_rank(np.array([[0.1, 0.2], [0.3, 0.6000000000000001]]))
    assert not full_rank(objects([[1, 2]]))


def test_products_of_intervals_and_of_bare_arrays():
    A, B = system(3)
    assert (product(Interval(A), Interval(B)).lower == A @ B).all()
    assert (product(Interval(A), Interval(B[:, 0])).lower == A @ B[:, 0]).all()
    assert product(about(A), about(B)).contains(A @ B)
    assert (product(np.eye(2), np.ones(2)) == 1).all()
