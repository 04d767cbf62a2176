"""Soft dynamic programming over prefixes: exact, enclosed and rounded, against every other policy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdpkit import TokenProblem, measure, objects, solve
from mdpkit.solve import Status, TokenPlanning
from mdpkit.strategies import policies, tokens


@given(tokens(merged=True), st.data())
def test_no_policy_is_worth_more(problem, data):
    answer = solve(problem)
    assert answer.value.exact
    assert measure.value(problem, answer.policy) == answer.value[0]
    assert measure.value(problem, data.draw(policies(problem))) <= answer.value[0]


@given(tokens(merged=True))
def test_float_and_reward_forms_enclose_the_exact_value(problem):
    exact, near = solve(problem), problem.to_float()
    about = solve(near)
    assert about.value.how == "float"
    assert about.value.contains(exact.value)
    assert not (measure.value(near, about.policy)[None] == about.value[:1]).any_no()
    np.testing.assert_allclose(about.policy.table, exact.policy.to_float().table, atol=1e-12)
    reward = TokenProblem(problem.next, problem.reference, reward=problem.weights, beta=problem.beta)
    found = solve(reward)
    assert (found.status, found.value.how) == (Status.SOLVED, "enclosed")
    assert found.policy.exact
    own = measure.value(reward, found.policy)
    assert own.exact
    assert found.value[0].contains(own)
    assert found.value.width < 1e-11
    assert not (solve(reward.to_float()).value == found.value).any_no()


def test_a_narrower_answer_than_float64_holds_is_not_promised():
    problem = TokenProblem([[1, 2], [2, 2]], [[0.5, 0.5]] * 2, reward=[[0, 1], [1, 0]])
    assert solve(problem, tol=1e-40, throw=False).status is Status.FLOOR_REACHED
    huge = TokenProblem([[1, 2], [2, 2]], [[0.5, 0.5]] * 2, reward=[[1e308, 0], [1e308, 0]])
    assert solve(huge, throw=False).status is Status.NONFINITE


def test_rare_tokens_underflow_without_harm():
    problem = TokenProblem([[1, 1]], objects([["1/2", "1/2"]]), reward=objects([[0, -2000]]))
    answer = TokenPlanning().run(problem)
    assert answer.policy.table.tolist() == [[1, 0]]
    assert answer.value.width < 1e-12
    assert answer.value[0].mid == pytest.approx(np.log(0.5))
