"""Shields: what they change, what they keep, on finite problems and on the continuous states of a grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdpkit import grid, measure, solve
from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import double_integrator
from mdpkit.instances.vehicles import braking_cart, dubins_car
from mdpkit.learn import GridShield, Policy, Shield
from mdpkit.model import MDP, Finite, SafetyProblem, TabularPolicy
from mdpkit.strategies import graphs


def random_policy(seed, S, A):
    weights = np.random.default_rng(seed).integers(1, 5, (S, A))
    return TabularPolicy(objects(weights) / objects(weights.sum(axis=1))[:, None])


@given(graphs(), st.integers(0, 99))
def test_a_shielded_policy_stays_outside_the_tube_and_keeps_what_it_may(problem, seed):
    policy = random_policy(seed, problem.S, problem.A)
    shield = Shield(policy, problem)
    tube = measure.tube(problem).lower == 1
    np.testing.assert_array_equal(shield.forbidden, tube)
    table = shield.shielded.table
    entering = tube[problem.successors]
    assert (table[~tube][entering[~tube]] == 0).all()
    kept = np.where(entering, 0, policy.table)
    assert (table >= kept).all()
    moved = np.where(tube, 0, (policy.table - kept).sum(axis=1))
    assert (np.abs(table - policy.table).sum(axis=1) / 2 == moved)[~tube].all()
    np.testing.assert_array_equal(np.where(tube, 0, shield.interventions()), moved)
    assert (table.sum(axis=1) == 1).all()


def test_a_random_law_is_shielded_where_failure_is_surely_avoided():
    P = objects([[["1/2", "1/2", 0], [1, 0, 0]], [[0, 0, 1], [0, 1, 0]], [[0, 0, 1]] * 2])
    shield = Shield(random_policy(0, 3, 2), SafetyProblem([False, False, True], P=P))
    assert shield.forbidden.tolist() == [False, False, True]
    assert shield.shielded.table[1].tolist() == [0, 1]
    assert (shield.shielded.table[0] == shield.policy.table[0]).all()


def test_a_shield_is_a_policy_of_every_problem_with_its_states():
    problem = double_integrator(1, 2, 4)
    shield = Shield(random_policy(1, problem.S, problem.A), problem)
    assert isinstance(shield, Policy)
    mdp = MDP(
        objects(np.eye(problem.S, dtype=int)[problem.successors]),
        objects(problem.failure[:, None] * np.ones((1, problem.A), dtype=int)),
        objects(np.eye(problem.S, dtype=int)[2]),
        horizon=Finite(12),
    )
    assert measure.value(mdp, shield) == 0
    assert (measure.value(mdp, shield.policy) > 0).yes
    timed = Shield(TabularPolicy(np.repeat(shield.policy.table[None], 12, axis=0)), problem)
    assert measure.value(mdp, timed) == 0
    law = shield.law(np.arange(problem.S), 0)
    actions = shield.start(0.5).sample(np.arange(problem.S), 0, np.full(problem.S, 0.999))
    assert (law[np.arange(problem.S), actions] > 0).all()
    assert np.isfinite(shield.log_prob(np.arange(problem.S), 0, actions)).all()


def test_the_failure_set_is_no_shield_and_a_larger_set_changes_more():
    problem = double_integrator(1, 3, 8)
    policy = random_policy(2, problem.S, problem.A)
    sets = problem.failure, measure.tube(problem), measure.tube(double_integrator(1, 3, 8), steps=1)
    shields = [Shield(policy, problem, each) for each in sets]
    outside = measure.tube(problem).lower == 0
    entering = ~outside[problem.successors]
    enters = [((each.shielded.table > 0) & entering)[outside].any() for each in shields]
    assert enters == [True, False, True]
    wider = measure.tube(double_integrator(1, 3, 8)).lower.astype(int) | (np.arange(problem.S) % 7 < 1)
    assert (Shield(policy, problem, wider).interventions() >= shields[1].interventions())[outside & (wider == 0)].all()


@pytest.mark.parametrize(
    ("vehicle", "shape", "start", "error"),
    [
        (braking_cart(0.03), (101, 101), ([0.0, -1.4], [1.4, 1.4]), 0),
        (dubins_car(0.1), (41, 41, 36), ([-2.9, -2.9, -3.1], [2.9, 2.9, 3.1]), 0.15 / 2),  # half a spacing
    ],
)
def test_a_shielded_vehicle_fails_from_outside_its_tube_by_the_grids_error_at_most(vehicle, shape, start, error):
    cells = grid(vehicle.problem, shape, 3)
    value = solve(cells.finite, tol=1e-6).value
    hasty = TabularPolicy(np.tile([1.0, 0.0, 0.0], (cells.S, 1)))
    shield = GridShield(hasty, cells, value)
    rng = np.random.default_rng(5)
    x = rng.uniform(*start, (400, len(start[0])))
    x = x[cells.read(value.lower, x) > 0.02]
    least, alone = np.full((2, len(x)), np.inf)
    free = x
    for _ in range(40):
        x = _inside(vehicle, vehicle.problem.step(x, shield.control(x, 0, rng.random(len(x)))), x)
        free = _inside(vehicle, vehicle.problem.step(free, np.full((len(x), 1), cells.controls[0, 0])), free)
        least, alone = np.minimum(least, vehicle.problem.margin(x)), np.minimum(alone, vehicle.problem.margin(free))
    assert least.min() >= -error
    assert alone.min() < -2 * error


def _inside(vehicle, following, before):
    """The next states; a vehicle that leaves the box, where its problem ends, stays where it was."""
    gone = vehicle.problem.leaves(following) & (vehicle.problem.outside(following) >= 0)
    return np.where(gone[:, None], before, following)


def test_a_grid_shield_is_tabulated_at_its_points():
    vehicle = braking_cart(0.1)
    cells = grid(vehicle.problem, (11, 31), 3)
    value = solve(cells.finite, tol=1e-6).value
    shield = GridShield(TabularPolicy(np.full((cells.S, 3), 1 / 3)), cells, value)
    law = shield.law(cells.points, 0)
    np.testing.assert_allclose(law.sum(axis=1), 1)
    chosen = shield.sample(cells.points, 0, np.full(cells.S, 0.5))
    assert np.isfinite(shield.log_prob(cells.points, 0, chosen)).all()
    assert shield.start(0.3) is shield
    direct = GridShield(shield, cells, value)  # a policy of continuous states
    np.testing.assert_allclose(direct.law(cells.points, 0), law)


def test_what_cannot_be_shielded_is_refused():
    walk = SafetyProblem([False, True], [[0, 1], [1, 1]])
    with pytest.raises(InvalidModel, match="the policy has 3 states and 2 actions; the safety problem has 2 and 2"):
        Shield(random_policy(0, 3, 2), walk)
    with pytest.raises(InvalidModel, match=r"forbidden has shape \(1,\); expected \(2,\)"):
        Shield(random_policy(0, 2, 2), walk, [True])
    cells = grid(braking_cart(0.1).problem, 5, 3)
    with pytest.raises(InvalidModel, match="expected a SafetyProblem, or use GridShield"):
        Shield(random_policy(0, 25, 3), cells)
    with pytest.raises(InvalidModel, match=r"value has shape \(3,\); expected \(25,\)"):
        GridShield(random_policy(0, 25, 3), cells, [0, 0, 0])
