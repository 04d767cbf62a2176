"""Arrays: from one number kind to the other without a rounding that nobody asked for."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq, fmpz
from hypothesis import example, given
from hypothesis import strategies as st

from mdpkit.base.arrays import exactly, floats, freeze, is_exact, like, nearest, objects, rational, zeros
from mdpkit.base.errors import ExactnessLost

LARGEST = 2**1024 - 2**971
HALF_ABOVE = 2**1024 - 2**970
huge = st.integers(-(10**400), 10**400)


def as_fraction(x):
    return Fraction(int(x.p), int(x.q))


@given(huge, st.integers(1, 10**400))
@example(1, 3)
@example(2**53 + 1, 1)
@example(2**54 + 2, 1)
@example(3, 2**1075)
@example(1, 2**1075)
@example(1, 2**1075 - 1)
@example(LARGEST, 1)
@example(HALF_ABOVE - 1, 1)
def test_a_rational_becomes_the_nearest_float_with_ties_to_even(p, q):
    x = Fraction(p, q)
    near = float(floats(objects(x)))
    if abs(x) >= HALF_ABOVE:
        assert near == (np.inf if x > 0 else -np.inf)
        return
    off = abs(Fraction(near) - x)
    for neighbour in (math.nextafter(near, -math.inf), math.nextafter(near, math.inf)):
        if math.isfinite(neighbour):
            other = abs(Fraction(neighbour) - x)
            assert off < other or (off == other and int(np.float64(near).view(np.int64)) % 2 == 0)


@pytest.mark.parametrize("x", [HALF_ABOVE, -HALF_ABOVE, Fraction(10**700, 3)])
def test_a_rational_past_the_largest_float_becomes_infinite(x):
    assert nearest(rational(x)) == (np.inf if x > 0 else -np.inf)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_rational_it_stands_for_and_comes_back(x):
    array = exactly(np.array([x]))
    assert as_fraction(array[0]) == Fraction(x)
    assert floats(array)[0] == x


@pytest.mark.parametrize("x", [np.inf, -np.inf, np.nan])
def test_no_rational_stands_for_a_float_that_is_not_finite(x):
    with pytest.raises((OverflowError, ValueError)):
        exactly([x])


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (3, Fraction(3)),
        (True, Fraction(1)),
        (np.int8(-3), Fraction(-3)),
        (np.uint64(2**63), Fraction(2**63)),
        (fmpz(7), Fraction(7)),
        (fmpq(2, 6), Fraction(1, 3)),
        (Fraction(-2, 6), Fraction(-1, 3)),
        ("1/3", Fraction(1, 3)),
        (" -0.25 ", Fraction(-1, 4)),
        (10**400, Fraction(10**400)),
    ],
)
def test_rational_takes_every_exact_kind(x, expected):
    assert isinstance(rational(x), fmpq)
    assert as_fraction(rational(x)) == expected


@pytest.mark.parametrize("x", [0.5, np.float64(0.5), np.float32(0.5), 1j, None, Decimal("0.1"), [1]])
def test_rational_refuses_what_hides_its_rational(x):
    with pytest.raises(ExactnessLost, match="not a rational; write an int, a Fraction or 'p/q'"):
        rational(x)


def test_objects_refuses_one_float_among_rationals():
    with pytest.raises(ExactnessLost, match=r"0\.5 is a float"):
        objects([1, "1/2", 0.5])


SHAPES = [(), (1,), (3,), (0,), (2, 0, 3), (2, 3), (2, 1, 2)]


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_survives_every_conversion_also_at_dimension_0(shape):
    source = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    for array in (objects(source), exactly(source.astype(float)), like(source, objects(1)), zeros(shape, objects(1))):
        assert isinstance(array, np.ndarray)
        assert array.shape == shape
        assert is_exact(array)
        assert all(isinstance(x, fmpq) for x in array.flat)
    for array in (
        floats(objects(source)),
        floats(source),
        like(objects(source), np.zeros(1)),
        zeros(shape, np.zeros(1)),
    ):
        assert isinstance(array, np.ndarray)
        assert array.shape == shape
        assert array.dtype == np.float64
    assert (floats(objects(source)) == source).all()


def test_objects_keeps_the_order_of_a_transposed_array():
    source = np.arange(6).reshape(2, 3).T
    assert (floats(objects(source)) == source).all()
    assert (floats(exactly(np.asfortranarray(source, dtype=float))) == source).all()


def test_like_takes_the_kind_of_its_pattern():
    assert like(["1/2", 1], np.zeros(1)).tolist() == [0.5, 1.0]
    assert like(["1/2", 1], objects(1)).tolist() == [fmpq(1, 2), fmpq(1)]
    assert like(Fraction(1, 3), np.zeros(1)) == 1 / 3
    assert like(0.25, np.zeros(1)) == 0.25


def test_like_lets_no_float_into_a_rational_computation():
    for x in (0.5, [0.5], np.zeros(2), np.float64(1)):
        with pytest.raises(ExactnessLost, match="not a rational"):
            like(x, objects(1))


@pytest.mark.parametrize("source", [np.arange(6.0).reshape(2, 3).T, objects([[1, 2], [3, 4]]).T])
def test_a_frozen_array_is_a_read_only_copy_in_c_order(source):
    copy = freeze(source)
    assert copy.flags.c_contiguous
    assert not np.shares_memory(copy, source)
    assert (copy == source).all()
    with pytest.raises(ValueError, match="read-only"):
        copy[0, 0] = 1
    assert source.flags.writeable
    assert freeze(copy) is copy
    assert freeze(copy[:]) is not copy
