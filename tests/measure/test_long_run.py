"""The toolbox of Markov chains and of discounts near 1: identities, brute force, and closed forms."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from flint import fmpq
from hypothesis import settings

from mdpkit import MDP, Average, Discounted, Finite, TabularPolicy, measure, objects, state_value
from mdpkit.base.errors import InvalidModel
from mdpkit.exact.infinite import INFINITY
from mdpkit.exact.linear import solve_linear
from mdpkit.solve import blackwell_optimal

NIGHT = settings.default.max_examples > 1000
SEEDS = range(10_000 if NIGHT else 50)


def drawn(seed, density=None, S=None):
    rng = np.random.default_rng(seed)
    S, A = S or int(rng.integers(1, 5)), int(rng.integers(1, 4))
    weights = rng.integers(1, 4, (S, A, S)) * (rng.random((S, A, S)) < (density or rng.choice([0.0, 0.3, 0.7])))
    np.put_along_axis(weights, rng.integers(0, S, (S, A, 1)), 1, axis=2)
    plays = rng.integers(0, 3, (S, A))
    plays[:, 0] += plays.sum(axis=1) == 0
    law, pi = (objects(x) / objects(x.sum(axis=-1, keepdims=True)) for x in (weights, plays))
    return MDP(law, objects(rng.integers(-2, 3, (S, A))), horizon=Average()), TabularPolicy(pi)


def law_of(problem, policy):
    return (policy.table[..., None] * problem.P).sum(axis=1)


def kinds(problem, policy):
    """The float copies of a problem, dense and sparse, with the policy."""
    rounded = problem.to_float()
    return [
        (rounded, policy.to_float()),
        (replace(rounded, P=sp.csr_array(rounded.P.reshape(-1, problem.S))), policy.to_float()),
    ]


def test_chains_keep_their_identities_and_floats_enclose_them():
    """M (I - gamma P) = I; P* = P* P; (I - P) H = I - P*, P* H = 0; T = 1 + P T off the diagonal; K = sum mu T."""
    infinite = irreducible = 0
    for seed in SEEDS:
        problem, policy = drawn(seed)
        identity, P = np.eye(problem.S, dtype=int), law_of(problem, policy)
        H, T = measure.deviation_matrix(problem, policy), measure.hitting_times(problem, policy)
        limit = identity - (identity - P) @ H.lower
        assert (limit @ P == limit).all(), seed
        assert (limit @ H.lower == 0).all(), seed
        infinite += (T.lower == INFINITY).any()
        for s, n in np.argwhere(T.lower != INFINITY).tolist():
            after = sum((P[s, k] * T.lower[k, n] for k in np.flatnonzero(P[s]).tolist()), fmpq(1))
            assert T.lower[s, n] == (0 if s == n else after), seed
        discounted = replace(problem, horizon=Discounted("4/5"))
        M = measure.successor_matrix(discounted, policy)
        assert (M.lower @ (identity - P * fmpq(4, 5)) == identity).all(), seed
        assert (M.lower @ (policy.table * problem.r).sum(axis=1) == state_value(discounted, policy).lower).all(), seed
        known = {"hitting_times": T, "deviation_matrix": H, "laurent_coefficients": None}
        try:
            mu = measure.stationary_distribution(problem, policy)
        except InvalidModel:
            mu = None
        if mu is not None:
            assert (mu.lower @ P == mu.lower).all(), seed
            known["stationary_distribution"] = mu
            known["mixing_time"] = measure.mixing_time(problem, policy)
            if (mu.lower > 0).all():
                irreducible += 1
                K = known["kemeny_constant"] = measure.kemeny_constant(problem, policy)
                assert (T.lower @ mu.lower == K.lower[()]).all(), seed
        for given, own in kinds(problem, policy):
            for name, truth in known.items():
                truth = measure.laurent_coefficients(problem, policy) if truth is None else truth
                assert getattr(measure, name)(given, own).contains(truth), (seed, name)
            assert measure.successor_matrix(replace(given, horizon=Discounted(0.8)), own).contains(M), seed
    assert infinite >= 10
    assert irreducible >= 10


def test_the_laurent_series_is_that_of_the_discounted_value():
    """The remainder after K terms, over x^(K-1) (1 + x), tends to the next coefficient."""
    for seed in range(20):
        problem, policy = drawn(seed)
        y = measure.laurent_coefficients(problem, policy, 6).lower
        for K in range(1, 5):
            for steps in (10**5, 10**7):
                x = fmpq(1, steps)
                gamma = 1 / (1 + x)
                V = state_value(replace(problem, horizon=Discounted(gamma)), policy).lower
                rest = V / (1 + x) - sum(y[k] * x**k / x for k in range(K))
                assert max(abs(rest / x ** (K - 1) - y[K])) <= 2 * max(abs(y[K + 1])) * x, (seed, K)


def test_mixing_times_are_those_of_powers():
    for seed in range(20):
        problem, policy = drawn(seed, density=0.7)
        P, mu = law_of(problem, policy), measure.stationary_distribution(problem, policy).lower
        time = measure.mixing_time(problem, policy).lower[()]
        power, far = np.eye(problem.S, dtype=int) + 0 * P, []
        for _ in range(12):
            far.append(max(abs(row - mu).sum() / 2 for row in power))
            power = power @ P
        assert far == sorted(far, reverse=True)
        if far[-1] <= fmpq(1, 4):
            assert time == next(t for t, d in enumerate(far) if d <= fmpq(1, 4)), seed
    flip = MDP(objects([[[0, 1]], [[1, 0]]]), objects([[0], [0]]), horizon=Average())
    assert measure.mixing_time(flip, TabularPolicy(objects([[1], [1]]))).lower[()] == INFINITY
    slow = MDP(objects([[["999/1000", "1/1000"]], [["1/1000", "999/1000"]]]), objects([[0], [0]]), horizon=Average())
    time = measure.mixing_time(slow, TabularPolicy(objects([[1], [1]])), "1/4").lower[()]
    assert 0.998 ** int(time) <= 0.5 < 0.998 ** (int(time) - 1)


def plans(problem):
    return [np.array(plan) for plan in product(*(np.flatnonzero(row) for row in problem.available))]


def test_the_diameter_is_that_of_the_best_policies():
    for seed in range(12):
        problem, _ = drawn(seed)
        tables = [TabularPolicy(objects(np.eye(problem.A, dtype=int)[plan])) for plan in plans(problem)]
        best = np.min([measure.hitting_times(problem, table).lower for table in tables], axis=0)
        assert measure.diameter(problem).lower[()] == best.max(), seed
        assert measure.diameter(problem.to_float()).contains(best.max()), seed


def test_no_policy_is_better_above_the_blackwell_factor_and_one_is_just_below():
    """Every deterministic policy is evaluated at discounts above the factor, and one 10^-9 below it."""
    positive = 0
    for seed in range(300 if NIGHT else 60):
        rng = np.random.default_rng(seed)
        problem, _ = drawn(seed)
        mask = rng.random((problem.S, problem.A)) < 0.8
        mask[:, 0] |= ~mask.any(axis=1)
        problem = replace(problem, mask=mask)
        policy, factor = blackwell_optimal(problem)
        low, high = (
            x if isinstance(x, fmpq) else fmpq(*float(x).as_integer_ratio())
            for x in (factor.lower[()], factor.upper[()])
        )
        states, chosen = np.arange(problem.S), policy.table.argmax(axis=1)

        def values(plan, gamma, problem=problem, states=states):
            equations = np.eye(problem.S, dtype=int) - problem.P[states, plan] * gamma
            return solve_linear(equations, problem.r[states, plan])

        def is_optimal(gamma, problem=problem, values=values, chosen=chosen):
            best = values(chosen, gamma)
            return all((values(plan, gamma) <= best).all() for plan in plans(problem))

        assert all(is_optimal(high + (1 - high) * fmpq(k, 7)) for k in range(7)), seed
        assert is_optimal(1 - fmpq(1, 10**9)), seed
        if factor.mid > 0:
            positive += 1
            assert not is_optimal(low - fmpq(1, 10**9)), seed
        gain = measure.laurent_coefficients(problem, policy, 2)
        for plan in plans(problem):
            other = TabularPolicy(objects(np.eye(problem.A, dtype=int)[plan]))
            theirs = measure.laurent_coefficients(problem, other, 2)
            for s in range(problem.S):
                assert tuple(theirs.lower[:, s]) <= tuple(gain.lower[:, s]), seed
    assert positive >= 3


def test_a_factor_that_is_irrational_is_enclosed():
    """Stay for 1 a step, or leave for 3 after two steps: 1 + gamma >= 3 gamma^2 down to (1 + sqrt 13) / 6."""
    P = objects([[[1, 0, 0, 0], [0, 1, 0, 0]], [[0, 0, 1, 0]] * 2, [[0, 0, 0, 1]] * 2, [[0, 0, 0, 1]] * 2])
    problem = MDP(P, objects([[0, -1], [-1, -1], [3, 3], [0, 0]]), horizon=Average())
    factor = measure.blackwell_factor(problem)
    assert factor.how == "enclosed"
    assert factor.width < 1e-14
    assert factor.mid == pytest.approx((1 + 13**0.5) / 6, abs=1e-14)


def test_misuse():
    problem, policy = drawn(3)
    with pytest.raises(InvalidModel, match=r"a successor matrix needs Discounted\(gamma\)"):
        measure.successor_matrix(problem, policy)
    with pytest.raises(InvalidModel, match=r"take its \.to_exact"):
        measure.blackwell_factor(problem.to_float())
    wide = MDP(np.ones((41, 1, 41)) / 41, np.ones((41, 1)), horizon=Average()).to_exact()
    with pytest.raises(InvalidModel, match="has 41 states; Blackwell factors are computed for at most 40"):
        measure.blackwell_factor(wide)
    moving = MDP(objects([problem.P] * 2), problem.r, horizon=Finite(2))
    with pytest.raises(InvalidModel, match="varies with time"):
        measure.blackwell_factor(moving)
    stuck = MDP(objects([[[1, 0]], [[0, 1]]]), objects([[0], [1]]), horizon=Average())
    only = TabularPolicy(objects([[1], [1]]))
    with pytest.raises(InvalidModel, match="2 recurrent classes, among them state 0 and state 1; expected one"):
        measure.stationary_distribution(stuck, only)
    down = MDP(objects([[[0, 1]], [[0, 1]]]), objects([[0], [1]]), horizon=Average())
    with pytest.raises(InvalidModel, match="is not irreducible; transient: state 0"):
        measure.kemeny_constant(down, only)
    for wrong in (0, "-1/4"):
        with pytest.raises(InvalidModel, match="expected a positive number"):
            measure.mixing_time(down, only, wrong)
    for wrong in (0, True, 1.5):
        with pytest.raises(InvalidModel, match="expected an integer of at least 1"):
            measure.laurent_coefficients(down, only, wrong)
