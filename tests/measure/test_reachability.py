"""Reachability against every deterministic policy, a linear program, and closed forms."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import settings
from scipy.optimize import linprog

from mdpkit import (
    MDP,
    Discounted,
    Finite,
    SafetyProblem,
    Total,
    avoid_probability,
    expected_total_until,
    objects,
    reach_probability,
)
from mdpkit.base.arrays import floats
from mdpkit.base.errors import InvalidModel, NotSolved
from mdpkit.exact.infinite import INFINITY
from mdpkit.exact.linear import solve_linear

NIGHT = settings.default.max_examples > 1000
SEEDS = range(10_000 if NIGHT else 80)


def drawn(seed):
    rng = np.random.default_rng(seed)
    S, A = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    weights = rng.integers(1, 4, (S, A, S)) * (rng.random((S, A, S)) < rng.choice([0.25, 0.5]))
    np.put_along_axis(weights, rng.integers(0, S, (S, A, 1)), 1, axis=2)
    mask = rng.random((S, A)) < 0.8
    mask[np.arange(S), rng.integers(0, A, S)] = True
    target = np.arange(S) == rng.integers(S)
    law, r = objects(weights) / objects(weights.sum(axis=-1, keepdims=True)), objects(rng.integers(0, 4, (S, A)))
    return MDP(law, r, horizon=Total(), mask=mask), target | (rng.random(S) < 0.2)


def each_policy(problem, target):
    """Probability of reaching the target, and total until then (infinite if it may be missed), of each policy."""
    S, found = problem.S, []
    for plan in product(*(np.flatnonzero(row) for row in problem.available)):
        P, r = problem.P[np.arange(S), plan], problem.r[np.arange(S), plan]
        steps = np.eye(S, dtype=bool) | (~target[:, None] & np.asarray(P != 0, dtype=bool))
        for _ in range(S):
            steps = steps.astype(int) @ steps.astype(int) > 0
        hopes = steps[:, target].any(axis=1)
        misses = (steps & ~hopes).any(axis=1)
        p, total = objects(target.astype(int)), objects(np.zeros(S, dtype=int))
        for between, right, out in (
            (hopes & ~target, P[:, target].sum(axis=1), p),
            (~misses & ~target, r, total),
        ):
            k = np.flatnonzero(between)
            if len(k):
                out[k] = solve_linear(np.eye(len(k), dtype=int) - P[np.ix_(k, k)], right[k])
        total[misses] = INFINITY
        found.append((p, total))
    return [np.array(part) for part in zip(*found, strict=True)]


def test_no_deterministic_policy_does_better():
    """Both quantities, both ways, exactly on rationals and within the bounds on floats, dense and sparse."""
    for seed in SEEDS:
        problem, target = drawn(seed)
        rounded = problem.to_float()
        compact = replace(rounded, P=sp.csr_array(rounded.P.reshape(-1, problem.S)))
        for measured, values in zip(
            (reach_probability, expected_total_until), each_policy(problem, target), strict=True
        ):
            for best, truth in (("max", values.max(axis=0)), ("min", values.min(axis=0))):
                assert (measured(problem, target, best).lower == truth).all(), (seed, measured, best)
                for given in (rounded, compact):
                    bounds = measured(given, target, best)
                    assert bounds.contains(truth), (seed, measured, best)
                    assert bounds.width <= 1e-7 or (seed, bounds.width) == ()


def test_the_avoid_probability_is_one_minus_the_minimum():
    for seed in range(60):
        problem, target = drawn(seed)
        first = problem.P[np.arange(problem.S), problem.available.argmax(axis=1)]
        P = np.where(problem.available[..., None], problem.P, first[:, None])
        whole = replace(problem, mask=None, P=P)
        avoid = avoid_probability(SafetyProblem(target, P=whole.P))
        assert (avoid.lower == 1 - reach_probability(whole, target, "min").lower).all(), seed


@pytest.mark.parametrize("seed", range(40))
def test_a_linear_program_has_the_same_probabilities(seed):
    """min sum p over p >= P p, p = 1 in the target, p >= 0; by HiGHS."""
    rng = np.random.default_rng(seed)
    S, A = 8, 3
    weights = rng.integers(1, 4, (S, A, S)) * (rng.random((S, A, S)) < 0.3)
    np.put_along_axis(weights, rng.integers(0, S, (S, A, 1)), 1, axis=2)
    problem = MDP(
        objects(weights) / objects(weights.sum(axis=-1, keepdims=True)), objects(np.ones((S, A), int)), horizon=Total()
    )
    law = floats(problem.P).reshape(-1, S) - np.repeat(np.eye(S), A, axis=0)
    found = linprog(np.ones(S), law[A:], np.zeros((S - 1) * A), bounds=[(1, 1)] + [(0, 1)] * (S - 1), method="highs")
    np.testing.assert_allclose(reach_probability(problem, [0]).mid, found.x, atol=1e-8)
    assert reach_probability(problem.to_float(), [0]).contains(reach_probability(problem, [0]))


def test_the_coupon_collector_needs_n_harmonic_numbers():
    n = 6
    P = objects(np.zeros((n + 1, 1, n + 1), dtype=int))
    for k in range(n):
        P[k, 0, k], P[k, 0, k + 1] = objects([f"{k}/{n}", f"{n - k}/{n}"])
    P[n, 0, n] = objects(1)[()]
    collect = MDP(P, objects([[1]] * (n + 1)), horizon=Discounted("1/2"))
    truth = sum(objects(f"{n}/{k}")[()] for k in range(1, n + 1))
    for best in ("min", "max"):
        assert expected_total_until(collect, [n], best).lower[0] == truth
        assert expected_total_until(collect.to_float(), [n], best)[0].contains(truth)


def test_misuse():
    problem = MDP(objects([[[0, 1]], [[1, 0]]]), objects([[-1], [1]]), horizon=Total())
    for target, words in (
        ([], "empty|indices"),
        ([2], "indices from 0 to 1"),
        ([False, False], "is empty"),
        (["a"], "indices"),
    ):
        with pytest.raises(InvalidModel, match=words):
            reach_probability(problem, target)
    with pytest.raises(InvalidModel, match="best is 'most'; expected 'max' or 'min'"):
        reach_probability(problem, [0], "most")
    moving = MDP(objects([[[[0, 1]], [[1, 0]]]] * 2), objects([[0], [0]]), horizon=Finite(2))
    with pytest.raises(InvalidModel, match="P varies with time"):
        reach_probability(moving, [0])
    paid = MDP(objects([[[1, 0], [0, 1]], [[0, 1], [0, 1]]]), objects([[-1, 0], [0, 0]]), horizon=Total())
    with pytest.raises(NotSolved, match="the least total is minus infinity: in state 0 some policy has a negative"):
        expected_total_until(paid, [1])
