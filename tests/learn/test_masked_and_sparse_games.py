"""Learners of mediators in games with missing actions and with sparse transitions."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from tools.games import draw_game, draw_laws

from mdpkit import (
    Finite,
    JointPolicy,
    MarkovGame,
    fit,
    grant,
    measure,
    objects,
)
from mdpkit.base.errors import InvalidModel
from mdpkit.learn import (
    BLADES,
    MAILBRO,
    MALICE,
    BoxRewards,
    JointCloning,
    JointIRL,
    Mediators,
    MomentMatching,
    best_response_oracle,
)
from mdpkit.learn.multiagent.joint_irl import closest_occupancy
from mdpkit.learn.multiagent.rounds import find_worst_deviation, known_game

SAMPLED = dict(demonstrations=4, episodes=5, resets=3, queries=9)
EXACT = dict(demonstrations="exact", episodes="exact", queries="exact")


def rng(seed=0):
    return np.random.default_rng(seed)


# ---- games in which actions are missing
def draw_masked_game(seed, H=3, varying=True):
    """A random rational game in which each player lacks an action in a state, and a mediator."""
    generator, actions, S = np.random.default_rng(seed), (2, 3), 3
    mask = np.ones((2, S, 3), dtype=bool)
    mask[0, :, 2] = mask[0, 1, 0] = mask[1, 2, 1] = False
    P = draw_laws(generator, *((H,) if varying else ()), S, 6, S)
    paid = objects(generator.integers(-4, 5, (2, S, 6))) / 4
    game = MarkovGame(P, paid, objects([1, 0, 0]), horizon=Finite(H), actions=actions, mask=mask)
    table = draw_laws(generator, H, S, 6) * game.available.astype(int)
    table = table + game.available.astype(int)
    return game, JointPolicy(table / table.sum(axis=-1, keepdims=True))


MASKED = {
    "joint cloning": lambda game: JointCloning(),
    "joint IRL": lambda game: JointIRL(),
    "joint IRL, game": lambda game: JointIRL(game=MomentMatching(BoxRewards(), rounds=2)),
    "MALICE": lambda game: MALICE(rounds=3),
    "BLADES": lambda game: BLADES(rounds=3),
    "MAIL-BRO": lambda game: MAILBRO(best_response_oracle(game), rounds=3),
}


@pytest.mark.parametrize("name", MASKED)
def test_missing_actions_are_never_recommended(name):
    game, expert = draw_masked_game(1)
    for problem, shown in ((game, expert), (game.to_float(), expert.to_float())):
        learner = MASKED[name](problem)
        for options in (EXACT, {**SAMPLED, "episodes": "exact", "queries": "exact"}):
            answer = fit(learner, grant(problem, expert=shown, rng=rng(), **options), rng=rng())
            assert not (answer.policy.table[..., ~game.available] > 0).any()
            measure.regret(problem, answer.policy)
        if "IRL" not in name:  # the three copy what they see
            known = fit(learner, grant(problem, expert=shown, **EXACT), rng=None).trace["loss"]
            assert float(min(known)) == pytest.approx(0)


def test_the_known_game_has_the_actions_of_the_game():
    game, expert = draw_masked_game(0)
    known = known_game(grant(game, expert=expert, **EXACT))
    assert (known.mask == game.mask).all()
    price = measure.total_variation(expert, expert).lower + 1
    assert find_worst_deviation(known, price, expert).earned == 1


def test_the_closest_occupancy_has_no_missing_actions():
    game, expert = draw_masked_game(2)
    process = game.player(0)
    shown = grant(game, expert=expert, demonstrations=5, rng=rng(1)).demonstrations().occupancy(3, 6, 3)
    for problem, seen in ((process, shown), (process.to_float(), shown.astype(float))):
        d = closest_occupancy(problem, seen)
        assert not (d[..., ~game.available] > 0).any()
        assert np.allclose(d.sum(axis=(1, 2)).astype(float), 1)


def test_a_class_that_recommends_missing_actions_is_refused():
    game, expert = draw_masked_game(3)
    wrong = objects([[[1, 0, 0, 0, 0, 0]] * 3])  # player 0 lacks action 0 in state 1
    access = grant(game, expert=expert, **EXACT)
    for learner in (
        JointCloning(Mediators(wrong), loss="variation"),
        JointIRL(Mediators(wrong)),
        BLADES(Mediators(wrong)),
    ):
        with pytest.raises(InvalidModel, match=r"tables\[0, 1, 0\] is positive: mediator 0 recommends joint action 0"):
            fit(learner, access, rng=None)


# ---- games with sparse transitions
@pytest.mark.parametrize("name", MASKED)
def test_learners_agree_on_sparse_and_dense_games(name):
    for masked in (False, True):
        game, expert = draw_masked_game(4, varying=False) if masked else draw_game(4, H=3)[:2]
        dense, shown = game.to_float(), expert.to_float()
        rows = scipy.sparse.csr_array(dense.P.reshape(-1, dense.S))
        sparse = replace(dense, P=rows)
        data = grant(dense, expert=shown, demonstrations=5, rng=rng(3)).demonstrations()
        options = dict(expert=shown, demonstrations=data, episodes="exact", queries="exact")
        found = [fit(MASKED[name](each), grant(each, **options), rng=None) for each in (dense, sparse)]
        ours, theirs = (each.trace["loss"].astype(float) for each in found)
        assert ours == pytest.approx(theirs)
        assert not (found[1].policy.table[..., ~game.available] > 0).any()
