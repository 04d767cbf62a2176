"""Occupancies: the flow equations, total mass, trajectories, sparse laws, floats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit.base.arrays import objects
from mdpkit.measure import occupancy
from mdpkit.model import MDP, Discounted, Finite, TabularPolicy
from mdpkit.strategies import mdps, policies


@st.composite
def cases(draw, **options):
    problem = draw(mdps(**options))
    return problem, draw(policies(problem))


any_horizon = st.one_of(cases(), cases(discounted=True))


@settings(max_examples=30)
@given(cases(states=(1, 2), actions=(1, 2), horizon=(1, 3)))
def test_finite_occupancy_is_the_share_of_trajectories(trajectories, case):
    problem, policy = case
    share = objects(np.zeros((problem.horizon.H, problem.S, problem.A), dtype=int))
    for p, path in trajectories(problem, policy):
        for t, (s, a) in enumerate(path):
            share[t, s, a] += p
    assert (occupancy(problem, policy).lower == share).all()


@given(cases())
def test_finite_flow(case):
    problem, policy = case
    d = occupancy(problem, policy).lower
    assert (d >= 0).all()
    assert (d.sum(axis=(1, 2)) == 1).all()
    assert (d[0].sum(axis=1) == problem.rho).all()
    for t in range(problem.horizon.H):
        assert (d[t] == d[t].sum(axis=1)[:, None] * policy.table[t]).all()
    for t in range(problem.horizon.H - 1):
        assert (d[t + 1].sum(axis=1) == (d[t][:, :, None] * problem.P[t]).sum(axis=(0, 1))).all()


@given(cases(discounted=True))
def test_discounted_flow(case):
    problem, policy = case
    gamma, d = problem.horizon.gamma, occupancy(problem, policy).lower
    states = d.sum(axis=1)
    assert (d >= 0).all()
    assert d.sum() == 1 / (1 - gamma)
    assert (states == problem.rho + gamma * (d[:, :, None] * problem.P).sum(axis=(0, 1))).all()
    assert (d == states[:, None] * policy.table).all()


@given(any_horizon)
def test_floats_enclose_the_exact_numbers(encloses, case):
    problem, policy = case
    bracket = occupancy(problem.to_float(), policy.to_float())
    assert encloses(bracket, occupancy(problem, policy))
    assert (bracket.lower > -1e-9).all()


@settings(max_examples=40)
@given(any_horizon)
def test_sparse_laws_give_what_dense_laws_give(encloses, sparse, case):
    problem, policy = case
    if problem.P.ndim == 4:
        problem = MDP(problem.P[0], problem.r, problem.rho, horizon=problem.horizon)
    assert encloses(occupancy(sparse(problem.to_float()), policy.to_float()), occupancy(problem, policy))


@pytest.mark.parametrize("horizon", [Finite(1), Finite(4), Discounted("9/10")])
def test_rows_that_sum_to_almost_1_mean_the_rows_divided_by_their_sums(off, sparse, horizon):
    (almost, laws), rng = off, np.random.default_rng(2)
    for _ in range(5):
        P, table, rho, r = laws(rng, 3, 2, 3), laws(rng, 3, 2), laws(rng, 3), objects(np.zeros((3, 2), dtype=int))
        exact = occupancy(MDP(P, r, rho, horizon=horizon), TabularPolicy(table))
        P, table, rho, r = almost(P=P, table=table, rho=rho, r=r)
        problem = MDP(P, r, rho, horizon=horizon)
        for one in (problem, sparse(problem)):
            bracket = occupancy(one, TabularPolicy(table))
            assert bracket.contains(exact)
            assert bracket.width < 1e-5


@pytest.mark.parametrize("horizon", [Finite(3), Discounted("1/2")])
def test_missing_actions_are_never_met(horizon):
    mask = np.array([[True, False], [True, True]])
    problem = MDP(objects([[[0, 1], [9, 9]], [[1, 0], [0, 1]]]), objects([[1, 5], [1, 1]]), horizon=horizon, mask=mask)
    d = occupancy(problem, TabularPolicy(objects([[1, 0], ["1/2", "1/2"]]))).lower
    assert not d[..., ~mask].any()
    assert d.sum() == (3 if isinstance(horizon, Finite) else 2)
