"""Values by identities: trajectories, Bellman's evaluation equation, relabelling, masks, sparse laws, floats."""

from itertools import pairwise

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.measure import action_value, advantage, occupancy, state_value, value
from mdpkit.model import MDP, Discounted, Finite, TabularPolicy
from mdpkit.strategies import games, joint_policies, mdps, policies


@st.composite
def finite(draw, policies_each=1, **sizes):
    problem = draw(mdps(**sizes))
    return problem, *(draw(policies(problem)) for _ in range(policies_each))


@st.composite
def discounted(draw, policies_each=1, **sizes):
    problem = draw(mdps(discounted=True, **sizes))
    return problem, *(draw(policies(problem)) for _ in range(policies_each))


any_horizon = st.one_of(finite(), discounted())
TINY = dict(states=(1, 2), actions=(1, 2), horizon=(1, 3))


@settings(max_examples=30)
@given(finite(**TINY))
def test_the_return_is_the_mean_over_trajectories(trajectories, case):
    problem, policy = case
    mean = sum(
        p * sum(problem.r[t, s, a] for t, (s, a) in enumerate(path)) for p, path in trajectories(problem, policy)
    )
    assert value(problem, policy).lower[()] == mean


@given(finite())
def test_finite_values_solve_the_evaluation_equation(case):
    problem, policy = case
    H, V, Q = problem.horizon.H, state_value(problem, policy).lower, action_value(problem, policy).lower
    assert V.shape == (H + 1, problem.S)
    assert Q.shape == (H, problem.S, problem.A)
    assert not V[H].any()
    for t in range(H):
        assert (Q[t] == problem.r[t] + problem.P[t] @ V[t + 1]).all()
        assert (V[t] == (policy.table[t] * Q[t]).sum(axis=1)).all()
    assert value(problem, policy).lower[()] == (problem.rho * V[0]).sum()


@given(discounted())
def test_discounted_values_solve_the_evaluation_equation(case):
    problem, policy = case
    V, Q = state_value(problem, policy).lower, action_value(problem, policy).lower
    assert (problem.r + problem.horizon.gamma * (problem.P @ V) == Q).all()
    assert ((policy.table * Q).sum(axis=1) == V).all()
    assert value(problem, policy).lower[()] == (problem.rho * V).sum()


@given(any_horizon)
def test_advantages_are_q_minus_v_and_vanish_in_the_mean(case):
    problem, policy = case
    Q, V, A = (f(problem, policy).lower for f in (action_value, state_value, advantage))
    V = V[:-1] if isinstance(problem.horizon, Finite) else V
    assert (Q - V[..., None] == A).all()
    assert not (policy.table * A).sum(axis=-1).any()


@given(st.one_of(finite(policies_each=2), discounted(policies_each=2)))
def test_performance_difference(case):
    """J(p) - J(q) = <d^p, A^q> = - <d^q, A^p>."""
    problem, p, q = case
    difference = (value(problem, p) - value(problem, q)).lower[()]
    assert difference == (occupancy(problem, p) * advantage(problem, q)).sum().lower[()]
    assert -difference == (occupancy(problem, q) * advantage(problem, p)).sum().lower[()]


@given(any_horizon)
def test_the_return_is_reward_times_occupancy(case):
    problem, policy = case
    assert value(problem, policy).lower[()] == (occupancy(problem, policy).lower * problem.r).sum()


@settings(max_examples=30)
@given(any_horizon, st.randoms(use_true_random=False))
def test_names_of_states_and_actions_do_not_matter(case, random):
    problem, policy = case
    s, a = (random.sample(range(n), n) for n in (problem.S, problem.A))
    renamed = MDP(
        problem.P[..., s, :, :][..., a, :][..., s],
        problem.r[..., s, :][..., a],
        problem.rho[s],
        horizon=problem.horizon,
    )
    same = TabularPolicy(policy.table[..., s, :][..., a])
    assert value(renamed, same).lower[()] == value(problem, policy).lower[()]
    assert (action_value(renamed, same).lower == action_value(problem, policy).lower[..., s, :][..., a]).all()


@given(finite(horizon=(2, 4)))
def test_stationary_parts_are_repeated(case):
    problem, policy = case
    H = problem.horizon.H
    still = MDP(problem.P[1], problem.r[1], problem.rho, horizon=Finite(H))
    moving = MDP(objects([problem.P[1]] * H), objects([problem.r[1]] * H), problem.rho, horizon=Finite(H))
    half = MDP(problem.P[1], objects([problem.r[1]] * H), problem.rho, horizon=Finite(H))
    once, repeated = TabularPolicy(policy.table[0]), TabularPolicy(objects([policy.table[0]] * H))
    answers = [action_value(m, p).lower for m in (still, moving, half) for p in (once, repeated)]
    assert all((x == y).all() for x, y in pairwise(answers))


@settings(max_examples=40)
@given(any_horizon)
def test_floats_enclose_the_exact_numbers(encloses, case):
    problem, policy = case
    for measure in (value, state_value, action_value, advantage):
        assert encloses(measure(problem.to_float(), policy.to_float()), measure(problem, policy))


@settings(max_examples=40)
@given(any_horizon)
def test_sparse_laws_give_what_dense_laws_give(encloses, sparse, case):
    problem, policy = case
    if problem.P.ndim == 4:
        problem = MDP(problem.P[0], problem.r, problem.rho, horizon=problem.horizon)
    for measure in (value, state_value, action_value, advantage):
        assert encloses(measure(sparse(problem.to_float()), policy.to_float()), measure(problem, policy))


@pytest.mark.parametrize("horizon", [Finite(1), Finite(5), Discounted("9/10")])
def test_rows_that_sum_to_almost_1_mean_the_rows_divided_by_their_sums(off, sparse, horizon):
    """The float numbers may differ from the meant ones by 1e-9 relative, and the Interval knows."""
    (almost, laws), rng = off, np.random.default_rng(0)
    for _ in range(5):
        P, table, rho, r = laws(rng, 4, 2, 4), laws(rng, 4, 2), laws(rng, 4), objects(rng.integers(1, 9, (4, 2)))
        exact = value(MDP(P, r, rho, horizon=horizon), TabularPolicy(table))
        P, table, rho, r = almost(P=P, table=table, rho=rho, r=r)
        problem = MDP(P, r, rho, horizon=horizon)
        for one in (problem, sparse(problem)):
            bracket = value(one, TabularPolicy(table))
            assert bracket.contains(exact)
            assert bracket.width < 1e-5


@pytest.mark.parametrize("horizon", [Finite(3), Discounted("1/2")])
def test_missing_actions_count_nowhere(encloses, sparse, horizon):
    rng = np.random.default_rng(1)
    for _ in range(10):
        P = objects(rng.integers(0, 5, (3, 2, 3)))
        P[..., 0] += 1
        P /= P.sum(axis=2, keepdims=True)
        r, table = objects(rng.integers(-5, 6, (3, 2))), objects([[1, 0], ["1/3", "2/3"], [0, 1]])
        mask = np.array([[True, False], [True, True], [False, True]])
        masked = MDP(
            np.where(mask[:, :, None], P, objects(17)), np.where(mask, r, objects(10**9)), horizon=horizon, mask=mask
        )
        plain, policy = MDP(P, r, horizon=horizon), TabularPolicy(table)
        assert value(masked, policy).lower[()] == value(plain, policy).lower[()]
        assert (state_value(masked, policy).lower == state_value(plain, policy).lower).all()
        assert encloses(value(masked.to_float(), policy.to_float()), value(plain, policy))
        assert encloses(value(sparse(masked.to_float()), policy.to_float()), value(plain, policy))


@settings(max_examples=30)
@given(st.data())
def test_a_game_has_one_return_a_player(encloses, data):
    game = data.draw(games(players=3, actions=(1, 2, 2)))
    joint = data.draw(joint_policies(game))
    J = value(game, joint)
    assert J.shape == (3,)
    for i in range(3):
        alone = MDP(game.P, game.r[:, i], game.rho, horizon=game.horizon)
        assert J.lower[i] == value(alone, TabularPolicy(joint.table)).lower[()]
    assert encloses(value(game.to_float(), joint.to_float()), J)


def test_a_return_of_a_discounted_chain_by_hand():
    """Pays 1 at every step, gamma = 9/10: the return is 10, not 1."""
    chain = MDP(objects([[[1]]]), objects([[1]]), horizon=Discounted("9/10"))
    assert value(chain, TabularPolicy(objects([[1]]))).lower[()] == 10
    assert action_value(chain, TabularPolicy(objects([[1]]))).lower[0, 0] == fmpq(10)


@pytest.mark.parametrize("measure", [value, state_value, action_value, advantage, occupancy])
def test_a_policy_of_another_problem_is_refused(measure):
    problem = MDP(
        objects([[[1, 0]] * 2] * 2), objects([[0, 1]] * 2), horizon=Finite(3), mask=[[True, False], [True, True]]
    )
    with pytest.raises(InvalidModel, match="has 3 states and 2 actions; the problem has 2 and 2"):
        measure(problem, TabularPolicy(objects([[1, 0]] * 3)))
    with pytest.raises(InvalidModel, match="has 2 steps; the problem has 3"):
        measure(problem, TabularPolicy(objects([[[1, 0]] * 2] * 2)))
    with pytest.raises(InvalidModel, match="policy is float and the problem rational"):
        measure(problem, TabularPolicy([[1.0, 0.0]] * 2))
    with pytest.raises(InvalidModel, match="plays action 1 in state 0, where that action is missing"):
        measure(problem, TabularPolicy(objects([[0, 1]] * 2)))
    endless = MDP(problem.P, problem.r, horizon=Discounted("1/2"), mask=problem.mask)
    with pytest.raises(InvalidModel, match="the problem has no last step"):
        measure(endless, TabularPolicy(objects([[[1, 0]] * 2] * 2)))
