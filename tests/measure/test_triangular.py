"""The triangular discrimination against other divergences, by hand, and in both number kinds."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdpkit import measure
from mdpkit.base.arrays import floats, objects
from mdpkit.base.interval import Interval
from mdpkit.base.mode import propose

laws = st.lists(st.integers(0, 6), min_size=3, max_size=3).filter(any).map(lambda w: objects(w) / sum(w))


@given(laws, laws)
def test_it_lies_between_multiples_of_total_variation(p, q):
    D, variation = measure.triangular(p, q), Interval(abs(p - q)).sum() / 2
    assert variation**2 * 2 <= D
    assert variation * 2 >= D
    assert measure.triangular(q, p) == D
    assert bool(D == 0) == bool((p == q).all())


@given(laws, laws)
def test_floats_enclose_it(p, q):
    D = measure.triangular(p, q)
    assert measure.triangular(floats(p), floats(q)).contains(D)
    with propose():
        assert measure.triangular(floats(p), floats(q)) == pytest.approx(D.mid, abs=1e-14)


def test_by_hand():
    assert measure.triangular([1, 0], [0, 1]) == 2
    assert measure.triangular([1, 0, 0], ["2/3", "1/3", 0]) == objects("1/15")[()] + objects("1/3")[()]


def test_an_outcome_that_may_have_no_mass_adds_at_most_its_mass():
    p = Interval(np.array([0.0, 0.9]), np.array([0.1, 1.0]), "float")
    q = Interval(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "float")
    found = measure.triangular(p, q)
    for mass in ("0", "1/20", "9/100"):
        assert found.contains(measure.triangular([mass, 1 - Fraction(mass)], [0, 1]))
