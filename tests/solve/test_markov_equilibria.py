"""The Markov correlated equilibrium of highest welfare: exact, bounded above, and more than the choice by stages."""

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import objects, rational
from mdpkit.base.errors import ExactnessLost, InvalidModel, NotSolved
from mdpkit.claims.games.stage_welfare_is_not_markov_welfare import trust
from mdpkit.model import Finite, MarkovGame
from mdpkit.solve import MarkovCorrelatedEquilibrium, Status, solve, welfare_bound


def total(game, answer):
    return (answer.value[:, 0].lower.sum(axis=0) * game.rho).sum()


@pytest.mark.parametrize("seed", range(8))
def test_it_is_between_the_choice_by_stages_and_the_bound(seed):
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 3, (2, 2, 4, 2))
    weights[..., 0] += 1
    P = objects(weights) / objects(weights.sum(axis=-1, keepdims=True))
    game = MarkovGame(P, objects(rng.integers(0, 7, (2, 2, 2, 4))), horizon=Finite(2), actions=(2, 2))
    answer = solve(game, MarkovCorrelatedEquilibrium(), throw=False)
    answer.certificate.verify()
    bound, counts = welfare_bound(game)
    assert total(game, solve(game)) <= total(game, answer) <= bound
    assert (answer.status is Status.SOLVED) == (total(game, answer) == bound)
    assert (measure.regret(game, answer.policy) == 0).all_yes()
    assert [len(row) for row in counts] == [2]


@pytest.mark.parametrize("H", [1, 2, 3])
def test_a_threat_at_the_end_pays(H):
    m = trust(H)
    answer = solve(m.game, MarkovCorrelatedEquilibrium())
    assert answer.status is Status.SOLVED
    assert total(m.game, answer) == measure.value(m.game, m.loyal).sum().lower[()]


def share():
    """Player 1 enters only if it is paid 5 later, where mixtures of (10, 0) and (0, 12) are the equilibria."""
    P = objects(np.zeros((2, 4, 2), dtype=int))
    P[0, :2, 1] = P[0, 2:, 0] = P[1, :, 1] = rational(1)
    r = objects(np.zeros((2, 2, 2, 4), dtype=int))
    r[0, 0, 0, 2:] = rational(5)  # staying out pays 5, and 5 less 5 later
    r[1, :, 1, 0], r[1, :, 1, 3] = objects([10, 0]), objects([0, 12])
    return MarkovGame(P, r, objects([1, 0]), horizon=Finite(2), actions=(2, 2))


def test_an_optimum_between_extreme_points_is_reported_as_not_reached():
    game = share()
    answer = solve(game, MarkovCorrelatedEquilibrium(), throw=False)
    answer.certificate.verify()
    assert answer.status is Status.CAPPED
    assert total(game, answer) == 10
    assert welfare_bound(game)[0] == 11
    with pytest.raises(NotSolved):
        solve(game, MarkovCorrelatedEquilibrium())


def test_larger_games_and_floats_are_refused():
    with pytest.raises(InvalidModel, match="at most 3"):
        solve(trust(4).game, MarkovCorrelatedEquilibrium())
    with pytest.raises(ExactnessLost, match="to_exact"):
        solve(trust(2).game.to_float(), MarkovCorrelatedEquilibrium())
