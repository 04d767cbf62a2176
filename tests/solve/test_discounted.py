"""Discounted methods, judged by certificates, by enumeration and by each other."""

import re
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from mdpkit.base.arrays import floats, objects
from mdpkit.base.errors import InvalidModel, NotSolved
from mdpkit.model import MDP, Discounted, Finite, MarkovGame, mdp
from mdpkit.solve import (
    BackwardInduction,
    HoffmanKarp,
    L1Ball,
    ModifiedPolicyIteration,
    PolicyIteration,
    RobustPlanning,
    Status,
    dispatch,
    solve,
)
from mdpkit.solve.cost import EXACT_SECONDS, LARGEST_FACTOR, exact_seconds, factor_entries
from mdpkit.solve.downstream import Downstream
from mdpkit.solve.sweep import DenseSweep

METHODS = (ModifiedPolicyIteration(), PolicyIteration())


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("gamma", ["0", "1/2", "9/10", "999/1000"])
@pytest.mark.parametrize("seed", range(5))
def test_rational_value_is_that_of_the_best_deterministic_policy(make, seed, gamma, masked):
    problem = make.drawn(seed, Discounted(gamma), masked=masked)
    answer = solve(problem)
    assert answer.value.exact
    assert (answer.value.lower == make.by_enumeration(problem)).all()
    answer.certificate.verify()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("gamma", ["0", "1/2", "9/10", "999/1000"])
@pytest.mark.parametrize("seed", range(4))
def test_float_bounds_contain_the_rational_value(make, seed, gamma, masked, method):
    problem = make.drawn(seed, Discounted(gamma), S=6, A=3, masked=masked)
    exact = solve(problem).value
    for same in (problem.to_float(), make.sparse(problem.to_float())):
        answer = solve(same, method)
        assert answer.status is Status.SOLVED
        assert answer.value.width <= 1e-8
        assert answer.value.contains(exact)
        answer.certificate.verify()
        assert (answer.policy.table[~same.available] == 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_policy_attains_the_bounds(make, method):
    problem = make.drawn(3, S=5).to_float()
    answer = solve(problem, method)
    P = np.einsum("sa,san->sn", answer.policy.table, problem.P)
    V = np.linalg.solve(np.eye(5) - 0.9 * P, (answer.policy.table * problem.r).sum(axis=1))
    assert (answer.value.lower - 1e-12 <= V).all()
    assert (answer.value.upper + 1e-12 >= V).all()


def test_rational_problem_past_the_exact_size_gets_float_bounds_around_its_value(make):
    problem = make.drawn(1, S=40, A=2)
    answer = solve(problem, ModifiedPolicyIteration())
    assert answer.value.how == "float"
    assert answer.value.contains(solve(problem).value)
    answer.certificate.verify()


@pytest.mark.parametrize("method", METHODS)
def test_tied_actions_do_not_cycle(make, method):
    problem = make.grid(12, 0.99)
    answer = solve(problem, method)
    steps = np.add.outer(np.arange(11, -1, -1), np.arange(11, -1, -1)).ravel()
    assert answer.iterations < 1000
    np.testing.assert_allclose(answer.value.mid, -(1 - 0.99**steps) / (1 - 0.99), atol=1e-9)
    answer.certificate.verify()


def test_actions_tied_but_for_rounding_stop_at_once():
    """Two copies of each state: however an action splits its mass between the copies, its value is the same."""
    rng = np.random.default_rng(0)
    law, split = rng.dirichlet(np.ones(30), 30), rng.random((60, 8, 30))
    law = np.concatenate([law, law])[:, None]
    r = rng.random((30, 1)).repeat(8, axis=1)
    problem = MDP(
        np.concatenate([split * law, (1 - split) * law], axis=2), np.concatenate([r, r]), horizon=Discounted(0.95)
    )
    answer = solve(problem, PolicyIteration())
    assert answer.iterations == 1
    Q = problem.r + 0.95 * problem.P @ answer.value.mid
    assert 0 < np.ptp(Q, axis=1).max() < 1e-12


@pytest.mark.parametrize("method", [*METHODS, None])
def test_what_float64_cannot_carry_is_said_and_not_tried_for_ever(make, method):
    problem = make.drawn(2, Discounted("99999/100000"), S=5)
    floating = problem.to_float()
    answer = solve(floating, method, tol=1e-12, throw=False)
    assert answer.status is Status.FLOOR_REACHED
    assert 1e-12 < answer.value.width < 1e-3
    assert answer.iterations < 10_000
    assert answer.value.contains(solve(problem).value)
    answer.certificate.verify()
    with pytest.raises(NotSolved, match="float64 cannot represent"):
        solve(floating, method, tol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_discount_next_to_1_is_no_success(method):
    problem = MDP([[[1.0]]], [[1.0]], horizon=Discounted(float(np.nextafter(1, 0))))
    answer = solve(problem, method, throw=False)
    assert answer.status is Status.FLOOR_REACHED
    assert answer.value.width == np.inf
    assert answer.certificate is None


def test_exact_answer_where_floats_cannot_hold_the_discount():
    gamma = 1 - objects("1/100000000000000000000")[()]
    answer = solve(MDP(objects([[[1], [1]]]), objects([[1, 2]]), horizon=Discounted(gamma)))
    assert answer.value.lower[0] == 2 * 10**20


@pytest.mark.parametrize("method", METHODS)
def test_overflow_is_not_a_number(method):
    problem = MDP(np.full((2, 1, 2), 0.5), np.array([[1e308], [-1e308]]), horizon=Discounted(0.999))
    answer = solve(MDP(problem.P, problem.r * 1.7, horizon=problem.horizon), method, throw=False)
    assert answer.status is not Status.SOLVED
    assert answer.value.width > 1e200


def test_too_few_sweeps_are_capped_with_bounds_that_still_hold(make):
    problem = make.drawn(4, Discounted("99/100"), S=6)
    answer = solve(problem.to_float(), ModifiedPolicyIteration(sweeps=3), throw=False)
    assert answer.status is Status.CAPPED
    assert answer.value.contains(solve(problem).value)
    with pytest.raises(NotSolved, match="iteration limit was reached"):
        solve(problem.to_float(), ModifiedPolicyIteration(sweeps=3))


def test_where_sweeps_mix_slowly_a_linear_solve_takes_over(make):
    """A ring that is left with probability 10^-6: 3000 sweeps do not suffice."""
    S, slow = 40, 1e-6
    P = np.zeros((S, 2, S))
    P[np.arange(S), 0, np.arange(S)] = P[np.arange(S), 1, np.arange(S)] = 1 - slow
    P[np.arange(S), 0, (np.arange(S) + 1) % S] = P[np.arange(S), 1, np.arange(S) - 1] = slow
    problem = MDP(P, np.repeat(np.arange(S)[:, None] / 1e4, 2, axis=1), horizon=Discounted(0.9999))
    answer = solve(problem, tol=1e-6)
    assert isinstance(answer.method, PolicyIteration)
    answer.certificate.verify()
    assert solve(problem, ModifiedPolicyIteration(sweeps=3000), throw=False).status is Status.CAPPED


def test_dense_and_sparse_agree_on_a_larger_problem(make):
    rng = np.random.default_rng(5)
    P = rng.dirichlet(np.full(80, 0.1), (80, 4)) * (rng.random((80, 4, 80)) < 0.2)
    P[..., 0] += P.sum(axis=2) == 0
    problem = MDP(P / P.sum(axis=2, keepdims=True), rng.random((80, 4)), horizon=Discounted(0.97))
    dense, sparse = solve(problem), solve(make.sparse(problem))
    assert (abs(dense.value.mid - sparse.value.mid) < 1e-8).all()
    assert make.sparse(problem).to_exact() == problem.to_exact()
    for answer in (dense, sparse):
        answer.certificate.verify()


@pytest.mark.parametrize("concentration", [1, 1 / 200])
def test_a_large_dense_law_is_read_twice_at_most_where_it_mixes_fast(concentration, monkeypatch):
    rng = np.random.default_rng(6)
    monkeypatch.setattr(mdp, "LARGE", 1)
    P = rng.dirichlet(np.full(40, concentration), (40, 6))
    problem, passes = MDP(P, rng.random((40, 6)), horizon=Discounted(0.95)), []
    read = DenseSweep.action_values
    monkeypatch.setattr(DenseSweep, "action_values", lambda step, w: passes.append(w) or read(step, w))
    answer = solve(problem)
    assert (len(passes) <= 1) == (concentration == 1)  # the check of the law was the other time
    by_equations = solve(problem, PolicyIteration(), tol=1e-10).value
    assert answer.status is Status.SOLVED
    assert ((answer.value.lower <= by_equations.upper) & (by_equations.lower <= answer.value.upper)).all()
    answer.certificate.verify()


def test_bounds_enclose_the_meaning_of_rows_that_do_not_sum_to_1():
    P = np.array([[[0.5 + 4e-10, 0.5], [0.25, 0.75]], [[0.1, 0.9], [1.0, 3e-10]]])
    problem = MDP(P, [[1.0, 0.0], [0.0, 2.0]], horizon=Discounted(0.5))
    for method in METHODS:
        answer = solve(problem, method, tol=1e-15, throw=False)
        assert answer.value.contains(solve(problem.to_exact()).value)
        answer.certificate.verify()


def test_a_method_refuses_what_it_does_not_solve(make):
    with pytest.raises(TypeError, match="BackwardInduction solves a Finite MDP"):
        solve(make.drawn(0), BackwardInduction())
    with pytest.raises(TypeError, match="PolicyIteration solves a Discounted MDP"):
        solve(make.drawn(0, Finite(2)), PolicyIteration())
    with pytest.raises(TypeError, match="solve takes"):
        solve("no problem")


def chain(S, gamma):
    """A walk that drifts by its action; the ends pay."""
    s = np.arange(S)
    forth, back = np.minimum(s + 1, S - 1), np.maximum(s - 1, 0)
    P = np.zeros((S, 2, S), dtype=int)
    for a, (often, seldom) in enumerate(((forth, back), (back, forth))):
        np.add.at(P, (s, a, often), 7)
        np.add.at(P, (s, a, seldom), 3)
    r = np.zeros((S, 2), dtype=int)
    r[0], r[-1] = 1, 100
    return MDP(objects(P) / 10, objects(r) / 100, horizon=Discounted(gamma))


def test_a_rational_chain_of_300_states_is_solved_exactly_by_default():
    problem = chain(300, "9999/10000")
    answer = solve(problem)
    assert exact_seconds(problem) < EXACT_SECONDS
    assert (type(answer.method), answer.value.exact) == (PolicyIteration, True)
    P, r = problem.P, problem.r
    assert (answer.value.lower == (r + problem.horizon.gamma * (P @ answer.value.lower)).max(axis=1)).all()


def test_the_predicted_cost_grows_with_states_actions_and_the_length_of_the_fractions(make):
    cheap, more_states, more_actions = (exact_seconds(make.drawn(0, S=S, A=A)) for S, A in ((5, 2), (20, 2), (5, 8)))
    longer = exact_seconds(make.drawn(0, Discounted("999999999999/1000000000000"), S=5, A=2))
    assert cheap < min(more_states, more_actions, longer)
    assert exact_seconds(chain(50, "9999/10000").to_float().to_exact()) > exact_seconds(chain(50, "9999/10000"))


def test_an_expensive_rational_problem_gets_float_bounds_unless_policy_iteration_is_asked_for(make, monkeypatch):
    problem = make.drawn(1, S=40, A=2)
    monkeypatch.setattr(dispatch, "EXACT_SECONDS", 0)
    near, exact = solve(problem), solve(problem, PolicyIteration())
    assert (near.value.how, exact.value.how) == ("float", "exact")
    assert near.value.contains(exact.value)


def test_sweeps_that_only_move_rounding_about_stop_at_the_floor(make):
    """With gamma so close to 1 the first full evaluation takes 2 10^5 sweeps and reaches the floor; the cap is 10^6."""
    problem = make.sparse(chain(100, "9999/10000").to_float())
    answer, direct = (solve(problem, method, throw=False) for method in METHODS)
    assert answer.status is direct.status is Status.FLOOR_REACHED
    assert answer.iterations < 300_000
    assert answer.value.width < 2 * direct.value.width
    assert answer.value.contains(solve(chain(100, "9999/10000")).value)


def test_the_fill_in_of_the_factors_decides_whether_policy_iteration_is_used():
    from scipy.sparse import csr_array

    S = 30_000
    walk, rng = np.arange(S), np.random.default_rng(0)
    right, left = (walk + 1) % S, (walk - 1) % S
    ring = csr_array((np.full(2 * S, 0.5), (np.concatenate([walk, walk]), np.concatenate([right, left]))), shape=(S, S))
    reset = 0.5 * ring + 0.5 * csr_array((np.ones(S), (walk, 0 * walk)), shape=(S, S))
    mesh = csr_array((np.full(2 * S, 0.5), (np.repeat(walk, 2), rng.integers(0, S, 2 * S))), shape=(S, S))
    needs = [factor_entries(MDP(P, np.zeros((S, 1)), horizon=Discounted(0.9))) for P in (ring, reset, mesh)]
    assert max(needs[:2]) < 5 * S
    assert needs[2] > LARGEST_FACTOR
    chosen = [list(dispatch.usual(MDP(P, np.zeros((S, 1)), horizon=Discounted(0.9))))[1] for P in (ring, reset, mesh)]
    assert chosen == [PolicyIteration(dispatch.POLICIES)] * 2 + [ModifiedPolicyIteration()]


def test_elimination_in_the_chosen_order_fills_no_more_than_predicted():
    from scipy.sparse import csr_array, eye_array
    from scipy.sparse.linalg import splu

    rng = np.random.default_rng(3)
    successors = np.clip(np.arange(400)[:, None] + rng.integers(-5, 6, (400, 3)), 0, 399)
    P = csr_array((np.full(1200, 1 / 3), (np.repeat(np.arange(400), 3), successors.ravel())), shape=(400, 400))
    factors = splu((eye_array(400) - 0.9 * P).tocsc())
    assert max(factors.L.nnz, factors.U.nnz) <= factor_entries(MDP(P, np.zeros((400, 1)), horizon=Discounted(0.9)))


def test_a_refusal_near_gamma_1_names_what_its_rounding_costs_and_the_exact_problem(make):
    problem = make.drawn(2, Discounted(1 - objects(f"1/{2**20}")[()]), S=3)
    answer = solve(problem.to_float(), tol=1e-9, throw=False)
    assert answer.status is Status.FLOOR_REACHED
    with pytest.raises(
        NotSolved, match=r"rounding gamma = 0\.99999904632568359 .* by up to about (\S+);.* problem\.to_exact\(\)"
    ) as refusal:
        answer.require(1e-9)
    shown = float(re.search(r"by up to about (\S+);", str(refusal.value)).group(1))
    rounded = replace(problem, horizon=Discounted(problem.horizon.gamma * (1 + objects(f"1/{2**53}")[()])))
    moved = np.abs(floats(solve(rounded).value.lower - solve(problem).value.lower)).max()
    assert 0 < moved <= 1.06 * shown
    assert shown < answer.value.width * 10


def test_a_refusal_of_sweeps_on_a_rational_problem_names_policy_iteration(make):
    with pytest.raises(NotSolved, match=r"solve\(problem, PolicyIteration\(\)\) gives the exact answer"):
        solve(make.drawn(2, Discounted("99999/100000"), S=5), ModifiedPolicyIteration(), tol=1e-12)


# ---- chains, bands and laws at the edge of what is accepted
CYCLING = [
    [0, 1, 0, 0, 0],
    [0.1, 0.9, 0, 0, 0],
    [1, 0, 0, 0, 0],
    [0, 0, 1, 0, 0],
    [0, 1, 0, 0, 0],
    [0, 0, 0.5, 0.5, 0],
    [0, 0, 0, 1, 0],
    [0, 0, 0, 0.5, 0.5],
    [0, 0, 0, 0, 1],
    [0, 0, 0, 0, 1],
]


def test_policy_iteration_in_a_band_ends_where_backups_between_the_solves_would_cycle():
    r = [[0, 2], [1, 0], [0, 2], [0, 2], [1, 0.0]]
    problem = MDP(sp.csr_array(np.array(CYCLING, float)), r, horizon=Discounted(0.999))
    answer = PolicyIteration().run(problem, 1e-8)
    assert answer.status is Status.SOLVED
    assert answer.iterations < 20
    answer.certificate.verify()


@pytest.mark.parametrize("seed", range(30))
def test_random_chains_are_solved_in_few_improvements(seed):
    rng = np.random.default_rng(seed)
    S = int(rng.integers(2, 14))
    near = np.abs(np.arange(S)[:, None] - np.arange(S)) <= 1
    law = rng.integers(0, 3, (S, 2, S)) * near[:, None]
    law[np.arange(S), :, np.arange(S)] += law.sum(axis=2) == 0
    P = sp.csr_array((law / law.sum(axis=2, keepdims=True)).reshape(2 * S, S))
    problem = MDP(P, rng.integers(0, 3, (S, 2)).astype(float), horizon=Discounted(0.999))
    answer = PolicyIteration().run(problem, 1e-8)
    assert answer.status is Status.SOLVED
    assert answer.iterations <= 3 * S
    answer.certificate.verify()


def test_a_slow_chain_is_certified_below_the_rounding_of_its_values():
    S, s = 2000, np.arange(2000)
    rows, columns = np.concatenate([2 * s, 2 * s + 1, 2 * s + 1]), [s, np.minimum(s + 1, S - 1), np.maximum(s - 1, 0)]
    r = np.zeros((S, 2))
    r[-1] = 1
    P = sp.csr_array((np.repeat([1.0, 0.5, 0.5], S), (rows, np.concatenate(columns))), shape=(2 * S, S))
    answer = solve(MDP(P, r, horizon=Discounted(0.9999)), tol=1e-7)
    assert isinstance(answer.method, PolicyIteration)
    answer.certificate.verify()


def test_a_row_that_sums_to_more_than_1_does_not_divide_by_0_near_gamma_1():
    answer = solve(MDP(sp.csr_array([[1 + 1e-12]]), [[1.0]], horizon=Discounted(1 - 1e-12)), throw=False)
    assert answer.value.lower <= 1 / 1e-12 <= answer.value.upper


def test_bounds_need_not_narrow_while_policies_improve(make):
    """A chain as in RiverSwim: the reward at its end reaches one more state with each improvement."""
    S, s = 60, np.arange(60)
    P, r = np.zeros((S, 2, S)), np.zeros((S, 2))
    P[s, 0, np.maximum(s - 1, 0)] = 1
    for by, p in ((1, 0.5), (0, 0.375), (-1, 0.125)):
        np.add.at(P, (s, 1, np.clip(s + by, 0, S - 1)), p)
    r[0, 0], r[-1, 1] = 1 / 8, 1
    problem = MDP(P, r, horizon=Discounted(0.99))
    exact = solve(problem.to_exact()).value
    answers = [solve(problem, method) for method in (None, PolicyIteration(), RobustPlanning(L1Ball(0.0)))]
    answers += [solve(make.sparse(problem)), solve(make.sparse(problem), PolicyIteration())]
    assert all(answer.value.contains(exact) for answer in answers)
    paid = np.tile(r, (1, 2))  # player 1 has the choice, player 0 has none
    game = MarkovGame(np.tile(P, (1, 2, 1)), [-paid, paid], horizon=problem.horizon, actions=(2, 2))
    assert solve(game, HoffmanKarp()).value[1].contains(exact)


@pytest.mark.parametrize("tol", [-1, float("nan"), "small", None])
def test_a_tolerance_that_is_none_is_refused(make, tol):
    with pytest.raises(InvalidModel, match=r"tol is .*; expected a number of at least 0"):
        solve(make.drawn(0), tol=tol)


@pytest.mark.parametrize(
    ("indices", "starts"),
    [
        ([0, -1], [0, 1, 2]),
        ([0, 2], [0, 1, 2]),
        ([0, 200000000], [0, 1, 2]),
        ([0, 2**32 + 1], [0, 1, 2]),
        ([0, 1], [0, 2, 1]),
    ],
)
def test_sparse_laws_with_subscripts_outside_them_are_refused(indices, starts):
    P = sp.csr_array((np.ones(2), np.array([0, 1]), np.array([0, 1, 2])), shape=(2, 2))
    wide = np.int64 if max(indices) >= 2**31 else np.int32
    P.indices, P.indptr = np.array(indices, dtype=wide), np.array(starts, dtype=wide)
    with pytest.raises(InvalidModel, match="no valid CSR matrix"):
        MDP(P, [[1.0], [2.0]], horizon=Discounted(0.5))


def test_complex_laws_are_refused():
    with pytest.raises(InvalidModel, match="P holds complex128, not real numbers"):
        MDP(sp.csr_array(np.array([[1 + 2j]])), [[1.0]], horizon=Discounted(0.5))


# ---- sparse problems that mix slowly
def slow_grid(seed, side, gamma, reward, holes=0.1, slip=1 / 3):
    """Four moves that slip to either side, absorbing holes, a few missing actions, and `reward(rng, S)[s,a]`."""
    rng, S = np.random.default_rng(seed), side * side
    x, y = np.divmod(np.arange(S), side)
    moves = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    reached = np.array([np.clip(x + i, 0, side - 1) * side + np.clip(y + j, 0, side - 1) for i, j in moves])
    reached = np.where(rng.random(S) < holes, np.arange(S), reached)
    s, a = np.divmod(np.arange(4 * S), 4)
    columns = np.stack([reached[(a + turn) % 4, s] for turn in (0, 1, 3)], axis=1)
    weights = np.tile([1 - slip, slip / 2, slip / 2], 4 * S)
    P = sp.csr_array((weights, (np.repeat(np.arange(4 * S), 3), columns.ravel())), shape=(4 * S, S))
    mask = rng.random((S, 4)) < 0.9
    mask[:, 0] = True
    return MDP(P, reward(rng, S), horizon=Discounted(gamma), mask=mask)


def at_the_end(rng, S):
    r = np.zeros((S, 4))
    r[-1] = 1
    return r


REWARDS = {
    "one goal": at_the_end,
    "costs": lambda rng, S: at_the_end(rng, S) - 1,
    "random": lambda rng, S: rng.random((S, 4)),
    "large": lambda rng, S: 1e12 * at_the_end(rng, S),
    "beside a large constant": lambda rng, S: 1e6 + at_the_end(rng, S),
}


@pytest.mark.parametrize("reward", REWARDS)
@pytest.mark.parametrize("gamma", [0.99, 0.9999])
def test_slowly_mixing_sparse_problems_are_evaluated_downstream(gamma, reward, monkeypatch):
    problem = slow_grid(3, 12, gamma, REWARDS[reward])
    improve, calls = Downstream.improve, []
    monkeypatch.setattr(Downstream, "improve", lambda self, *args: calls.append(1) or improve(self, *args))
    tol = 1e-7 * max(1.0, np.abs(problem.r).max() / (1 - gamma) / 100)
    answer = solve(problem, ModifiedPolicyIteration(), tol=tol)
    assert calls
    assert answer.iterations < 600
    other = solve(problem, PolicyIteration(), tol=tol).value
    assert ((answer.value.lower <= other.upper) & (other.lower <= answer.value.upper)).all()
    answer.certificate.verify()
    assert (answer.policy.table[~problem.available] == 0).all()


def test_slow_sweeps_below_the_rounding_of_values_end():
    problem = slow_grid(4, 8, 0.99, REWARDS["one goal"])
    answer = solve(problem, ModifiedPolicyIteration(), tol=1e-15, throw=False)
    assert answer.status is Status.FLOOR_REACHED
    assert answer.value.width < 1e-9
    assert answer.iterations < 3000
    answer.certificate.verify()
