"""Best responses, exploitability and NashConv: against brute force, and the convention."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit import measure, strategies
from mdpkit.base.arrays import nearest, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import named
from mdpkit.model import Average, Discounted, Finite, JointPolicy, MarkovGame

CLASSES = ("swap", "trigger", "coarse", "one-shot", "constant")


def played(game, joint, player, table):
    """The joint policy in which a player follows its own policy, and the others their part of `joint`."""
    H = game.horizon.H if isinstance(game.horizon, Finite) else 1
    tables = joint.table if joint.table.ndim == 3 else np.repeat(joint.table[None], H, axis=0)
    own = table if table.ndim == 3 else np.repeat(table[None], H, axis=0)
    laws = []
    for t in range(H):
        for s in range(game.S):
            law = tables[t, s].reshape(game.actions)
            rest = np.expand_dims(law.sum(axis=player), player)
            shape = [1] * game.players
            shape[player] = -1
            laws.append((rest * own[t, s].reshape(shape)).ravel())
    both = np.array(laws).reshape(H, game.S, game.J)
    return JointPolicy(both if isinstance(game.horizon, Finite) else both[0])


@settings(max_examples=20)
@given(st.data())
@pytest.mark.parametrize("actions", [(2, 2), (3, 2), (2, 2, 2), (2,)])
def test_the_best_response_earns_what_exploitability_says(actions, data):
    game = data.draw(strategies.games(len(actions), actions))
    joint = data.draw(strategies.joint_policies(game))
    gains = measure.exploitability(game, joint)
    assert (gains == measure.regret(game, joint, "coarse")).all_yes()
    assert (gains.sum() == measure.nash_conv(game, joint)).all_yes()
    for i in range(game.players):
        best = measure.best_response(game, joint, i)
        earned = measure.value(game, played(game, joint, i, best.table))[i]
        assert (earned - measure.value(game, joint)[i] == gains[i]).all_yes()


def discounted_game(exact=True):
    rng = np.random.default_rng(5)
    weights = rng.integers(1, 4, (2, 4, 2))
    P, r = objects(weights) / objects(weights.sum(-1, keepdims=True)), objects(rng.integers(-3, 4, (2, 2, 4)))
    game = MarkovGame(P, r, horizon=Discounted("3/4"), actions=(2, 2))
    joint = JointPolicy(objects([["1/4", "1/4", "1/3", "1/6"], [0, "1/2", "1/2", 0]]))
    return (game, joint) if exact else (game.to_float(), joint.to_float())


def test_discounted_best_responses_are_the_best_of_all_stationary_policies():
    game, joint = discounted_game()
    gains = measure.exploitability(game, joint)
    for i in range(2):
        earned = [
            measure.value(game, played(game, joint, i, objects(np.eye(2, dtype=int)[list(choice)])))[i].lower[()]
            for choice in product(range(2), repeat=2)
        ]
        assert max(earned) - measure.value(game, joint)[i].lower[()] == gains[i].lower[()]
        best = measure.best_response(game, joint, i)
        assert (measure.value(game, played(game, joint, i, best.table))[i] - max(earned) == 0).all_yes()
    floating = measure.nash_conv(*discounted_game(exact=False))
    assert floating.contains(gains.sum().lower)
    assert measure.best_response(*discounted_game(exact=False), 0).table.tolist() == [
        [nearest(x) for x in row] for row in measure.best_response(game, joint, 0).table
    ]


def test_a_zero_sum_game_is_half_as_exploitable_as_its_nash_conv():
    m = named("matching_pennies", H=1)
    pure = JointPolicy(objects([[1, 0, 0, 0]]))
    assert measure.exploitability(m.game, pure).lower.tolist() == [0, 1]
    assert (measure.nash_conv(m.game, pure) == 1).all_yes()


@settings(max_examples=20)
@given(strategies.games(2, (2, 2)), st.data())
@pytest.mark.parametrize("deviations", CLASSES)
def test_every_class_returns_a_deviation_that_replays_its_regret(deviations, game, data):
    joint = data.draw(strategies.joint_policies(game))
    for i in range(2):
        deviation = measure.best_deviation(game, joint, i, deviations)
        replayed = measure.deviated_value(game, joint, deviation) - measure.value(game, joint)[i]
        assert (replayed == measure.regret(game, joint, deviations)[i]).all_yes()


def test_other_arguments_are_refused():
    game, joint = discounted_game()
    with pytest.raises(InvalidModel, match="players 0 to 1"):
        measure.best_response(game, joint, 2)
    endless = MarkovGame(game.P, game.r, horizon=Average(), actions=(2, 2))
    with pytest.raises(InvalidModel, match="Finite and Discounted"):
        measure.nash_conv(endless, joint)
