"""AGMM, two-stage least squares, LSTD, SBEED and no-regret play of moment games."""

import numpy as np
import pytest

from mdpkit import MDP, Discounted, MomentProblem, TabularPolicy, measure, objects
from mdpkit.base.arrays import rational
from mdpkit.base.errors import InvalidModel, NotSolved
from mdpkit.instances import named
from mdpkit.solve import (
    AGMM,
    LSTD,
    SBEED,
    MomentGame,
    SoftPlanning,
    Status,
    TwoStageLeastSquares,
    lstd,
    moment_play,
    solve,
    two_stage_least_squares,
)

CHANNEL = MomentProblem(objects([["3/4", "1/4"], ["1/4", "3/4"]]), objects([1, 2]), objects(["1/3", "2/3"]))


def draw(seed, Z=5, K=2):
    rng = np.random.default_rng(seed)
    weights = objects(rng.integers(1, 9, Z))
    return MomentProblem(
        objects(rng.integers(-9, 10, (Z, K))) / 4, objects(rng.integers(-9, 10, Z)) / 3, weights / weights.sum()
    )


def draw_mdp(seed, S=3, A=2):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(S), (S, A))
    return MDP(P, rng.uniform(-1, 1, (S, A)), horizon=Discounted(0.9))


@pytest.mark.parametrize("seed", range(4))
def test_one_call_finds_two_stage_least_squares_again(seed):
    problem, test = draw(seed), objects(np.random.default_rng(seed).integers(-3, 4, (5, 3)))
    answers = [solve(problem, method) for method in (MomentGame(test), AGMM(test), TwoStageLeastSquares(test))]
    known = two_stage_least_squares(problem, test)
    for answer in answers:
        assert (answer.h == known).all_yes()
        assert answer.value == answers[0].value
    for method in (MomentGame(test), AGMM(test), TwoStageLeastSquares(test)):
        assert solve(problem.to_float(), method).h.contains(known)
    assert (solve(problem, AGMM()).h == solve(problem).h).all_yes()


@pytest.mark.parametrize("features", [np.eye(3, dtype=int), [[1], [2], [4]], [[1, 0], [1, 1], [0, 3]]])
def test_one_call_finds_lstd_again(features):
    m = named("ring_walk")
    method = LSTD(m.policy, features, m.weights)
    answer, restriction = solve(m.mdp, method), method.restriction(m.mdp)
    assert (answer.h == lstd(m.mdp, m.policy, features, m.weights)).all_yes()
    assert answer.value == 0
    of_coefficients = MomentProblem(restriction.A @ objects(features), restriction.b, restriction.weights)
    for method in (MomentGame(features), AGMM(features), TwoStageLeastSquares(features)):
        assert (solve(of_coefficients, method).h == answer.h).all_yes()


@pytest.mark.parametrize("seed", range(3))
def test_the_penalised_game_is_a_saddle_point(seed):
    """By definition: no test function earns more at h, and the payoff of the best one is least at h."""
    problem, test, rng = (
        draw(seed),
        objects(np.random.default_rng(seed).integers(-3, 4, (5, 3))),
        np.random.default_rng(seed),
    )
    answer = solve(problem, AGMM(test, penalty="1/2", ridge="1/3"))

    def most(h):
        weighted = test.T * problem.weights
        seen = weighted @ (problem.b - problem.A @ h)
        inverse = np.linalg.inv((weighted @ test).astype(float) + np.eye(3) / 2)
        seen = seen.astype(float)
        return seen @ inverse @ seen + float((h * h).sum()) / 3

    h = answer.h.lower
    assert most(h) == pytest.approx(float(answer.value.lower[()]))
    assert min(most(h + objects(rng.integers(-3, 4, 2)) / 7) for _ in range(20)) >= most(h) - 1e-12


def test_penalties_admit_what_the_plain_game_refuses():
    twice = objects([[1, 1], [0, 0]])
    assert solve(CHANNEL, AGMM(twice, ridge=1), throw=False).status is Status.INFEASIBLE
    assert solve(CHANNEL, AGMM(twice, penalty="1/9", ridge=1)).status is Status.SOLVED


@pytest.mark.parametrize("floating", [False, True])
@pytest.mark.parametrize("make", [MomentGame, AGMM, TwoStageLeastSquares])
def test_an_instrument_without_variation_is_named(make, floating):
    """Constant test functions see one moment, of two coefficients; a repeated one is dependent."""
    problem = CHANNEL.to_float() if floating else CHANNEL
    assert solve(problem, make([[1], [1]]), throw=False).status is Status.INFEASIBLE
    with pytest.raises(NotSolved, match=r"no unique one; the moments determine 1 of 2 coefficients$"):
        solve(problem, make([[1], [1]]))
    with pytest.raises(NotSolved, match="1 of 2 coefficients, and 1 of 2 test functions are independent"):
        solve(problem, make([[1, 2], [1, 2]]))


@pytest.mark.parametrize("floating", [False, True])
def test_a_singular_matrix_of_temporal_differences_is_named(floating):
    """The second feature is twice the first."""
    m = named("ring_walk")
    mdp = m.mdp.to_float() if floating else m.mdp
    with pytest.raises(NotSolved, match="the moments determine 1 of 2 coefficients, and 1 of 2"):
        solve(mdp, LSTD(m.policy, [[1, 2], [2, 4], [4, 8]]))


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (AGMM([[1]]), r"test has shape \(1, 1\); expected \(2, m\)"),
        (AGMM(penalty=-1), "penalty is -1; expected a finite number of at least 0"),
        (AGMM(penalty=np.inf), "penalty is inf; expected a finite number of at least 0"),
        (AGMM(ridge=np.nan), "ridge is nan; expected a finite number of at least 0"),
        (AGMM(ridge=1, ridge_norm=[[1]]), r"ridge_norm has shape \(1, 1\); expected \(2, 2\)"),
        (AGMM(ridge=1, ridge_norm=[[1, 0], [0, -1]]), "ridge_norm is not proved"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(method, message):
    with pytest.raises(InvalidModel, match=message):
        solve(CHANNEL, method)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (AGMM(penalty=np.inf), "penalty is inf; expected a finite number of at least 0"),
        (AGMM(penalty=1, norm=[[1, np.nan], [np.nan, 1]]), "expected finite numbers"),
        (AGMM(penalty=1, norm=[[1, 1], [1, 1]]), "norm is not proved"),
    ],
)
def test_floats_that_do_not_fit_are_refused(method, message):
    with pytest.raises(InvalidModel, match=message):
        solve(CHANNEL.to_float(), method)


def test_a_semidefinite_norm_penalises_what_it_sees():
    """Against f = c_1 (1, 0) + c_2 (0, 1) with the norm of c_1 + c_2, the differences are free, and matched exactly."""
    problem = MomentProblem(objects([[1], [1]]), objects([1, 3]), objects(["1/2", "1/2"]))
    answer = solve(problem, AGMM(penalty=1, norm=[[1, 1], [1, 1]]))
    assert answer.h.lower[0] == 2
    assert answer.value == 1


@pytest.mark.parametrize("floating", [False, True])
@pytest.mark.parametrize("box", [(-1, 1), (1, -1), (1, float("inf")), (float("nan"), 1)])
@pytest.mark.parametrize("curvature", [0, 1])
def test_a_box_that_is_negative_or_infinite_is_refused(box, curvature, floating):
    problem = CHANNEL.to_float() if floating else CHANNEL
    for found in (
        lambda: measure.saddle_gap(problem, [0, 0], [0, 0], box, curvature),
        lambda: measure.moment_regrets(problem, [[0, 0]], [[0, 0]], box, curvature),
    ):
        with pytest.raises(InvalidModel, match=r"box\[\d\] is .*; expected a finite number of at least 0"):
            found()


@pytest.mark.parametrize("seed", range(3))
def test_the_soft_bellman_game_finds_what_backups_find(seed):
    mdp = draw_mdp(seed)
    game, backups = solve(mdp, SBEED(0.3)), solve(mdp, SoftPlanning(0.3))
    assert (game.value.lower <= backups.value.upper).all()
    assert (game.value.upper >= backups.value.lower).all()
    np.testing.assert_allclose(game.policy.table, backups.policy.table, atol=1e-8)
    psi = measure.soft_bellman_residual(mdp, game.policy, game.value.mid, 0.3, TabularPolicy(np.full((3, 2), 0.5)))
    assert np.abs(psi.mid).max() < 1e-8
    assert game.iterations <= 12


def test_the_soft_bellman_game_takes_a_reference_and_a_mask():
    mdp = draw_mdp(5)
    mdp = MDP(mdp.P, mdp.r, horizon=mdp.horizon, mask=np.array([[True, True], [True, False], [True, True]]))
    reference = TabularPolicy([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]])
    game, backups = solve(mdp, SBEED(0.5, reference)), solve(mdp, SoftPlanning(0.5, reference))
    np.testing.assert_allclose(game.value.mid, backups.value.mid, atol=1e-7)


@pytest.mark.parametrize("temperature", [0, -1, np.inf, np.nan])
def test_a_temperature_is_positive(temperature):
    with pytest.raises(InvalidModel, match="expected a positive number"):
        SBEED(temperature)


def test_play_finds_the_closed_form():
    problem = CHANNEL.to_float()
    known = solve(problem).h.mid
    for optimistic in (False, True):
        rounds = moment_play(problem, 4000, step=0.5, box=(9, 9), optimistic=optimistic)
        np.testing.assert_allclose(rounds.h[-1], known, atol=1e-6)
        assert rounds.errors()[-1] < 1e-12
        assert rounds.errors(average=True)[-1] < 1e-4


def test_on_the_bare_lagrangian_only_optimistic_steps_converge():
    one = MomentProblem([[1.0]], [0.0], [1.0])
    settings = dict(step=0.1, box=(50, 50), curvature=0, start=([1], [0]))
    plain, optimistic = (moment_play(one, 300, optimistic=each, **settings) for each in (False, True))
    assert plain.errors()[-2:].max() > 100
    assert optimistic.errors()[-50:].max() < 1e-2
    assert plain.errors(average=True)[-1] < plain.errors()[-2:].max() / 100


@pytest.mark.parametrize("optimistic", [False, True])
@pytest.mark.parametrize("curvature", ["0", "1/2", "1"])
def test_the_gap_of_averages_is_at_most_the_mean_regret(curvature, optimistic):
    problem, curvature = draw(1), rational(curvature)
    rounds = moment_play(problem, 5, step="1/4", box=(2, 3), curvature=curvature, optimistic=optimistic)
    gap = measure.saddle_gap(problem, rounds.average_h[-1], rounds.average_f[-1], (2, 3), curvature)
    mean = measure.moment_regrets(problem, rounds.h, rounds.f, (2, 3), curvature).sum() / 5
    assert gap <= mean
    assert curvature != 0 or gap == mean


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(step=0), r"step is 0(\.0)?; expected a number above 0"),
        (dict(box=(1, -1)), r"box\[1\] is -1"),
        (dict(curvature=-1), "curvature is -1"),
        (dict(start=([3, 0], [0, 0])), "start of h is"),
        (dict(rounds=0), "rounds is 0"),
    ],
)
def test_play_that_cannot_be_is_refused(settings, message):
    with pytest.raises(InvalidModel, match=message):
        moment_play(CHANNEL, **(dict(rounds=2, step="1/4", box=(1, 1)) | settings))
