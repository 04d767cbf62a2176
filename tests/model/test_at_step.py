"""The transition law of one step, of every layout that a record holds."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from mdpkit import MDP, Discounted, Finite, MarkovGame, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.model import at_step

FLIP, STAY = [[[0, 1]], [[1, 0]]], [[[1, 0]], [[0, 1]]]


@pytest.mark.parametrize("number", [np.array, objects])
def test_a_time_varying_law_has_one_of_each_step_and_a_stationary_law_the_same_at_all(number):
    moving = MDP(number([FLIP, STAY]), [[0], [0]], horizon=Finite(2)).P
    assert (at_step(moving, 0) == moving[0]).all()
    assert (at_step(moving, 1) == moving[1]).all()
    still = MDP(number(FLIP), [[0], [0]], horizon=Finite(2)).P
    assert at_step(still, 0) is still
    assert at_step(still, 10**6) is still


def test_a_sparse_law_is_itself_at_every_step():
    P = MDP(csr_array([[0.0, 1.0], [1.0, 0.0]]), [[0], [0]], horizon=Discounted(0.5)).P
    assert at_step(P, 7) is P


def test_a_game_has_the_law_of_its_joint_actions():
    game = MarkovGame([FLIP, STAY], [[[0], [0]]], horizon=Finite(2), actions=(1,))
    assert (at_step(game.P, 1) == game.player(0).P[1]).all()


@pytest.mark.parametrize("t", [-1, 2])
def test_a_step_that_a_law_does_not_have_is_refused(t):
    with pytest.raises(InvalidModel, match=rf"P has no step {t}; expected 0 to 1"):
        at_step(np.array([FLIP, STAY]), t)
