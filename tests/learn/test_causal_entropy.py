"""Maximum causal entropy: the dual, its gradient, the features matched, and what trajectory entropy misses."""

import numpy as np
import pytest

from mdpkit import MDP, Discounted, Finite, Meter, TabularPolicy, fit, grant, measure, objects
from mdpkit.base.errors import NotSolved
from mdpkit.learn import MaxCausalEntropy
from mdpkit.learn.imitation.causal_entropy import Dual


def access(problem, expert):
    return grant(problem, expert=expert, demonstrations="exact", episodes="exact")


def features_of(visits, features):
    return np.array([(visits * f).sum() for f in features])


def given(make, seed, discounted=False, masked=False, K=2, S=4, H=4):
    problem, expert = make.drawn(seed, H=H, S=S, A=3, discounted=discounted, masked=masked)
    return problem, expert, objects(np.random.default_rng(seed + 50).integers(-3, 4, (K, S, 3))) / 3


def causal_entropy(problem, policy):
    """Sum of weighted H(pi(.|s)) in nats, for floats."""
    d = measure.occupancy(problem, policy).mid
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.where(d > 0, d * np.log(np.broadcast_to(policy.table, d.shape)), 0).sum()


@pytest.mark.parametrize("discounted", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_the_gradient_of_the_dual_is_the_feature_gap(make, discounted, masked):
    problem, expert, features = given(make, 3, discounted, masked)
    dual, theta, h = Dual(access(problem, expert), features), np.array([0.4, -0.8]), 1e-5
    met = dual.at(theta)
    slopes = [(dual.at(theta + h * e).loss - dual.at(theta - h * e).loss) / (2 * h) for e in np.eye(2)]
    assert np.abs(met.gradient - slopes).max() < 1e-8
    visits = measure.occupancy(problem.to_float(), met.policy).mid - measure.occupancy(problem, expert).mid
    assert np.abs(met.gradient - features_of(visits, features.astype(float))).max() < 1e-12
    assert met.feature_gap.lower <= np.abs(met.gradient).max() <= met.feature_gap.upper
    # the dual's value is the value of its policy and the policy's causal entropy: no other policy has more
    reward = np.tensordot(theta, features.astype(float), axes=1)
    told = MDP(
        problem.to_float().P, reward, problem.to_float().rho, horizon=problem.to_float().horizon, mask=problem.mask
    )

    def worth(policy):
        return measure.value(told, policy).mid + causal_entropy(told, policy)

    shown = features_of(measure.occupancy(problem, expert).mid, features.astype(float))
    assert met.loss == pytest.approx(worth(met.policy) - theta @ shown, abs=1e-9)
    assert worth(expert.to_float()) < worth(met.policy)


@pytest.mark.parametrize("discounted", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_answer_has_the_experts_features_and_the_highest_entropy(make, seed, discounted):
    problem, expert, features = given(make, seed, discounted, masked=seed == 2)
    answer = fit(MaxCausalEntropy(features), access(problem, expert), rng=None)
    assert (answer.trace["feature_gap"][-1] <= 1e-6).all_yes()
    apart = measure.occupancy(problem.to_float(), answer.policy).mid - measure.occupancy(problem, expert).mid
    assert np.abs(features_of(apart, features.astype(float))).max() <= 1e-6
    assert (np.diff(answer.trace["loss"]) <= 1e-9).all()
    assert answer.used.model_calls >= len(answer.trace["loss"])
    assert answer.used == Meter(demonstrations=answer.used.demonstrations, model_calls=answer.used.model_calls)
    assert (
        causal_entropy(problem.to_float(), answer.policy)
        >= causal_entropy(problem.to_float(), expert.to_float()) - 1e-5
    )


def test_with_every_indicator_as_a_feature_it_is_the_expert(make):
    problem, expert = make.drawn(1, H=3, S=3, A=2)
    full = TabularPolicy(expert.table / 2 + objects("1/4")[()])
    entries = np.eye(18).reshape(18, 3, 3, 2)
    answer = fit(MaxCausalEntropy(entries, tolerance=1e-8), access(problem, full), rng=None)
    apart = measure.occupancy(problem.to_float(), answer.policy).mid - measure.occupancy(problem, full).mid
    assert np.abs(apart).max() < 1e-8


def trajectory_entropy(problem, features, shown):
    """Ziebart's first model, in which transitions are chosen like actions: policy ~ e^r sum_n P e^V, tilted P.

    Returns: the features under the true P and under the tilted one.
    """
    from scipy.optimize import minimize

    H = problem.horizon.H

    def models(theta):
        reward, V, steps = np.tensordot(theta, features, axes=1), np.zeros(problem.S), []
        for t in range(H - 1, -1, -1):
            paths = np.exp(reward)[:, :, None] * problem.P[t] * np.exp(V)
            total = paths.sum(axis=(1, 2))
            steps.insert(0, (paths.sum(axis=2) / total[:, None], paths / total[:, None, None]))
            V = np.log(total)
        true, tilted, start = (
            np.zeros((H, problem.S, problem.A)),
            np.zeros((H, problem.S, problem.A)),
            np.exp(V) * problem.rho,
        )
        law, own = problem.rho, start / start.sum()
        for t, (policy, joint) in enumerate(steps):
            true[t], tilted[t] = law[:, None] * policy, own[:, None] * joint.sum(axis=2)
            law, own = np.einsum("sa,san->n", true[t], problem.P[t]), np.einsum("s,san->n", own, joint)
        return np.log(start.sum()) - theta @ shown, features_of(true, features), features_of(tilted, features)

    def objective(theta):
        loss, _, tilted = models(theta)
        return loss, tilted - shown

    theta = minimize(objective, np.zeros(len(features)), jac=True, method="L-BFGS-B", options=dict(gtol=1e-9, ftol=0)).x
    return models(theta)[1:]


@pytest.mark.parametrize("stochastic", [True, False])
def test_trajectory_entropy_misses_the_features_where_transitions_are_random(make, stochastic):
    """imitation.md 7: misses by .19, .27, .02 on three draws, its tilted model by 0; MCE by 0; equal without noise."""
    missed = []
    for seed in range(3):
        problem, expert, features = given(make, seed)
        if not stochastic:
            likely = problem.P.astype(float).argmax(axis=-1)
            problem = MDP(
                objects(np.eye(problem.S, dtype=int)[likely]), problem.r, objects([1, 0, 0, 0]), horizon=problem.horizon
            )
        shown = features_of(measure.occupancy(problem, expert).mid, features.astype(float))
        true, own = trajectory_entropy(problem.to_float(), features.astype(float), shown)
        assert np.abs(own - shown).max() < 1e-6
        missed.append(np.abs(true - shown).max())
        matched = fit(MaxCausalEntropy(features), access(problem, expert), rng=None).policy
        assert (
            np.abs(
                features_of(measure.occupancy(problem.to_float(), matched).mid, features.astype(float)) - shown
            ).max()
            <= 1e-6
        )
    assert min(missed) > 0.01 if stochastic else max(missed) < 1e-6


def test_a_sample_whose_features_no_policy_has_needs_a_ridge(make):
    problem, expert, _ = given(make, 0)
    sample = grant(problem, expert=expert, demonstrations=3, episodes="exact", rng=np.random.default_rng(0))
    entries = np.eye(12).reshape(12, 4, 3)
    with pytest.raises(NotSolved, match=r"the gradient is .* expected at most 1.0e-06. Possibly no policy matches"):
        fit(MaxCausalEntropy(entries, rounds=30), sample, rng=None)
    answer = fit(MaxCausalEntropy(entries, ridge=0.1), sample, rng=None)
    missed = np.abs(0.1 * answer.trace["theta"][-1]).max()
    assert answer.trace["feature_gap"][-1].mid == pytest.approx(missed, abs=2e-6)


def test_discounted_and_finite_agree_where_the_discount_cuts_at_once():
    bandit = dict(P=objects([[[1]] * 3]), r=objects([[0, 0, 0]]))
    expert, features = TabularPolicy(objects([["1/2", "1/3", "1/6"]])), objects([[[1, 0, 0]], [[0, 1, 0]]])
    for horizon in (Finite(1), Discounted(0)):
        answer = fit(
            MaxCausalEntropy(features, tolerance=1e-9), access(MDP(**bandit, horizon=horizon), expert), rng=None
        )
        assert np.abs(answer.policy.table.reshape(3) - [1 / 2, 1 / 3, 1 / 6]).max() < 1e-8
        assert np.abs(answer.trace["theta"][-1] - np.log([3, 2])).max() < 1e-7
