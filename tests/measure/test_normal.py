"""The normal distribution: enclosures against scipy, and each function against the inverse of the other."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from mdpkit import measure, objects
from mdpkit.base.mode import propose

POINTS = np.array([-30.0, -8.0, -1.5, -0.25, 0.0, 0.3, 1.0, 4.0, 9.0])
SHARES = np.array([1e-300, 1e-9, 0.1, 0.5, 0.75, 0.9])


def test_probabilities_agree_with_scipy():
    known = measure.normal_probability(POINTS)
    assert (abs(known.mid - ndtr(POINTS)) <= 1e-13 * ndtr(POINTS)).all()
    assert (known.upper - known.lower <= 1e-12 * known.upper).all()


def test_quantiles_agree_with_scipy():
    known = measure.normal_quantile(SHARES)
    assert np.allclose(known.mid, ndtri(SHARES), rtol=1e-13)
    assert known.width < 1e-12


@pytest.mark.parametrize("x", ["-7/3", "-1/8", "0", "2"])
def test_quantiles_invert_probabilities(x):
    assert measure.normal_quantile(measure.normal_probability(objects(x))).contains(objects(x))


def test_the_symmetry_of_the_density():
    x = objects(["1/3", "5/2"])
    assert (measure.normal_probability(x) + measure.normal_probability(-x)).contains(objects([1, 1]))


def test_infinite_ends():
    known = measure.normal_quantile(objects([0, 1]))
    assert (known.lower == [-np.inf, np.inf]).all()
    assert (known.upper == [-np.inf, np.inf]).all()
    assert (measure.normal_probability(known).lower == [0, 1]).all()
    assert (measure.normal_probability(known).upper == [0, 1]).all()


def test_plain_arrays_while_proposing():
    with propose():
        assert (measure.normal_probability(POINTS) == ndtr(POINTS)).all()
        assert (measure.normal_quantile(SHARES) == ndtri(SHARES)).all()
