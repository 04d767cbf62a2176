"""Numbers with logarithms: algebra against identities, order and ends against balls, and their use in Intervals."""

import copy
import math
import pickle
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from flint import arb, ctx, fmpq, fmpz
from hypothesis import given
from hypothesis import strategies as st

from mdpkit.base.arrays import exact_number, floats, objects, rational, rationals
from mdpkit.base.decision import Decision
from mdpkit.base.errors import ExactnessLost, InvalidModel, NotFinite, Undecided
from mdpkit.base.interval import Interval, interval
from mdpkit.exact.infinite import INFINITY
from mdpkit.exact.logs import LogNumber, exponential, log, sign
from mdpkit.instances import encode
from mdpkit.model import MDP, Finite, TabularPolicy
from mdpkit.verify.judge import ratio

FRACTIONS = st.fractions(Fraction(1, 400), 400, max_denominator=400)
COEFFICIENTS = st.fractions(-3, 3, max_denominator=6)


@st.composite
def numbers(draw):
    """A polynomial of degree at most 2 in a few logarithms, and its value to 200 bits."""
    total, value = fmpq(0), arb(0)
    with ctx.workprec(200):
        for _ in range(draw(st.integers(0, 3))):
            coefficient = draw(COEFFICIENTS)
            factors = draw(st.lists(FRACTIONS, max_size=2))
            term, ball = rational(coefficient), arb(rational(coefficient))
            for q in factors:
                term, ball = term * log(q), ball * arb(rational(q)).log()
            total, value = total + term, value + ball
    return total, value


def close(number, ball):
    with ctx.workprec(200):
        own = number.ball(200) if isinstance(number, LogNumber) else arb(number)
        return own.overlaps(ball) and abs(own - ball).upper() < arb(2) ** -150


@given(numbers(), numbers(), COEFFICIENTS)
def test_arithmetic_is_that_of_the_reals(x, y, c):
    (a, ball_a), (b, ball_b), c = x, y, rational(c)
    with ctx.workprec(200):
        pairs = [
            (a + b, ball_a + ball_b),
            (a - b, ball_a - ball_b),
            (a * b, ball_a * ball_b),
            (c * a, arb(c) * ball_a),
            (-a, -ball_a),
        ]
        assert all(close(found, meant) for found, meant in pairs)
        if c != 0:
            assert close(a / c, ball_a / arb(c))
        assert close(a * a * a if not isinstance(a, LogNumber) else a**3, ball_a**3)


@given(numbers(), numbers(), numbers())
def test_the_ring_laws_hold_exactly(x, y, z):
    a, b, c = x[0], y[0], z[0]
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a * b == b * a
    assert a * (b + c) == a * b + a * c
    assert a - a == 0
    assert hash(a + b) == hash(b + a)


@given(FRACTIONS, FRACTIONS)
def test_logarithms_of_products_are_sums(p, q):
    assert log(p) + log(q) == log(p * q)
    assert log(p) - log(q) == log(p / q)
    assert 2 * log(p) == log(p * p)
    assert (log(p) < log(q)) is (p < q)
    assert (log(p) == log(q)) is (p == q)
    assert exponential(log(p)) == rational(p)


@given(numbers(), numbers())
def test_order_and_ends_are_those_of_the_reals(x, y):
    (a, ball_a), (b, ball_b) = x, y
    if ball_a < ball_b or ball_a > ball_b:
        assert (a < b) is (a <= b) is bool(ball_a < ball_b)
        assert (a > b) is (a >= b) is bool(ball_a > ball_b)
        assert (a != b) is True
    if isinstance(a, LogNumber):
        low, high = a.ends()
        assert low <= a.nearest() <= high
        assert high - low <= 1e-15 * max(abs(low), abs(high))
        with ctx.workprec(200):
            assert arb(low) <= ball_a
            assert ball_a <= arb(high)
        assert abs(a) == (a if a > 0 else -a)
        assert a


def test_what_is_rational_is_a_rational():
    assert type(log(1)) is type(log(6) - log(2) - log(3)) is type(log(5) * 0) is fmpq
    assert exact_number(log(9) / 2 - log(3) + 1) == 1
    assert log(2) ** 0 == 1


def test_large_integers_are_compared_without_being_factored():
    p, q, r = 2**521 - 1, 2**607 - 1, 2**1279 - 1
    assert log(p * q) + log(r) == log(p) + log(q * r)
    assert log(p * q) * log(q * r) == (log(p) + log(q)) * (log(q) + log(r))
    assert log(p * p * q) - 2 * log(p) - log(q) == 0
    assert log(p * q) != log(p * q + 2)
    assert log(fmpz(p) ** 3) == 3 * log(p)
    assert hash(log(p * q) + log(12)) == hash(log(p) + log(q) + log(12))


def test_an_order_beyond_the_last_precision_is_undecided():
    with ctx.workprec(6000):
        mantissa, exponent = arb(2).log().mid().man_exp()
    near = fmpq(int(mantissa)) * fmpq(2) ** int(exponent)
    tiny = log(2) - near
    for ask in (lambda: tiny < 0, lambda: tiny >= 0, lambda: abs(tiny), lambda: sign(tiny)):
        with pytest.raises(Undecided, match="4096 bits"):
            ask()
    assert tiny != 0
    assert tiny.ends()[0] < 0 < tiny.ends()[1]
    array = Interval(objects([tiny, 1, -1]))
    decisions = array <= 0
    assert [decisions[k] for k in range(3)] == [Decision.UNDECIDED, Decision.NO, Decision.YES]
    assert (Interval(objects(tiny)) < 0) is Decision.UNDECIDED
    for known in (abs(array), array.max(), Interval(objects([tiny, 0])).min()):
        assert known.how == ("enclosed" if known.width else "exact")
    assert not Interval(0.0, 1.0, "float").contains(Interval(objects(tiny)))


def test_they_travel_in_intervals():
    x = Interval(objects([log(2), fmpq(1, 2), INFINITY]))
    assert x.exact
    assert (x[:2] + x[:2] == Interval(objects([log(4), 1]))).all_yes()
    assert (x[0] * x[0] == log(2) ** 2).all_yes()
    assert (x[0] * log(2) <= Fraction(1, 2)).all_yes()
    assert (x.max() == INFINITY).all_yes()
    assert x.mid.tolist() == [math.log(2), 0.5, math.inf]
    assert floats(x.lower).tolist() == x.mid.tolist()
    about = x.enclose()
    assert about.how == "enclosed"
    assert about.contains(x)
    assert about.lower[2] == about.upper[2] == math.inf
    assert Interval(0.6, 0.7, "float").contains(x[0])
    assert not Interval(0.7, 0.8, "float").contains(x[0])
    assert (x[0] * Interval(0.5, 0.5, "float")).how == "float"
    assert interval(log(3)).exact
    assert copy.deepcopy(x).lower.tolist() == x.lower.tolist() == pickle.loads(pickle.dumps(x)).lower.tolist()
    with pytest.raises(ExactnessLost):
        x + 0.5
    with pytest.raises(TypeError):
        log(2) + 0.5
    with pytest.raises(TypeError):
        log(2) / log(3)
    with pytest.raises(ZeroDivisionError):
        log(2) / 0


def test_the_ratio_of_two_of_them_is_a_float():
    assert ratio(Interval(objects(log(2))), Interval(objects(log(8)))) == pytest.approx(1 / 3, rel=1e-15)
    assert ratio(Interval(objects(1)), Interval(objects(3))) == fmpq(1, 3)
    assert ratio(Interval(objects(1)), Interval(objects(0))) == math.inf


def test_no_record_and_no_file_holds_one():
    with pytest.raises(InvalidModel, match="not a rational"):
        MDP(objects([[[1]]]), objects([[log(2)]]), horizon=Finite(1))
    with pytest.raises(InvalidModel):
        TabularPolicy(objects([[INFINITY, 1]]))
    with pytest.raises(InvalidModel, match="not all rationals"):
        encode(SimpleNamespace(x=objects([log(2)])))
    with pytest.raises(ExactnessLost):
        rationals([log(2)])


def test_text_and_refusals():
    assert str(log("9/2") + 1) == "1 - log(2) + 2 log(3)"
    assert str(-log(2) * log(3)) == "-log(2) log(3)"
    assert log(0) == -INFINITY
    assert log(objects([1, 4])).tolist() == [0, 2 * log(2)]
    with pytest.raises(NotFinite):
        log(-1)
    with pytest.raises(ExactnessLost):
        log(0.5)
    with pytest.raises(TypeError):
        log(2) ** -1
    assert exponential(log(2) / 2).overlaps(arb(2).sqrt())


# ---- infinities
def test_infinity_orders_and_refuses():
    numbers = [-INFINITY, fmpq(-(10**50)), log("1/7"), fmpq(0), log(2) * log(3), fmpq(5), INFINITY]
    for i, a in enumerate(numbers):
        for j, b in enumerate(numbers):
            assert [a < b, a <= b, a == b, a != b, a >= b, a > b] == [i < j, i <= j, i == j, i != j, i >= j, i > j]
    assert INFINITY + 1 == 1 + INFINITY == INFINITY - log(2) == log(2) + INFINITY == INFINITY
    assert INFINITY * 2 == INFINITY / 3 == abs(-INFINITY) == INFINITY**2 == INFINITY
    assert log("1/2") * INFINITY == 3 - INFINITY == -INFINITY
    assert 1 / INFINITY == 0
    for nothing in (lambda: INFINITY - INFINITY, lambda: INFINITY * 0, lambda: INFINITY / INFINITY):
        with pytest.raises(NotFinite):
            nothing()
    with pytest.raises(TypeError):
        INFINITY + 0.5
    with pytest.raises(TypeError):
        INFINITY**0
    with pytest.raises(ZeroDivisionError):
        INFINITY / 0
    assert pickle.loads(pickle.dumps(-INFINITY)) == -INFINITY
    assert hash(INFINITY) == hash(abs(-INFINITY))
    assert repr(-INFINITY) == "-infinity"
    assert Interval(-np.inf, 0.0, "float").contains(Interval(-INFINITY))
    assert not Interval(0.0, 1.0, "float").contains(Interval(INFINITY))
