"""Linear-quadratic games: equilibria against programs in all controls at once, closed forms, refusals."""

import numpy as np
import pytest

from mdpkit import Discounted, Finite, LinearQuadratic, LinearQuadraticGame, objects
from mdpkit.base.arrays import exactly
from mdpkit.base.errors import CertificateRejected, InvalidModel, NotSolved
from mdpkit.exact.linear import solve_linear
from mdpkit.solve import FeedbackEquilibrium, evaluate_feedback, find_feedback_equilibrium, respond_to_feedback

UNIT = np.eye(1, dtype=int)


def draw(seed, controls=(1, 2), H=3, n=2):
    """A rational game whose costs are positive definite, with costs for the controls of others."""
    rng, m = np.random.default_rng(seed), sum(controls)

    def positive(k):
        roots = objects(rng.integers(-2, 3, (len(controls), k, k))) / 2
        return np.stack([root.T @ root + objects(np.eye(k, dtype=int)) for root in roots])

    A, B = objects(rng.integers(-3, 4, (n, n))) / 2, objects(rng.integers(-2, 3, (n, m)))
    return LinearQuadraticGame(A, B, positive(n), positive(m), positive(n), controls=controls, horizon=Finite(H))


def least_cost(game, K, player, x):
    """The player's least cost from x against the others' feedback K: a quadratic program in all its controls v."""
    own, n, H = game.own(player), len(game.A), game.horizon.H
    D, c = H * len(own), x
    L, G, g, paid = (objects(np.zeros(shape, dtype=int)) for shape in ((n, D), (D, D), D, ()))
    for t in range(H + 1):  # x_t = c + L v
        Q = game.Q[player] if t < H else game.final[player]
        G, g, paid = G + L.T @ Q @ L, g + L.T @ Q @ c, paid + c @ Q @ c
        if t < H:
            fixed, moving = K[t] @ c, K[t] @ L
            fixed[own], moving[own] = objects(0)[()], objects(np.eye(D, dtype=int))[t * len(own) :][: len(own)]
            R = game.R[player]
            G, g, paid = G + moving.T @ R @ moving, g + moving.T @ R @ fixed, paid + fixed @ R @ fixed
            c, L = game.A @ c + game.B @ fixed, game.A @ L + game.B @ moving
    return paid - g @ solve_linear(G, g)


@pytest.mark.parametrize(("seed", "controls"), [(0, (1, 2)), (1, (1, 1)), (2, (1, 1, 1)), (3, (2,)), (4, (2, 1))])
def test_no_sequence_of_controls_costs_a_player_less_than_the_equilibrium(seed, controls):
    game, x = draw(seed, controls), objects([3, -2])
    answer = find_feedback_equilibrium(game)
    answer.verify()
    assert (answer.gap == 0).all_yes()
    assert (evaluate_feedback(game, answer.K) == answer.P).all_yes()
    for i, cost in enumerate(answer.cost(x)):
        assert cost == least_cost(game, answer.K.lower, i, x)
        own, P = respond_to_feedback(game, answer.K, i)
        assert (own == answer.K[:, game.own(i)]).all_yes()
        assert (answer.P[i] == P).all_yes()


@pytest.mark.parametrize("seed", range(3))
def test_the_gap_of_any_feedback_is_what_a_best_response_saves(seed):
    game, x = draw(seed), objects([1, 2])
    K = objects(np.random.default_rng(seed).integers(-2, 3, (3, 3, 2))) / 4
    other = FeedbackEquilibrium(game, find_feedback_equilibrium(game).K * 0 + K, evaluate_feedback(game, K))
    for i, gap in enumerate(other.gap.lower):
        assert x @ gap @ x == other.cost(x)[i].lower - least_cost(game, K, i, x) > 0
    with pytest.raises(CertificateRejected, match="player 0 may gain by a deviation"):
        other.verify()


def test_one_player_is_the_linear_quadratic_regulator():
    """With the value as the final cost it stays the value; a discount of 81/100 is a factor 9/10 of the dynamics."""
    A, B, R = objects([["17/20", "1/2"], [0, 1]]), objects([[0], ["1/2"]]), objects([["1/10"]])
    known = LinearQuadratic.from_value(A, B, objects([["17/20", "41/100"], ["41/100", "99/100"]]), R, "81/100")
    root = objects("9/10")[()]
    answer = find_feedback_equilibrium(
        LinearQuadraticGame(A * root, B * root, [known.Q], [R], [known.P], controls=(1,), horizon=Finite(2))
    )
    assert (answer.P[0] == known.P).all_yes()
    assert (answer.K - known.feedback == 0).all_yes()


@pytest.mark.parametrize("price", [2, 3, 10])
def test_a_disturbance_by_formula(price):
    """x' = x + u + w, cost x^2 + u^2 - g w^2, final x^2: P = 1 + P' / (1 + P' (1 - 1/g)), backwards from P' = 1."""
    game = LinearQuadraticGame.zero_sum(
        objects(UNIT), objects([[1, 1]]), objects(UNIT), objects([[1, 0], [0, -price]]), objects(UNIT), controls=(1, 1),
        horizon=Finite(1),
    )  # fmt: skip
    answer = find_feedback_equilibrium(game)
    assert answer.cost([1])[0] == 1 + 1 / (2 - 1 / objects(price)[()])
    assert (answer.P[1] == -answer.P[0]).all_yes()
    answer.verify()


def test_on_floats_costs_and_gaps_of_the_computed_feedback_are_bounded():
    game = draw(0, H=4)
    exact, loose = find_feedback_equilibrium(game), find_feedback_equilibrium(game.to_float())
    assert abs(loose.K.mid - exact.K.mid).max() < 1e-12
    K = exactly(loose.K.mid)
    meant = FeedbackEquilibrium(game, exact.K * 0 + K, evaluate_feedback(game, K))
    assert not (loose.P == meant.P).any_no()
    assert not (loose.gap == meant.gap).any_no()
    assert loose.gap.width < 1e-11
    loose.verify()
    assert (meant.gap.mid[:, range(2), range(2)] >= 0).all()
    find_feedback_equilibrium(draw(1, (1, 1), H=80).to_float()).verify()


ONE = dict(A=UNIT, B=[[1, 1]], Q=[UNIT] * 2, R=[np.eye(2)] * 2, controls=(1, 1), horizon=Finite(2))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(horizon=Discounted(0.5)), r"horizon is Discounted.*; expected Finite"),
        (dict(controls=(1, 2)), r"^B has shape \(1, 2\); expected \(1, 3\) for controls \(1, 2\)$"),
        (dict(controls=(2, 0)), "one control of each"),
        (dict(R=[[[1, 1], [0, 1]]] * 2), r"^R\[0, 0, 1\] is 1\.0 and R\[0, 1, 0\] is 0\.0; expected symmetric costs$"),
        (dict(Q=[UNIT]), r"^Q has shape \(1, 1, 1\); expected \(2, 1, 1\)"),
    ],
)
def test_a_wrong_game_is_refused(change, words):
    with pytest.raises(InvalidModel, match=words):
        LinearQuadraticGame(**(ONE | change))


@pytest.mark.parametrize("exact", [True, False])
def test_stages_without_an_equilibrium_are_refused(exact):
    def game(R, zero_sum=False):
        make = LinearQuadraticGame.zero_sum if zero_sum else LinearQuadraticGame
        costs = [objects(UNIT), objects(R), objects(UNIT)] if zero_sum else [objects([UNIT] * 2), objects(R)]
        found = make(objects(UNIT), objects([[1, 1]]), *costs, *([] if zero_sum else [objects([UNIT] * 2)]),
                     controls=(1, 1), horizon=Finite(2))  # fmt: skip
        return found if exact else found.to_float()

    with pytest.raises(NotSolved, match=r"^step 1, player 1: the saddle condition fails: R \+ B'PB"):
        find_feedback_equilibrium(game([[1, 0], [0, -1]], zero_sum=True))
    with pytest.raises(NotSolved, match=r"^step 1, player 0: its cost is not strictly convex in its own controls"):
        find_feedback_equilibrium(game([[[-1, 0], [0, 1]]] * 2))
    with pytest.raises(NotSolved, match=r"^step 1: the stage has no equilibrium, or no unique one: its equations are"):
        find_feedback_equilibrium(game([np.zeros((2, 2), dtype=int)] * 2))
    fine = game([np.eye(2, dtype=int)] * 2)
    with pytest.raises(InvalidModel, match=r"K has shape \(1, 1\); expected \(2, 2, 1\)"):
        evaluate_feedback(fine, [[1]])
    with pytest.raises(InvalidModel, match="player is 2; expected an integer from 0 to 1"):
        respond_to_feedback(fine, [[[0], [0]]] * 2, 2)
    with pytest.raises(InvalidModel, match=r"x has shape \(2,\)"):
        find_feedback_equilibrium(fine).cost([1, 2])


def test_where_no_control_is_worth_its_price_nothing_is_gained():
    prices = [np.diag([1.0, 0.0]), np.diag([0.0, 1.0])]
    game = LinearQuadraticGame([[1.0]], [[1.0, 1.0]], [[[0.0]]] * 2, prices, controls=(1, 1), horizon=Finite(2))
    answer = find_feedback_equilibrium(game)
    answer.verify()
    assert (answer.gap.upper == 0).all()
    assert answer.P.width == 0


def test_numbers_that_are_not_finite_are_refused():
    prices = [np.diag([1.0, 0.0]), np.diag([0.0, 1.0])]

    def game(A):
        B, Q = np.ones((len(A), 2)), [np.eye(len(A))] * 2
        return LinearQuadraticGame(A, B, Q, prices, controls=(1, 1), horizon=Finite(2))

    with pytest.raises(InvalidModel, match=r"^A has shape \(0, 0\); expected at least one state"):
        game(np.zeros((0, 0)))
    with pytest.raises(NotSolved, match=r"^P\[0, 0, 0, 0\], an entry of the cost matrices, overflows"):
        find_feedback_equilibrium(game([[1e308]]))
    steep = LinearQuadraticGame(
        [[1e300]], [[1e-20, 0]], [[[1]]] * 2, [1e-60 * np.eye(2)] * 2, [[[1]]] * 2, controls=(1, 1), horizon=Finite(1)
    )
    with pytest.raises(NotSolved, match=r"^step 0: the feedback K overflows"):
        find_feedback_equilibrium(steep)
    fine, K = game([[1.0]]), np.zeros((2, 2, 1))
    for wrong in (np.nan, np.inf):
        K[1, 0, 0] = wrong
        with pytest.raises(InvalidModel, match=rf"^K\[1, 0, 0\] is {wrong}"):
            evaluate_feedback(fine, K)
        with pytest.raises(InvalidModel, match=rf"^x\[0\] is {wrong}"):
            find_feedback_equilibrium(fine).cost([wrong])
    with pytest.raises(InvalidModel, match=r"^K is ragged: K\[0\] has length 1, K\[1\] has length 2"):
        evaluate_feedback(fine, [[1], [2, 3]])
    with pytest.raises(InvalidModel, match=r"^x holds <U1, not numbers"):
        find_feedback_equilibrium(fine).cost(["a"])
    for wrong in (True, 1.0):
        with pytest.raises(InvalidModel, match=rf"^player is {wrong}; expected an integer from 0 to 1"):
            respond_to_feedback(fine, np.zeros((2, 2, 1)), wrong)
