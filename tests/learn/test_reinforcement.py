"""Searches over action sequences and Q-learning, against enumeration."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mdpkit import MDP, Discounted, Finite, LinearMDP, TabularPolicy, measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances.library.imitation.tree import leaf_reward, path_to_leaf, policy_to_leaf, tree_mdp
from mdpkit.learn import LSVI, ForwardSearch, OpenLoopSearch, QLearning, fit, grant
from mdpkit.solve import least_squares_value_iteration


def learn(learner, problem, seed=0):
    access = grant(problem, episodes=10_000, rewards=True, rng=np.random.default_rng(1))
    return fit(learner, access, rng=np.random.default_rng(seed))


def paying(leaf, A=2, H=3, **options):
    return tree_mdp(A, H, leaf_reward(leaf, A, H, **options))


@pytest.mark.parametrize(("A", "H"), [(2, 3), (3, 2)])
def test_open_loop_search_finds_one_leaf_more_than_it_has_episodes(A, H):
    """Over all leaves m episodes find m + 1 of them, for every m below the number of leaves."""
    for episodes in range(A**H):
        found = [learn(OpenLoopSearch(episodes), paying(leaf, A, H)) for leaf in range(A**H)]
        returns = [measure.value(paying(leaf, A, H), each.policy).lower[()] for leaf, each in enumerate(found)]
        assert sum(returns) == episodes + 1
        assert [each.used.episodes for each in found] == [min(leaf + 1, episodes) for leaf in range(A**H)]


def test_open_loop_search_ends_at_the_first_sequence_where_nothing_pays():
    answer = learn(OpenLoopSearch(20), tree_mdp(2, 3))
    assert (answer.policy.table[..., 0] == 1).all()
    assert (answer.used.episodes, answer.trace["return"].tolist()) == (8, [0] * 8)


@pytest.mark.parametrize("leaf", range(8))
def test_forward_search_follows_a_path_that_pays_at_every_step(leaf):
    problem = paying(leaf, shaped=True)
    answer = learn(ForwardSearch(), problem)
    assert measure.value(problem, answer.policy) == 1 == measure.value(problem, policy_to_leaf(leaf, 2, 3))
    assert answer.used.episodes == 6
    digits = np.array([action for _, action in path_to_leaf(leaf, 2, 3)])
    kept = [[*digits[: t + 1], 0, 0][:3] for t in range(3)]
    assert answer.trace["return"] == pytest.approx([np.cumprod(digits == each).sum() / 3 for each in kept])


def test_forward_search_misses_a_leaf_that_pays_at_the_end():
    assert measure.value(paying(7), learn(ForwardSearch(), paying(7)).policy) == 0


@pytest.mark.parametrize("seed", range(5))
def test_optimistic_q_learning_is_optimal_on_deterministic_problems(seed):
    rng = np.random.default_rng(seed)
    P = np.eye(3, dtype=int)[rng.integers(0, 3, (3, 2))]
    problem = MDP(objects(P), objects(rng.integers(0, 5, (3, 2))), objects([1, 0, 0]), horizon=Finite(4))
    answer = learn(QLearning(500, exploration=0, initial=20), problem)
    plays = (
        measure.value(
            problem, TabularPolicy(objects(np.eye(2, dtype=int)[np.repeat(np.array(way)[:, None], 3, axis=1)]))
        )
        for way in product(range(2), repeat=4)
    )
    assert measure.value(problem, answer.policy).lower[()] == max(each.lower[()] for each in plays)
    assert answer.used.steps == 500 * 4


def test_q_learning_never_plays_a_missing_action():
    mask = np.array([[True, True], [False, True], [True, True]])
    problem = MDP(np.full((3, 2, 3), 1 / 3), np.ones((3, 2)), horizon=Finite(3), mask=mask)
    answer = learn(QLearning(50, exploration=1, initial=5), problem)
    assert (answer.policy.table[:, 1, 0] == 0).all()
    assert (answer.trace["return"] == 3).all()


@pytest.mark.parametrize("pooled", [False, True])
def test_least_squares_from_episodes_approach_the_fit_with_the_model(pooled):
    """Two laws of the next state, mixed by the features: the values of 3 states and 4 actions have 2 coefficients."""
    shares = np.linspace(0, 1, 12).reshape(3, 4)
    model = LinearMDP(
        np.stack([shares, 1 - shares], axis=-1), [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]], [0, 1], horizon=Finite(3)
    )
    known = least_squares_value_iteration(model.tabular(), model.features)
    answer = learn(LSVI(model.features, 4000, pooled=pooled), model.tabular())
    assert abs(np.array(answer.trace["w"].tolist()) - known.w).max() < 0.1
    assert (answer.policy.table == known.policy.table).all()
    explored = learn(LSVI(model.features, 4000, explorer=known.policy, ridge=1), model.tabular())
    assert abs(np.array(explored.trace["w"].tolist()) - known.w).max() > 0.1  # a ridge and one action a state


@pytest.mark.parametrize("learner", [OpenLoopSearch(1), ForwardSearch(), QLearning(1), LSVI([[[1]]], 1)])
def test_a_finite_horizon_is_needed(learner):
    with pytest.raises(InvalidModel, match="finite horizon"):
        learn(learner, replace(tree_mdp(2, 2), horizon=Discounted("1/2")))


@pytest.mark.parametrize("learner", [OpenLoopSearch(1), ForwardSearch()])
def test_a_search_over_sequences_needs_every_action(learner):
    with pytest.raises(InvalidModel, match="every action in every state"):
        learn(learner, MDP([[[1.0], [1.0]]], [[0.0, 0.0]], horizon=Finite(2), mask=np.array([[True, False]])))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: OpenLoopSearch(-1), "episodes is -1; expected an integer of at least 0"),
        (lambda: QLearning(0), "episodes is 0; expected an integer of at least 1"),
        (lambda: QLearning(1, exploration=2), "exploration is 2; expected a probability"),
        (lambda: QLearning(1, rate=0), r"rate is 0; expected a number in \(0, 1\]"),
        (lambda: LSVI([[[1]]], 0), "episodes is 0; expected an integer of at least 1"),
        (
            lambda: learn(LSVI([[1, 0]], 1), tree_mdp(2, 2)),
            r"features have shape \(1, 2\); expected features\[s,a,k\], ",
        ),
    ],
)
def test_settings_are_checked(make, words):
    with pytest.raises(InvalidModel, match=words):
        make()
