"""The moment table by closed forms, and its exponents from exact gaps."""

from itertools import product

import numpy as np
import pytest

from mdpkit import rational
from mdpkit.claims.imitation.three_moments_scale_differently_with_the_horizon import gap_and_payoffs, worst
from mdpkit.instances import named


def numbers(**parameters):
    """The gap and the three payoffs of an instance, as rationals."""
    return [x.lower[()] for x in gap_and_payoffs(named("missteps", **parameters))]


@pytest.mark.parametrize(("H", "p"), list(product((1, 2, 5, 9), ("1/10", "1/2", 1))))
def test_payoffs_on_the_cliff_by_closed_forms(H, p):
    slip = rational(p)
    gap, reward, off_policy, on_policy = numbers(H=H, p=p, q=0, ladder=False)
    assert gap == reward == sum(1 - (1 - slip) ** k for k in range(1, H + 1))
    assert off_policy == H * slip
    assert on_policy == 1 - (1 - slip) ** H


@pytest.mark.parametrize(("H", "p"), list(product((2, 5, 9), ("1/10", "1/2"))))
def test_on_the_ladder_every_slip_costs_two_rewards_but_the_last_one(H, p):
    slip = rational(p)
    gap, _, _, on_policy = numbers(H=H, p=p, q=0)
    x = [rational(1)]
    for _ in range(H - 1):
        x.append(1 - slip * x[-1])
    assert on_policy == slip * sum(x)
    assert gap == 2 * on_policy - slip * x[-1]


@pytest.mark.parametrize(("ladder", "exponents"), [(False, (1, 2, 2)), (True, (1, 2, 1))])
def test_the_exponents_of_the_table(ladder, exponents):
    """log2 of the largest gaps' ratio between H = 32 and 64, up to terms of order 1/H and eps H."""
    for moment, exponent in zip(("reward", "off-Q", "on-Q"), exponents, strict=True):
        gaps = [float(gap_and_payoffs(worst(H, ladder, moment))[0].mid) for H in (32, 64)]
        assert np.log2(gaps[1] / gaps[0]) == pytest.approx(exponent, abs=0.05)
