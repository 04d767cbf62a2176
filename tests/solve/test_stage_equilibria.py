"""Equilibria of finite-horizon games: exactly no regret, and the value that the policy has."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit import measure, strategies
from mdpkit.base.arrays import objects
from mdpkit.base.errors import ExactnessLost
from mdpkit.model import Finite, MarkovGame
from mdpkit.solve import CoarseCorrelatedEquilibrium, CorrelatedEquilibrium, Status, solve

METHODS = [(CorrelatedEquilibrium(), "swap"), (CoarseCorrelatedEquilibrium(), "coarse")]


@settings(max_examples=25)
@given(st.data())
@pytest.mark.parametrize(("method", "deviations"), METHODS)
@pytest.mark.parametrize(("players", "actions"), [(2, (2, 2)), (2, (3, 2)), (3, (2, 2, 2)), (1, (3,))])
def test_nobody_gains_by_deviating(players, actions, method, deviations, data):
    game = data.draw(strategies.games(players, actions))
    answer = solve(game, method)
    assert answer.status is Status.SOLVED
    R = measure.regret(game, answer.policy, deviations)
    assert (R <= 0).all_yes()
    if deviations == "swap":
        assert (R == 0).all_yes()
        assert (measure.regret(game, answer.policy, "trigger") == 0).all_yes()
    assert answer.value.shape == (players, game.horizon.H + 1, game.S)
    for i in range(players):
        assert (answer.value[i] == measure.state_value(game.player(i), answer.policy)).all_yes()


@settings(max_examples=15)
@given(strategies.games(1, (3,), states=(1, 3)))
def test_one_player_plays_the_optimal_policy(game):
    assert (solve(game).value[0] == solve(game.player(0)).value).all_yes()


def test_the_game_after_an_unreached_state_is_in_equilibrium_too():
    """Regret from every state: the start law is the only thing changed."""
    rng = np.random.default_rng(3)
    weights = objects(rng.integers(0, 3, (3, 4, 3)) + np.eye(3, dtype=int)[0])
    P, r = weights / weights.sum(axis=-1, keepdims=True), objects(rng.integers(-3, 4, (2, 3, 4)))
    answer = solve(MarkovGame(P, r, objects([1, 0, 0]), horizon=Finite(3), actions=(2, 2)))
    for s in range(3):
        moved = MarkovGame(P, r, objects(np.eye(3, dtype=int)[s]), horizon=Finite(3), actions=(2, 2))
        assert (measure.regret(moved, answer.policy) == 0).all_yes()


def test_a_coarse_equilibrium_may_be_left_by_who_looks_at_what_it_is_told():
    """The payoffs of coarse_equilibrium_is_not_correlated_equilibrium: the best coarse law has swap regret."""
    first, second = [[0, 1, 1], [0, 2, -1], [-1, 0, 1]], [[1, -1, 2], [0, 0, -2], [1, 0, 2]]
    game = MarkovGame(
        objects([[[1]] * 9]), objects([first, second]).reshape(2, 1, 9), horizon=Finite(2), actions=(3, 3)
    )
    coarse = solve(game, CoarseCorrelatedEquilibrium()).value[:, 0, 0].sum()
    assert (coarse >= solve(game).value[:, 0, 0].sum()).all_yes()


def test_floats_are_refused_with_the_way_out():
    game = MarkovGame(np.ones((1, 4, 1)), np.ones((2, 1, 4)), horizon=Finite(1), actions=(2, 2))
    with pytest.raises(ExactnessLost, match="to_exact"):
        solve(game)
    assert solve(game.to_exact()).value.exact
