"""REFUEL: against policy iteration, and the covariate shift of collected histories."""

import numpy as np
import pytest

from mdpkit import MDP, Discounted, Finite, TabularPolicy, measure
from mdpkit.base.errors import InvalidModel
from mdpkit.learn import REFUEL, LogLinear, fit, grant


def rng(seed=0):
    return np.random.default_rng(seed)


def draw(seed, H=3, S=3, A=2):
    random = rng(seed)
    return MDP(
        random.dirichlet(np.ones(S), (H, S, A)),
        random.random((H, S, A)),
        random.dirichlet(np.ones(S)),
        horizon=Finite(H),
    )


def exactly(problem, **options):
    return grant(problem, episodes="exact", **options)


def two_turns():
    """Turn 1 chooses A (action 0) or B (action 1); the best answer in A is worth .3, in B 1."""
    P = np.zeros((3, 2, 3))
    P[0, 0, 1] = P[0, 1, 2] = P[1, :, 1] = P[2, :, 2] = 1
    r = np.zeros((2, 3, 2))
    r[1, 1], r[1, 2] = [0.3, 0.0], [0.0, 1.0]
    return MDP(P, r, [1.0, 0, 0], horizon=Finite(2))


@pytest.mark.parametrize("seed", range(3))
def test_over_all_policies_a_round_is_a_step_of_soft_policy_iteration(seed):
    problem = draw(seed)
    learner = REFUEL(rounds=3, eta="1/2", pairs=None, reward=problem.r)
    trace = fit(learner, exactly(problem), rng=None).trace
    table = np.full((3, 3, 2), 0.5)
    for policy in trace["policy"]:
        assert abs(policy.table - table).max() < 1e-9
        Q = measure.action_value(problem, TabularPolicy(table)).mid
        table = table * np.exp(Q / 2)
        table = table / table.sum(axis=-1, keepdims=True)
    assert trace["error"].max() < 1e-12


def test_a_shared_parameter_follows_the_natural_gradient():
    problem, features = draw(5), rng(1).normal(size=(3, 2, 2))
    learner = REFUEL(LogLinear(features), 2, pairs=None, reward=problem.r)
    first, second = fit(learner, exactly(problem), rng=None).trace["policy"]
    d = measure.occupancy(problem, first).mid
    Q = measure.action_value(problem, first).mid
    centred = features - 0.5 * features.sum(axis=1, keepdims=True)
    fisher = np.einsum("tsa,sak,sal->kl", d, centred, centred)
    step = np.linalg.pinv(fisher) @ np.einsum("tsa,sak,tsa->k", d, centred, Q)
    expected = np.exp(features @ step)
    assert abs(second.table - expected / expected.sum(axis=-1, keepdims=True)).max() < 1e-8


def test_samples_estimate_the_step_without_bias():
    """The mean over many pairs of the sampled targets is the difference of action values."""
    problem = draw(2, H=2, S=2)
    learner = REFUEL(rounds=2, pairs=20_000)
    access = grant(problem, episodes=40_000, resets=80_000, rewards=True, rng=rng(3))
    sampled = fit(learner, access, rng=rng(4))
    known = fit(REFUEL(rounds=2, pairs=None, reward=problem.r), exactly(problem), rng=None)
    assert abs(sampled.trace["policy"][1].table - known.trace["policy"][1].table).max() < 0.03
    assert (sampled.used.episodes, sampled.used.resets) == (40_000, 80_000)


def test_it_reaches_the_optimum_where_training_on_the_last_turn_alone_does_not():
    """Golden: .3 + .7 q if the first turn is left at the reference, of share q = .1 on B, and 1 for REFUEL."""
    problem, q = two_turns(), 0.1
    reference = TabularPolicy([[[1 - q, q]] + [[0.5, 0.5]] * 2] * 2)
    learner = REFUEL(rounds=60, eta=20, pairs=None, reward=problem.r, reference=reference)
    last = fit(learner, exactly(problem), rng=None).trace["policy"][-1]
    assert measure.value(problem, last).mid > 0.999
    frozen = last.table.copy()
    frozen[0] = reference.table[0]
    assert abs(measure.value(problem, TabularPolicy(frozen)).mid - (0.3 + 0.7 * q)) < 1e-5


def test_histories_of_a_reference_that_misses_a_state_teach_nothing_there():
    problem = two_turns()
    reference = TabularPolicy([[[1.0, 0.0]] + [[0.5, 0.5]] * 2] * 2)
    learner = REFUEL(rounds=30, eta=20, pairs=None, reward=problem.r, reference=reference, histories="reference")
    last = fit(learner, exactly(problem), rng=None).trace["policy"][-1]
    assert abs(measure.value(problem, last).mid - 0.3) < 1e-6
    assert np.allclose(last.table[1, 2], 0.5)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: REFUEL(pairs=None), "give reward=, or pairs="),
        (lambda: REFUEL(histories="expert"), "histories is 'expert'; expected one of policy, reference"),
        (
            lambda: fit(REFUEL(pairs=None, reward=np.zeros((2, 2))), exactly(two_turns()), rng=None),
            r"reward has shape \(1, 2, 2\); expected \(3, 2\) or \(2, 3, 2\)",
        ),
        (
            lambda: fit(
                REFUEL(pairs=None, reward=np.zeros((1, 1))),
                exactly(MDP([[[1.0]]], [[1.0]], horizon=Discounted(0.5))),
                rng=None,
            ),
            "REFUEL needs a finite horizon",
        ),
    ],
)
def test_bad_settings_are_refused(build, words):
    with pytest.raises(InvalidModel, match=words):
        build()
