"""Regret of many games against brute force, and of sparse and masked games against dense and smaller ones."""

import time
from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_array

from mdpkit import draw
from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances.io import load, save
from mdpkit.measure import (
    best_deviation,
    coverage,
    covers,
    deviated_value,
    deviation_error,
    occupancy,
    recoverability,
    regret,
    value,
)
from mdpkit.measure.games.parts import parts_of_joint_actions
from mdpkit.model import Deviation, Finite, JointPolicy, MarkovGame
from mdpkit.solve import MagneticMirrorDescent, solve

CLASSES = ("constant", "coarse", "trigger", "swap", "one-shot")


# ---- brute force, in integers: laws in multiples of 1/DEN
DEN = 8


def draw_laws(rng, *shape):
    """Integer laws that sum to DEN."""
    cuts = np.sort(rng.integers(0, DEN + 1, (*shape[:-1], shape[-1] - 1)), axis=-1)
    return np.diff(cuts, axis=-1, prepend=0, append=DEN)


def draw_game(rng):
    players, A, S, H = (3, 2, 2, 2) if rng.random() < 0.2 else (2, *rng.integers(1, 3, 3))
    J = A**players
    return (
        H,
        (int(A),) * players,
        draw_laws(rng, H, S, J, S),
        rng.integers(-3, 4, (H, players, S, J)),
        draw_laws(rng, H, S, J),
    )


def every_plan(shape, A):
    return np.array(list(product(range(A), repeat=int(np.prod(shape))))).reshape(-1, *shape)


def best_of(plans, i, H, actions, P, r, sigma):
    """Largest value over plans `[k,t,s,a]`, summed over initial states, in units of DEN^(2 H - 1)."""
    own, swapped = parts_of_joint_actions(actions, i)
    V = np.zeros((len(plans), P.shape[1]), dtype=np.int64)
    for t in range(H - 1, -1, -1):
        Q = r[t, i] * DEN ** (2 * (H - 1 - t)) + np.einsum("sjn,kn->ksj", P[t], V)
        played = swapped[np.arange(len(own)), plans[:, t][:, :, own]]
        V = (sigma[t] * np.take_along_axis(Q, played, axis=2)).sum(axis=2)
    return V.sum(axis=1).max()


def test_regret_is_that_of_brute_force_on_500_games():
    rng, strict = np.random.default_rng(7), 0
    for _ in range(500):
        H, actions, P, r, sigma = draw_game(rng)
        S, A = P.shape[1], actions[0]
        game = MarkovGame(objects(P) / DEN, objects(r), horizon=Finite(int(H)), actions=actions)
        joint = JointPolicy(objects(sigma) / DEN)
        obey = np.broadcast_to(np.arange(A), (1, H, S, A))
        blind = every_plan((H, S), A)[..., None].repeat(A, axis=-1)
        found = {}
        for name, plans in (("swap", every_plan((H, S, A), A)), ("coarse", blind)):
            brute = [
                best_of(plans, i, H, actions, P, r, sigma) - best_of(obey, i, H, actions, P, r, sigma)
                for i in range(len(actions))
            ]
            found[name] = objects(brute) / (DEN ** (2 * int(H) - 1) * S)
            assert (regret(game, joint, name).lower == found[name]).all()
            assert regret(game.to_float(), joint.to_float(), name).contains(regret(game, joint, name))
        strict += int((found["coarse"] < found["swap"]).any())
    assert strict >= 100


# ---- sparse laws
def float_game(rng, S=5, actions=(2, 3, 2), H=4, mask=None, moving=True):
    """The mediator varies with time if `moving`, else the rewards do."""
    J = int(np.prod(actions))
    P = rng.dirichlet(np.ones(S), (S, J)) * (rng.random((S, J, S)) < 0.6)
    P[..., 0] += 1 - P.sum(axis=-1)
    r = rng.uniform(-1, 1, (len(actions), S, J) if moving else (H, len(actions), S, J))
    table = rng.dirichlet(np.ones(J), (H, S) if moving else S)
    game = MarkovGame(P, r, horizon=Finite(H), actions=actions, mask=mask)
    table = table * game.available
    return game, JointPolicy(table / table.sum(axis=-1, keepdims=True))


def make_sparse(game):
    P = csr_array(game.P.reshape(-1, game.S))
    return MarkovGame(P, game.r, game.rho, horizon=game.horizon, actions=game.actions, mask=game.mask)


def draw_mask(rng, S=5, actions=(2, 3, 2)):
    mask = rng.random((len(actions), S, max(actions))) < 0.6
    mask[:, :, 0] = True  # every constant deviation has an action
    for i, count in enumerate(actions):
        mask[i, :, count:] = False
    return mask


@pytest.mark.parametrize("deviations", CLASSES)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("moving", [False, True])
def test_a_sparse_game_has_the_regret_of_the_dense_one(deviations, moving, masked):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        game, joint = float_game(rng, mask=draw_mask(rng) if masked else None, moving=moving)
        sparse = make_sparse(game)
        assert sparse.sparse
        assert not game.sparse
        exact = regret(game.to_exact(), joint.to_exact(), deviations)
        for one in (game, sparse):
            bracket = regret(one, joint, deviations)
            assert bracket.contains(exact)
            assert bracket.width < 1e-11
            for i in range(game.players):
                best = best_deviation(one, joint, i, deviations)
                gain = deviated_value(one, joint, best) - value(one, joint)[i]
                assert abs(gain - regret(one, joint, deviations)[i]).upper < 1e-11


def test_the_other_measures_take_a_sparse_game_or_refuse_it():
    rng = np.random.default_rng(1)
    game, joint = float_game(rng, mask=draw_mask(rng))
    _, other = float_game(rng, mask=game.mask)
    sparse = make_sparse(game)
    for measure in (
        lambda g: value(g, joint),
        lambda g: occupancy(g, joint),
        lambda g: deviation_error(g, joint, other),
    ):
        assert abs(measure(game) - measure(sparse)).upper.max() < 1e-11
    assert covers(sparse, joint, other) == covers(game, joint, other)
    assert abs(coverage(sparse, joint, other) - coverage(game, joint, other)).upper < 1e-11
    with pytest.raises(
        InvalidModel, match=r"P is sparse; recoverability compares .* P.toarray\(\).reshape\(5, 12, 5\)"
    ):
        recoverability(sparse, joint)
    whole, _ = float_game(rng)
    assert abs(solve(make_sparse(whole)).value - solve(whole).value).upper.max() < 1e-9
    assert repr(sparse) == "MarkovGame(S=5, actions=(2, 3, 2), Finite(H=4), sparse float)"


# ---- missing actions
def without_missing(game, joint):
    """The games of one state, restricted to the actions that are available there."""
    (s,) = range(game.S)
    kept = [np.flatnonzero(game.available_to(i)[s]) for i in range(game.players)]
    j = np.ravel_multi_index(np.meshgrid(*kept, indexing="ij"), game.actions).ravel()
    actions = tuple(map(len, kept))
    small = MarkovGame(game.P[:, j], game.r[:, :, j], game.rho, horizon=game.horizon, actions=actions)
    return small, JointPolicy(joint.table[..., j])


@pytest.mark.parametrize("deviations", CLASSES)
def test_players_deviate_to_available_actions_alone(deviations):
    """A game of one state with missing actions is the game without them; what missing actions would pay is ignored."""
    for seed in range(8):
        rng = np.random.default_rng(seed)
        mask = draw_mask(rng, 1)
        game, joint = float_game(rng, 1, mask=mask)
        game, joint = game.to_exact(), joint.to_exact()
        tempting = MarkovGame(
            game.P,
            game.r + objects((~game.available).astype(int)) * 9,
            horizon=game.horizon,
            actions=game.actions,
            mask=mask,
        )
        small = without_missing(game, joint)
        assert (regret(tempting, joint, deviations) == regret(*small, deviations)).all_yes()
        assert abs(recoverability(tempting, joint) - recoverability(*small)) == 0


def test_what_is_missing_is_neither_recommended_nor_played():
    mask = [[[True, False]], [[True, True]]]
    game = MarkovGame(np.ones((1, 4, 1)), np.zeros((2, 1, 4)), horizon=Finite(1), actions=(2, 2), mask=mask)
    with pytest.raises(InvalidModel, match="the policy plays action 3 in state 0, where that action is missing"):
        regret(game, JointPolicy([[0.5, 0, 0, 0.5]]))
    play_1 = np.array([[[[0.0, 1.0]] * 2]])
    with pytest.raises(
        InvalidModel, match="table plays action 1 of player 0 at step 0 in state 0, where it is missing"
    ):
        deviated_value(game, JointPolicy([[1.0, 0, 0, 0]]), Deviation(0, play_1))
    changing = MarkovGame(
        np.full((2, 2, 2), 0.5),
        np.zeros((1, 2, 2)),
        horizon=Finite(1),
        actions=(2,),
        mask=[[[True, False], [False, True]]],
    )
    with pytest.raises(InvalidModel, match="player 0 has no action that is available in every state"):
        regret(changing, JointPolicy([[1.0, 0], [0, 1.0]]), "constant")


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        ([[True, False], [True, True]], r"mask has dtype bool and shape \(2, 2\); expected bool of shape \(2, 1, 2\)"),
        ([[[1, 0]], [[1, 1]]], r"mask has dtype int64"),
        ([[[True, False]], [[False, False]]], r"player 1 has no action in state 0: mask\[1, 0\] is all False"),
    ],
)
def test_a_mask_of_a_game_has_one_row_a_player_and_state(mask, words):
    with pytest.raises(InvalidModel, match=words):
        MarkovGame(np.ones((1, 4, 1)), np.zeros((2, 1, 4)), horizon=Finite(1), actions=(2, 2), mask=mask)


def test_a_player_has_no_more_actions_than_are_counted():
    with pytest.raises(InvalidModel, match=r"mask\[0, 0, 1\] is True; player 0 has 1 actions"):
        MarkovGame(np.ones((1, 2, 1)), np.zeros((2, 1, 2)), horizon=Finite(1), actions=(1, 2), mask=[[[True] * 2]] * 2)


def test_methods_and_formats_that_know_no_missing_actions_refuse_them(tmp_path):
    game = MarkovGame(
        objects([[[1]] * 4]),
        objects([[[0] * 4]] * 2),
        horizon=Finite(1),
        actions=(2, 2),
        mask=[[[True, False]], [[True] * 2]],
    )
    with pytest.raises(InvalidModel, match="MagneticMirrorDescent solves games in which every player has all its act"):
        solve(game, MagneticMirrorDescent(0.1))
    with pytest.raises(InvalidModel, match="cannot hold missing actions"):
        save(game, tmp_path / "game.nfg")
    for one in (game, make_sparse(game.to_float())):
        for ending in ("json", "npz"):
            save(one, tmp_path / f"game.{ending}")
            assert load(tmp_path / f"game.{ending}") == one
        draw(one)


def test_a_large_sparse_game_takes_about_a_second():
    """1000 states, three players with four actions, ten successors, 50 steps."""
    rng = np.random.default_rng(0)
    S, J, b = 1000, 64, 10
    weights = rng.exponential(size=(S * J, b))
    weights /= weights.sum(axis=1, keepdims=True)
    P = csr_array((weights.ravel(), rng.integers(0, S, S * J * b), np.arange(S * J + 1) * b), shape=(S * J, S))
    game = MarkovGame(P, rng.uniform(-1, 1, (3, S, J)), horizon=Finite(50), actions=(4, 4, 4))
    joint = JointPolicy(rng.dirichlet(np.ones(J), S))
    for deviations in ("swap", "coarse"):
        regret(*float_game(rng), deviations)  # compiles
        start = time.process_time()
        found = regret(game, joint, deviations)
        assert time.process_time() - start < 3  # 0.3 on an idle core
        assert found.width < 1e-8
    assert (found < regret(game, joint, "swap")).all_yes()
