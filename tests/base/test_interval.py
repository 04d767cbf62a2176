"""Intervals: whatever is computed from enclosures encloses what is computed from the numbers."""

import copy
import math
import operator
import pickle
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq, fmpz
from hypothesis import assume, given
from hypothesis import strategies as st
from tools.intervals import AROUND

from mdpkit.base.arrays import exactly, is_exact, objects, rational
from mdpkit.base.errors import ExactnessLost, NotFinite
from mdpkit.base.interval import How, Interval, interval

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv]
COMPARISONS = [operator.le, operator.lt, operator.ge, operator.gt, operator.eq, operator.ne]
LARGEST = np.finfo(float).max
WIDER = [how.name for how in How if how is not How.exact]

small = st.fractions(-5, 5, max_denominator=7)
scales = st.sampled_from(
    [fmpq(1), fmpq(1, 10**9), fmpq(10**9), fmpq(10) ** 160, 1 / fmpq(10) ** 160, fmpq(10) ** 320, 1 / fmpq(10) ** 320]
)
numbers = st.builds(lambda x, scale: rational(x) * scale, small, scales)
slacks = st.builds(lambda x, scale: abs(rational(x)) * scale, small, scales)


@st.composite
def known(draw, numbers=numbers):
    """A number, and an Interval around it of any kind and width."""
    x = draw(numbers)
    how = draw(st.sampled_from(["exact", *WIDER]))
    if how == "exact":
        return x, Interval(objects(x))
    return x, Interval(objects(x - draw(slacks)), objects(x + draw(slacks)), how)


# ---- arithmetic encloses
@given(known())
def test_rational_ends_are_rounded_outwards(pair):
    x, X = pair
    assert X.contains(x)
    assert is_exact(X.lower) == X.exact == (X.how == "exact")


@pytest.mark.parametrize("operation", ARITHMETIC)
@given(a=known(), b=known())
def test_arithmetic_encloses_the_exact_result(operation, a, b):
    (x, X), (y, Y) = a, b
    if operation is operator.truediv and Y.contains(0):
        with pytest.raises(ZeroDivisionError, match=r"the divisor (is|may be) 0"):
            operation(X, Y)
        return
    result = operation(X, Y)
    assert result.contains(operation(x, y))
    assert result.how == max(How[X.how], How[Y.how]).name
    assert result.exact == (X.exact and Y.exact)


@given(known(), st.integers(1, 6))
def test_powers_enclose_and_even_ones_are_not_negative(pair, power):
    x, X = pair
    result = X**power
    assert result.contains(x**power)
    assert result.exact == X.exact
    assert power % 2 == 1 or (result >= 0).all_yes()


@pytest.mark.parametrize("power", [0, -1, 2.0, Fraction(1, 2)])
def test_only_positive_integer_powers_are_defined(power):
    with pytest.raises(TypeError, match="positive integer"):
        Interval(objects(2)) ** power


@given(known())
def test_signs_and_absolute_values_enclose(pair):
    x, X = pair
    assert (-X).contains(-x)
    assert abs(X).contains(abs(x))
    assert (-X).how == abs(X).how == X.how
    if not X.exact:
        assert abs(X).lower >= 0


@given(st.lists(known(), min_size=1, max_size=6), st.sampled_from(WIDER))
def test_reductions_enclose(pairs, how):
    exact = [x for x, _ in pairs]
    lower = np.array([float(Interval(X.lower, X.lower, how).lower) for _, X in pairs])
    upper = np.array([float(Interval(X.upper, X.upper, how).upper) for _, X in pairs])
    for X in (Interval(lower, upper, how), Interval(objects(exact))):
        assert X.sum().contains(sum(exact, fmpq(0)))
        assert X.max().contains(max(exact))
        assert X.min().contains(min(exact))
        assert all(X[i].contains(exact[i]) for i in range(len(exact)))
        assert {reduced.how for reduced in (X.sum(), X.max(), X.min(), X[0])} == {X.how}


@given(st.floats(-1e150, 1e150), st.floats(-1e150, 1e150))
def test_one_operation_on_floats_widens_by_one_unit_a_side(x, y):
    for operation in ARITHMETIC[:3]:
        result, near = operation(Interval(x, x, "float"), Interval(y, y, "float")), operation(x, y)
        about = (math.nextafter(near, -math.inf), math.nextafter(near, math.inf))
        # nothing times anything is nothing, without rounding
        assert (float(result.lower), float(result.upper)) == (
            (0, 0) if operation is operator.mul and 0 in (x, y) else about
        )


# ---- other operands
OPERANDS = {
    "int": 3,
    "large int": 10**30,
    "bool": True,
    "Fraction": Fraction(1, 3),
    "fmpq": fmpq(1, 3),
    "fmpz": fmpz(3),
    "numpy int": np.int64(3),
    "numpy unsigned": np.uint8(3),
    "array of int": np.array([3, -2]),
    "array of bool": np.array([True, True]),
    "0-dimensional array": np.array(3),
    "rationals": objects(["1/3", -2]),
    "0-dimensional rational": objects("1/3"),
    "Fractions": np.array([Fraction(1, 3), Fraction(2)]),
    "python ints past int64": np.array([2**80, 1]),
}


@pytest.mark.parametrize("operation", ARITHMETIC)
@pytest.mark.parametrize("X", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize("other", OPERANDS.values(), ids=OPERANDS)
def test_every_exact_operand_on_either_side(operation, X, other):
    inner = X.lower if X.exact else np.array([rational(Fraction(float(x))) for x in X.lower.flat]).reshape(X.shape)
    entries = objects(other)
    for result, left, right in ((operation(X, other), inner, entries), (operation(other, X), entries, inner)):
        assert isinstance(result, Interval)
        assert result.how == X.how
        assert result.contains(Interval(objects(operation(left, right))))


@pytest.mark.parametrize("operation", COMPARISONS)
@pytest.mark.parametrize("X", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize("other", OPERANDS.values(), ids=OPERANDS)
def test_no_comparison_ever_answers_with_bare_bools(operation, X, other):
    for answer in (operation(X, other), operation(other, X)):
        assert type(answer).__name__ in ("Decision", "Decisions")
        assert hasattr(answer, "all_yes")
    mirrored = {operator.le: operator.ge, operator.lt: operator.gt, operator.eq: operator.eq, operator.ne: operator.ne}
    if operation in mirrored:
        one, two = operation(other, X), mirrored[operation](X, other)
        assert (one.all(), one.all_yes(), one.any_no()) == (two.all(), two.all_yes(), two.any_no())


@pytest.mark.parametrize("operation", ARITHMETIC + COMPARISONS)
@pytest.mark.parametrize(
    "number", [0.5, np.float64(0.5), np.array([0.5, 1.0]), np.array(0.5), np.float32(0.5)], ids=repr
)
@pytest.mark.parametrize("X", [Interval(objects(1)), Interval(objects([1, 2]))], ids=["scalar", "array"])
def test_a_float_that_meets_an_exact_interval_is_refused(operation, number, X):
    with pytest.raises(ExactnessLost, match=r"is combined with an exact interval; write an int or a Fraction"):
        operation(X, number)
    with pytest.raises(ExactnessLost, match=r"is combined with an exact interval; write an int or a Fraction"):
        operation(number, X)


@pytest.mark.parametrize("operation", ARITHMETIC)
@pytest.mark.parametrize("number", [0.5, np.float64(0.5), np.array([0.5, 1.5])], ids=repr)
def test_a_float_that_meets_a_wider_interval_is_the_number_it_stands_for(operation, number):
    X = Interval(objects(["1/3", 2]), objects(["1/2", 3]), "enclosed")
    for result in (operation(X, number), operation(number, X)):
        assert result.how == "float"
    assert operation(X, number).contains(operation(objects(["2/5", "5/2"]), exactly(number)))


@pytest.mark.parametrize("operation", [*ARITHMETIC, operator.le, operator.lt])
@pytest.mark.parametrize("other", ["1", b"1", 1j, np.array(["1"]), np.array([1j])], ids=repr)
def test_what_is_no_number_is_refused(operation, other):
    for X in (Interval(objects(1)), Interval(0.0, 1.0, "float")):
        with pytest.raises(TypeError):
            operation(X, other)


def test_numpy_functions_do_not_take_an_interval_apart():
    X = Interval(0.0, 1.0, "float")
    for function in (np.add, np.less_equal, np.maximum):
        with pytest.raises(TypeError):
            function(np.ones(2), X)


# ---- infinities
def test_infinite_ends_keep_their_order():
    worst, best, finite = (Interval(x, x, "float") for x in (-np.inf, np.inf, -LARGEST))
    for decision in (
        worst < finite,
        worst <= worst,
        worst == worst,
        finite < best,
        best > finite,
        worst < -(10**300),
        worst <= -(10**400),
    ):
        assert decision.name == "YES"
    assert (best <= finite).name == "NO"
    assert Interval(np.array([-np.inf, 1.0]), np.array([-np.inf, 1.0]), "float").sum() <= -(10**300)
    assert Interval(np.array([np.inf, 1.0]), np.array([np.inf, 1.0]), "float").sum().upper == np.inf
    for decision in (worst + 1 <= -1, worst - 1 <= -1, best * 2 >= 1, -best <= -1, abs(worst) >= 1):
        assert decision.name == "YES"
    assert (worst.width, best.mid, worst.mid) == (0.0, np.inf, -np.inf)
    assert Interval(-np.inf, np.inf, "float").width == np.inf


def test_the_difference_of_two_infinities_is_refused():
    worst = Interval(-np.inf, -np.inf, "float")
    with pytest.raises(NotFinite):
        worst - worst
    with pytest.raises(NotFinite):
        Interval(np.array([np.inf, -np.inf]), np.array([np.inf, -np.inf]), "float").sum()


@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_nothing_times_an_infinite_end_is_nothing(infinite):
    ends = sorted([infinite, 1.0])
    half_line = Interval(*ends, "float")
    assert (half_line * 0).contains(0)
    assert (half_line * 0).width <= 1e-300
    unit = Interval(0.0, 1.0, "float") * half_line
    assert unit.contains(0)
    assert unit.contains(rational(int(math.copysign(10**300, infinite))))
    assert np.isinf(unit.width)


@given(st.sampled_from([1e200, LARGEST, 1e-200, 5e-324, 1.0]), st.sampled_from([1e200, LARGEST, 1e-200, 5e-324, 3.0]))
def test_overflow_and_underflow_are_enclosed(x, y):
    for operation in ARITHMETIC:
        for signed in (y, -y):
            result = operation(Interval(x, x, "float"), Interval(signed, signed, "float"))
            assert result.contains(operation(Fraction(x), Fraction(signed)))


# ---- division
@pytest.mark.parametrize("ends", [(0.0, 0.0), (-1.0, 1.0), (0.0, 1.0), (-1.0, -0.0), (-5e-324, 1.0), (-np.inf, np.inf)])
def test_a_divisor_that_may_be_zero_is_refused(ends):
    with pytest.raises(ZeroDivisionError, match="the divisor may be 0"):
        1 / Interval(*ends, "float")
    array = Interval(np.array([ends[0], 1.0]), np.array([ends[1], 2.0]), "float")
    with pytest.raises(ZeroDivisionError, match="the divisor may be 0"):
        Interval(objects([1, 2])) / array


def test_the_quotient_of_two_half_lines_is_a_half_line():
    positive, below = Interval(0.0, np.inf, "float"), Interval(-np.inf, -1.0, "float")
    assert (positive / below).contains(Interval(np.array([-(2.0**1000), 0.0]), np.array([-(2.0**-1000), 0.0]), "float"))
    assert abs(positive / below).upper == np.inf
    assert (positive / below).upper <= 1e-300
    with pytest.raises(NotFinite):
        Interval(np.inf, np.inf, "float") / Interval(np.inf, np.inf, "float")


def test_an_exact_zero_divisor_is_refused():
    for zero in (0, fmpq(0), objects([1, 0]), np.array([0, 1]), Interval(objects(0))):
        with pytest.raises(ZeroDivisionError, match="the divisor is 0"):
            Interval(objects(1)) / zero


# ---- comparison
POINTS = [-np.inf, 0.0, 1.0, 2.0, np.inf]
SPANS = [(a, b) for a in POINTS for b in POINTS if a <= b]


def within(span):
    """Numbers of a span that represent every relative position to another one: its ends, and what lies between."""
    return [x for x in (-np.inf, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, np.inf) if span[0] <= x <= span[1]]


@pytest.mark.parametrize("operation", COMPARISONS)
@pytest.mark.parametrize("how", WIDER)
def test_comparisons_are_decided_in_every_relative_position(operation, how):
    seen = set()
    for a in SPANS:
        for b in SPANS:
            answers = {bool(operation(x, y)) for x in within(a) for y in within(b)}
            expected = {(True,): "YES", (False,): "NO"}.get(tuple(answers), "UNDECIDED")
            operands = [(Interval(*a, how), Interval(*b, "float"))]
            if a[0] == a[1] and np.isfinite(a[0]):
                operands.append((Interval(objects(int(a[0]))), Interval(*b, how)))
            if b[0] == b[1] and np.isfinite(b[0]):
                operands.append((Interval(*a, how), int(b[0])))
            for X, Y in operands:
                assert operation(X, Y).name == expected, (a, b)
            seen.add(expected)
    assert seen == {"YES", "NO", "UNDECIDED"}


@pytest.mark.parametrize("operation", COMPARISONS)
@given(x=small, y=small)
def test_exact_comparisons_are_always_decided(operation, x, y):
    X, Y = Interval(objects(x)), Interval(objects(y))
    assert operation(X, Y).name == ("YES" if operation(x, y) else "NO")


@pytest.mark.parametrize("operation", COMPARISONS)
@given(a=known(), b=known())
def test_a_decided_comparison_is_true_of_the_numbers(operation, a, b):
    (x, X), (y, Y) = a, b
    answer = operation(X, Y).name
    assert answer == "UNDECIDED" or answer == ("YES" if operation(x, y) else "NO")


@pytest.mark.parametrize("operation", COMPARISONS)
def test_arrays_are_compared_entry_by_entry(operation):
    a, b = np.array(SPANS).T
    X, Y = Interval(a, b, "float"), Interval(0.0, 1.0, "float")
    answers = operation(X, Y)
    assert [answers[i].name for i in range(len(a))] == [operation(X[i], Y).name for i in range(len(a))]


def test_an_interval_is_never_equal_in_silence():
    X = Interval(0.0, 1.0, "float")
    assert (X == X).name == "UNDECIDED"
    assert (X != X).name == "UNDECIDED"
    with pytest.raises(TypeError, match="unhashable"):
        hash(X)


@given(known(), known())
def test_containment_is_what_the_ends_say(a, b):
    (_, X), (_, Y) = a, b
    assume(Y.exact or np.isfinite([Y.lower, Y.upper]).all())
    assert X.contains(Y) == all(X.contains(exactly(end)) for end in (Y.lower, Y.upper))


def test_containment_is_decided_to_the_last_digit():
    third = Interval(objects("1/3"), objects("1/3"), "enclosed")
    assert third.contains("1/3")
    assert not Interval(third.lower, third.lower, "float").contains("1/3")
    assert not Interval(third.upper, third.upper, "float").contains(fmpq(1, 3))
    assert not Interval(np.array([0.0, 0.0]), np.array([1.0, 1.0]), "float").contains(objects([1, "1000001/1000000"]))
    assert Interval(-np.inf, np.inf, "float").contains(10**400)


# ---- what it is
@pytest.mark.parametrize("ends", [(np.nan, 1.0), (0.0, np.nan), (np.nan, np.nan)])
def test_nan_is_refused(ends):
    for how in WIDER:
        with pytest.raises(NotFinite, match="NaN"):
            Interval(*ends, how)
        with pytest.raises(NotFinite, match="NaN"):
            Interval(np.array([0.0, ends[0]]), np.array([1.0, ends[1]]), how)
    with pytest.raises((NotFinite, ExactnessLost)):
        Interval(0.0, 1.0, "float") + np.nan


def test_ends_that_are_no_ends_are_refused():
    with pytest.raises(ValueError, match="lower end exceeds"):
        Interval(1.0, 0.0, "float")
    with pytest.raises(ValueError, match=r"lower has shape \(2,\), upper \(3,\)"):
        Interval(np.zeros(2), np.zeros(3), "float")
    with pytest.raises(ValueError, match="an exact interval has a single end"):
        Interval(objects(0), objects(1))
    with pytest.raises(ExactnessLost, match="not a rational"):
        Interval(0.5)
    with pytest.raises(KeyError):
        Interval(0.0, 1.0, "guessed")


def test_integers_that_floats_cannot_hold_stay_enclosed():
    x = 2**53 + 1
    assert Interval(np.array([x]), np.array([x]), "enclosed").contains(x)
    assert (Interval(1.0, 1.0, "float") * x).contains(x)


@pytest.mark.parametrize("convert", [float, complex, math.floor, math.sqrt, round])
def test_no_conversion_throws_the_bounds_away(convert):
    for X in (Interval(0.0, 1.0, "float"), Interval(np.zeros(2), how="float"), Interval(objects([1]))):
        with pytest.raises(TypeError):
            convert(X)


def test_an_interval_is_immutable_and_does_not_follow_the_callers_arrays():
    for how, source in (("float", np.zeros(2)), ("exact", objects([0, 0]))):
        X = Interval(source, how=how)
        source[0] = 1
        assert X[0].contains(0)
        assert source.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            X.lower[0] = 1
        with pytest.raises(AttributeError, match="immutable"):
            X.lower = source
        with pytest.raises((AttributeError, TypeError)):
            X.other = 1
    array = np.zeros(2)
    Y = interval(array)
    array[0] = 1.0
    assert Y[0].upper == 0


UNUSUAL = [Interval(-np.inf, np.inf, "sampled"), Interval(np.zeros((2, 0)), np.ones((2, 0)), "float")]


@pytest.mark.parametrize("X", [*AROUND.values(), *UNUSUAL], ids=repr)
@pytest.mark.parametrize("through", [lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy])
def test_copies_are_the_same_interval(X, through):
    Y = through(X)
    assert (Y.how, Y.shape) == (X.how, X.shape)
    assert np.array_equal(Y.lower, X.lower)
    assert np.array_equal(Y.upper, X.upper)


def test_a_pickle_cannot_smuggle_in_nan():
    make, _ = Interval(0.0, 1.0, "float").__reduce__()
    with pytest.raises(NotFinite):
        make(np.nan, np.nan, "float")


def test_interval_knows_exact_input_from_floats():
    assert interval(Fraction(1, 2)).exact
    assert interval(3).exact
    assert interval([1, 2]).exact
    assert interval(np.array([True])).exact
    assert interval(0.5).how == "float"
    assert interval(np.zeros(2)).how == "float"
    X = Interval(0.0, 1.0, "sampled")
    assert interval(X) is X
