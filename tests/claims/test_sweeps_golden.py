"""Value iteration, linear values and feedback: closed forms of the proof notes of claims on planning."""

import pytest

from mdpkit import measure
from mdpkit.base.arrays import objects, rational
from mdpkit.claims.planning import linear_fixed_point_can_diverge_off_policy as off_policy
from mdpkit.claims.planning import value_iteration_error_bound_is_tight as sweeps
from mdpkit.instances.library.planning.feedback import crossed_feedback
from mdpkit.instances.library.planning.iteration import repeated_mistake, two_rewards
from mdpkit.solve import lstd


@pytest.mark.parametrize(
    ("by", "bound"), [("error", sweeps.loses_by_the_error), ("residual", sweeps.loses_by_the_residual)]
)
@pytest.mark.parametrize(("gamma", "k"), [("1/3", 0), ("3/4", 3)])
def test_a_repeated_mistake_costs_twice_a_power_of_gamma(by, bound, gamma, k):
    m, g = repeated_mistake(gamma, k, by), rational(gamma)
    assert all((side == 2 * g ** (k + 1) / (1 - g)).yes for side in bound(m).sides)
    if by == "error":
        assert (abs(objects(m.start)) == 1).all(), "V* is 0"
    else:
        V = measure.value_iterates(m.mdp, m.start, 1)
        assert (abs(V[1] - V[0]) == 1).all_yes()


@pytest.mark.parametrize("tau", ["0", "1/3", "1"])
def test_two_rewards_differ_by_powers_of_gamma_tau(tau):
    m, tau, g = two_rewards(tau), rational(tau), rational("9/10")
    V = measure.value_iterates(m.mdp, m.start, 4)
    for k in range(1, 5):
        low, high = (g ** (k - 1) * (3 + sign * tau ** (k - 1)) / 2 for sign in (-1, 1))
        assert (V[k] - V[k - 1] == objects([low, high])).all_yes()
    assert measure.dobrushin_coefficient(m.mdp) == tau


def test_the_weight_of_a_fixed_point_near_singular_weights():
    """w = 1 + m / (4 (1-gamma) delta); singular weights of 1/3 at gamma = 9/10 have the rewards -4/5 and 1/5."""
    m = off_policy.singular("9/10", "1/64", (0, 2))
    wanted = 1 + m.first * 64 / (4 * (1 - m.gamma))
    assert lstd(m.mdp, m.policy, m.features, m.weights)[0] == wanted
    assert off_policy.singular().mdp.r.ravel().tolist() == [rational("-4/5"), rational("1/5")]
    assert off_policy.singular().first == rational("1/3")


def test_crossed_feedbacks_cost_less_than_their_average():
    m = crossed_feedback(2)
    costs = [measure.feedback_cost(m.problem, K, m.start) for K in (m.feedback, m.other, (m.feedback + m.other) / 2)]
    assert [cost.lower[()] for cost in costs] == [rational("48/5"), rational("48/5"), 40]
