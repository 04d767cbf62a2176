"""Infinite ends: what is infinite stays so, what overflows does not become so."""

import numpy as np

from mdpkit.base.interval import Interval


def test_an_infinite_number_stays_infinite_and_an_overflow_does_not_become_one():
    infinite, some = Interval(np.inf, np.inf, "float"), Interval([1.0, 2.0], [1.5, 3.0], "float")
    for least in (
        some - infinite,
        -(infinite + some),
        infinite * -some,
        (infinite * -some) / some,
        Interval([-np.inf, 1.0], None, "float").sum(),
    ):
        assert (least.lower == -np.inf).all()
        assert (least.upper == -np.inf).all()
    largest = np.finfo(float).max
    huge = Interval([-largest, -largest], None, "float")
    for overflow in (huge + huge, huge * -huge, huge.sum(), huge / 0.5):
        assert (overflow.lower == -np.inf).all()
        assert (overflow.upper >= -largest).all()
    mixed = Interval(1e200, np.inf, "float") * Interval(-1e200, None, "float")  # -10^400 is one of its numbers
    assert (mixed.lower, mixed.upper) == (-np.inf, -largest)
