"""Zero-sum Markov games: Shapley iteration, Hoffman-Karp and quantal response equilibria."""

from dataclasses import replace
from importlib import import_module
from itertools import product

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from mdpkit import measure
from mdpkit.base.arrays import exactly, floats, objects
from mdpkit.base.errors import CertificateRejected, InvalidModel
from mdpkit.exact.saddle_certificate import SaddleCertificate
from mdpkit.model import MDP, Discounted, Finite, MarkovGame, TabularPolicy
from mdpkit.solve import (
    CorrelatedEquilibrium,
    HoffmanKarp,
    MagneticMirrorDescent,
    ShapleyIteration,
    SoftPlanning,
    Status,
    matrix_games,
    solve,
)
from mdpkit.solve.shapley_iteration import examine
from mdpkit.solve.zero_sum import Stages, is_zero_sum

NASHPY_MISSES = [6, 22, 35, 37, 58, 68, 69, 81, 111, 114, 128, 150, 165, 173, 193, 198]
"""Of these 200 games, those in which nashpy 0.0.43 enumerates no support that is an equilibrium (see test_peers.py)."""


def generic_games():
    return np.random.default_rng(5).normal(size=(200, 3, 3))


def zero_sum(seed, S=3, actions=(2, 3), horizon=None, steps=None):
    rng, J = np.random.default_rng(seed), int(np.prod(actions))
    lead = () if steps is None else (steps,)
    weights = objects(rng.integers(0, 4, (*lead, S, J, S)) + np.eye(S, dtype=int)[0])
    r = objects(rng.integers(-4, 5, (*lead, S, J)))
    P = weights / weights.sum(axis=-1, keepdims=True)
    return MarkovGame(P, np.stack([r, -r], axis=-3), horizon=horizon or Discounted("9/10"), actions=actions)


def best_response(game, row=None, column=None):
    """What the free player earns for player 0 against a fixed policy of the other, by MDP solvers."""
    S, (A, B) = game.S, game.actions
    P, r = game.P.reshape(S, A, B, S), game.r[0].reshape(S, A, B)
    if row is None:
        law, paid = (P * column[:, None, :, None]).sum(axis=2), (r * column[:, None, :]).sum(axis=2)
        return solve(MDP(law, paid, horizon=game.horizon), tol=1e-9).value
    law, paid = (P * row[:, :, None, None]).sum(axis=1), (r * row[:, :, None]).sum(axis=1)
    return -solve(MDP(law, -paid, horizon=game.horizon), tol=1e-9).value


# ---- matrix games
@pytest.mark.parametrize("kind", ["normal", "ties"])
@pytest.mark.parametrize("size", [2, 3, 5, 10])
def test_every_game_of_a_batch_is_certified(size, kind):
    rng = np.random.default_rng(size)
    shape = (500, size, size)
    payoff = rng.normal(size=shape) if kind == "normal" else rng.integers(-3, 4, shape).astype(float)
    found = matrix_games(payoff)
    assert found.value.width <= 1e-11
    assert not len(found.resolved)
    for Q, x, y, value in zip(payoff[:20], found.row, found.column, found.value, strict=False):
        assert float(value.lower) <= (x @ Q).min() + 1e-14
        assert float(value.upper) >= (Q @ y).max() - 1e-14


def test_a_game_that_the_pivots_miss_is_solved_by_the_exact_program(monkeypatch):
    monkeypatch.setattr(import_module("mdpkit.solve.matrix_games"), "PIVOTS", 1)
    payoff = np.random.default_rng(0).normal(size=(20, 4, 4))
    found = matrix_games(payoff)
    assert len(found.resolved) > 5
    assert found.value.width <= 1e-12


def test_the_games_that_support_enumeration_misses_are_solved():
    found = matrix_games(generic_games())
    assert found.value.width <= 1e-12
    assert len(NASHPY_MISSES) == 16
    for k in NASHPY_MISSES:
        Q, x, y = generic_games()[k], found.row[k], found.column[k]
        assert (Q @ y).max() - (x @ Q).min() <= 1e-12


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1e9, 1e200])
def test_the_accuracy_is_relative_to_the_payoffs(scale):
    payoff = generic_games()[:20] * scale
    found = matrix_games(payoff)
    assert found.value.width <= 1e-12 * scale
    assert not len(found.resolved)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
@pytest.mark.parametrize("offset", [0, 1e3, -1e6])
def test_bounds_contain_the_value_where_cancellation_is_large(size, offset):
    """Nearly singular payoffs far from 0: a law whose sum is wrong shifts the bound by that share of the payoffs."""
    rng = np.random.default_rng(size)
    rank_one = rng.normal(size=(60, size, 1)) * rng.normal(size=(60, 1, size))
    payoff = offset + rank_one + 1e-3 * rng.normal(size=rank_one.shape)
    found = matrix_games(payoff)
    exact = matrix_games(exactly(payoff)).lower
    for bounds in (found, matrix_games(payoff, found)):
        assert (exactly(bounds.lower) <= exact).all()
        assert (exact <= exactly(bounds.upper)).all()


def test_batches_of_bad_shape_are_refused():
    with pytest.raises(InvalidModel, match=r"expected payoff\[k,a,b\]"):
        matrix_games(np.zeros((2, 2)))
    with pytest.raises(InvalidModel, match="finite"):
        matrix_games(np.full((1, 2, 2), np.nan))
    assert matrix_games(np.zeros((0, 2, 2))).row.shape == (0, 2)
    for payoff in ("x", [[1, 2], [3]], [[[1, 2], [3]]], [[[1, "a"]]], np.array([[["a"]]], dtype=object)):
        with pytest.raises(InvalidModel, match="payoff is no array of numbers"):
            matrix_games(payoff)


# ---- solve
@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([(2, 2), (2, 3), (1, 2), (3, 1)]), st.sampled_from([None, 3]))
def test_a_finite_game_has_the_value_of_its_correlated_equilibria(seed, actions, steps):
    game = zero_sum(seed, 2, actions, Finite(3), steps)
    answer = solve(game)
    assert isinstance(answer.method, ShapleyIteration)
    assert (answer.value == solve(game, CorrelatedEquilibrium()).value).all_yes()
    assert (measure.regret(game, answer.policy) == 0).all_yes()
    answer.certificate.verify()
    rounded = solve(game.to_float())
    assert rounded.value.contains(answer.value.lower)
    rounded.certificate.verify()


@pytest.mark.parametrize("method", [ShapleyIteration(), HoffmanKarp()])
@pytest.mark.parametrize("seed", range(6))
def test_discounted_policies_are_optimal_against_best_responses(seed, method):
    game = zero_sum(seed).to_float()
    answer = solve(game, method, tol=1e-8)
    answer.certificate.verify()
    row, column = answer.certificate.row.table, answer.certificate.column.table
    kept, conceded = best_response(game, row=row), best_response(game, column=column)
    assert (conceded - kept).upper.max() <= 4e-8
    assert not (kept <= answer.value[0]).any_no()
    assert not (conceded >= answer.value[0]).any_no()


def test_a_rational_discounted_game_is_bounded_as_it_stands():
    """The value is irrational here; the bounds and their certificate are about the rational game."""
    game = zero_sum(1)
    answer = solve(game, tol=1e-9)
    assert not answer.value.exact
    assert answer.certificate.problem is game
    answer.certificate.verify()


def test_a_simple_rational_answer_is_exact():
    """Pure optimal policies: rewards that player 0's action alone decides."""
    r = objects([[[2, 2, 1, 1], [0, 0, 3, 3]]])
    P = objects([[[1, 0]] * 2 + [[0, 1]] * 2, [[1, 0]] * 4])
    game = MarkovGame(P, np.concatenate([r, -r]), horizon=Discounted("9/10"), actions=(2, 2))
    for method in (None, HoffmanKarp()):
        answer = solve(game, method)
        assert answer.value.exact
        assert (answer.value[0] == solve(MDP(P[:, ::2], r[0][:, ::2], horizon=Discounted("9/10"))).value).all_yes()


def test_one_sided_games_are_decision_processes():
    game = zero_sum(3, 4, (3, 1)).to_float()
    alone = solve(MDP(game.P, game.r[0], horizon=game.horizon))
    np.testing.assert_allclose(solve(game).value.mid[0], alone.value.mid, atol=1e-7)


def sparse_game(S=80, actions=(3, 4)):
    """Five successors for each joint action, but six for the first, so that rows are not all equally long."""
    rng, J = np.random.default_rng(0), int(np.prod(actions))
    P = np.zeros((S * J, S))
    P[np.arange(S * J)[:, None], rng.integers(0, S, (S * J, 5))] = rng.dirichlet(np.ones(5), S * J)
    P[::J] += np.eye(S)
    P = (P / P.sum(axis=1, keepdims=True)).reshape(S, J, S)
    r = rng.normal(size=(S, J))
    return MarkovGame(P, np.stack([r, -r]), horizon=Discounted(0.9), actions=actions)


def test_mostly_zero_laws_are_stored_as_sparse_rows():
    game = sparse_game()
    assert Stages(game).process.sparse
    for method in (ShapleyIteration(), HoffmanKarp()):
        solve(game, method, tol=1e-7).certificate.verify()


@pytest.mark.parametrize("pivots", [10**6, 1])
def test_a_sparse_sweep_is_that_of_the_stage_games(monkeypatch, pivots):
    """Also where one pivot is too few, so that exact programs take over."""
    monkeypatch.setattr(import_module("mdpkit.solve.matrix_games"), "PIVOTS", pivots)
    game = sparse_game(S=40)
    stages, w, near = Stages(game), np.zeros(game.S), None
    for _ in range(3):
        residual = examine(stages, w, near)
        payoff = (game.r[0] + 0.9 * game.P @ w).reshape(game.S, *game.actions)
        value = matrix_games(payoff).value.mid
        np.testing.assert_allclose(residual.found.lower, value, atol=1e-12)
        np.testing.assert_allclose(residual.found.upper, value, atol=1e-12)
        np.testing.assert_allclose(residual.following, value - (value.max() + value.min()) / 2, atol=1e-12)
        assert (len(residual.found.resolved) > 0) == (pivots == 1)
        low, high = ((value - w).min() / 0.1, (value - w).max() / 0.1)
        np.testing.assert_allclose(residual.ends, (low, high), atol=1e-10)
        w, near = residual.following, residual.found


MASK = np.array([[[1, 0, 1], [1, 1, 1], [0, 1, 0]], [[1, 1, 0], [1, 1, 0], [0, 1, 1]]], dtype=bool)


def masked(game, mask=MASK):
    """The game with missing actions, in which anything may be written."""
    r = game.r.copy()
    gone = ~MarkovGame(game.P, game.r, horizon=game.horizon, actions=game.actions, mask=mask).available
    r[..., 0, :, :] = np.where(gone, r[..., 0, :, :] * 0 + 1000, r[..., 0, :, :])
    return MarkovGame(game.P, r, game.rho, horizon=game.horizon, actions=game.actions, mask=mask)


@pytest.mark.parametrize("kind", ["exact", "float", "sparse"])
@pytest.mark.parametrize("method", [ShapleyIteration(), HoffmanKarp()])
def test_discounted_games_with_missing_actions_are_solved(kind, method):
    for seed in range(4):
        game = masked(zero_sum(seed, actions=(3, 3)))
        game = game if kind == "exact" else game.to_float()
        if kind == "sparse":
            P = csr_array(game.P.reshape(-1, game.S))
            game = MarkovGame(P, game.r, game.rho, horizon=game.horizon, actions=game.actions, mask=game.mask)
        found = solve(game, method, tol=1e-9)
        found.certificate.verify()
        value = floats(found.value[0].mid)
        near = game.to_float() if kind == "exact" else game
        np.testing.assert_allclose(measure.stage_values(near, value).mid, value, atol=1e-8)
        assert not found.policy.table[~game.available].any()


@pytest.mark.parametrize("exact", [True, False])
def test_finite_games_with_missing_actions_are_solved(exact):
    for seed in range(4):
        game = masked(zero_sum(seed, actions=(3, 3), horizon=Finite(3), steps=3 if seed % 2 else None))
        found = solve(game if exact else game.to_float(), tol=1e-9)
        found.certificate.verify()
        value = measure.minimax_values(game).lower
        if exact:
            assert (found.value[0].lower == value).all()
        np.testing.assert_allclose(found.value[0].mid, floats(value), atol=1e-9)
        assert not found.policy.table[:, ~game.available].any()


def test_the_certificate_rejects_policies_that_play_missing_actions():
    game = masked(zero_sum(0, actions=(3, 3), horizon=Finite(2)))
    proof = solve(game).certificate
    for side in ("row", "column"):
        wrong = TabularPolicy(objects(np.full((2, 3, 3), 1)) / 3)
        with pytest.raises(CertificateRejected, match="plays a missing action"):
            replace(proof, **{side: wrong}).verify()
    with pytest.raises(InvalidModel, match="MagneticMirrorDescent solves games in which every player has all"):
        solve(game, MagneticMirrorDescent(0.1))


@pytest.mark.parametrize("S", [3, 40])
def test_a_game_whose_values_overflow_is_not_solved(S):
    """States that never change; with 40 of them the law is stored as sparse rows."""
    r = 1e308 * np.random.default_rng(0).uniform(0.5, 1, (S, 4))
    P = np.repeat(np.eye(S)[:, None], 4, axis=1)
    game = MarkovGame(P, np.stack([r, -r]), horizon=Discounted(0.9), actions=(2, 2))
    for method in (ShapleyIteration(), HoffmanKarp()):
        answer = solve(game, method, throw=False)
        assert answer.status is Status.NONFINITE
        assert np.isinf(answer.value.width)


def test_a_limit_on_sweeps_is_reported_and_taken_over():
    game = zero_sum(2, horizon=Discounted("99/100")).to_float()
    assert solve(game, ShapleyIteration(sweeps=3), throw=False).status is Status.CAPPED
    assert solve(game, HoffmanKarp(improvements=1), throw=False).status is Status.CAPPED
    slow = zero_sum(2, horizon=Discounted("9999/10000")).to_float()
    assert solve(slow, tol=1e-5).status is Status.SOLVED


def test_only_opposed_rewards_of_two_players_make_a_zero_sum_game():
    game = zero_sum(0, horizon=Finite(2))
    assert is_zero_sum(game)
    shifted = MarkovGame(game.P, game.r + 1, horizon=Finite(2), actions=game.actions)
    assert not is_zero_sum(shifted)
    assert isinstance(solve(shifted).method, CorrelatedEquilibrium)
    for method in (ShapleyIteration(), HoffmanKarp(), MagneticMirrorDescent(1.0)):
        with pytest.raises(TypeError, match="rewards sum to 0"):
            solve(shifted, method)


def test_a_wrong_certificate_is_rejected():
    found = solve(zero_sum(4, horizon=Finite(2))).certificate
    moved = tuple(part + 1 for part in found.below)
    with pytest.raises(CertificateRejected, match="lower bound"):
        SaddleCertificate(
            found.problem, found.row, found.column, (moved[0] * objects([[1], [1], [0]]),), found.above
        ).verify()
    with pytest.raises(CertificateRejected, match="end"):
        SaddleCertificate(found.problem, found.row, found.column, moved, found.above).verify()
    even = TabularPolicy(objects([["1/2", "1/2"]] * 3))
    game = MarkovGame(found.problem.P, found.problem.r + 1, horizon=Finite(2), actions=(2, 3))
    with pytest.raises(CertificateRejected, match="opposed"):
        SaddleCertificate(game, even, found.column, found.below, found.above).verify()


# ---- Pollatschek and Avi-Itzhak
def evasion():
    """One live state, and an absorbing one of reward 0: rows (-4, -6) and (4, 4); it stays live off the diagonal."""
    stay = objects([[[0, 1], [1, 0], [1, 0], [0, 1]], [[0, 1]] * 4])
    r = objects([[-4, -6, 4, 4], [0] * 4])
    return MarkovGame(stay, np.stack([r, -r]), horizon=Discounted("9/10"), actions=(2, 2))


def pair_value(game, w):
    """The value of the pair of stage strategies at w."""
    g, S = game.horizon.gamma, game.S
    found = matrix_games((game.r[0] + game.P @ w * g).reshape(S, *game.actions))
    pair = (found.row[:, :, None] * found.column[:, None, :]).reshape(S, -1)
    from mdpkit.exact.linear import solve_linear

    law = (pair[:, :, None] * game.P).sum(axis=1)
    return solve_linear(objects(np.eye(S, dtype=int)) - law * g, (pair * game.r[0]).sum(axis=1))


def test_evaluating_the_pair_of_stage_strategies_cycles():
    game, w = evasion(), objects([40, 0])
    after = pair_value(game, w)
    assert after.tolist() == [fmpq(-9320, 6697), 0]
    assert pair_value(game, after).tolist() == [40, 0]
    for method in (ShapleyIteration(), HoffmanKarp()):
        assert solve(game, method).value.lower[0].tolist() == [4, 0]


# ---- quantal responses
@pytest.mark.parametrize("horizon", [Finite(3), Discounted("4/5")])
@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_quantal_responses_bound_the_exploitability(horizon, temperature):
    game = zero_sum(5, horizon=horizon).to_float()
    answer = solve(game, MagneticMirrorDescent(temperature), tol=1e-6)
    most = temperature * (np.log(2) + np.log(3)) * (3 if isinstance(horizon, Finite) else 5)
    if isinstance(horizon, Finite):
        assert measure.regret(game, answer.policy).upper.sum() <= most
    else:
        joint = answer.unflatten()
        lost = best_response(game, column=joint.sum(axis=1)) - best_response(game, row=joint.sum(axis=2))
        assert lost.upper.max() <= most
    assert not (abs(answer.value[0] - solve(game).value[0]) <= most).any_no()


def test_too_few_steps_of_mirror_descent_are_reported():
    game = zero_sum(6, horizon=Finite(2))
    assert solve(game, MagneticMirrorDescent(0.01, steps=5), throw=False).status is Status.CAPPED
    with pytest.raises(InvalidModel, match="temperature"):
        MagneticMirrorDescent(0)
    for wrong in ("1/2", None, [1], np.inf):
        for method in (MagneticMirrorDescent, SoftPlanning):
            with pytest.raises(InvalidModel, match=r"the temperature is .*; expected a positive number"):
                method(wrong)


def test_joint_tables_have_one_axis_for_each_player():
    game = zero_sum(7, 2, (2, 3), Finite(2), 2)
    P, r = game.unflatten()
    assert P.shape == (2, 2, 2, 3, 2)
    assert r.shape == (2, 2, 2, 2, 3)
    for a, b in product(range(2), range(3)):
        assert (r[..., a, b] == game.r[..., 3 * a + b]).all()
    answer = solve(game)
    assert answer.unflatten().shape == (2, 2, 2, 3)
    assert (answer.unflatten().sum(axis=-1) == answer.certificate.row.table).all()
    with pytest.raises(InvalidModel, match="6 joint actions"):
        game.unflatten(np.zeros((2, 5)))
    assert floats(game.unflatten(game.r[0])).shape == (2, 2, 2, 3)
