"""Moment games: best test functions by search over many, projections by normal equations, singular values by numpy."""

from fractions import Fraction
from itertools import product
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdpkit import measure
from mdpkit.base.arrays import floats, objects, rational
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.exact.linear import Singular
from mdpkit.instances import empirical, instrumental
from mdpkit.model import MDP, Discounted, MomentProblem, TabularPolicy
from mdpkit.solve import MomentGame, Status, lstd, regression, solve, two_stage_least_squares
from mdpkit.strategies import moments

LEVELS = 2**20
"""Levels are promised to be multiples of 2^-20."""


def drawn(seed, Z=5, K=2, M=3):
    rng = np.random.default_rng(seed)
    weights = objects(rng.integers(1, 9, Z))
    problem = MomentProblem(
        objects(rng.integers(-9, 10, (Z, K))) / 4, objects(rng.integers(-9, 10, Z)) / 3, weights / weights.sum()
    )
    return problem, objects(rng.integers(-3, 4, (Z, M)))


def chain(seed, S=4, K=2):
    """A random discounted process with a policy, features and weights."""
    rng = np.random.default_rng(seed)
    P, table, weights = (objects(rng.integers(1, 9, shape)) for shape in ((S, 2, S), (S, 2), (S,)))
    P, table, weights = (
        P / P.sum(axis=-1, keepdims=True),
        table / table.sum(axis=-1, keepdims=True),
        weights / weights.sum(),
    )
    mdp = MDP(P, objects(rng.integers(-5, 6, (S, 2))) / 5, horizon=Discounted("9/10"))
    return mdp, TabularPolicy(table), objects(rng.integers(-3, 4, (S, K))) + objects(np.eye(S, K, dtype=int)), weights


# ---- against every test function
@given(moments(), st.data())
def test_no_test_function_earns_more_than_the_projected_error(problem, data):
    Z, K = problem.A.shape
    h, f = (objects(data.draw(st.lists(st.integers(-4, 4), min_size=n, max_size=n))) / 3 for n in (K, Z))
    psi = measure.moment_residual(problem, h)
    by_hand = [problem.b[z] - sum(problem.A[z, k] * h[k] for k in range(K)) for z in range(Z)]
    assert list(psi.lower) == by_hand
    error = measure.projected_error(psi, problem.weights).lower[()]
    assert error == sum(w * x * x for w, x in zip(problem.weights, by_hand, strict=True))
    assert measure.game_payoff(psi, psi, problem.weights) == error
    assert measure.game_payoff(psi, f, problem.weights).lower[()] <= error


@pytest.mark.parametrize("seed", range(6))
def test_the_projection_leaves_nothing_that_the_features_see(seed):
    problem, test = drawn(seed)
    fitted = measure.projection(problem.b, problem.weights, test)
    assert not (test.T @ (problem.weights * (problem.b - fitted.lower))).any()
    near = measure.projection(floats(problem.b), floats(problem.weights), floats(test))
    assert near.contains(fitted)
    assert near.width < 1e-9
    error = measure.projected_error(problem.b, problem.weights, test)
    assert measure.game_payoff(problem.b, fitted, problem.weights) == error
    assert (error <= measure.projected_error(problem.b, problem.weights)).all_yes()
    with propose():
        assert measure.projected_error(floats(problem.b), floats(problem.weights), floats(test)) == pytest.approx(
            error.mid
        )


def test_dependent_features_have_no_projection():
    with pytest.raises(Singular):
        measure.projection([1, 2], ["1/2", "1/2"], [[1, 2], [1, 2]])


# ---- the minimiser
@pytest.mark.parametrize("seed", range(6))
def test_two_stages_solve_the_game_against_linear_test_functions(seed):
    problem, test = drawn(seed)
    answer, stages = solve(problem, MomentGame(test)), two_stage_least_squares(problem, test)
    assert (answer.h == stages).all_yes()
    psi = measure.moment_residual(problem, answer.h)
    assert answer.value == measure.projected_error(psi, problem.weights, test)
    for step in product((-1, 0, 1), repeat=2):
        moved = measure.moment_residual(problem, answer.h.lower + objects(step) / 50)
        assert (answer.value <= measure.projected_error(moved, problem.weights, test)).all_yes()
    near = solve(problem.to_float(), MomentGame(floats(test)))
    assert near.h.contains(answer.h)
    assert near.value.contains(answer.value)
    assert near.h.width < 1e-8


def test_all_test_functions_are_the_usual_game():
    problem, _ = drawn(0)
    usual, spelled = solve(problem), solve(problem, MomentGame(np.eye(5, dtype=int)))
    assert (usual.h == spelled.h).all_yes()
    assert usual.value == spelled.value


def test_too_few_test_functions_leave_the_answer_open():
    problem, test = drawn(1)
    assert solve(problem, MomentGame(test[:, :1]), throw=False).status is Status.INFEASIBLE
    assert solve(problem, MomentGame(np.ones((5, 2), dtype=int)), throw=False).status is Status.INFEASIBLE
    assert solve(problem.to_float(), MomentGame(floats(test[:, :1])), throw=False).status is Status.INFEASIBLE


@pytest.mark.parametrize("seed", range(6))
def test_temporal_differences_are_a_game(seed):
    mdp, policy, features, weights = chain(seed)
    w = lstd(mdp, policy, features, weights)
    transitions = (policy.table[:, :, None] * mdp.P).sum(axis=1)
    A = features - mdp.horizon.gamma * transitions @ features
    restriction = MomentProblem(A, (policy.table * mdp.r).sum(axis=1), weights)
    game = solve(restriction, MomentGame(features))
    assert (game.h == w).all_yes()
    assert game.value == 0
    residual = measure.bellman_residual(mdp, policy, features @ w.lower)
    assert (residual == measure.moment_residual(restriction, w)).all_yes()
    near = lstd(mdp.to_float(), policy.to_float(), floats(features), floats(weights))
    assert near.contains(w)
    assert near.width < 1e-8


# ---- norms
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 4)), min_size=1, max_size=4))
def test_norms_by_their_definition(pairs):
    mass = sum(weight for _, weight in pairs)
    if not mass:
        return
    f, weights = objects([x for x, _ in pairs]) / 2, objects([w for _, w in pairs]) / mass
    for order in (1, 2, 3, 4):
        power = measure.norm_power(f, weights, order)
        assert power == sum(w * abs(x) ** order for x, w in zip(f, weights, strict=True))
        assert measure.norm_power(floats(f), floats(weights), order).contains(power)
    assert measure.norm_power(f, weights, inf) == max(abs(x) for x, w in zip(f, weights, strict=True) if w > 0)
    for order in (0, -1, 1.5, "2"):
        with pytest.raises(InvalidModel, match="expected a positive integer or infinity"):
            measure.norm_power(f, weights, order)


# ---- identification
@pytest.mark.parametrize("seed", range(8))
def test_the_level_is_the_smallest_singular_value_rounded_down(seed):
    problem, _ = drawn(seed, Z=4, K=3)
    law = objects([1, 2, 3]) / 6
    A, w, x = floats(problem.A), floats(problem.weights), floats(law)
    sigma = np.linalg.svd(np.sqrt(w)[:, None] * A / np.sqrt(x), compute_uv=False)[-1]
    level = measure.identification(problem, law)
    assert 0 <= sigma**2 - level.mid < 1.001 / LEVELS
    near = measure.identification(problem.to_float(), x)
    assert near.contains(level)
    assert near.width <= 2 / LEVELS
    with propose():
        assert measure.identification(problem.to_float(), x) == pytest.approx(sigma**2)


@pytest.mark.parametrize("seed", range(6))
def test_the_next_level_is_too_high(seed):
    """A symmetric matrix of two rows is positive semidefinite where its diagonal and its determinant are at least 0."""
    problem, _ = drawn(seed)
    law = objects([1, 2]) / 3
    level, G = measure.identification(problem, law).lower[()], problem.A.T @ (problem.weights[:, None] * problem.A)

    def proved(level):
        a, b, c = G[0, 0] - level * law[0], G[1, 1] - level * law[1], G[0, 1]
        return a >= 0 and b >= 0 and a * b >= c * c

    assert proved(level)
    assert not proved(level + rational(1) / LEVELS)


@pytest.mark.parametrize("power", range(1, 25))
def test_levels_beyond_what_a_float_tells_apart(power):
    """One instrument, one cause: the level is the square of the one number, rounded down."""
    number = rational(7) ** power / 3
    level = measure.identification(MomentProblem(objects([[number]]), objects([0]), objects([1])), [1])
    assert level == (number**2 * LEVELS).floor() / rational(LEVELS)


@pytest.mark.parametrize("seed", range(4))
def test_what_no_cause_is_due_to_may_be_anything(seed):
    """Where the law is 0, v costs nothing: G is least there, which leaves its Schur complement for the rest."""
    problem, _ = drawn(seed, Z=5, K=3)
    A, w = floats(problem.A), floats(problem.weights)
    G = A.T @ (w[:, None] * A)
    meant = G[1, 1] - G[1, [0, 2]] @ np.linalg.solve(G[np.ix_([0, 2], [0, 2])], G[[0, 2], 1])
    level, near = measure.identification(problem, [0, 1, 0]), measure.identification(problem.to_float(), [0, 1, 0])
    assert 0 <= meant - level.mid < 1.001 / LEVELS
    assert near.contains(level)
    assert near.width <= 2 / LEVELS
    with propose():
        assert measure.identification(problem.to_float(), [0, 1, 0]) == pytest.approx(meant)


@pytest.mark.parametrize("times", [1 + 9e-10, 1 - 9e-10])
def test_levels_are_those_of_the_law_that_weights_mean(times):
    """At this size of A a weight that is off by 9e-10 moves the level by many multiples of 1/LEVELS."""
    problem, _ = drawn(3, Z=4, K=2)
    near = MomentProblem(floats(problem.A) * 1000, floats(problem.b), floats(problem.weights) * times)
    law = objects(["1/3", "2/3"])
    found, meant = measure.identification(near, floats(law)), measure.identification(near.to_exact(), law)
    assert found.contains(meant)
    assert found.width < 1e-7 * meant.mid


def test_fewer_instruments_than_causes_identify_nothing():
    problem = MomentProblem(objects([["1/2", "1/2"]]), objects([0]), objects([1]))
    assert measure.identification(problem, ["1/2", "1/2"]) == 0
    with pytest.raises(InvalidModel, match="no positive entry"):
        measure.identification(problem, [0, 0])


@given(moments(), st.data())
def test_distance_from_the_span(problem, data):
    w = objects(data.draw(st.lists(st.integers(-3, 3), min_size=problem.A.shape[1], max_size=problem.A.shape[1])))
    assert measure.least_squares_distance(problem.A @ w, problem.A) == 0
    distance = measure.least_squares_distance(problem.b, problem.A)
    assert (distance <= ((problem.b - problem.A @ w) ** 2).sum()).all_yes()
    assert distance.mid == pytest.approx(least(floats(problem.A), floats(problem.b)), abs=1e-9)
    near = measure.least_squares_distance(floats(problem.b), floats(problem.A))
    assert near.contains(distance)
    assert near.upper <= distance.mid + 1e-9
    with propose():
        assert measure.least_squares_distance(floats(problem.b), floats(problem.A)) == pytest.approx(
            distance.mid, abs=1e-9
        )


def least(A, b):
    return float(((b - A @ np.linalg.pinv(A) @ b) ** 2).sum())


# ---- restrictions from joint laws, and data
JOINT = objects(np.arange(1, 13).reshape(2, 2, 3)) / 78
OUTCOME = objects([[1, 2, 3], [5, -1, "1/2"]])


@pytest.mark.parametrize("seen", "zx")
def test_restrictions_by_summing_over_outcomes(seen):
    problem, h = instrumental(JOINT, OUTCOME, seen), objects([2, "1/3", -1])
    psi = measure.moment_residual(problem, h)
    for value in range(len(problem.b)):
        cells = [(z, u, x) for z, u, x in np.ndindex(JOINT.shape) if (z if seen == "z" else x) == value]
        mass = sum(JOINT[cell] for cell in cells)
        assert problem.weights[value] == mass
        assert psi[value] == sum(JOINT[z, u, x] * (OUTCOME[u, x] - h[x]) for z, u, x in cells) / mass
    with pytest.raises(InvalidModel, match="seen='u'"):
        instrumental(JOINT, OUTCOME, "u")


@pytest.mark.parametrize("seen", ["z", "zx", "zux"])
def test_payoffs_over_the_joint_law_outcome_by_outcome(seen):
    h, f = (
        objects([2, "1/3", -1]),
        {"z": objects([1, -2]), "zx": objects([[1, 0, 2], [3, -1, 0]]), "zux": JOINT * 13}[seen],
    )
    at = {"z": lambda z, u, x: f[z], "zx": lambda z, u, x: f[z, x], "zux": lambda z, u, x: f[z, u, x]}[seen]
    cells = [(JOINT[cell], OUTCOME[cell[1:]] - h[cell[2]], at(*cell)) for cell in np.ndindex(JOINT.shape)]
    earned = measure.joint_payoff(JOINT, OUTCOME, h, f)
    assert earned == sum(p * (2 * play * residual - play**2) for p, residual, play in cells)
    near = measure.joint_payoff(*(floats(x) for x in (JOINT, OUTCOME, h, f)))
    assert near.contains(earned)


def test_regression_is_the_game_of_who_sees_the_cause():
    seen = instrumental(JOINT, OUTCOME, "x")
    fitted = regression(JOINT, OUTCOME)
    assert (two_stage_least_squares(seen, np.eye(3, dtype=int)) == fitted).all_yes()
    assert regression(floats(JOINT), floats(OUTCOME)).contains(fitted)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=4), st.integers(0, 5))
def test_clipping_entry_by_entry(numbers, level):
    psi, level = objects(numbers) / 7, objects([level])[0] / 7
    low = measure.clipped(psi, level)
    assert list(low.lower) == [max(-level, min(x, level)) for x in psi]
    assert measure.clipped(floats(psi), float(floats(objects(level))[()])).contains(low)
    assert (measure.norm_power(psi - low, [f"1/{len(numbers)}"] * len(numbers), 1) >= 0).all_yes()
    assert measure.mean_product(psi, psi, [f"1/{len(numbers)}"] * len(numbers)) == sum(x * x for x in psi) / len(
        numbers
    )


@pytest.mark.parametrize("floating", [False, True])
def test_every_entry_has_its_level_which_may_be_0(floating):
    psi, level = objects([3, -3, "1/2", 0]), objects([0, 2, 1, 0])
    if floating:
        psi, level = floats(psi), floats(level)
    assert measure.clipped(psi, level).contains(objects([0, -2, "1/2", 0]))


def test_the_error_of_a_fit_is_the_median_over_data_sets():
    fitted = []

    def fit(law, outcome):
        fitted.append(law)
        return regression(law, outcome)

    truth, law = objects([0, 0, 0]), JOINT.sum(axis=(0, 1))
    one = measure.sampled_error(fit, JOINT, OUTCOME, truth, 500, data_sets=9, rng=np.random.default_rng(3))
    assert len(fitted) == 9
    rng = np.random.default_rng(3)
    by_hand = [measure.norm_power(fit(empirical(JOINT, 500, rng=rng), OUTCOME), law, 2).mid for _ in range(9)]
    assert one.lower == min(by_hand)
    assert one.upper == max(by_hand)
    assert one.how == "sampled"


def test_data_are_frequencies():
    few = empirical(JOINT, 1000, rng=np.random.default_rng(1))
    assert few.shape == JOINT.shape
    assert few.sum() == 1
    assert all((1000 * p).q == 1 for p in few.ravel())
    many = empirical(JOINT, 10**8, rng=np.random.default_rng(1))
    assert np.abs(floats(many) - floats(JOINT)).max() < 1e-3


@pytest.mark.parametrize("confidence", ["1/2", "9/10", "15/16", "99/100"])
def test_the_median_is_between_the_innermost_order_statistics_that_hold_it_often_enough(confidence):
    """A law without atoms puts each draw below its median or above, as fair coins fall."""
    for n in range(1, 11):
        below = [sum(coins) for coins in product((0, 1), repeat=n)]
        often = [
            k
            for k in range(1, n // 2 + 1)
            if sum(k <= count <= n - k for count in below) >= Fraction(confidence) * 2**n
        ]
        if often:
            found = measure.sampled_median(list(range(n, 0, -1)), confidence)
            assert (found.lower, found.upper) == (often[-1], n + 1 - often[-1])
        else:
            with pytest.raises(
                InvalidModel, match=f"{n} numbers are too few to bound a median with confidence {confidence}"
            ):
                measure.sampled_median(range(n), confidence)


def test_the_median_is_held_as_often_as_is_said():
    rng = np.random.default_rng(2)
    held = sum(
        (measure.sampled_median(rng.exponential(size=21), "9/10") - np.log(2)).contains(objects(0)) for _ in range(400)
    )
    assert held / 400 >= 0.9
    assert measure.sampled_median(objects([1, 2, 3, "7/2", 5, 6, 7]), "98/100").how == "sampled"
    assert measure.sampled_median([rational(k) for k in range(8)]).lower == 0
    with pytest.raises(InvalidModel, match="7 numbers are too few to bound a median"):
        measure.sampled_median(range(7), "99/100")
