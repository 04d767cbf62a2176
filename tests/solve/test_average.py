"""Average reward: solve against every deterministic policy, a linear program, the discounted limit and certificates."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

import mdpkit.exact.recheck as recheck
from mdpkit import MDP, Average, Discounted, Finite, Interval, TabularPolicy, objects, occupancy, state_value, value
from mdpkit.base.arrays import exactly, floats
from mdpkit.base.errors import CertificateRejected, InvalidModel, NotSolved
from mdpkit.exact.linear import solve_linear
from mdpkit.solve import MultichainPolicyIteration, PolicyIteration, RelativeValueIteration, Status, solve

METHODS = None, MultichainPolicyIteration(), RelativeValueIteration()
CHAINS = ["ergodic", "thin", "sure", "masked", "ends"]


def laws(rng, density, *shape):
    """Rational laws along the last axis with about that part of their entries above 0, and one at least."""
    weights = rng.integers(1, 5, shape) * (rng.random(shape) < density)
    last = rng.integers(0, shape[-1], shape[:-1])[..., None]
    np.put_along_axis(
        weights, last, np.maximum(np.take_along_axis(weights, last, -1), weights.sum(axis=-1, keepdims=True) == 0), -1
    )
    return objects(weights) / objects(weights.sum(axis=-1, keepdims=True))


def drawn(seed, kind, S=4, A=2):
    """A rational problem; "sure": a graph with periodic classes and transient states; "ends": two absorbing states."""
    rng = np.random.default_rng(seed)
    mask = rng.random((S, A)) < 0.6 if kind == "masked" else None
    if mask is not None:
        mask[np.arange(S), rng.integers(0, A, S)] = True
    density = {"ergodic": 0.9, "thin": 0.35, "sure": 0, "masked": 0.35, "ends": 0.35}[kind]
    r = objects(rng.integers(-3, 4, (S, A))) / 3
    P = laws(rng, density, S, A, S)
    if kind == "ends":
        P[:2] = np.eye(S, dtype=int)[:2, None] + 0 * P[:2]
    return MDP(P, r, laws(rng, 0.7, S), horizon=Average(), mask=mask)


def policies(problem):
    return [np.array(choice) for choice in product(*(np.flatnonzero(row) for row in problem.available))]


def limit_gain(P, r):
    """The gain by a route of its own: Cesaro's limit is 1 - P's eigenprojection, found from the null spaces of I - P.

    With X the right and Y the left null space of I - P, P* = X (Y X)^-1 Y, since the eigenvalue 1 of a stochastic
    matrix is semisimple.
    """
    from flint import fmpq_mat

    S = len(P)
    stay = np.eye(S, dtype=int) - P

    def null(matrix):
        reduced, rank = fmpq_mat(S, S, list(matrix.ravel())).rref()
        table = np.array(reduced.entries(), dtype=object).reshape(S, S)
        pivots = [int(np.flatnonzero(row != 0)[0]) for row in table[:rank]]
        free = [k for k in range(S) if k not in pivots]
        basis = objects(np.zeros((len(free), S), dtype=int))
        for i, k in enumerate(free):
            basis[i, k] = objects(1)[()]
            basis[i, pivots] = -table[:rank, k]
        return basis

    X, Y = null(stay).T, null(stay.T)
    return X @ solve_linear(Y @ X, Y @ r)


def best_gain(problem):
    states = np.arange(problem.S)
    return np.max(
        [limit_gain(problem.P[states, choice], problem.r[states, choice]) for choice in policies(problem)], axis=0
    )


def sparse(problem):
    P = sp.csr_array(problem.P.reshape(-1, problem.S))
    return MDP(P, problem.r, problem.rho, horizon=problem.horizon, mask=problem.mask)


@pytest.mark.parametrize("kind", CHAINS)
@pytest.mark.parametrize("seed", range(12))
def test_no_deterministic_policy_gains_more_anywhere_and_one_gains_as_much_everywhere(seed, kind):
    problem = drawn(seed, kind)
    answer, best = solve(problem), best_gain(problem)
    assert answer.value.how == answer.gain.how == answer.bias.how == "exact"
    assert (answer.gain.lower == best).all()
    assert answer.value.lower == problem.rho @ best
    states, choice = np.arange(problem.S), answer.policy.table.argmax(axis=1)
    assert (limit_gain(problem.P[states, choice], problem.r[states, choice]) == best).all()
    assert value(problem, answer.policy).lower == answer.value.lower


def test_the_draws_hold_problems_of_one_gain_and_of_several():
    """Else the enumeration above would say nothing of multichain problems."""
    several = [len(set(map(str, best_gain(drawn(seed, kind))))) > 1 for kind in CHAINS for seed in range(12)]
    assert 10 <= sum(several) <= 50


@pytest.mark.parametrize("kind", CHAINS)
@pytest.mark.parametrize("seed", range(12))
def test_gain_and_bias_solve_the_optimality_equations(seed, kind):
    """g = max P g, and g + h >= r + P h over the actions that keep g, with equality for the one that is played."""
    problem = drawn(seed, kind)
    answer = solve(problem)
    g, h, played = answer.gain.lower, answer.bias.lower, answer.policy.table == 1
    ahead = problem.P @ g
    assert (ahead[problem.available] <= np.repeat(g, problem.available.sum(axis=1))).all()
    keeps = problem.available & (ahead == g[:, None])
    Q = problem.r + problem.P @ h
    assert ((g + h)[:, None] >= Q)[keeps].all()
    assert keeps[played].all()
    assert (Q[played] == g + h).all()
    assert (state_value(problem, answer.policy).lower == h).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", CHAINS)
@pytest.mark.parametrize("seed", range(8))
def test_float_bounds_hold_the_exact_gain_of_every_state(seed, kind, method):
    problem = drawn(seed, kind)
    exact = solve(problem)
    for given in (problem.to_float(), sparse(problem.to_float())):
        answer = solve(given, method, tol=1e-9)
        assert answer.gain.how == "float"
        assert answer.gain.width <= 1e-9
        assert answer.gain.contains(exact.gain)
        assert answer.value.contains(exact.value)
        answer.certificate.verify()
        own = TabularPolicy(answer.policy.to_exact().table)
        assert answer.value.contains(value(problem, own))
        assert answer.bias.contains(state_value(problem, own))
        assert answer.bias.width < 1e-9


@pytest.mark.parametrize("kind", CHAINS)
@pytest.mark.parametrize("seed", range(6))
def test_a_linear_program_has_the_same_gains(seed, kind):
    """min sum g over g >= P g, g + h >= r + P h for every action; of Hordijk and Kallenberg, by HiGHS."""
    problem = drawn(seed, kind, S=6, A=3)
    P, r = floats(problem.P)[problem.available], floats(problem.r)[problem.available]
    own = np.eye(problem.S)[np.nonzero(problem.available)[0]]
    rows = np.block([[P - own, np.zeros_like(P)], [-own, P - own]])
    found = linprog(
        np.repeat([1.0, 0.0], problem.S), rows, np.concatenate([0 * r, -r]), bounds=(None, None), method="highs"
    )
    np.testing.assert_allclose(solve(problem).gain.mid, found.x[: problem.S], atol=1e-8)


@pytest.mark.parametrize("kind", CHAINS)
def test_one_minus_gamma_times_the_discounted_value_tends_to_the_gain(kind):
    """(1 - gamma) V = g + (1 - gamma) h + O((1 - gamma)^2) for the policy that is best for gamma near 1."""
    problem = drawn(3, kind)
    answer = solve(problem)
    for steps in (10**4, 10**8):
        far = solve(replace(problem, horizon=Discounted(1 - objects(1)[()] / steps)), PolicyIteration())
        off = abs(floats(far.value.lower / steps - answer.gain.lower)).max()
        assert off <= 50 / steps


def cycle(n):
    P = np.zeros((n, 1, n))
    P[np.arange(n), 0, (np.arange(n) + 1) % n] = 1
    return MDP(P, np.eye(n, 1), horizon=Average())


@pytest.mark.parametrize("n", [2, 3, 60])
@pytest.mark.parametrize("method", METHODS)
def test_a_periodic_chain_is_solved(n, method):
    assert solve(cycle(n), method).value.contains(objects(f"1/{n}"))


def swimming(n):
    """RiverSwim: upstream is hard, and pays at the end only."""
    P, r = np.zeros((n, 2, n)), np.zeros((n, 2))
    P[np.arange(n), 0, np.maximum(np.arange(n) - 1, 0)] = 1
    for s in range(1, n - 1):
        P[s, 1, s - 1 : s + 2] = 0.05, 0.6, 0.35
    P[0, 1, :2], P[-1, 1, -2:] = (0.4, 0.6), (0.4, 0.6)
    r[0, 0], r[-1, 1] = 0.005, 1
    return MDP(P, r, horizon=Average())


@pytest.mark.parametrize("n", [6, 60])
@pytest.mark.parametrize("method", METHODS)
def test_riverswim_at_6_states_has_the_gain_of_the_literature(n, method):
    """Swimming on for ever is a birth and death chain, of stationary law by detailed balance."""
    weights = np.cumprod([1, 0.6 / 0.05, *[0.35 / 0.05] * (n - 3), 0.35 / 0.4])
    answer = solve(swimming(n), method, tol=1e-9)
    assert answer.value.mid == pytest.approx(weights[-1] / weights.sum(), abs=2e-9)


def test_states_that_are_nearly_two_worlds_are_left_to_linear_solves():
    """Sweeps would need about 10^7; the bounds are as narrow as floats allow."""
    e = 1e-6
    P = np.array([[[1 - e, e]], [[2 * e, 1 - 2 * e]]])
    answer = solve(MDP(P, [[3.0], [0.0]], horizon=Average()))
    assert isinstance(answer.method, MultichainPolicyIteration)
    assert answer.value.contains(solve(MDP(P, [[3.0], [0.0]], horizon=Average()).to_exact()).value)
    capped = solve(MDP(P, [[3.0], [0.0]], horizon=Average()), RelativeValueIteration(sweeps=50), throw=False)
    assert capped.status is Status.CAPPED
    assert capped.value.lower <= answer.value.mid <= capped.value.upper


def test_a_rational_ring_of_300_states_is_solved_exactly_and_sweeps_enclose_its_gain():
    n = 300
    P = objects(np.zeros((n, 1, n), dtype=int))
    P[np.arange(n), 0, (np.arange(n) + 1) % n] = objects("2/3")[()]
    P[np.arange(n), 0, np.arange(n)] = objects("1/3")[()]
    problem = MDP(P, objects(np.eye(n, 1, dtype=int)), horizon=Average())
    exact = solve(problem).gain
    assert exact.exact
    assert (exact.lower == objects(f"1/{n}")).all()
    answer = solve(problem, RelativeValueIteration(), tol=1e-7, throw=False)
    assert answer.gain.how == "float"
    assert answer.gain.contains(objects([f"1/{n}"] * n))
    assert answer.value.contains(objects(f"1/{n}"))


def both(proof):
    said = []
    for check in (proof.verify, lambda: recheck.check(json.loads(proof.to_json()))):
        try:
            check()
            said.append(None)
        except (CertificateRejected, recheck.Rejected) as error:
            said.append(str(error))
    return said


@pytest.mark.parametrize("kind", CHAINS)
@pytest.mark.parametrize("exact", [True, False])
def test_both_readers_accept_the_certificate_and_no_state_of_a_tampered_one(kind, exact):
    problem = drawn(5, kind)
    proof = solve(problem if exact else problem.to_float()).certificate
    assert both(proof) == [None, None]
    for s in range(problem.S):
        for side, sign in (("below", 1), ("above", -1)):
            gain, bias = getattr(proof, side)
            moved = objects([sign * (n == s) for n in range(problem.S)]) / 10**6
            assert None not in both(replace(proof, **{side: ((*gain, moved), bias)})), (s, side)
    infinite = (np.full(problem.S, np.inf),)
    with pytest.raises(CertificateRejected, match="must be a finite number"):
        replace(proof, above=(infinite, proof.above[1])).verify()


def test_a_certificate_of_another_policy_is_rejected():
    two = MDP(objects([[[1], [1]]]), objects([[0, 1]]), horizon=Average())
    proof = replace(solve(two).certificate, policy=TabularPolicy(objects([[1, 0]])))
    assert all("state 0" in said for said in both(proof))


def test_relabelled_states_have_relabelled_gains():
    problem, order = drawn(7, "sure", S=5), np.array([3, 0, 4, 1, 2])
    moved = MDP(problem.P[order][:, :, order], problem.r[order], problem.rho[order], horizon=Average())
    assert (solve(moved).gain.lower == solve(problem).gain.lower[order]).all()


def test_what_floats_cannot_carry_is_said():
    with pytest.raises(NotSolved, match="float64 cannot represent bounds as narrow"):
        solve(drawn(0, "ergodic").to_float(), tol=1e-30)


def test_a_reward_that_overflows_is_no_answer():
    huge = MDP([[[0.5, 0.5]], [[0.5, 0.5]]], [[1.7e308], [-1.7e308]], horizon=Average())
    answer = solve(huge, throw=False)
    assert answer.status is not Status.SOLVED
    assert answer.value.lower <= 0 <= answer.value.upper
    assert answer.gain.contains(objects([0, 0]))


def test_a_way_out_that_float64_cannot_see_gives_wide_bounds():
    """State 0 is left with probability 1e-17, so surely, for a state that pays nothing; 1 - 1 is 0 in float64."""
    stuck = MDP([[[1.0, 1e-17]], [[0.0, 1.0]]], [[1.0], [0.0]], horizon=Average())
    policy = TabularPolicy([[1.0], [1.0]])
    for found in (value(stuck, policy), solve(stuck, throw=False).value):
        assert found.lower <= 0 <= found.upper
    assert solve(stuck, throw=False).status is not Status.SOLVED
    assert solve(stuck.to_exact()).gain.contains(objects([0, 0]))
    assert state_value(stuck, policy).contains(state_value(stuck.to_exact(), policy.to_exact()))


@pytest.mark.parametrize("method", METHODS)
def test_a_state_that_may_stay_is_not_taken_for_one_that_must(method):
    """States 0 and 1 pay 0 and are left with probability 1e-15 for one that pays 6; state 0 need not be left."""
    rare = 1e-15
    P = [[[1 - rare, 0, rare], [1, 0, 0]], [[0, 1 - rare, rare]] * 2, [[0, 0, 1]] * 2]
    problem = MDP(np.array(P), np.array([[0.0, 0], [0, 0], [6, 6]]), horizon=Average())
    assert solve(problem, method, throw=False).gain.contains(objects([6, 6, 6]))


def meant(problem):
    """The rational problem that a float one stands for: each row divided by its sum."""
    P = exactly(problem.P)
    return MDP(P / P.sum(axis=-1)[..., None], exactly(problem.r), exactly(problem.rho), horizon=Average())


@pytest.mark.parametrize("way_out", [1e-20, 1e-17, 1e-12])
def test_rows_that_sum_to_more_than_1_do_not_keep_a_state_for_ever(way_out):
    slow = MDP([[[1 + 1e-10, way_out]], [[0.0, 1.0]]], [[1.0], [3.0]], [1.0, 0.0], horizon=Average())
    only, exact = TabularPolicy(np.ones((2, 1))), meant(slow)
    for known in (solve(slow, throw=False).gain, state_value(slow, only), occupancy(slow, only).reshape(2)):
        assert (known.lower <= known.upper).all()
    assert solve(slow, throw=False).gain.contains(solve(exact).gain.lower)
    assert occupancy(slow, only).contains(occupancy(exact, only.to_exact()).lower)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("P", "r"),
    [
        ([[[1 - 1e-10, 0], [1 + 1e-10, 0]], [[1e-20, 1 + 1e-10], [0, 1 + 1e-10]]], [[0.7, 0.2], [0.7, 0.5]]),
        ([[[1 + 1e-10, 0], [1.0, 0]], [[1e-20, 1 + 1e-10], [1 - 1e-10, 0]]], [[0.4, 0.0], [0.4, 0.7]]),
    ],
)
def test_where_rounding_leads_round_in_a_circle_an_answer_is_given_all_the_same(P, r, method):
    circling = MDP(P, r, horizon=Average())
    assert solve(circling, method, throw=False).gain.contains(solve(meant(circling)).gain.lower)


def test_misuse():
    problem = drawn(0, "ergodic")
    for method in (MultichainPolicyIteration(), RelativeValueIteration()):
        with pytest.raises(TypeError, match="solves an Average MDP"):
            method.run(replace(problem, horizon=Finite(2)), 0)
    with pytest.raises(TypeError, match="PolicyIteration solves a Discounted MDP"):
        solve(problem, PolicyIteration())
    with pytest.raises(InvalidModel, match="Average needs it stationary"):
        MDP(objects([problem.P] * 2), problem.r, horizon=Average())
    with pytest.raises(InvalidModel, match="which has no discount"):
        problem.horizon.gamma  # noqa: B018
    assert isinstance(solve(problem).value, Interval)


def test_a_solution_shows_gain_and_bias():
    answer = solve(drawn(0, "thin"))
    assert all(word in answer._repr_html_() for word in ("gain", "bias", "policy"))
    assert "gain" in answer._repr_latex_()
    assert len(repr(answer).splitlines()) == 1


def test_a_value_wider_than_asked_for_is_not_solved():
    """The gain of every state meets the tolerance; its mean, rounded outwards, does not."""
    P = np.array([[[0.17369680572007984, 0.8263031942799202]], [[1, 0]]])
    r = np.array([[-6.549932899812822e-09], [-231825579148.8422]])
    answer = solve(MDP(P, r, horizon=Average()), tol=1e-3, throw=False)
    assert (answer.status is Status.SOLVED) == (max(answer.gain.width, answer.value.width) <= 1e-3)
    assert answer.gain.width <= 1e-3 < answer.value.width
