"""Value gaps, cloning errors and recoverability from their definitions."""

from itertools import product

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit import measure
from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.measure import (
    action_value,
    advantage,
    cloning_error,
    occupancy,
    recoverability,
    total_variation,
    value,
    value_gap,
)
from mdpkit.measure.games import regret
from mdpkit.model import MDP, Discounted, Finite, JointPolicy, MarkovGame, TabularPolicy
from mdpkit.strategies import games, joint_policies, mdps, policies


@st.composite
def cases(draw, **options):
    problem = draw(mdps(**options))
    return problem, draw(policies(problem)), draw(policies(problem))


@st.composite
def mediated(draw, **sizes):
    game = draw(games(**sizes))
    return game, draw(joint_policies(game)), draw(joint_policies(game))


any_horizon = st.one_of(cases(), cases(discounted=True))


@given(st.one_of(any_horizon, mediated()))
def test_value_gaps_are_differences_of_returns(case):
    problem, expert, learner = case
    gap = value_gap(problem, expert, learner).lower
    assert (gap == value(problem, expert).lower - value(problem, learner).lower).all()
    assert (gap == -value_gap(problem, learner, expert).lower).all()


@settings(max_examples=30)
@given(cases(states=(1, 2), actions=(1, 2), horizon=(1, 3)))
def test_cloning_errors_are_means_over_the_experts_trajectories(trajectories, case):
    problem, expert, learner = case
    errors = objects(np.zeros(problem.horizon.H, dtype=int))
    for p, path in trajectories(problem, expert):
        for t, (s, _) in enumerate(path):
            errors[t] += p * sum(abs(expert.table[t, s] - learner.table[t, s])) / 2
    assert (cloning_error(problem, expert, learner).lower == errors).all()


@given(cases(discounted=True))
def test_discounted_cloning_error_is_one_number(case):
    problem, expert, learner = case
    visits = occupancy(problem, expert).lower.sum(axis=1)
    error = cloning_error(problem, expert, learner)
    assert error.shape == ()
    assert error.lower[()] == (visits * total_variation(expert, learner).lower).sum()
    assert 0 <= error.lower[()] <= 1 / (1 - problem.horizon.gamma)


@given(any_horizon)
def test_gaps_are_at_most_recoverability_times_cloning_error(case):
    """J(E) - J(L) = <d^E, -A^L>, at most the widest range of Q^L times the total variation on the expert's path."""
    problem, expert, learner = case
    bound = recoverability(problem, learner) * cloning_error(problem, expert, learner).sum()
    assert (abs(value_gap(problem, expert, learner)) <= bound).all_yes()


@given(any_horizon)
def test_floats_enclose_the_exact_numbers(encloses, case):
    close = [record.to_float() for record in case]
    assert encloses(value_gap(*close), value_gap(*case))
    assert encloses(cloning_error(*close), cloning_error(*case))
    assert encloses(recoverability(*close[:2]), recoverability(*case[:2]))


@given(any_horizon)
def test_recoverability_is_the_widest_range_of_action_values(case):
    problem, expert, _ = case
    rows = action_value(problem, expert).lower.reshape(-1, problem.A)
    u = recoverability(problem, expert).lower[()]
    assert u == max(max(row) - min(row) for row in rows)
    assert u <= 2 * abs(advantage(problem, expert).lower).max()


@pytest.mark.parametrize("horizon", [Finite(3), Discounted("1/2")])
def test_recoverability_looks_at_actions_that_exist(encloses, sparse, horizon):
    rng, mask = np.random.default_rng(4), np.array([[True, False, True], [True, True, False]])
    for _ in range(10):
        P = objects(rng.integers(1, 5, (2, 3, 2)))
        P, r = P / P.sum(axis=2, keepdims=True), objects(rng.integers(5, 9, (2, 3)))
        problem, expert = (
            MDP(P, r, horizon=horizon, mask=mask),
            TabularPolicy(objects([["1/3", 0, "2/3"], ["1/2", "1/2", 0]])),
        )
        Q = action_value(problem, expert).lower.reshape(-1, 2, 3)
        u = max(max(row[s][mask[s]]) - min(row[s][mask[s]]) for row in Q for s in range(2))
        assert recoverability(problem, expert).lower[()] == u
        close = problem.to_float(), expert.to_float()
        assert encloses(recoverability(*close), recoverability(problem, expert))
        assert encloses(recoverability(sparse(close[0]), close[1]), recoverability(problem, expert))
        with propose():
            assert recoverability(*close) == pytest.approx(float(int(u.p) / int(u.q)), rel=1e-12)


@settings(max_examples=30)
@given(any_horizon)
def test_proposals_are_the_middles(case):
    close = [record.to_float() for record in case]
    middles = value_gap(*close).mid, cloning_error(*close).mid, recoverability(*close[:2]).mid
    with propose():
        bare = value_gap(*close), cloning_error(*close), recoverability(*close[:2])
    for number, middle in zip(bare, middles, strict=True):
        assert not hasattr(number, "how")
        np.testing.assert_allclose(number, middle, rtol=1e-12, atol=1e-12)


def ranges(game, joint, i, plan):
    """The widest range over joint actions of player i's action value when told a at (t, s) it plays plan[t, s, a]."""
    H, S = game.horizon.H, game.S
    numbered = list(product(*map(range, game.actions)))
    V, widest = [fmpq(0)] * S, fmpq(0)
    for t in range(H - 1, -1, -1):
        Q = [
            [game.r[t, i, s, j] + sum(game.P[t, s, j, n] * V[n] for n in range(S)) for j in range(game.J)]
            for s in range(S)
        ]
        widest = max(widest, *(max(row) - min(row) for row in Q))
        V = []
        for s in range(S):
            played = [numbered.index((*parts[:i], plan[t, s, parts[i]], *parts[i + 1 :])) for parts in numbered]
            V.append(sum(joint.table[t, s, j] * Q[s][k] for j, k in enumerate(played)))
    return widest


def widest_by_enumeration(game, joint):
    H, S = game.horizon.H, game.S
    widest = fmpq(0)
    for i, B in enumerate(game.actions):
        for later in product(range(B), repeat=(H - 1) * S * B):
            plan = np.zeros((H, S, B), dtype=int)
            plan[1:] = np.reshape(later, (H - 1, S, B))
            widest = max(widest, ranges(game, joint, i, plan))
    return widest


@settings(max_examples=25)
@given(
    st.one_of(
        mediated(horizon=(1, 2)),
        mediated(horizon=(2, 2), states=(2, 2)),
        mediated(players=3, actions=(2, 1, 2), horizon=(1, 2)),
    )
)
def test_recoverability_of_a_game_of_two_steps_is_attained(encloses, case):
    """The values left behind differ state by state, and a modification chooses at each state by itself."""
    game, joint, _ = case
    bound = recoverability(game, joint)
    assert bound.lower[()] == widest_by_enumeration(game, joint)
    assert encloses(recoverability(game.to_float(), joint.to_float()), bound)
    with propose():
        assert recoverability(game.to_float(), joint.to_float()) == pytest.approx(bound.mid, rel=1e-12, abs=1e-12)


@settings(max_examples=12)
@given(mediated(horizon=(3, 3), states=(2, 2)))
def test_recoverability_of_a_longer_game_is_that_of_the_worst_deviation(encloses, case):
    """The bound by extreme values, used where there are too many corners, is at least that."""
    game, joint, _ = case
    u = recoverability(game, joint)
    assert measure.recoverability_is_exact(game)
    assert u.lower[()] == widest_by_enumeration(game, joint)
    assert encloses(recoverability(game.to_float(), joint.to_float()), u)
    with propose():
        assert recoverability(game.to_float(), joint.to_float()) == pytest.approx(u.mid, rel=1e-12, abs=1e-12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regret, "CORNERS", 1)
        assert not measure.recoverability_is_exact(game)
        assert (recoverability(game, joint) >= u).all_yes()


def test_recoverability_of_four_steps_that_one_deviation_cannot_value_in_two_ways():
    """Both actions lead to state 2 in two steps, where action 1 pays 1 a step: no deviation plays it and does not."""
    P = np.zeros((3, 2, 3), dtype=int)
    P[0, :, 2] = P[1, :, 2] = P[2, :, 2] = 1
    start = np.zeros((1, 2, 3), dtype=int)
    start[0, 0, 0] = start[0, 1, 1] = 1
    laws = np.stack([np.broadcast_to(start, (3, 2, 3)), P, P, P])
    r = np.zeros((4, 1, 3, 2), dtype=int)
    r[2:, 0, 2, 1] = 1
    game = MarkovGame(objects(laws), objects(r), horizon=Finite(4), actions=(2,))
    joint = JointPolicy(objects([[1, 0]] * 3))
    assert recoverability(game, joint) == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regret, "CORNERS", 1)
        assert recoverability(game, joint) == 2


@pytest.mark.parametrize(
    ("H", "S", "exact"), [(1, 90, True), (2, 90, True), (3, 6, True), (3, 7, False), (8, 1, True), (9, 1, False)]
)
def test_recoverability_is_exact_where_the_corners_are_few(H, S, exact):
    game = MarkovGame(
        objects(np.broadcast_to(np.eye(1, S, dtype=int), (S, 1, S))),
        objects(np.zeros((1, S, 1), dtype=int)),
        horizon=Finite(H),
        actions=(1,),
    )
    assert measure.recoverability_is_exact(game) == exact


@settings(max_examples=30)
@given(mediated(horizon=(1, 4), states=(1, 3), actions=(2, 3)))
def test_floats_enclose_the_recoverability_of_games(encloses, case):
    game, joint, _ = case
    assert encloses(recoverability(game.to_float(), joint.to_float()), recoverability(game, joint))


def test_policies_of_another_problem_are_refused():
    problem = MDP(objects([[[1, 0]] * 2] * 2), objects([[0, 1]] * 2), horizon=Finite(3))
    endless = MDP(problem.P, problem.r, horizon=Discounted("1/2"))
    good, once, short = (TabularPolicy(objects(table)) for table in ([[1, 0]] * 2, [[[1, 0]] * 2], [[1, 0]] * 3))
    for of in (value_gap, cloning_error):
        for pair in ((good, once), (once, good)):
            with pytest.raises(InvalidModel, match="has 1 steps; the problem has 3"):
                of(problem, *pair)
            with pytest.raises(InvalidModel, match="has 1 steps; the problem has no last step"):
                of(endless, *pair)
        with pytest.raises(InvalidModel, match="3 states"):
            of(problem, good, short)
        with pytest.raises(InvalidModel, match="policy is float"):
            of(problem, good, good.to_float())
