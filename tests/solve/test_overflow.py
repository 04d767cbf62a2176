"""Problems near the largest float64 end with a status, and without a warning (which the tests take for an error)."""

import numpy as np
import pytest

from mdpkit import MDP, Discounted, Finite, MarkovGame, solve
from mdpkit.solve import HoffmanKarp, ModifiedPolicyIteration, PolicyIteration, ShapleyIteration, Status

PLANNERS = [ModifiedPolicyIteration(sweeps=50), PolicyIteration()]


@pytest.mark.parametrize("method", PLANNERS)
@pytest.mark.parametrize("S", [5, 150])
@pytest.mark.parametrize("size", [5e307, 1.2e308, 1.7e308])
def test_values_that_overflow_are_not_finite(method, S, size):
    r, P = np.zeros((S, 4)), np.zeros((S, 4, S))
    r[:, 0], r[0], P[:, :, 0] = size, -size, 1
    answer = solve(MDP(P, r, horizon=Discounted(0.999)), method, throw=False)
    assert answer.status is Status.NONFINITE
    assert answer.certificate is None
    assert np.isinf(answer.value.lower).all()


@pytest.mark.parametrize("method", [None, *PLANNERS])
@pytest.mark.parametrize("rewards", [(1.7e308, -1.7e308), (1.7e308, 1.7e308), (1e308, 9e307)])
def test_methods_agree_on_the_status_of_bounds_that_overflow(method, rewards):
    problem = MDP(np.eye(2)[:, None], np.array(rewards)[:, None], horizon=Discounted(0.9))
    assert solve(problem, method, throw=False).status is Status.NONFINITE


@pytest.mark.parametrize("method", [None, HoffmanKarp(), ShapleyIteration()])
@pytest.mark.parametrize("S", [1, 2])
def test_games_whose_values_overflow_are_not_finite(method, S):
    pay = np.array([[1, -1, -0.5, 1], [-1, 1, 1, -0.5]])[:S] * 1.7e308
    game = MarkovGame(np.eye(S)[:, None].repeat(4, 1), [pay, -pay], horizon=Discounted(0.99), actions=(2, 2))
    assert solve(game, method, throw=False).status is Status.NONFINITE


def test_a_game_of_finite_horizon_that_overflows_keeps_the_bounds_of_its_last_steps():
    pay = np.array([[1, 1, 1, 1], [-1, -1, -1, -1]]) * 1.7e308
    game = MarkovGame(np.eye(2)[:, None].repeat(4, 1), [pay, -pay], horizon=Finite(3), actions=(2, 2))
    answer = solve(game, throw=False)
    assert answer.status is Status.NONFINITE
    assert np.isfinite(answer.value.lower[0, 2]).all()
    assert np.isinf(answer.value.lower[0, :2]).all()
    assert (answer.policy.table.sum(axis=-1) == 1).all()
