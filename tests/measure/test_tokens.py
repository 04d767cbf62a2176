"""Measures of token problems: against other rewards, brute force over responses, and wrong shapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdpkit import TabularPolicy, TokenProblem, measure, objects, solve
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import named
from mdpkit.measure._logs import exponentiate
from mdpkit.model import response_policy
from mdpkit.strategies import policies, tokens


@given(tokens(merged=True))
def test_a_reward_of_ones_own_replaces_that_of_the_problem(problem):
    reward = measure.token_reward(problem)
    assert (measure.soft_value(problem, reward) == measure.soft_value(problem)).all_yes()
    assert (measure.soft_policy(problem, reward) == solve(problem).policy.table).all_yes()
    double = measure.soft_value(problem, reward * 2)
    squared = TokenProblem(problem.next, problem.reference, weights=problem.weights**2, beta=problem.beta)
    assert (double == measure.soft_value(squared)).all_yes()
    third = measure.soft_value(problem, reward / 3)  # enclosed unless all third roots are rational
    assert third.how in ("exact", "enclosed")
    near = problem.to_float()
    assert not (measure.soft_value(near, measure.token_reward(near) / 3) == third).any_no()


@given(tokens(merged=True))
def test_soft_maxima_of_soft_action_values_are_soft_values(problem):
    Q = measure.soft_action_value(problem)
    assert (measure.soft_maximum(problem, Q) == measure.soft_value(problem)).all_yes()
    assert (measure.inverse_soft_reward(problem, Q) == measure.token_reward(problem)).all_yes()


@given(tokens(merged=True), st.data())
def test_sums_over_tokens_are_sums_over_responses(problem, data):
    policy = data.draw(policies(problem))
    law, over = response_policy(problem, policy).table[0], problem.problem()
    returns = measure.response_sums(problem, measure.token_reward(problem))
    mean = (measure.token_visits(problem, policy) * measure.token_reward(problem)).sum()
    assert mean == (returns * law).sum()
    assert mean == measure.expected_reward(over, TabularPolicy(law[None]))
    assert measure.token_value(problem, policy) == measure.value(over, TabularPolicy(law[None]))


@given(tokens())
def test_path_sums_end_with_the_sums_over_responses(problem):
    r = measure.token_reward(problem)
    along, total = measure.path_sums(problem, r), measure.response_sums(problem, r)
    for y, path in enumerate(problem.responses):
        assert along[path[-1]] == total[y]


def test_implicit_rewards_are_infinite_or_zero_where_probabilities_vanish():
    problem = TokenProblem([[1, 1, -1]], objects([["1/2", "1/2", 0]]), weights=objects([[1, 3, 1]]))
    found = measure.implicit_reward(problem, TabularPolicy(objects([[1, 0, 0]]))).mid
    assert found.tolist() == [[np.log(2), -np.inf, 0]]


def test_wrong_shapes_are_named():
    problem = named("bad_token", H=2).problem
    with pytest.raises(InvalidModel, match=r"potential has shape \(4,\); expected \(3,\)"):
        measure.shaped_token_reward(problem, objects([0] * 4))
    with pytest.raises(InvalidModel, match=r"ends has shape \(3,\); expected \(3, 2\)"):
        measure.shaped_token_reward(problem, objects([0] * 3), objects([0] * 3))


def test_exponentials_of_logarithms_are_exact():
    logs = measure.logarithm(objects([2, "1/3"]))
    assert exponentiate(logs).lower.tolist() == objects([2, "1/3"]).tolist()
    assert exponentiate(logs * 3 - logs).lower.tolist() == objects([4, "1/9"]).tolist()
    assert exponentiate(logs / 2).how == "enclosed"
