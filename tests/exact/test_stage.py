"""Zero-sum games, correlated and coarse equilibria of one shot, against saddle points and enumeration."""

from itertools import product

import numpy as np
import pytest

from mdpkit.base.arrays import objects
from mdpkit.exact.stage import deviation_gains, matrix_game, select_law


@pytest.mark.parametrize("seed", range(20))
def test_both_mixtures_secure_the_value(seed):
    rng = np.random.default_rng(seed)
    payoff = objects(rng.integers(-2, 3, rng.integers(1, 5, 2))) / 3
    found = matrix_game(payoff)
    for mixture in (found.row, found.column):
        assert (mixture >= 0).all()
        assert mixture.sum() == 1
    assert (found.row @ payoff).min() == found.value == (payoff @ found.column).max()


def test_known_values():
    assert matrix_game([[0, 1, -1], [-1, 0, 1], [1, -1, 0]]).value == 0
    assert matrix_game([[3, 0], [0, 1]]).value == objects("3/4")[()]
    assert matrix_game([[-7]]).value == -7


def gains(payoff, actions, law, told):
    """Brute force: each player's gain from each map of recommendations to actions, or from each fixed action."""
    plays = list(product(*map(range, actions)))
    for i, count in enumerate(actions):
        for change in product(range(count), repeat=count) if told else ((b,) * count for b in range(count)):
            yield sum(
                p * (payoff[i, plays.index((*play[:i], change[play[i]], *play[i + 1 :]))] - payoff[i, j])
                for j, (p, play) in enumerate(zip(law, plays, strict=True))
            )


@pytest.mark.parametrize("actions", [(2, 2), (3, 2), (2, 2, 2), (1, 3), (3,)])
@pytest.mark.parametrize(("concept", "told"), [("swap", True), ("coarse", False)])
def test_no_modification_gains_and_nothing_better_is_known(actions, concept, told):
    rng = np.random.default_rng(5)
    for _ in range(4):
        payoff = objects(rng.integers(-3, 4, (len(actions), int(np.prod(actions)))))
        law = select_law(payoff, deviation_gains(payoff, payoff, actions, concept))
        assert law.sum() == 1
        assert (law >= 0).all()
        assert max(gains(payoff, actions, law, told)) <= 0
        for j in range(len(law)):  # a pure law that nobody leaves pays no more
            pure = objects(np.eye(len(law), dtype=int)[j])
            assert max(gains(payoff, actions, pure, told)) > 0 or (payoff @ pure).sum() <= (payoff @ law).sum()


def test_rows_are_the_gains():
    rng = np.random.default_rng(1)
    actions, payoff = (2, 3), objects(rng.integers(-3, 4, (2, 6)))
    weights = objects(rng.integers(0, 5, 6))
    law = weights / weights.sum()
    told, fixed = (deviation_gains(payoff, payoff, actions, concept) @ law for concept in ("swap", "coarse"))
    assert max(fixed) == max(gains(payoff, actions, law, told=False))
    # a player obeys a recommendation, or plays the better of the others; rows run over recommendations, then the others
    own, other = told[:2].reshape(2, 1), told[2:].reshape(3, 2)
    best = [sum(max(0, row.max()) for row in rows) for rows in (own, other)]
    assert max(best) == max(gains(payoff, actions, law, told=True))
