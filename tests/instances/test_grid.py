"""Grids: the interpolation's identities, both number kinds, edges, and the equality behind the Riccati bound."""

import numpy as np
import pytest

from mdpkit import measure, solve
from mdpkit.base.arrays import floats, objects, rational
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import grid
from mdpkit.model import (
    MDP,
    Average,
    ContinuousProblem,
    Discounted,
    Finite,
    LinearQuadratic,
    MarginProblem,
    TabularPolicy,
)

RNG = np.random.default_rng(0)


def plane(**changed):
    """Two axes, one of them a circle when asked."""
    given = dict(reward=lambda x, u: -(x[:, 0] ** 2), horizon=Discounted(0.9))
    return ContinuousProblem(
        lambda x, u: x * 0.5 + u, [-1.0, -1.0], [1.0, 1.0], [-2.0, -2.0], [2.0, 2.0], **(given | changed)
    )


# ---- interpolation
@pytest.mark.parametrize("periodic", [[False, False], [True, False]])
def test_weights_are_laws_whose_mean_is_the_state_and_whose_coordinates_are_independent(periodic):
    laid = grid(plane(periodic=periodic), (4, 6), 1)
    x = RNG.uniform(-1, 1, (200, 2))
    corners, weights = laid.weights(x)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-12)
    assert (weights >= 0).all()
    off = laid.points[corners] - x[:, None]
    off[..., 0] = np.where(periodic[0], (off[..., 0] + 1) % 2 - 1, off[..., 0])
    np.testing.assert_allclose((weights[..., None] * off).sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose((weights * off[..., 0] * off[..., 1]).sum(axis=1), 0, atol=1e-12)
    part = ((x - laid.problem.low) / laid.spacing) % 1
    np.testing.assert_allclose(
        (weights[..., None] * off**2).sum(axis=1), laid.spacing**2 * part * (1 - part), atol=1e-12
    )


def test_what_is_linear_in_each_coordinate_is_read_back_exactly_and_a_convex_function_never_too_low():
    laid = grid(plane(), (3, 5), 1)
    x = RNG.uniform(-1, 1, (300, 2))
    p = laid.points
    np.testing.assert_allclose(
        laid.read(2 + p[:, 0] - 3 * p[:, 0] * p[:, 1], x), 2 + x[:, 0] - 3 * x[:, 0] * x[:, 1], atol=1e-12
    )
    form = lambda z: (z[:, 0] - 0.9 * z[:, 1]) ** 2  # noqa: E731
    above = laid.read(form(p), x) - form(x)
    assert above.min() > -1e-12
    assert above.max() <= (laid.spacing**2 * [1, 0.81]).sum() / 4
    np.testing.assert_allclose(laid.read(form(p), p), form(p), atol=1e-12)


def test_a_circle_has_no_end():
    laid = grid(plane(periodic=[True, True]), 4, 1)
    np.testing.assert_allclose(laid.points[:, 0].max(), 0.5)
    V = RNG.normal(size=laid.S)
    x = RNG.uniform(-1, 1, (50, 2))
    np.testing.assert_allclose(laid.read(V, x), laid.read(V, x + np.array([2, -4])), atol=1e-12)
    np.testing.assert_allclose(laid.read(V, x * 0 + [1, 0.3]), laid.read(V, x * 0 + [-1, 0.3]), atol=1e-12)


def test_one_kind_is_the_other_rounded():
    exact = ContinuousProblem(
        lambda x, u: x / 3 + u,
        objects([-1, -1]),
        objects([1, 1]),
        objects(["-1/5"] * 2),
        objects(["1/5"] * 2),
        reward=lambda x, u: x[:, 0] - x[:, 1] ** 2,
        horizon=Discounted("9/10"),
        periodic=[False, True],
    )
    near = ContinuousProblem(
        exact.step,
        [-1, -1],
        [1, 1],
        [-0.2] * 2,
        [0.2] * 2,
        reward=exact.reward,
        horizon=Discounted(0.9),
        periodic=[False, True],
    )
    a, b = grid(exact, (3, 4), 2).finite, grid(near, (3, 4), 2).finite
    assert a.exact
    np.testing.assert_allclose(floats(a.P), b.P, atol=1e-14)
    np.testing.assert_allclose(floats(a.r), b.r, atol=1e-14)
    np.testing.assert_allclose(floats(a.rho), b.rho, atol=1e-14)
    value = grid(exact, (3, 4), 2).read(solve(a).value, objects([["1/7", "2/7"]]))
    assert value.exact
    assert abs(value.mid[0] - grid(near, (3, 4), 2).read(solve(b).value.mid, [[1 / 7, 2 / 7]])[0]) < 1e-8


# ---- the finite problem
def test_its_law_is_the_interpolation_of_every_step():
    problem = plane()
    laid = grid(problem, (5, 4), (2, 3))
    V = RNG.normal(size=laid.S)
    P = laid.finite.P.reshape(laid.S, laid.A, laid.S)
    for a, u in enumerate(laid.controls):
        np.testing.assert_allclose(P[:, a] @ V, laid.read(V, problem.confine(problem.step(laid.points, u))), atol=1e-12)


def test_dense_is_sparse():
    small, large = grid(plane(), 6, 4), grid(plane(), 12, 4)
    assert isinstance(small.finite.P, np.ndarray)
    assert large.finite.sparse
    every = np.arange(large.S)
    P = large.finite.P.toarray().reshape(large.S, large.A, large.S)
    x = large.problem.step(np.repeat(large.points, large.A, axis=0), np.tile(large.controls, (large.S, 1)))
    corners, weights = large.weights(x)
    dense = np.zeros((len(x), large.S))
    np.add.at(dense, (np.arange(len(x))[:, None], corners), weights)
    np.testing.assert_allclose(P.reshape(-1, large.S), dense, atol=1e-15)
    assert every.size == large.finite.S


def test_clamped_edges_hold_and_others_end():
    """x' = x + 1 from [-1, 1]: clamped it stays at 1; ended it collects what is outside."""
    step, reward = (lambda x, u: x + 1), (lambda x, u: x[:, 0])
    given = dict(reward=reward, horizon=Discounted("1/2"))
    box = objects([-1]), objects([1]), objects([0]), objects([0])
    clamped = grid(ContinuousProblem(step, *box, **given), 3, 1).finite
    assert solve(clamped).value.lower.tolist() == [rational("-1/2"), 1, 2]
    ended = grid(ContinuousProblem(step, *box, outside=lambda x: 10 * x[:, 0], **given), 3, 1).finite
    assert (ended.S, ended.r[2, 0], ended.P[2, 0, 3]) == (4, 1 + 10, 1)
    assert solve(ended).value.lower.tolist() == [rational("7/4"), rational("11/2"), 11, 0]


def test_a_horizon_and_a_margin():
    step = lambda x, u: x + u  # noqa: E731
    box = objects([-1]), objects([1]), objects([-1]), objects([1])
    finite = grid(ContinuousProblem(step, *box, reward=lambda x, u: x[:, 0], horizon=Finite(3)), 3, 3).finite
    assert solve(finite).value[0].lower.tolist() == [0, 2, 3]
    margin = grid(
        ContinuousProblem(lambda x, u: x - 1, *box, margin=lambda x: x[:, 0], outside=lambda x: 2 * x[:, 0]), 3, 1
    ).finite
    assert isinstance(margin, MarginProblem)
    assert solve(margin).value.lower.tolist() == [-4, -4, -4]


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("at", [-1.0, -0.3, 0.5, 0.9, 1.0])
def test_a_start_at_one_place_is_the_law_of_that_place(at, periodic):
    laid = grid(plane(start_low=[at, 0.1], start_high=[at, 0.1], periodic=[periodic, False]), (4, 6), 1)
    corners, weights = laid.weights(np.array([[at, 0.1]]))
    rho = np.zeros(laid.S)
    np.add.at(rho, corners[0], weights[0])
    np.testing.assert_allclose(laid.finite.rho, rho, atol=1e-12)


def test_the_start_law_reads_the_mean_over_the_box_of_starts():
    """Of a function that is linear on each cell the mean over the box is that of the start law."""
    for low, high in (
        ([-0.3, -1.0], [0.8, 1.0]),
        ([0.2, 0.1], [0.2, 0.9]),
        ([1.0, -1.0], [1.0, -1.0]),
        ([0.5, 0.0], [0.5, 0.0]),
    ):
        laid = grid(plane(start_low=low, start_high=high), (5, 9), 1)
        rho = laid.finite.rho
        np.testing.assert_allclose(rho.sum(), 1)
        np.testing.assert_allclose(rho @ laid.points, (np.array(low) + high) / 2, atol=1e-12)
        x = RNG.uniform(low, high, (40_000, 2))
        V = RNG.normal(size=laid.S)
        assert abs(rho @ V - laid.read(V, x).mean()) < 5 * laid.read(V, x).std() / 200 + 1e-12


def test_policies_go_back_to_the_box():
    laid = grid(plane(), 5, 3)
    table = RNG.dirichlet(np.ones(laid.A), laid.S)
    x = RNG.uniform(-1, 1, (30, 2))
    law = laid.law(TabularPolicy(table), x)
    np.testing.assert_allclose(law.sum(axis=1), 1)
    np.testing.assert_allclose(laid.law(TabularPolicy(table), laid.points), table, atol=1e-12)
    solution = solve(laid.finite)
    greedy = laid.greedy(solution.value.mid, laid.points)
    Q = measure.action_value(laid.finite, solution.policy).mid
    played = [int((laid.controls == u).all(axis=1).argmax()) for u in greedy]
    np.testing.assert_allclose(Q[np.arange(laid.S), played], Q.max(axis=1), atol=1e-6)


# ---- linear dynamics, quadratic costs
def cart(dt, gamma="9/10"):
    step = rational(dt)
    P = [["17/20", "41/100"], ["41/100", "99/100"]]
    return LinearQuadratic.from_value([[1, step], [0, 1]], [[step**2 / 2], [step]], P, [["1/10"]], gamma)


@pytest.mark.parametrize("n", [3, 5, 6])
def test_the_error_of_a_grid_is_what_interpolation_and_missed_controls_cost(n):
    """V_h - x'Px is exactly the discounted sum of both, under the optimal policy of the grid."""
    lq = cart("1/10")
    laid = grid(lq.problem(objects([-1, -1]), objects([1, 1]), objects([-2]), objects([2])), n, 5)
    mdp, inside = laid.finite, laid.S
    policy = solve(mdp).policy
    x, u = np.repeat(laid.points, laid.A, axis=0), np.tile(laid.controls, (inside, 1))
    at = (laid.problem.step(x, u) - laid.problem.low) / laid.spacing
    off = at - objects([[int(number.floor()) for number in row] for row in at])
    varied = (np.diag(lq.P) * laid.spacing**2 * off * (1 - off)).sum(axis=1) * lq.gamma
    ended = mdp.P[:inside, :, -1].ravel() == 1
    paid = (lq.excess_cost(x, u) + np.where(ended, 0, varied)).reshape(inside, laid.A)
    paid = np.concatenate([paid, objects(np.zeros((1, laid.A), dtype=int))])
    error = -measure.state_value(mdp, policy)[:inside] + lq.value(laid.points)
    meant = measure.state_value(MDP(mdp.P, paid, mdp.rho, horizon=mdp.horizon), policy)[:inside]
    assert (error == meant).all_yes()
    assert (error <= lq.grid_error(laid)).all_yes()
    between = objects([["1/7", "-2/9"], ["5/11", "1/2"], ["-13/17", "9/10"]])
    read = lq.value(between) - laid.read(solve(mdp).value[:inside], between)
    assert (read >= 0).all_yes()
    assert (read <= lq.grid_error(laid) + lq.interpolation_error(laid.spacing)).all_yes()


def test_the_riccati_value_is_that_of_its_feedback_and_of_scipy():
    lq = LinearQuadratic.from_costs([[1, 0.1], [0, 1]], [[0.005], [0.1]], np.eye(2) * 0.1, [[0.01]], 0.99)
    np.testing.assert_allclose(lq.riccati, 0, atol=1e-12)
    np.testing.assert_allclose(lq.P, [[1.2528, 0.3008], [0.3008, 0.4514]], atol=5e-5)
    x, total, weight = np.array([[1.0, -0.5]]), 0, 1
    problem = lq.problem([-9, -9], [9, 9], [-9], [9])
    for _ in range(3000):
        u = x @ lq.feedback.T
        total, weight, x = total + weight * problem.reward(x, u)[0], weight * 0.99, problem.step(x, u)
    assert abs(total - lq.value(np.array([[1.0, -0.5]]))[0]) < 1e-10
    exact = cart("1/10")
    assert (exact.riccati == 0).all()
    again = LinearQuadratic.from_costs(*(floats(each) for each in (exact.A, exact.B, exact.Q, exact.R)), 0.9)
    np.testing.assert_allclose(again.P, floats(exact.P), atol=1e-12)


# ---- bad input
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: grid(plane(), 1, 1), "shape is 1; expected 2 integers, at least \\(2, 2\\)"),
        (lambda: grid(plane(), (3, 3, 3), 1), "expected 2 integers"),
        (lambda: grid(plane(), 3, [[0.0, 3.0]]), "controls inside their box"),
        (lambda: grid(plane(), 3, [[0.0]]), "controls has shape"),
        (lambda: grid(plane(reward=lambda x, u: x), 3, 1).finite, "reward returned an array of shape"),
        (lambda: plane(reward=None), "neither of reward and margin"),
        (lambda: plane(margin=lambda x: x[:, 0]), "both of reward and margin"),
        (lambda: plane(reward=None, margin=lambda x: x[:, 0]), "beside a margin None"),
        (lambda: plane(horizon=Average()), "expected Finite"),
        (lambda: plane(start_low=[-2.0, 0.0], start_high=[0.0, 0.0]), "a box inside the box"),
        (lambda: plane(periodic=[1, 0]), "expected one bool an axis"),
        (
            lambda: ContinuousProblem(None, [1.0], [1.0], [0], [0], reward=1, horizon=Finite(1)),
            "low\\[0\\] is 1.0 and high\\[0\\] is 1.0",
        ),
        (lambda: LinearQuadratic([[1.0]], [[1.0], [2.0]], [[1.0]], [[1.0]], [[1.0]], 0.9), "A has shape"),
    ],
)
def test_what_fits_no_grid_is_refused(make, words):
    with pytest.raises(InvalidModel, match=words):
        make()


def test_on_a_decimal_spacing_steps_from_point_to_point_have_weight_1():
    """Rounding would leave weights of about 1e-13, and no set of points would surely be kept."""
    walk = ContinuousProblem(lambda x, u: x + u / 10, [-7], [7], [-1], [1], margin=lambda x: 6 - np.abs(x[:, 0]))
    finite = grid(walk, 141, 3).finite
    data, _, first = finite.rows
    assert (np.diff(first) == 1).all()
    assert (data == 1).all()
    kept = solve(finite)
    assert kept.status.name == "SOLVED"
    np.testing.assert_allclose(kept.value.mid, finite.margin, atol=1e-12)


def test_a_step_that_ends_between_points_keeps_its_weights():
    drift = ContinuousProblem(lambda x, u: x + 1e-9, [-1], [1], [0], [0], margin=lambda x: x[:, 0])
    _, weights = grid(drift, 3, 1).weights(np.array([[1e-9]]))
    np.testing.assert_allclose(weights, [[1 - 1e-9, 1e-9]], rtol=1e-6)
