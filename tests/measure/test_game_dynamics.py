"""Where mediators go in a game, joint action by joint action: occupancies and what is averaged over them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.measure import cloning_error, concentrability, occupancy, transition_error, value
from mdpkit.model import Discounted, Finite, JointPolicy, MarkovGame
from mdpkit.strategies import games, joint_policies


@st.composite
def mediated(draw):
    game = draw(games(2, draw(st.sampled_from([(2, 2), (1, 3), (3, 1)])), states=(1, 2), horizon=(1, 2)))
    law = draw(games(2, game.actions, (game.S, game.S), (game.horizon.H,) * 2)).P
    other = MarkovGame(law, game.r, horizon=game.horizon, actions=game.actions)
    return game, other, draw(joint_policies(game)), draw(joint_policies(game))


def at(array, still, t):
    return array if array.ndim == still else array[t]


def plays(game, joint):
    """Every trajectory as (probability, [(s, a, b), ...]), the two players' actions apart."""
    H, shape = game.horizon.H, (game.S, *game.actions)
    for path in product(product(*map(range, shape)), repeat=H):
        chance = game.rho[path[0][0]]
        for t, (s, *acts) in enumerate(path):
            chance *= at(joint.table, 2, t).reshape(shape)[(s, *acts)]
            if t + 1 < H:
                chance *= at(game.P, 3, t).reshape(*shape, game.S)[(s, *acts, path[t + 1][0])]
        yield chance, path


@settings(max_examples=25)
@given(mediated())
def test_what_a_mediator_visits_is_the_share_of_trajectories(case):
    game, other, expert, learner = case
    H, shape = game.horizon.H, (game.S, *game.actions)
    share, errors, off = (
        objects(np.zeros((H, *shape), dtype=int)),
        objects(np.zeros(H, dtype=int)),
        objects(np.zeros(H, dtype=int)),
    )
    paid = objects(np.zeros(2, dtype=int))
    for chance, path in plays(game, expert):
        for t, (s, *acts) in enumerate(path):
            share[(t, s, *acts)] += chance
            errors[t] += chance * sum(abs(at(expert.table, 2, t)[s] - at(learner.table, 2, t)[s])) / 2
            laws = (at(each.P, 3, t).reshape(*shape, game.S)[(s, *acts)] for each in (game, other))
            off[t] += chance * sum(abs(np.subtract(*laws))) / 2
            for i in range(2):
                paid[i] += chance * at(game.r, 3, t)[i].reshape(shape)[(s, *acts)]
    d = occupancy(game, expert)
    assert (d.lower.reshape(share.shape) == share).all()
    assert (cloning_error(game, expert, learner).lower == errors).all()
    assert (transition_error(game, other, expert).lower == off).all()
    assert (value(game, expert).lower == paid).all()
    even = objects(np.full(d.shape, 1)) / (game.S * game.J)
    assert concentrability(game, expert, even) == share.max() * game.S * game.J


@settings(max_examples=25)
@given(mediated())
def test_floats_enclose_and_proposals_are_near(encloses, case):
    game, other, expert, learner = case
    near = [each.to_float() for each in case]
    for exact, about, bare in (
        (occupancy(game, expert), occupancy(near[0], near[2]), lambda: occupancy(near[0], near[2])),
        (
            cloning_error(game, expert, learner),
            cloning_error(near[0], *near[2:]),
            lambda: cloning_error(near[0], *near[2:]),
        ),
        (transition_error(game, other, expert), transition_error(*near[:3]), lambda: transition_error(*near[:3])),
    ):
        assert encloses(about, exact)
        with propose():
            np.testing.assert_allclose(bare(), about.mid, rtol=1e-11, atol=1e-11)


def crossroads(horizon):
    """Both players have to agree to leave state 0; state 1 is for ever. Rewards differ, and count nowhere."""
    P = objects(np.zeros((2, 4, 2), dtype=int))
    P[0, :3, 0] = P[0, 3, 1] = P[1, :, 1] = objects(1)[()]
    r = objects([[[0, 1, 2, 3], [4, 5, 6, 7]], [[-1] * 4, [9] * 4]])
    return MarkovGame(P, r, objects([1, 0]), horizon=horizon, actions=(2, 2))


def test_a_discounted_game_is_left_when_both_agree():
    """The mediator leaves state 0 with chance 1/2 a step: 1 + g/2 + (g/2)^2 + ... = 4/3 of 2 visits at g = 1/2."""
    game = crossroads(Discounted("1/2"))
    joint = JointPolicy(objects([["1/4", "1/8", "1/8", "1/2"], [1, 0, 0, 0]]))
    d = occupancy(game, joint)
    assert d.shape == (2, 4)
    assert (d.sum(axis=1).lower == objects(["4/3", "2/3"])).all()
    assert (d.lower[0] == objects(["1/3", "1/6", "1/6", "2/3"])).all()
    stays = JointPolicy(objects([[1, 0, 0, 0]] * 2))
    assert cloning_error(game, joint, stays) == objects("4/3")[()] * objects("3/4")[()]


def test_the_reward_of_no_player_matters_and_another_games_mediator_is_refused():
    game = crossroads(Finite(3))
    joint = JointPolicy(objects([["1/4"] * 4] * 2))
    turned = MarkovGame(game.P, game.r[::-1], game.rho, horizon=game.horizon, actions=game.actions)
    assert (occupancy(game, joint) == occupancy(turned, joint)).all_yes()
    for small in (JointPolicy(objects([[1, 0]] * 2)), JointPolicy(objects([[1, 0, 0, 0]]))):
        for call in (lambda small=small: occupancy(game, small), lambda small=small: cloning_error(game, joint, small)):
            with pytest.raises(
                InvalidModel, match=r"^the policy has \d states and \d actions; the problem has 2 and 4$"
            ):
                call()
