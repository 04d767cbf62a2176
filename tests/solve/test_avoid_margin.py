"""Margins to failure: exact answers against every path, float bounds against exact answers, and what is refused."""

import numpy as np
import pytest

from mdpkit import solve
from mdpkit.base.arrays import floats, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.kernels import safety
from mdpkit.model import MarginProblem
from mdpkit.solve import AvoidMargin, Status


def graph(seed, S=5, A=2):
    """Deterministic dynamics in which some actions end, with few different margins."""
    rng = np.random.default_rng(seed)
    successors, ends = rng.integers(0, S, (S, A)), rng.random((S, A)) < 0.2
    P = np.eye(S, dtype=int)[successors] * ~ends[:, :, None]
    return (
        MarginProblem(objects(rng.integers(-4, 5, S)), objects(P), objects(rng.integers(-4, 5, (S, A)))),
        successors,
        ends,
    )


def best_path(problem, successors, ends, s, steps):
    """The largest least margin of any path of so many steps: by looking at all of them."""
    here = problem.margin[s]
    if steps == 0:
        return here
    after = (
        problem.ended[s, a] if ends[s, a] else best_path(problem, successors, ends, successors[s, a], steps - 1)
        for a in range(problem.A)
    )
    return min(here, max(after))


@pytest.mark.parametrize("seed", range(20))
def test_on_deterministic_dynamics_it_is_the_best_least_margin_of_a_path(seed):
    problem, successors, ends = graph(seed)
    solution = solve(problem)
    assert solution.value.exact
    # after S steps a path has met a state twice, so that longer ones meet no more
    assert solution.value.lower.tolist() == [
        best_path(problem, successors, ends, s, 2 * problem.S) for s in range(problem.S)
    ]
    for s in range(problem.S):
        met, here, left = [], s, None
        while here not in met and left is None:
            met.append(here)
            a = int(solution.policy.table[here].argmax())
            here, left = successors[here, a], problem.ended[here, a] if ends[here, a] else None
        kept = [problem.margin[each] for each in met] + ([] if left is None else [left])
        assert min(kept) == solution.value.lower[s]


def stochastic(seed, S=6, A=2):
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 4, (S, A, S)) * (rng.random((S, A, S)) < 0.5)
    weights[rng.random((S, A)) < 0.2] = 0
    total = weights.sum(axis=2, keepdims=True)
    P = objects(weights) / objects(np.where(total == 0, 1, total))
    return MarginProblem(objects(rng.integers(-4, 5, S)), P, objects(rng.integers(-4, 5, (S, A))))


def swept(problem, times):
    V = problem.margin
    for _ in range(times):
        ahead = np.where(problem.ends, problem.ended, problem.P @ V)
        V = np.minimum(problem.margin, ahead.max(axis=1))
    return V


@pytest.mark.parametrize("seed", range(20))
def test_a_sweep_is_the_recursion_in_both_worlds(seed):
    problem = stochastic(seed)
    V, choice = safety.keep_margin(problem.margin, problem.ended, *problem.rows, problem.margin)
    ahead = np.where(problem.ends, problem.ended, problem.P @ problem.margin)
    assert (swept(problem, 1) == V).all()
    assert (choice == [row.argmax() for row in ahead]).all()
    near = problem.to_float()
    W, same = safety.keep_margin(near.margin, near.ended, *near.rows, near.margin)
    np.testing.assert_allclose(W, floats(V), atol=1e-14)
    np.testing.assert_allclose(floats(ahead)[np.arange(6), same], floats(ahead).max(axis=1), atol=1e-14)


@pytest.mark.parametrize("seed", range(20))
def test_float_bounds_hold_a_fixed_point_that_sweeps_of_rationals_come_down_to(seed):
    problem = stochastic(seed)
    solution = solve(problem.to_float(), throw=False)
    exact = floats(swept(problem, 60))  # an upper bound on the exact value
    assert (solution.value.lower <= exact).all()
    if solution.status is Status.SOLVED:
        V = solution.value.lower
        ahead = np.where(problem.ends, floats(problem.ended), floats(problem.P) @ V)
        assert (np.minimum(floats(problem.margin), ahead.max(axis=1)) + 1e-12 >= V).all()
        assert solution.value.width <= 1e-8


def test_most_drawn_problems_are_bounded_from_below():
    solved = [solve(stochastic(seed).to_float(), throw=False).status is Status.SOLVED for seed in range(40)]
    assert sum(solved) >= 36


def test_rational_sweeps_that_go_on_for_ever_are_capped():
    """V(0) comes down to -1 and never is."""
    leak = MarginProblem(objects([1, -1]), objects([[["1/2", "1/2"]], [[0, 1]]]))
    solution = AvoidMargin(sweeps=30).run(leak, tol=0)
    assert solution.status is Status.CAPPED
    assert solution.value.contains(objects([-1, -1]))
    assert solution.value.upper[0] <= -1 + 2.0**-28  # the value of 30 steps
    ended = solve(leak)
    assert (ended.status, ended.value.how) == (Status.SOLVED, "float")
    assert ended.value.contains(objects([-1, -1]))
    assert ended.value.width <= 1e-8
    assert solve(leak.to_float()).value.contains(objects([-1, -1]))


def test_sparse_is_dense():
    from scipy.sparse import csr_array

    dense = stochastic(3).to_float()
    sparse = MarginProblem(dense.margin, csr_array(dense.P.reshape(-1, dense.S)), dense.ended)
    np.testing.assert_array_equal(solve(sparse).value.lower, solve(dense).value.lower)
    assert (sparse.ends == dense.ends).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1.0], [[[0.5]]]), "sums to 0.5, not 1"),
        (([1.0, 0.0], [[[0.5]]]), "expected \\(2, actions, 2\\)"),
        (([1.0, 0.0], [[[1.5, -0.5]], [[0, 1]]]), "at least 0"),
        (([1.0], [[[1]]], [[0, 0]]), "ended has shape"),
        (([float("nan")], [[[1]]]), "margin\\[0\\] is nan"),
    ],
)
def test_what_is_no_problem_is_refused(arguments, words):
    with pytest.raises(InvalidModel, match=words):
        MarginProblem(*arguments)
