"""Payoffs of correlated equilibria: every vertex is one, every equilibrium is inside, and the picture shows them."""

import numpy as np
import pytest

from mdpkit import draw
from mdpkit.base.arrays import exactly, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.model import Finite, JointPolicy, MarkovGame
from mdpkit.solve import CorrelatedEquilibrium, nash_equilibria, payoff_polygon, solve


def game_of(r, actions):
    return MarkovGame(objects([[[1]] * r.shape[-1]]), objects(r)[:, None], horizon=Finite(1), actions=actions)


def inside(point, ring):
    if len(ring) == 1:
        return (point == ring[0]).all()
    turns = [
        (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
        for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True)
    ]
    return all(turn >= 0 for turn in turns)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("actions", [(2, 2), (3, 2), (3, 3)])
def test_equilibria_lie_in_the_polygons(actions, seed):
    game = game_of(np.random.default_rng(seed).integers(0, 5, (2, actions[0] * actions[1])), actions)
    fine, coarse = payoff_polygon(game), payoff_polygon(game, "coarse")
    for pair in nash_equilibria(game):
        assert inside(pair.payoff, fine)
    for select in ("welfare", "egalitarian"):
        assert inside(solve(game, CorrelatedEquilibrium(select)).value[:, 0, 0].lower, fine)
    assert all(inside(corner, coarse) for corner in fine)
    best = solve(game).value[:, 0, 0].lower.sum()
    assert best == fine.sum(axis=1).max()


def test_a_constant_game_is_a_point_and_a_zero_sum_game_too():
    assert len(payoff_polygon(game_of(np.ones((2, 4), int), (2, 2)))) == 1
    pennies = np.array([[1, -1, -1, 1], [-1, 1, 1, -1]])
    assert payoff_polygon(game_of(pennies, (2, 2))).tolist() == [[0, 0]]
    assert payoff_polygon(game_of(pennies, (2, 2)).to_float()).tolist() == exactly(np.zeros((1, 2))).tolist()


def test_segments_have_two_ends():
    same = game_of(np.array([[2, 0, 0, 1], [2, 0, 0, 1]]), (2, 2))
    assert [[str(x) for x in row] for row in payoff_polygon(same)] == [["2/3", "2/3"], ["2", "2"]]


def test_the_picture_shows_regions_and_policies():
    game = game_of(np.array([[6, 2, 7, 0], [6, 7, 2, 0]]), (2, 2))
    figure = draw(game, {"fair": JointPolicy(objects([["1/3", "1/3", "1/3", 0]]))}, kind="payoffs")
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert labels == ["coarse correlated", "correlated", "Nash", "fair"]
    with pytest.raises(InvalidModel, match="played once"):
        draw(MarkovGame(game.P, game.r, horizon=Finite(2), actions=(2, 2)), kind="payoffs")


def test_other_concepts_are_refused():
    with pytest.raises(InvalidModel, match="swap, coarse"):
        payoff_polygon(game_of(np.ones((2, 4), int), (2, 2)), "trigger")
