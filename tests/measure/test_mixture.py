"""Regrets of mixtures, against every deviator by itself; re-weighted errors, against the errors of each deviation."""

from itertools import product

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.claims.games import memoryless_deviations_suffice as enumeration
from mdpkit.instances.library.games import fork, matching_pennies
from mdpkit.instances.library.games_imitation import draw_partly_covered_games
from mdpkit.learn._game import deviate
from mdpkit.model import Deviation, JointPolicy


def draw(seed):
    m = enumeration.draws(1, seed)[0]
    return m.replace(second=JointPolicy(m.mediator.table[::-1]))


@pytest.mark.parametrize("seed", range(5))
def test_the_regret_of_a_mixture_is_that_of_the_best_deviator_with_a_history(seed, encloses):
    m = draw(seed)
    mediators, even = enumeration.mediators(m), objects(["1/2", "1/2"])
    found = measure.mixture_regret(m.game, mediators, even)
    players = range(m.game.players)
    best = np.array([enumeration.enumerate_deviators(m, i) for i in players])
    assert (found == best - enumeration.value_of_obedience(m)).all_yes()
    if m.game.S == 1 and m.game.players == 2:
        joint = np.array([enumeration.enumerate_deviators(m, i, joint=True) for i in players])
        assert (
            measure.mixture_regret(m.game, mediators, even, "joint") == joint - enumeration.value_of_obedience(m)
        ).all_yes()
    floats = m.game.to_float(), [each.to_float() for each in mediators], np.array([0.5, 0.5])
    assert encloses(measure.mixture_regret(*floats), found)


def test_one_mediator_alone_is_no_mixture():
    m = matching_pennies(3)
    alone = measure.mixture_regret(m.game, [m.learner], objects([1]))
    assert (alone == measure.regret(m.game, m.learner)).all_yes()


def test_what_can_be_observed_is_named():
    m = matching_pennies(2)
    with pytest.raises(InvalidModel, match="observes='all'; expected one of own, joint"):
        measure.mixture_regret(m.game, [m.learner], objects([1]), "all")


@pytest.mark.parametrize(
    ("count", "weights", "words"),
    [
        (2, [2, 3], "weights sums to 5, not 1"),
        (1, [-1], "weights.0. is -1; a probability is at least 0"),
        (2, [1], "1 weights for 2 mediators"),
        (0, [], "there is no mediator"),
        (1, [0.5], "weights holds floats while the rest is rational"),
    ],
)
def test_weights_are_a_distribution_over_the_mediators(count, weights, words):
    m = matching_pennies(2)
    with pytest.raises(InvalidModel, match=words):
        measure.mixture_regret(m.game, [m.learner] * count, weights)


@pytest.mark.parametrize("b", [0, "1/4"])
def test_the_reweighted_error_counts_visited_states_alone(b, encloses):
    m = fork(4, b)
    found = measure.importance_weighted_error(m.game, m.expert, m.learner)
    assert found == (objects("3/4")[()] if b else 0)
    close = m.game.to_float(), m.expert.to_float(), m.learner.to_float()
    assert encloses(measure.importance_weighted_error(*close), found)


def test_the_reweighted_error_is_the_largest_over_deviators_with_weights_formed():
    """Every pure deviator's weights d^dev / d^E multiply the expert's visits, at visited states alone."""
    m = draw_partly_covered_games()[0]
    shown = measure.occupancy(m.game, m.expert).sum(axis=-1).lower
    apart, visited = measure.total_variation(m.expert, m.learner).lower, shown > 0
    H, S = shown.shape
    found, rows = [], np.eye(2)
    learner, game = m.learner.to_float(), m.game.to_float()
    for choice in product((0, 1), repeat=2 * H * S):
        for player in (0, 1):
            played = deviate(game, learner, Deviation(player, rows[np.reshape(choice, (H, S, 2))]))
            weights = measure.occupancy(game, played).sum(axis=-1).mid[visited] / shown[visited].astype(float)
            found.append((shown[visited].astype(float) * weights * apart[visited].astype(float)).sum() / H)
    exact = measure.importance_weighted_error(m.game, m.expert, m.learner)
    assert max(found) == pytest.approx(float(exact.mid))
    assert (exact < measure.deviation_error(m.game, m.expert, m.learner)).all_yes()


def test_five_hundred_games_agree_with_every_deviator():
    """Two and three players, two steps and actions; in at least a hundred the coarse programme finds less."""
    games, blind = enumeration.draws() + enumeration.further_draws(), 0
    assert len(games) == 500
    for m in games:
        for found, best in enumeration.check(m).pairs.values():
            assert (found == best).all_yes()
        coarse, swap = (measure.regret(m.game, m.mediator, name).lower for name in ("coarse", "swap"))
        blind += bool((coarse < swap).any())
    assert blind >= 100
