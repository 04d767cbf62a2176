"""Variances of returns against the law of the return, listed path by path, and a closed form."""

import numpy as np
import pytest

from mdpkit import MDP, Average, Discounted, Finite, TabularPolicy, measure, objects
from mdpkit.base.errors import InvalidModel


def drawn(seed, horizon):
    rng = np.random.default_rng(seed)
    S, A = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    weights = rng.integers(0, 3, (S, A, S))
    weights[:, :, 0] += weights.sum(axis=-1) == 0
    plays, start = rng.integers(0, 3, (S, A)), rng.integers(0, 3, S)
    plays[:, 0] += plays.sum(axis=1) == 0
    start[0] += start.sum() == 0
    law, pi, rho = (objects(x) / objects(x.sum(axis=-1, keepdims=True)) for x in (weights, plays, start))
    return MDP(law, objects(rng.integers(-2, 3, (S, A))), rho, horizon=horizon), TabularPolicy(pi)


def law_of_the_return(problem, policy):
    """Probabilities of returns, over all paths."""
    ends = {(s, objects(0)[()]): p for s, p in enumerate(problem.rho) if p != 0}
    for _ in range(problem.horizon.H):
        after = {}
        for (s, total), p in ends.items():
            for a in np.flatnonzero(policy.table[s]).tolist():
                for n in np.flatnonzero(problem.P[s, a]).tolist():
                    key = n, total + problem.r[s, a]
                    after[key] = after.get(key, 0) + p * policy.table[s, a] * problem.P[s, a, n]
        ends = after
    return [(total, p) for (_, total), p in ends.items()]


@pytest.mark.parametrize("seed", range(60))
def test_the_variance_is_that_of_the_listed_returns(seed):
    problem, policy = drawn(seed, Finite(3))
    returns = law_of_the_return(problem, policy)
    mean = sum(p * x for x, p in returns)
    truth = sum(p * (x - mean) ** 2 for x, p in returns)
    assert measure.return_variance(problem, policy).lower[()] == truth
    assert measure.return_variance(problem.to_float(), policy.to_float()).contains(truth)
    steps = measure.step_variance(problem, policy)
    assert steps.shape == (3, problem.S)
    assert measure.step_variance(problem.to_float(), policy.to_float()).contains(steps)


@pytest.mark.parametrize("seed", range(30))
def test_the_discounted_variance_is_enclosed_on_floats(seed):
    problem, policy = drawn(seed, Discounted("9/10"))
    exact = measure.return_variance(problem, policy)
    rounded = measure.return_variance(problem.to_float(), policy.to_float())
    assert rounded.contains(exact)
    assert rounded.width < 1e-6


def test_a_fair_coin_at_every_step_has_a_geometric_variance():
    coin = MDP(objects([[[1], [1]]]), objects([[0, 1]]), horizon=Discounted("1/2"))
    assert measure.return_variance(coin, TabularPolicy(objects([["1/2", "1/2"]]))).lower[()] == objects("1/3")[()]


def test_other_horizons_are_refused():
    problem, policy = drawn(0, Average())
    for measured in (measure.return_variance, measure.step_variance):
        with pytest.raises(InvalidModel, match=r"expected Finite\(H\) or Discounted\(gamma\)"):
            measured(problem, policy)
