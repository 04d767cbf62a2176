"""Sums of intervals: the bound holds whatever cancels or overflows on the way."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mdpkit.base.arrays import exactly
from mdpkit.base.interval import Interval
from mdpkit.base.tolerance import UNIT

LARGEST = np.finfo(float).max


def exact_sum(array):
    return sum((Fraction(x) for x in np.ravel(array).tolist()), Fraction(0))


HARD_TO_ADD = [1e16, -1e16, 1.0, -1.0, 0.1, 1e-16, 3.7e15, -1e308, 1e308, 5e-324, 1e-310, 2.0**53, -(2.0**53) - 2]
cancelling = st.lists(st.sampled_from(HARD_TO_ADD), max_size=40)


@given(cancelling)
@example([1e16, 1.0, -1e16] * 30)
@example([0.1] * 40)
@example([1e308, 1e308, -1e308, -9e307])
def test_sums_survive_cancellation_and_overflow_on_the_way(entries):
    array = np.array(entries, dtype=float)
    total, size = exact_sum(array), exact_sum(abs(array))
    result = Interval(array, array, "float").sum()
    assert result.contains(total)
    if size < LARGEST:
        assert Fraction(result.width) <= (3 * len(entries) + 8) * Fraction(UNIT) * size + Fraction(1, 2**1070)


@given(cancelling, st.lists(st.sampled_from([0.0, 0.1, 1e-16, 1e3]), min_size=40, max_size=40))
def test_sums_of_wide_entries_contain_the_sums_of_their_ends(entries, widths):
    lower = np.array(entries, dtype=float)
    upper = lower + np.array(widths[: len(entries)])
    result = Interval(lower, upper, "float").sum()
    assert result.contains(exact_sum(lower))
    assert result.contains(exact_sum(upper))


@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1, (0, 2), (-1, 0)])
def test_sums_along_axes_use_the_number_of_their_terms(axis):
    rng = np.random.default_rng(5)
    array = rng.standard_normal((3, 4, 50)) * 10.0 ** rng.integers(-8, 8, (3, 4, 50))
    result = Interval(array, array, "float").sum(axis=axis)
    assert result.contains(exactly(array).sum(axis=axis))
    assert result.shape == array.sum(axis=axis).shape


def test_an_infinite_end_does_not_hide_the_rounding_of_the_other():
    lower = np.array([1e16, 1.0, 1.0, 1.0, 1.0, -1e16] * 5)
    upper = lower.copy()
    upper[0] = np.inf
    assert Interval(lower, upper, "float").sum().contains(exact_sum(lower))
    assert Interval(np.array([1e308, 1e308, -np.inf]), np.array([1e308, 1e308, 0]), "float").sum().contains(2 * 10**308)
    assert Interval(-upper, -lower, "float").sum().contains(-exact_sum(lower))
