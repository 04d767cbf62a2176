"""Intervals as floats and as text: what is shown or converted never claims more than is known."""

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from mdpkit.base.arrays import objects, rational
from mdpkit.base.interval import Interval


@st.composite
def brackets(draw):
    """An exact interval, or one between finite floats."""
    if draw(st.booleans()):
        return Interval(objects(rational(draw(st.fractions(-5, 5)))))
    low, high = sorted(draw(st.tuples(*2 * [st.floats(-1e30, 1e30) | st.floats(-2, 2)])))
    return Interval(low, high, "enclosed")


def test_a_scalar_of_width_zero_is_a_float_and_any_other_interval_names_its_middle():
    assert float(Interval(objects("1/3"))) == 1 / 3
    assert float(Interval(0.5, 0.5, "sampled")) == 0.5
    assert float(Interval(np.inf, np.inf, "float")) == math.inf
    for X in (
        Interval(0.0, 1.0, "float"),
        Interval(0.0, 5e-324, "enclosed"),
        Interval(objects([1, 2])),
        Interval(np.zeros(1), how="float"),
    ):
        with pytest.raises(TypeError, match=r"no float; `\.mid`"):
            float(X)


@pytest.mark.parametrize(
    "convert", [np.asarray, np.array, lambda x: np.array([x]), lambda x: np.array(x, float), np.sqrt, np.sum]
)
def test_numpy_converts_no_interval_of_itself(convert):
    for X in (Interval(objects(1)), Interval(1.0, 1.0, "float"), Interval(objects([1, 2]))):
        with pytest.raises(TypeError):
            convert(X)


@given(brackets(), st.sampled_from([".3f", ".2e", ".4g", ">12.1f", "+.0f", ".1%", "g", "f", "e", ""]))
def test_a_formatted_interval_encloses_what_is_known(X, spec):
    text = format(X, spec)
    if not spec:
        assert text == repr(X)
    elif X.width == 0:
        assert text == format(X.mid, spec)
    else:
        low, high = (
            Fraction(end.strip().rstrip("%")) / (100 if "%" in spec else 1) for end in text.strip("[]").split(", ")
        )
        assert low <= Fraction(float(X.lower)) <= Fraction(float(X.upper)) <= high


def test_a_format_that_suits_no_interval_says_what_does():
    assert f"{Interval(0.25, math.inf, 'float'):.1f}" == "[0.2, inf]"
    for X in (Interval(objects(1)), Interval(0.0, 1.0, "float")):
        with pytest.raises(ValueError, match=r"'Q' formats no interval; expected .*'\.3f'"):
            format(X, "Q")
    with pytest.raises(TypeError, match=r"array of intervals, of shape \(2,\), takes no format '\.3f'"):
        format(Interval(objects([1, 2])), ".3f")


def test_an_exact_number_of_many_digits_is_abbreviated():
    number = fmpq(2) ** 900 / fmpq(3) ** 800
    assert repr(Interval(objects(number))) == f"Interval(~1.6982e-111 (exact, {len(str(number)) - 1} digits))"
    assert repr(Interval(objects(fmpq(10) ** 800 + 1))) == "Interval(~1.0000e+800 (exact, 801 digits))"
    assert repr(Interval(objects("1234567890/1234567891"))) == "Interval(1234567890/1234567891, exact)"
    assert "digits)" in Interval(objects([number, 1]))._repr_html_()
