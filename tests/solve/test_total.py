"""Total reward: solve against every deterministic policy, a linear program, closed forms and certificates."""

import json
from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import settings
from scipy.optimize import linprog

import mdpkit.exact.recheck as recheck
from mdpkit import MDP, Average, Finite, Total, objects, value
from mdpkit.base.arrays import floats
from mdpkit.base.errors import CertificateRejected, InvalidModel, NotSolved
from mdpkit.exact.chain import recurrent_classes
from mdpkit.exact.infinite import INFINITY
from mdpkit.exact.linear import solve_linear
from mdpkit.solve import IntervalIteration, ProperPolicyIteration, Status, solve, transient

NIGHT = settings.default.max_examples > 1000
SEEDS = range(10_000 if NIGHT else 160)


def laws(rng, density, *shape):
    """Rational laws along the last axis with about that part of their entries above 0, and one at least."""
    weights = rng.integers(1, 5, shape) * (rng.random(shape) < density)
    last = rng.integers(0, shape[-1], shape[:-1])[..., None]
    empty = weights.sum(axis=-1, keepdims=True) == 0
    np.put_along_axis(weights, last, np.maximum(np.take_along_axis(weights, last, -1), empty), -1)
    return objects(weights) / objects(weights.sum(axis=-1, keepdims=True))


def drawn(seed):
    """A rational problem of up to 4 states and 3 actions, with costs, a few rewards, and often a goal."""
    rng = np.random.default_rng(seed)
    S, A = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    P = laws(rng, rng.choice([0, 0.3, 0.6]), S, A, S)
    r = rng.integers(-3, 2, (S, A)) * (rng.random((S, A)) < rng.choice([0.3, 0.7, 1.0]))
    if rng.random() < 0.7:
        P[0], r[0] = np.eye(S, dtype=int)[0] + 0 * P[0], 0
    mask = rng.random((S, A)) < 0.8
    mask[np.arange(S), rng.integers(0, A, S)] = True
    return MDP(P, objects(r), horizon=Total(), mask=mask)


def each_policy(problem):
    """V[s] of every deterministic policy, None where it is not proper; and the states of classes of positive gain."""
    S, values, endless = problem.S, [], set()
    for plan in product(*(np.flatnonzero(row) for row in problem.available)):
        P, r = problem.P[np.arange(S), plan], problem.r[np.arange(S), plan]
        label = recurrent_classes((P != 0).astype(float))
        rest, bad = np.zeros(S, dtype=bool), np.zeros(S, dtype=bool)
        for c in range(label.max() + 1):
            states = np.flatnonzero(label == c)
            (rest if (r[states] == 0).all() else bad)[states] = True
            equations = (np.eye(len(states), dtype=int) - P[np.ix_(states, states)]).T
            equations[0] = equations[0] * 0 + 1
            law = solve_linear(equations, objects(np.eye(len(states), dtype=int)[0]))
            endless |= set(states.tolist()) if law @ r[states] > 0 else set()
        for _ in range(S):
            bad = bad | ((P != 0).astype(int) @ bad.astype(int) > 0)
        moving, V = np.flatnonzero(~bad & ~rest), objects(np.zeros(S, dtype=int))
        if len(moving):
            V[moving] = solve_linear(np.eye(len(moving), dtype=int) - P[np.ix_(moving, moving)], r[moving])
        V[bad] = -INFINITY
        values.append(V)
    return values, sorted(endless)


def sparse(problem):
    return replace(problem, P=sp.csr_array(problem.P.reshape(-1, problem.S)))


def test_no_deterministic_policy_does_better_and_proper_policies_are_detected():
    """Exactly on rationals, within the bounds on floats, dense and sparse; over draws of every status."""
    seen = Counter()
    for seed in SEEDS:
        problem = drawn(seed)
        values, endless = each_policy(problem)
        best = np.max(values, axis=0)
        answer = solve(problem, ProperPolicyIteration(), throw=False)
        seen[answer.status] += 1
        rounded = problem.to_float()
        others = [
            solve(rounded, ProperPolicyIteration(), tol=1e-9, throw=False),
            solve(sparse(rounded), IntervalIteration(3000), tol=1e-9, throw=False),
            solve(problem, IntervalIteration(3000), tol=1e-9, throw=False),
        ]
        if endless:
            assert {answer.status, *(other.status for other in others)} == {Status.UNBOUNDED}, seed
            continue
        expected = Status.INFEASIBLE if (best == -INFINITY).any() else Status.SOLVED
        assert answer.status is expected, seed
        assert (answer.value.lower == best).all(), seed
        for other in others:
            assert other.value.contains(answer.value), seed
            if other.status is not Status.SOLVED:
                assert other.status is not answer.status or expected is Status.INFEASIBLE, seed
        if expected is Status.SOLVED:
            assert value(problem, answer.policy).lower == (problem.rho @ best), seed
            for each in (answer, *others):
                if each.status is Status.SOLVED:
                    each.certificate.verify()
                    recheck.check(json.loads(each.certificate.to_json()))
                    assert each.value.contains(answer.value)
    assert min(seen[Status.SOLVED], seen[Status.INFEASIBLE], seen[Status.UNBOUNDED]) >= 5


def test_floats_are_solved_but_for_cycles_whose_rewards_cancel():
    """On floats a cycle of rewards 1 and -1 cannot be told from one of a positive gain, which the bounds say."""
    cycle = MDP(
        objects([[[0, 1, 0], [0, 0, 1]], [[1, 0, 0], [1, 0, 0]], [[0, 0, 1], [0, 0, 1]]]),
        objects([[1, -2], [-1, -1], [0, 0]]),
        horizon=Total(),
    )
    assert solve(cycle).value.lower.tolist() == [-2, -3, 0]
    for method in (IntervalIteration(500), ProperPolicyIteration()):
        answer = solve(cycle.to_float(), method, throw=False)
        assert answer.status in (Status.CAPPED, Status.FLOOR_REACHED)
        assert answer.value.contains(solve(cycle).value)
    with pytest.raises(NotSolved, match=r"solve problem.to_exact\(\) for the exact answer"):
        solve(cycle.to_float(), ProperPolicyIteration())


@pytest.mark.parametrize("seed", range(60))
def test_a_linear_program_has_the_same_values(seed):
    """min sum V over V >= r + P V, V = 0 at the goal, for costs of at least 1 elsewhere; by HiGHS."""
    rng = np.random.default_rng(seed)
    S, A = 6, 3
    P, r = laws(rng, 0.4, S, A, S), objects(-rng.integers(1, 5, (S, A)))
    P[0], r[0] = np.eye(S, dtype=int)[0] + 0 * P[0], 0
    P[1:, 0] = (P[1:, 0] * 3 + np.eye(S, dtype=int)[0]) / 4
    problem = MDP(P, r, horizon=Total())
    law = floats(P).reshape(-1, S) - np.repeat(np.eye(S), A, axis=0)
    found = linprog(np.ones(S), law, -floats(r).ravel(), bounds=[(0, 0)] + [(None, 0)] * (S - 1), method="highs")
    exact, bounded = solve(problem), solve(problem.to_float())
    np.testing.assert_allclose(exact.value.mid, found.x, atol=1e-7)
    assert isinstance(exact.method, ProperPolicyIteration)
    assert isinstance(bounded.method, IntervalIteration)
    assert bounded.value.contains(exact.value)
    assert bounded.value.width <= 1e-8


def gamble(n, p):
    """A gambler who wins 1 with probability p and else loses 1, until ruined at 0, or paid 1 at n."""
    P, r = np.zeros((n + 2, 1, n + 2)), np.zeros((n + 2, 1))
    P[0, 0, 0] = P[n + 1, 0, n + 1] = P[n, 0, n + 1] = 1
    r[n] = 1
    for s in range(1, n):
        P[s, 0, [s + 1, s - 1]] = p, 1 - p
    return MDP(P, r, horizon=Total())


@pytest.mark.parametrize("method", [IntervalIteration(), ProperPolicyIteration(), None])
@pytest.mark.parametrize(("n", "p"), [(10, 0.25), (30, 0.75)])
def test_a_gambler_is_ruined_as_the_closed_form_says(n, p, method):
    odds = (1 - p) / p
    truth = (1 - odds ** np.arange(n + 1)) / (1 - odds**n)
    answer = solve(gamble(n, p), method, tol=1e-10)
    np.testing.assert_allclose(answer.value.mid[: n + 1], truth, atol=1e-9)
    answer.certificate.verify()


def test_iterates_from_below_alone_would_circle_in_an_end_component():
    """Between two states one may move freely; the way out pays 1, and T has 5 as a fixed point too."""
    circle = MDP(
        objects([[[0, 1, 0], [0, 0, 1]], [[1, 0, 0], [1, 0, 0]], [[0, 0, 1], [0, 0, 1]]]),
        objects([[0, 1], [0, 0], [0, 0]]),
        horizon=Total(),
    )
    fixed = objects([5, 5, 0])
    assert ((circle.r + circle.P @ fixed).max(axis=1) == fixed).all()
    assert solve(circle).value.lower.tolist() == [1, 1, 0]
    assert solve(circle.to_float()).value.contains(objects([1, 1, 0]))


def test_the_states_at_fault_are_named():
    away = [[[1, 0, 0]], [[0, 1, 0]], [["1/2", 0, "1/2"]]]
    trapped = MDP(objects(away), objects([[0], [-1], [-1]]), horizon=Total())
    with pytest.raises(NotSolved, match=r"no unique one; from state 1 no policy is proper: under each, rewards"):
        solve(trapped)
    named = replace(trapped, state_names=["home", "pit", "road"])
    with pytest.raises(NotSolved, match="from state pit no policy is proper"):
        solve(named.to_float())
    assert solve(trapped, throw=False).value.lower.tolist() == [0, -INFINITY, -2]
    rich = replace(trapped, r=objects([[0], [1], [-1]]))
    for problem in (rich, rich.to_float()):
        with pytest.raises(
            NotSolved, match="no finite optimum; in state 1 a policy has a positive long-run mean reward"
        ):
            solve(problem)


@pytest.mark.parametrize("exact", [True, False])
def test_both_readers_reject_tampered_certificates(exact):
    P = objects([[[0, 1, 0], ["1/2", 0, "1/2"]], [[1, 0, 0], [0, 0, 1]], [[0, 0, 1], [0, 0, 1]]])
    problem = MDP(P, objects([[0, -1], [0, -3], [0, 0]]), horizon=Total())
    proof = solve(problem if exact else problem.to_float()).certificate
    wrong = [
        replace(proof, below=(*proof.below, objects([0, 0, 1]))),
        replace(proof, above=(*proof.above, objects([0, 0, -1]))),
        replace(proof, above=(objects([-1, -1, 0]),)),
        replace(proof, policy=type(proof.policy)(problem.like([[1, 0], [1, 0], [1, 0]])), below=(objects([1, 1, 0]),)),
    ]
    proof.verify()
    recheck.check(json.loads(proof.to_json()))
    for bad in wrong:
        with pytest.raises(CertificateRejected, match="state"):
            bad.verify()
        with pytest.raises(recheck.Rejected):
            recheck.check(json.loads(bad.to_json()))


def test_an_improper_policy_proves_nothing():
    """L = 0 solves L <= r + P L on a cycle of rewards 1 and -1 that never rests."""
    P = objects([[[0, 1, 0], [0, 0, 1]], [[1, 0, 0], [1, 0, 0]], [[0, 0, 1], [0, 0, 1]]])
    problem = MDP(P, objects([[1, -2], [-1, -1], [0, 0]]), horizon=Total())
    proof = solve(problem).certificate
    circling = replace(proof, policy=type(proof.policy)(objects([[1, 0]] * 3)), below=(objects([-2, -3, 0]),))
    with pytest.raises(CertificateRejected, match="state 0: the policy is not proper"):
        circling.verify()
    with pytest.raises(recheck.Rejected, match="not proper"):
        recheck.check(json.loads(circling.to_json()))


def test_a_target_must_be_reached():
    """Waiting pays nothing but does not reach the target; going costs 4."""
    wait = MDP(
        objects([[[1, 0, 0], [0, "1/4", "3/4"]], [[0, 1, 0], [0, 0, 1]], [[0, 0, 1], [0, 0, 1]]]),
        objects([[0, -1], [0, -12], [0, 0]]),
        horizon=Total(),
    )
    assert solve(wait).value.lower.tolist() == [0, 0, 0]
    for problem in (wait, wait.to_float()):
        for method in (ProperPolicyIteration(target=(2,)), IntervalIteration(target=(2,))):
            assert solve(problem, method, tol=1e-9).value.contains(objects([-4, -12, 0]))
    for target, words in (((0,), "target state 0 can be left"), ((3,), "indices from 0 to 2"), ((), "indices from 0")):
        with pytest.raises(InvalidModel, match=words):
            solve(wait, ProperPolicyIteration(target=target))


def test_misuse():
    problem = MDP(objects([[[0, 1]], [[0, 1]]]), objects([[-1], [0]]), horizon=Total())
    for method in (ProperPolicyIteration(), IntervalIteration()):
        with pytest.raises(TypeError, match="solves a Total MDP"):
            method.run(replace(problem, horizon=Finite(2)), 0)
    with pytest.raises(InvalidModel, match="Total needs it stationary"):
        MDP(objects([problem.P] * 2), problem.r, horizon=Total())
    with pytest.raises(InvalidModel, match=r"the horizon is Total\(\), which has no discount"):
        problem.horizon.gamma  # noqa: B018
    tiny = MDP(objects([[[0, 1]], [[0, 1]]]), objects([[-1], [0]]) / 10**400, horizon=Total())
    assert solve(tiny).value.exact
    with pytest.raises(InvalidModel, match=r"r\[0, 0\] is too small for float64"):
        solve(tiny, IntervalIteration())


def test_the_bias_of_an_absorbing_problem_is_its_total_reward():
    """Two states left with probability 1/10 at a cost of 10 a step: -100, as the bias of the average criterion says."""
    P = objects([[[0, "9/10", "1/10"]], [["9/10", 0, "1/10"]], [[0, 0, 1]]])
    problem = MDP(P, objects([[-10], [-10], [0]]), horizon=Total())
    assert solve(problem).value.lower.tolist() == [-100, -100, 0]
    assert (solve(replace(problem, horizon=Average())).bias.lower == solve(problem).value.lower).all()


@pytest.mark.parametrize(("n", "back", "actions", "share"), [(80, 0.49, 1, 1e-11), (40, 0.48, 2, 2e-12)])
def test_a_long_corridor_is_bounded_in_proportion_to_the_costs_of_steps(n, back, actions, share):
    """Each step may be taken back, at a cost that depends on the action: values are sums over thousands of steps."""
    P, r = np.zeros((n, actions, n)), -np.ones((n, actions)) - np.arange(actions) / 8
    for s in range(1, n):
        for a in range(actions):
            P[s, a, s - 1] += 1 - back + a / 64
            P[s, a, min(s + 1, n - 1)] += back - a / 64
    P[0, :, 0], r[0] = 1, 0
    problem = MDP(P, r, horizon=Total())
    answer = solve(problem, ProperPolicyIteration(), tol=0, throw=False)
    assert answer.value.contains(solve(problem.to_exact(), ProperPolicyIteration()).value)
    assert answer.value.width <= share * np.abs(answer.value.mid).max()
    answer.certificate.verify()


def test_iterations_bound_what_factors_bound(monkeypatch):
    """No factorisation is cheap: every policy is evaluated by preconditioned iterations, where they converge."""
    for seed in range(12):
        problem, method = drawn(seed), ProperPolicyIteration()
        truth, near = solve(problem, throw=False), sparse(problem.to_float())
        factored = solve(near, method, tol=1e-9, throw=False)
        with monkeypatch.context() as patched:
            patched.setattr(transient, "CHEAP", -1)
            answer = solve(near, method, tol=1e-9, throw=False)
        assert answer.status is factored.status, seed
        assert answer.value is None or answer.value.contains(truth.value), seed


def test_a_large_chain_that_stops_rarely_is_solved_without_factors(monkeypatch):
    """Random laws on 3000 states fill any factors; a step ends with probability 1/1000, at a cost near 1 a step."""
    rng, S, A, b = np.random.default_rng(0), 3000, 2, 4
    law = rng.dirichlet(np.ones(b), S * A) * (1 - 1e-3)
    law = np.concatenate([law, np.full((S * A, 1), 1e-3)], axis=1)
    law[:A] = np.eye(b + 1)[-1]
    target = np.concatenate([rng.integers(1, S, (S * A, b)), np.zeros((S * A, 1), dtype=int)], axis=1)
    P = sp.csr_array((law.ravel(), (np.repeat(np.arange(S * A), b + 1), target.ravel())), shape=(S * A, S))
    r = -rng.random((S, A))
    r[0] = 0
    monkeypatch.setattr(transient, "factorise", None)
    problem = MDP(P, r, horizon=Total())
    answers = [solve(problem, method, tol=1e-7) for method in (None, ProperPolicyIteration())]
    for answer in answers:
        backup = (r + (P @ answer.value.mid).reshape(S, A)).max(axis=1)
        np.testing.assert_allclose(answer.value.mid, backup, atol=1e-11)
        assert answer.value.lower.min() < -200
    assert isinstance(answers[0].method, IntervalIteration)
    assert answers[0].iterations < 300


@pytest.mark.parametrize("stay", [1.0, 1.0000000004986433])
def test_a_state_that_leaves_with_a_probability_below_rounding_is_bounded_or_refused(stay):
    P = np.zeros((2, 2, 2))
    P[0], P[1, :, 1] = [[stay, 4e-20], [0.5, 0.5]], 1
    answer = solve(MDP(P, np.array([[0.25, 1.5], [0, 0]]), horizon=Total()), throw=False)
    assert answer.status is Status.FLOOR_REACHED
    assert answer.value.upper[0] == np.inf
