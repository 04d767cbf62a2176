"""Linear feedback: the cost against both sums that define it, the gradient against differences, and eigenvalues."""

import numpy as np
import pytest

from mdpkit import measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.model import LinearQuadratic

NAMES = ("feedback_cost", "feedback_covariance", "feedback_gradient")


def drawn(seed):
    """A problem of two states and one or two controls, a feedback, and the moments of the start."""
    rng = np.random.default_rng(seed)
    controls = 1 + seed % 2
    A, B, K = (objects(rng.integers(-3, 4, shape)) / 6 for shape in ((2, 2), (2, controls), (controls, 2)))
    root = objects(rng.integers(-2, 3, (2, 2)))
    P, start = root @ root.T + objects(np.eye(2, dtype=int)), objects([[2, 1], [1, 3]])
    problem = LinearQuadratic.from_value(A, B, P, objects(np.eye(controls, dtype=int)), ("1/2", "9/10")[seed % 2])
    return problem, K, start


def test_the_cost_is_that_of_the_moments_and_a_limit_of_finite_sums():
    """tr(P_K M) = tr((Q + K'RK) S_K), and the costs of the first steps converge to it."""
    for seed in range(6):
        problem, K, start = drawn(seed)
        cost, moments = measure.feedback_cost(problem, K, start), measure.feedback_covariance(problem, K, start)
        paid = problem.Q + K.T @ problem.R @ K
        assert cost == (moments * paid).sum(), seed
        closed, total, now = (problem.A + problem.B @ K).astype(float), 0.0, start.astype(float)
        for _ in range(400):
            total += (now * paid.astype(float)).sum()
            now = float(problem.gamma) * closed @ now @ closed.T
        assert total == pytest.approx(cost.mid, rel=1e-9), seed


def test_the_gradient_is_the_limit_of_differences():
    for seed in range(4):
        problem, K, start = drawn(seed)
        gradient = measure.feedback_gradient(problem, K, start)
        for at in np.ndindex(K.shape):
            h = objects(np.zeros(K.shape, dtype=int))
            h[at] = 1 / objects(10**6)[()]
            up, down = (measure.feedback_cost(problem, K + h * sign, start) for sign in (1, -1))
            assert ((up - down) / (h[at] * 2)).mid == pytest.approx(gradient[at].mid, rel=1e-6, abs=1e-9), seed


def test_policy_iteration_stays_at_the_optimum_and_improves_elsewhere():
    for seed in range(6):
        problem, K, start = drawn(seed)
        best = measure.improved_feedback(problem, problem.P)
        assert (best.lower == problem.feedback).all()
        assert (measure.feedback_value(problem, best) == problem.P).all_yes()
        assert (measure.feedback_gradient(problem, best, start) == 0).all_yes()
        better = measure.improved_feedback(problem, measure.feedback_value(problem, K))
        costs = [measure.feedback_cost(problem, each, start) for each in (best, better, K)]
        assert costs[0] <= costs[1]
        assert costs[1] < costs[2]


def test_floats_enclose_and_proposals_are_near():
    for seed in range(4):
        problem, K, start = drawn(seed)
        rounded = problem.to_float()
        for name in NAMES:
            truth = getattr(measure, name)(problem, K, start)
            found = getattr(measure, name)(rounded, K.astype(float), start.astype(float))
            assert found.contains(truth), (seed, name)
            with propose():
                plain = getattr(measure, name)(rounded, K.astype(float), start.astype(float))
            assert np.allclose(plain, truth.mid)
        assert measure.improved_feedback(rounded, rounded.P).contains(problem.feedback)


def test_feedback_that_does_not_stabilise_is_refused():
    """sqrt(gamma) (A + BK) is -3/8 at K = -1/2, 3 at 1, -3/2 at -1, and 1 at 1/9."""
    problem = LinearQuadratic.from_value([[1]], [[3]], [[1]], [[1]], "9/16")
    for given, kind in ((problem, objects), (problem.to_float(), np.array)):
        assert measure.is_stabilising(given, kind([[-1]]) / 2)
        for K in (1, -1):
            assert not measure.is_stabilising(given, kind([[K]]))
        with pytest.raises(InvalidModel, match="not proved to be stable"):
            measure.feedback_value(given, kind([[1]]))
    assert not measure.is_stabilising(problem, objects([["1/9"]])), "a factor of 1 has infinite cost"
    with pytest.raises(InvalidModel, match=r"feedback has shape \(1, 2\); expected \(1, 1\)"):
        measure.feedback_value(problem, [[1, 1]])
    with pytest.raises(InvalidModel, match=r"start has shape \(1,\)"):
        measure.feedback_cost(problem, [["-1/2"]], [1])


def test_the_largest_eigenvalue_is_enclosed():
    """[[2, 1], [1, 2]] has 3; the second matrix has (a + b + sqrt((a - b)^2 + 4 c^2)) / 2, irrational."""
    assert measure.largest_eigenvalue([["1/3", 0], [0, -5]]).lower[()] == objects("1/3")[()]
    for matrix, wanted in (([[2, 1], [1, 2]], 3), ([[1, 2], [2, 4]], 5), ([[0, 0, 1], [0, 0, 0], [1, 0, 0]], 1)):
        for given in (objects(matrix), np.array(matrix, dtype=float)):
            found = measure.largest_eigenvalue(given)
            assert found.contains(objects(wanted)), matrix
            assert found.width < 1e-9
    found = measure.largest_eigenvalue([[1, 1], [1, 0]])
    assert found.lower < (1 + 5**0.5) / 2 < found.upper
    assert measure.largest_eigenvalue([[1, 1], [1, 0]]).how == "enclosed"
