"""Squared losses from moments: against the sum over all pairs, and the learners that use them."""

import numpy as np
import pytest

from mdpkit import PreferenceProblem, TabularPolicy, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.learn import REBEL, BradleyTerry, FinitePolicies, LogLinear, fit, grant
from mdpkit.learn.preference._pairs import regression
from mdpkit.learn.preference.classes import AllPolicies
from mdpkit.learn.preference.squares import PairSquares

X, Y = 3, 4
BASE = np.full((X, Y), 1 / Y)


def draw(seed, same):
    rng = np.random.default_rng(seed)
    first, second = rng.dirichlet(np.ones(Y), X), rng.dirichlet(np.ones(Y), X)
    if seed % 2:
        first[0], second[1] = [0.5, 0.5, 0, 0], [0, 1, 0, 0]
    target = rng.normal(size=(X, Y))
    return PairSquares(rng.dirichlet(np.ones(X)), first, first if same else second, target, 0.7), rng.normal(
        size=(X, Y)
    )


def listed(loss):
    """The same loss as a sum over listed pairs."""
    law = loss.rho[:, None, None] * loss.first[:, :, None] * loss.second[:, None, :] * (1 - np.eye(Y))
    x, y, z = np.nonzero(law)
    return regression(x, y, z, law[x, y, z], loss.target[x, y] - loss.target[x, z], loss.eta)


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_moments_give_the_sum_over_all_pairs(seed, same):
    loss, h = draw(seed, same)
    pairs = listed(loss)
    assert np.isclose(loss.value(h), pairs.value(h))
    assert np.allclose(loss.gradient(h), pairs.gradient(h))
    features = np.random.default_rng(seed).normal(size=(X, Y, 3))
    features[..., 2] = features[..., 0]
    for policies in (AllPolicies(), LogLinear(features)):
        found, slow = (policies.minimise(each, BASE, ridge=0.0, tol=1e-9) for each in (loss, pairs))
        assert np.allclose(found, slow, atol=1e-7)
    ridged = (LogLinear(features).minimise(each, BASE, ridge=0.3, tol=1e-9) for each in (loss, pairs))
    assert np.allclose(*ridged)


def test_finite_classes_and_infinite_log_ratios():
    loss, _ = draw(1, same=False)
    tables = np.stack([np.full((X, Y), 1 / Y), np.random.default_rng(5).dirichlet(np.ones(Y), X)])
    found, slow = (FinitePolicies(tables).minimise(each, BASE, ridge=0.0, tol=1e-9) for each in (loss, listed(loss)))
    assert (found == slow).all()
    h = np.zeros((X, Y))
    h[0, 2] = -np.inf
    assert loss.value(h) == np.inf
    alone = PairSquares(np.ones(1), np.eye(2)[:1], np.eye(2)[:1], np.array([[0.0, 3.0]]), 1.0)
    assert alone.value(np.array([[1.0, -np.inf]])) == 0
    assert (alone.minimise_over_all() == 0).all()


def test_a_ridge_over_all_policies_is_refused():
    with pytest.raises(InvalidModel, match="ridge is 1; expected 0"):
        AllPolicies().minimise(draw(0, True)[0], BASE, ridge=1, tol=1e-9)


cycle = PreferenceProblem(
    objects([["1/3", "1/3", "1/3"], ["1/5", "2/5", "2/5"]]),
    win=objects([[["1/2", "4/5", "2/5"], ["1/5", "1/2", "19/20"], ["3/5", "1/20", "1/2"]]] * 2),
)


def test_self_play_is_exponential_weights_over_all_policies():
    trace = fit(REBEL(rounds=4, eta="1/2", self_play=True), grant(cycle, preferences="exact"), rng=None).trace
    P, table = 2 * cycle.win.astype(float) - 1, cycle.reference.astype(float)
    for policy in trace["policy"]:
        assert np.allclose(policy.table, table)
        table = table * np.exp(np.einsum("xyz,xz->xy", P, table) / 2)
        table = table / table.sum(axis=-1, keepdims=True)


def test_sampled_self_play_counts_its_comparisons_and_nears_the_winner():
    access = grant(cycle, preferences=2000 * 6, rng=np.random.default_rng(0))
    learner = REBEL(rounds=2000, eta="1/20", self_play=True, keep=False)
    answer = fit(learner, access, rng=np.random.default_rng(1))
    assert answer.used.comparisons == 2000 * 6
    assert abs(answer.policy.table - np.array([9, 2, 6]) / 17).max() < 0.15
    assert "policy" not in answer.trace


def test_the_base_may_be_the_law_of_offline_data():
    """One parameter, features (0, 1, 3) and rewards (0, -1, 3): offline data show that the third response pays."""
    problem = PreferenceProblem([[0.495, 0.495, 0.01]], reward=[[0.0, -1.0, 3.0]])
    features, even = LogLinear([[[0.0], [1.0], [3.0]]]), TabularPolicy(np.full((1, 3), 1 / 3))
    access = grant(problem, rewards=True)
    found = {
        name: fit(REBEL(features, 20, base=base), access, rng=None).trace["policy"][-1].table[0]
        for name, base in (("policy", "policy"), ("offline", even))
    }
    assert found["offline"][2] > 0.99
    assert found["policy"][0] > 0.99


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: REBEL(model=BradleyTerry(), self_play=True), "expected no reward model"),
        (
            lambda: fit(REBEL(base=TabularPolicy([[1.0]])), grant(draw_rewards(), rewards=True), rng=None),
            r"base has a table of shape \(1, 1\); expected \(1, 2\)",
        ),
    ],
)
def test_bad_settings_are_refused(build, words):
    with pytest.raises(InvalidModel, match=words):
        build()


def draw_rewards():
    return PreferenceProblem([[0.5, 0.5]], reward=[[0.0, 1.0]])
