"""Numbers of the claims on resets and misspecified classes, from their proofs and from pilot runs."""

from fractions import Fraction

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.claims.imitation.completeness_error_bounds_the_gap import learn as learn_by_guitar
from mdpkit.claims.imitation.completeness_error_bounds_the_gap import mean_error
from mdpkit.claims.imitation.own_states_make_the_ladder_linear import gaps, learn
from mdpkit.claims.imitation.resets_beyond_the_expert_help import bound, walk
from mdpkit.claims.imitation.step_games_bound_the_gap import check, even_lanes


@pytest.mark.parametrize(("alpha", "slope"), [(1, 2), ("1/2", 1)])
def test_the_slopes_of_the_ladder(alpha, slope):
    """log-log slopes of 2.03 and 1.04 in the pilot, from H = 8 to 128."""
    first, last = (gaps(learn(H, alpha)).mid[-1] for H in (8, 128))
    assert np.log(last / first) / np.log(16) == pytest.approx(slope, abs=0.06)


@pytest.mark.parametrize(("H", "alone", "mixed"), [(8, 1, "63/10"), (32, 1, "279/10")])
def test_the_tightropes_returns(H, alone, mixed):
    returns = [walk(H, beta) for beta in ("1", "1/2")]
    returns = [measure.value(m.mdp, m.learner) for m in returns]
    assert returns[0] == alone
    assert returns[1] == Fraction(mixed)


@pytest.mark.parametrize(("H", "total"), [(8, 6), (32, 30)])
def test_the_tightropes_completeness_errors(H, total):
    """Of 6 and 30 with the expert's states alone, and half of that with half of the resets there."""
    alone, mixed = bound(walk(H, "1")).sides, bound(walk(H, "1/2")).sides
    assert alone[0] == total
    assert alone[1] == total
    assert mixed[1] == total  # half of the errors, times a coverage of 2


@pytest.mark.parametrize("climbs", [False, True])
def test_completeness_errors_of_cliff_and_ladder(climbs):
    """Slopes of 1.05 and .06 of the mean error in the pilot, and a ratio of 1 of the gap to H times it."""
    few, many = learn_by_guitar(8, climbs=climbs), learn_by_guitar(64, climbs=climbs)
    slope = np.log(mean_error(many).mid / mean_error(few).mid) / np.log(8)
    assert slope == pytest.approx(0.03 if climbs else 0.94, abs=0.03)
    for m in (few, many):
        assert measure.value_gap(m.mdp, m.comparator, m.learner) == mean_error(m) * m.H


@pytest.mark.parametrize("H", [1, 3, 6])
def test_even_lanes_lose_half_of_one_more_than_the_horizon(H):
    assert all(side == Fraction(H + 1, 2) for side in check(even_lanes(H)).sides)
