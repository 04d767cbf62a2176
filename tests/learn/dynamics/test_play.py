"""Learning dynamics against the no-regret players, the measures of games, and their own regret bounds."""

import time
from math import log, sqrt

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import floats, objects
from mdpkit.base.errors import ExactnessLost, InvalidModel
from mdpkit.learn import BestResponse, FiniteRewards, FollowTheLeader, GradientAscent, Hedge, MultiplicativeWeights
from mdpkit.learn.dynamics import LearningDynamics, OptimisticGradient, RegretMatching, SwapRegret, draw_dynamics
from mdpkit.learn.dynamics.play import join
from mdpkit.learn.players.no_regret import Gains
from mdpkit.model import Discounted, Finite, MarkovGame


def one_shot(*payoffs):
    """The one-shot game with these payoff tables of integers."""
    tables = [np.array(each) for each in payoffs]
    J, actions = tables[0].size, tables[0].shape
    r = objects(np.stack([each.ravel() for each in tables])[:, None])
    return MarkovGame(objects(np.ones((1, J, 1), dtype=int)), r, horizon=Finite(1), actions=actions)


def random_game(rng, *actions):
    return one_shot(*rng.integers(-3, 4, (len(actions), *actions)))


ROCK = [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]
RPS = one_shot(ROCK, np.negative(ROCK))
SHAPLEY = one_shot(np.eye(3, dtype=int)[[2, 0, 1]], np.eye(3, dtype=int)[[1, 2, 0]])
UNEVEN = [["1/2", "3/10", "1/5"], ["1/5", "1/2", "3/10"]]
EXACT = [
    FollowTheLeader(),
    BestResponse(),
    GradientAscent("1/4"),
    MultiplicativeWeights("1/4"),
    RegretMatching(),
    OptimisticGradient("1/4"),
]


@pytest.mark.parametrize(
    "player",
    [
        FollowTheLeader(),
        BestResponse(),
        Hedge("1/4"),
        Hedge(),
        Hedge("1/4", optimistic=True),
        GradientAscent("1/4"),
        GradientAscent(),
        MultiplicativeWeights("1/4"),
    ],
)
def test_the_loop_plays_what_the_no_regret_players_play(player):
    game = random_game(np.random.default_rng(3), 3, 2).to_float()
    U = game.r.reshape(2, 3, 2)
    found = LearningDynamics(player).play(game, 30)
    classes = [FiniteRewards(np.eye(count)[:, None]) for count in (3, 2)]
    x, gains = (
        [np.full(3, 1 / 3), np.full(2, 1 / 2)],
        [Gains(np.zeros(3), np.zeros(3), 0), Gains(np.zeros(2), np.zeros(2), 0)],
    )
    for n in range(30):
        for i, count in enumerate((3, 2)):
            np.testing.assert_allclose(found.strategies[n, i, :count], x[i], atol=2.0**-22)
        now = [U[0] @ x[1], x[0] @ U[1]]
        gains = [known.then(gain) for known, gain in zip(gains, now, strict=True)]
        x = [player.next(own, point, known) for own, point, known in zip(classes, x, gains, strict=True)]


@pytest.mark.parametrize("rule", EXACT, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("actions", [(3, 3), (2, 3, 2)])
def test_rational_play_is_what_floats_approximate(rule, actions):
    game = random_game(np.random.default_rng(1), *actions)
    rounds = 8 if isinstance(rule, FollowTheLeader | BestResponse) else 4
    exact, near = (LearningDynamics(rule).play(one, rounds) for one in (game, game.to_float()))
    for name in ("strategies", "average", "external", "swap", "last_gap", "average_gap", "joint"):
        assert getattr(exact, name).dtype == object
        np.testing.assert_allclose(floats(getattr(exact, name)), getattr(near, name), atol=1e-12)


@pytest.mark.parametrize("rule", EXACT, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("actions", [(3, 2), (2, 2, 2)])
def test_regrets_are_those_of_the_average_law_of_joint_actions(rule, actions):
    """External regret is T times the coarse regret of the average, swap regret T times its swap regret."""
    game = random_game(np.random.default_rng(2), *actions)
    found = LearningDynamics(rule).play(game, 5)
    joint = found.policy("joint")
    assert (measure.regret(game, joint, "coarse").lower * 5 == found.external[-1]).all()
    assert (measure.regret(game, joint, "swap").lower * 5 == found.swap[-1]).all()
    for kind, gap in (("average", found.average_gap), ("last", found.last_gap)):
        assert measure.regret(game, found.policy(kind), "coarse").lower.sum() == gap[-1]


@pytest.mark.parametrize("rule", [*EXACT, Hedge("1/8"), SwapRegret("1/8")], ids=lambda rule: type(rule).__name__)
def test_up_to_five_players_play(rule):
    game = random_game(np.random.default_rng(4), 2, 3, 2, 1, 2).to_float()
    found = LearningDynamics(rule).play(game, 20, np.random.default_rng(0), every=7)
    assert found.at.tolist() == [7, 14, 20]
    assert np.allclose(found.strategies.sum(axis=2), 1)
    assert (found.strategies[:, 0, 2] == 0).all()
    np.testing.assert_allclose(measure.regret(game, found.policy(), "swap").mid * 20, found.swap[-1], atol=1e-9)
    assert found.trace["swap regret"].shape == (3, 5)


@pytest.mark.parametrize("seed", range(5))
def test_regrets_stay_below_their_bounds(seed):
    """Payoffs in [0, 1] after scaling: the gains have range at most c = 6."""
    game, T, c, A = random_game(np.random.default_rng(seed), 3, 3).to_float(), 2000, 6, 3
    rate = sqrt(8 * log(A) / T) / c
    assert (LearningDynamics(Hedge(rate)).play(game, T).external[-1] <= c * sqrt(T * log(A) / 2)).all()
    assert (LearningDynamics(RegretMatching()).play(game, T).external[-1] <= c * sqrt(A * T)).all()
    rate = sqrt(8 * A * log(A) / T) / c
    swap = LearningDynamics(SwapRegret(rate)).play(game, T).swap[-1]
    assert (swap <= c * sqrt(T * A * log(A) / 2)).all()


def test_the_copies_of_swap_regret_are_played_at_their_stationary_distribution():
    game, rate = SHAPLEY.to_float(), 0.5
    found = LearningDynamics(SwapRegret(rate)).play(game, 6, start=floats(objects(UNEVEN)))
    U = game.r.reshape(2, 3, 3)
    switched = np.zeros((3, 3))
    for n in range(5):
        x, y = found.strategies[n]
        switched += np.outer(x, U[0] @ y)
        M = np.exp(rate * switched)
        M /= M.sum(axis=1, keepdims=True)
        following = found.strategies[n + 1, 0]
        np.testing.assert_allclose(following @ M, following, atol=1e-6)


def test_shapleys_game_defeats_fictitious_play_and_rock_paper_scissors_does_not():
    start = [[1, 0, 0], [0, 1, 0]]
    shapley = LearningDynamics(FollowTheLeader()).play(SHAPLEY.to_float(), 200_000, every=1000, start=start)
    assert shapley.average_gap[-1] == pytest.approx(0.282, abs=0.006)  # it turns around Shapley's triangle
    paper = LearningDynamics(FollowTheLeader()).play(RPS.to_float(), 20_000, every=100, start=start)
    assert paper.average_gap[-1] < 0.05


def test_optimistic_weights_converge_and_plain_ones_do_not():
    start = floats(objects(UNEVEN))
    plain, optimistic = (
        LearningDynamics(Hedge("1/10", optimistic=way)).play(RPS.to_float(), 5000, start=start) for way in (False, True)
    )
    assert plain.last_gap[-1] > 1 / 2
    assert optimistic.last_gap[-1] < 1e-5


def test_many_rounds_take_about_a_second():
    LearningDynamics(Hedge("1/10")).play(RPS.to_float(), 10)
    start = time.process_time()
    LearningDynamics(Hedge("1/10")).play(RPS.to_float(), 100_000)
    assert time.process_time() - start < 1  # 0.1 on an idle core


@pytest.mark.parametrize(
    ("run", "kind", "words"),
    [
        (lambda: LearningDynamics(Hedge()).play(RPS, 5), ExactnessLost, r"Hedge\(.* play game.to_float\(\)"),
        (lambda: LearningDynamics(GradientAscent()).play(RPS, 5), ExactnessLost, "irrational weights or rates"),
        (
            lambda: LearningDynamics("hedge").play(RPS, 5),
            InvalidModel,
            "rule is 'hedge'; expected one of FollowTheLeader",
        ),
        (lambda: LearningDynamics((Hedge(),)).play(RPS, 5), InvalidModel, "rule has 1 entries; the game has 2 players"),
        (lambda: LearningDynamics(FollowTheLeader()).play(RPS, 0), InvalidModel, "rounds is 0"),
        (
            lambda: LearningDynamics(FollowTheLeader()).play(RPS, 1, start=[[1, 0, 0]]),
            InvalidModel,
            "start has 1 strategies; the game has 2 players",
        ),
        (
            lambda: LearningDynamics(FollowTheLeader()).play(RPS, 1, start=5),
            InvalidModel,
            "start is 5; expected one distribution for each player",
        ),
        (
            lambda: LearningDynamics(FollowTheLeader()).play(RPS, 1, start=[[1, 0], [1, 0, 0]]),
            InvalidModel,
            r"start\[0\] has 2 entries; player 0 has 3 actions",
        ),
        (
            lambda: LearningDynamics(FollowTheLeader()).play(RPS, 1, start=objects([["1/2", 0, 0], [1, 0, 0]])),
            InvalidModel,
            r"start\[0\] sums to 1/2, not 1",
        ),
        (
            lambda: LearningDynamics(MultiplicativeWeights(1)).play(RPS, 1),
            InvalidModel,
            "falls to 0 or below at rate 1",
        ),
        (
            lambda: LearningDynamics(FollowTheLeader()).play(
                MarkovGame(RPS.P, RPS.r, horizon=Discounted("1/2"), actions=(3, 3)), 1
            ),
            InvalidModel,
            r"play games of one state over Finite\(1\), without a mask",
        ),
        (lambda: LearningDynamics(FollowTheLeader()).play(one_shot([1, 2]), 1), InvalidModel, "the game has 1 players"),
        (lambda: LearningDynamics(FollowTheLeader()).play(RPS, 1).policy("mean"), InvalidModel, "kind is 'mean'"),
    ],
)
def test_what_is_refused(run, kind, words):
    with pytest.raises(kind, match=words):
        run()


def test_joined_strategies_multiply():
    assert (join((2, 3), objects([["1/2", "1/2", 0], ["1/3", "1/3", "1/3"]])).table == objects([["1/6"] * 6])).all()


def test_plays_are_drawn_in_the_square_or_the_triangles(tmp_path):
    pennies = one_shot([[1, -1], [-1, 1]], [[-1, 1], [1, -1]]).to_float()
    for game, axes in ((pennies, 1), (RPS.to_float(), 2)):
        plays = {
            name: LearningDynamics(rule).play(game, 50) for name, rule in (("a", Hedge("1/4")), ("b", RegretMatching()))
        }
        figure = draw_dynamics(plays)
        assert len(figure.axes) == axes
        figure.savefig(tmp_path / "drawn.pdf")
    with pytest.raises(InvalidModel, match="plays holds 0 plays"):
        draw_dynamics({})
    with pytest.raises(InvalidModel, match=r"got actions=\(2, 3\)"):
        draw_dynamics(
            {
                "a": LearningDynamics(RegretMatching()).play(
                    one_shot(np.eye(2, 3, dtype=int), np.eye(2, 3, dtype=int)), 2
                )
            }
        )
