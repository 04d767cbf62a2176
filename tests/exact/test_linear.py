"""Linear systems: brackets contain the exact solution, and elimination decides semidefiniteness."""

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from mdpkit.base.arrays import floats, objects, rational
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


@pytest.mark.parametrize(("width", "columns"), [("1/2", 1), ("3/4", 1), ("9/10", 1), ("1/2", 3)])
def test_the_remainder_of_a_wide_bracket_is_a_whole_geometric_series(width, columns):
    """1 / (1 - q) = 1 + q + q^2 / (1 - q): the ends of a number within q of 1 are attained; q^2 alone falls short."""
    q, b = float(rational(width)), objects(np.arange(1, columns + 1))
    A = Interval(np.array([[1 - q]]), np.array([[1 + q]]), "float")
    found = enclosed_solution(A, Interval(floats(b)[None], floats(b)[None], "float"))
    for end in (1 - rational(width), 1 + rational(width)):
        assert found.contains((b / end)[None])
    assert (found.upper <= floats(b) / (1 - q) * (1 + 1e-9)).all()


def test_every_corner_of_a_wide_matrix_is_solved():
    """Rows with errors of up to 2/5 in sum: the remainder counts, and corners come within a tenth of the bracket."""
    A, off = np.array([[1.0, 0.25], [0.0, 1.0]]), np.array([[0.2, 0.1], [0.2, 0.2]])
    b = np.array([1.0, 1.0])
    found = enclosed_solution(Interval(A - off, A + off, "float"), Interval(b, b, "float"))
    ends = np.array([np.linalg.solve(A + off * np.reshape(sign, (2, 2)), b) for sign in product_of(4)])
    assert (found.lower <= ends).all()
    assert (ends <= found.upper).all()


def product_of(m):
    """Every pattern of m signs."""
    return [[1 if code >> k & 1 else -1 for k in range(m)] for code in range(2**m)]


def minors_are_non_negative(A):
    """Every principal minor, by Laplace expansion: a symmetric matrix is positive semidefinite iff none is negative."""

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


@pytest.mark.parametrize(
    ("A", "answer"),
    [
        ([[0]], True),
        ([[0, 0], [0, 0]], True),
        ([[0, 0], [0, 1]], True),
        ([[0, 0], [0, -1]], False),
        ([[0, 1], [1, 5]], False),
        ([[0, -1], [-1, 5]], False),
        ([[1, 1], [1, 1]], True),
        ([[1, 1, 0], [1, 1, 1], [0, 1, 9]], False),
        ([[1, 1, 0], [1, 1, 0], [0, 0, 9]], True),
        ([[1, 1, 0], [1, 1, 0], [0, 0, -9]], False),
        ([[0, 0, 0], [0, 0, 2], [0, 2, 3]], False),
    ],
)
def test_a_pivot_of_0_is_passed_only_with_a_column_of_0(A, answer):
    """The rest must still be decided; a 0 in floats may stand for a small negative number, and nothing is proved."""
    assert semidefinite(Interval(objects(A))) == answer == minors_are_non_negative(objects(A))
    assert not semidefinite(Interval(np.array(A, dtype=float), how="float"))


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
