"""Gain, bias and stationary law of a policy: identities, limits, and float bounds around the exact numbers."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from mdpkit import (
    MDP,
    Average,
    Discounted,
    Interval,
    TabularPolicy,
    advantage,
    measure,
    objects,
    occupancy,
    state_value,
    value,
    value_gap,
)
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.model import Finite, JointPolicy, MarkovGame, shaped_reward

MEASURES = value, occupancy, state_value, measure.action_value, advantage


def laws(rng, density, *shape):
    weights = rng.integers(1, 5, shape) * (rng.random(shape) < density)
    weights[..., rng.integers(shape[-1])] += weights.sum(axis=-1) == 0
    return objects(weights) / objects(weights.sum(axis=-1, keepdims=True))


def drawn(seed, density=0.35, S=5, A=2):
    """A problem and two policies; thin laws make transient states and several recurrent classes."""
    rng = np.random.default_rng(seed)
    problem = MDP(
        laws(rng, density, S, A, S), objects(rng.integers(-6, 7, (S, A))) / 5, laws(rng, 0.8, S), horizon=Average()
    )
    return problem, *(TabularPolicy(laws(rng, 0.7, S, A)) for _ in range(2))


def several():
    """Two absorbing rooms, paying 1 and 0, and a hall that leads to the first with probability 1/3 for any action."""
    P = objects([[[1, 0, 0]] * 2, [[0, 1, 0]] * 2, [["1/3", "2/3", 0]] * 2])
    return MDP(P, objects([[1, 1], [0, 0], [5, 7]]), objects([0, "1/4", "3/4"]), horizon=Average())


@pytest.mark.parametrize("seed", range(20))
def test_the_stationary_law_is_stationary_and_earns_the_gain(seed):
    problem, policy, _ = drawn(seed)
    d = occupancy(problem, policy).lower
    assert d.sum() == 1
    assert (d >= 0).all()
    assert (np.tensordot(d, problem.P, axes=2) == d.sum(axis=1)).all()
    assert (d == d.sum(axis=1)[:, None] * policy.table).all()
    assert (d * problem.r).sum() == value(problem, policy).lower


@pytest.mark.parametrize("seed", range(20))
def test_the_stationary_law_is_the_limit_of_mean_visits(seed):
    """With gamma near 1 the discounted visits are as many, from the same start, whatever the classes."""
    problem, policy, _ = drawn(seed)
    far = replace(problem, horizon=Discounted(1 - objects(1)[()] / 10**8))
    visits = occupancy(far, policy).mid / 10**8
    np.testing.assert_allclose(occupancy(problem, policy).mid, visits, atol=1e-6)
    assert value(problem, policy).mid == pytest.approx(value(far, policy).mid / 10**8, abs=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_the_bias_is_what_is_left_of_the_discounted_value(seed):
    """V_gamma = g / (1 - gamma) + h + O(1 - gamma), with g the gain of the state."""
    problem, policy, _ = drawn(seed)
    h = state_value(problem, policy)
    gain = [value(replace(problem, rho=row), policy).lower[()] for row in objects(np.eye(5, dtype=int))]
    for near in (10**4, 10**8):
        far = state_value(replace(problem, horizon=Discounted(1 - objects(1)[()] / near)), policy).lower
        np.testing.assert_allclose((far - objects(gain) * near - h.lower).astype(float), 0, atol=2000 / near)
    assert ((policy.table * advantage(problem, policy).lower).sum(axis=1) == 0).all()


@pytest.mark.parametrize("seed", range(20))
def test_performance_difference_where_the_rolled_out_policy_has_one_gain(seed):
    """J(learner) - J(expert) = E under the learner's stationary law of the expert's advantage."""
    problem, expert, learner = drawn(seed, density=0.9)
    gained = (occupancy(problem, learner) * advantage(problem, expert)).sum()
    assert gained.lower == value_gap(problem, learner, expert).lower
    swapped = (occupancy(problem, expert) * advantage(problem, expert)).sum()
    assert swapped.lower == 0


def test_performance_difference_fails_where_gains_differ():
    """What the other policy changes in the hall happens once: no long-run advantage tells of it."""
    hall = several()
    P = hall.P.copy()
    P[2, 1] = objects([1, 0, 0])
    problem = MDP(P, hall.r, hall.rho, horizon=Average())
    first, second = (TabularPolicy(objects([[1, 0], [1, 0], row])) for row in ([1, 0], [0, 1]))
    assert value_gap(problem, second, first).lower == objects("1/2")
    assert (occupancy(problem, second) * advantage(problem, first)).sum().lower == 0


def test_a_policy_of_several_classes_by_hand():
    problem, policy = several(), TabularPolicy(objects([[1, 0]] * 3))
    assert value(problem, policy).lower == objects("1/4")
    assert (occupancy(problem, policy).lower[:, 0] == objects(["1/4", "3/4", 0])).all()
    assert (state_value(problem, policy).lower == objects([0, 0, "14/3"])).all()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("f", MEASURES)
def test_float_bounds_hold_the_exact_numbers(f, seed):
    problem, policy, _ = drawn(seed)
    exact, dense, played = f(problem, policy), problem.to_float(), policy.to_float()
    sparse = MDP(sp.csr_array(dense.P.reshape(-1, 5)), dense.r, dense.rho, horizon=Average())
    for given in (dense, sparse):
        found = f(given, played)
        assert found.how == "float"
        assert found.contains(exact)
        assert found.width < 1e-11
    with propose():
        bare = f(dense, played)
    assert not isinstance(bare, Interval)
    np.testing.assert_allclose(bare, exact.mid, atol=1e-11)


@pytest.mark.parametrize("f", MEASURES)
def test_rows_off_by_what_is_allowed_are_within_the_bounds(f):
    problem, policy, _ = drawn(1)
    times = objects("1000000000899999999/1000000000000000000")[()]
    stretched = MDP(
        (problem.P * times).astype(float), problem.to_float().r, (problem.rho * times).astype(float), horizon=Average()
    )
    found = f(stretched, TabularPolicy((policy.table * times).astype(float)))
    assert found.contains(f(problem, policy))


def test_float_bounds_of_a_chain_that_float64_cannot_tell_are_wide_not_wrong():
    """The second room is left with probability 1e-20: its row is known only as to stay."""
    lost = MDP([[[0.5, 0.5]], [[1e-20, 1.0]]], [[1.0], [0.0]], horizon=Average())
    found = value(lost, TabularPolicy([[1.0], [1.0]]))
    exact = value(lost.to_exact(), TabularPolicy(objects([[1], [1]])))
    assert found.contains(exact)


def test_a_game_has_a_gain_for_each_player():
    problem, policy, _ = drawn(2)
    game = MarkovGame(problem.P, objects([problem.r, -problem.r]), problem.rho, horizon=Average(), actions=(2, 1))
    J = value(game, JointPolicy(policy.table)).lower
    assert J[0] == -J[1] == value(problem, policy).lower


def test_what_needs_a_discount_or_an_end_says_so():
    problem, policy, _ = drawn(0)
    zeros = objects(np.zeros(5, dtype=int))
    for asked in (
        lambda: measure.optimal_value(problem),
        lambda: shaped_reward(problem, zeros),
        lambda: measure.pessimistic_value(problem, problem.r),
        lambda: measure.backup_error(problem, problem, zeros),
    ):
        with pytest.raises(InvalidModel, match=r"the horizon is Average\(\), which has no discount"):
            asked()
    game = MarkovGame(problem.P, problem.r[None], horizon=Average(), actions=(2,))
    with pytest.raises(InvalidModel, match=r"regret is computed over a Finite horizon"):
        measure.regret(game, JointPolicy(policy.table))
    with pytest.raises(InvalidModel, match="the problem has no last step"):
        value(problem, TabularPolicy(objects([policy.table] * 2)))
    with pytest.raises(InvalidModel, match="float and the problem rational"):
        value(problem, policy.to_float())
    assert value(replace(problem, horizon=Finite(1)), policy).exact
