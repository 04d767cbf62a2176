"""Confidence intervals of a mean: coverage on skewed laws, the formulas by hand, and what is refused."""

from math import log, sqrt

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.errors import InvalidModel

DRAWS = 400


def coverage(draw, mean, n, confidence, within):
    """The share of samples whose interval contains the mean."""
    rng = np.random.default_rng(0)
    found = (measure.sampled_mean(draw(rng, n), confidence, within) for _ in range(DRAWS))
    return np.mean([each.lower <= mean <= each.upper for each in found])


def rare(rng, n):
    return (rng.random(n) < 0.02).astype(float)


def normal(rng, n):
    return rng.normal(1.0, 2.0, n)


@pytest.mark.parametrize("n", [5, 30, 300])
def test_with_known_bounds_the_confidence_holds_on_a_skewed_law(n):
    assert coverage(rare, 0.02, n, "9/10", (0, 1)) >= 0.9


def test_student_is_right_for_a_normal_law_and_not_for_a_skewed_one():
    assert coverage(normal, 1.0, 5, "9/10", None) == pytest.approx(0.9, abs=0.05)
    assert coverage(rare, 0.02, 30, "9/10", None) < 0.7


def test_the_radius_is_the_smaller_of_hoeffding_and_empirical_bernstein():
    few, many = [0.0, 1.0, 1.0, 0.0] * 10, [0.0] * 1000 + [1.0]
    found = measure.sampled_mean(few, "19/20", (-1, 3))
    assert found.upper - 0.5 == pytest.approx(4 * sqrt(log(4 / 0.05) / 80))
    found, mean = measure.sampled_mean(many, "19/20", (0, 1)), 1 / 1001
    deviation = np.std(many, ddof=1)
    assert found.upper - mean == pytest.approx(deviation * sqrt(2 * log(8 / 0.05) / 1001) + 7 * log(8 / 0.05) / 3000)
    assert found.lower == 0
    assert found.how == "sampled"


def test_students_quantile_is_that_of_the_tables():
    found = measure.sampled_mean([1, 2, 3], "19/20")
    assert found.upper - 2 == pytest.approx(4.302653 / sqrt(3), abs=1e-5)


@pytest.mark.parametrize(
    ("numbers", "options", "message"),
    [
        ([1.0], {}, "expected at least two finite ones"),
        ([1.0, float("nan")], {}, "expected at least two finite ones"),
        ([0.0, 2.0], dict(within=(0, 1)), "expected them within 0.0 and 1.0"),
        ([0.0, 1.0], dict(confidence=1), "expected a number between 0 and 1"),
    ],
)
def test_what_has_no_interval_is_refused(numbers, options, message):
    with pytest.raises(InvalidModel, match=message):
        measure.sampled_mean(numbers, **options)
