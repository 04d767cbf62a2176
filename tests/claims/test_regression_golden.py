"""Numbers of REBEL and REFUEL that were measured or derived before the claims were written."""

import numpy as np
import pytest

from mdpkit import PreferenceProblem, measure
from mdpkit.claims.preference.rebel_on_preferences_nears_a_minimax_winner import check as winner_sides
from mdpkit.claims.preference.rebel_on_preferences_nears_a_minimax_winner import of_the_last
from mdpkit.claims.preference.rebel_regret_needs_one_coverage_factor import average_gap, check
from mdpkit.instances import named
from mdpkit.learn import REBEL, REFUEL, fit, grant


def test_the_regret_bound_is_nearly_attained():
    """Random runs reached .990; small steps and an unnoticed response come as near to 1 as one likes."""
    for m in (named("small_steps", T=1, n=128), named("unnoticed_response", k=9)):
        gap, bound = check(m).sides
        assert 0.99 < gap.mid / bound.mid < 1


def test_a_base_that_misses_the_best_response_loses_it():
    """mu(y*) = pi_t(y*) = 0: error 0, and a gap of .90 to the reward 1 after 100 rounds with rewards 0, .1, 1."""
    problem = PreferenceProblem([[0.5, 0.5, 0.0]], reward=[[0.0, 0.1, 1.0]])
    answer = fit(REBEL(rounds=100, eta=10), grant(problem, rewards=True), rng=None)
    last = answer.trace["policy"][-1]
    assert 1 - measure.expected_reward(problem, last).mid == pytest.approx(0.90, abs=1e-6)
    assert answer.trace["error"].max() < 1e-25
    assert average_gap(named("best_of_four", j=2, fault="blind")).mid > 0.5 * np.log(
        float(named("best_of_four", j=2).unit)
    )


def test_an_unpaired_regression_depends_on_a_constant():
    """r -> r + 5 moves the step of a regression of single rewards, not that of pairs."""
    phi, p = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([0.5, 0.3, 0.2])
    r = np.array([1.0, 0.5, 0.2])

    def single(r):
        return np.linalg.lstsq(phi.T @ (p[:, None] * phi), phi.T @ (p * r), rcond=None)[0]

    def paired(r):
        centred = phi - p @ phi
        return np.linalg.pinv(centred.T @ (p[:, None] * centred)) @ (centred.T @ (p * r))

    assert abs(single(r) - single(r + 5)).max() > 1
    assert np.allclose(paired(r), paired(r + 5))


@pytest.mark.parametrize(("q", "J"), [("1/10", 0.370), ("1/1000", 0.3007)])
def test_the_last_turn_alone_over_two_turns(q, J):
    """.3 + .7 q, and 1 for REFUEL."""
    m = named("last_turn", H=2, q=q, user=1)
    assert measure.value(m.mdp, m.last).mid == pytest.approx(J, abs=1e-12)
    learner = REFUEL(rounds=61, eta=20, pairs=None, reward=m.mdp.r, reference=m.reference)
    last = fit(learner, grant(m.mdp, episodes="exact"), rng=None).trace["policy"][-1]
    assert measure.value(m.mdp.to_float(), last).mid > 0.999


def test_the_average_nears_the_winner_of_a_cycle_and_the_last_policy_does_not():
    m = named("turning_cycle", T=48)
    average, bound = (side.mid for side in winner_sides(m).sides)
    assert (average, bound) == (pytest.approx(0.018, abs=1e-3), pytest.approx(0.176, abs=1e-3))
    assert of_the_last(m).sides[0].mid == pytest.approx(0.40, abs=0.01)
