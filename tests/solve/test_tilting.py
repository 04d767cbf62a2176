"""The optimal policy of a preference problem: exact, enclosed, and against every other policy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdpkit import measure, solve
from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.model import PreferenceProblem
from mdpkit.solve import Status, tilt
from mdpkit.strategies import policies, preferences


@given(preferences(), st.data())
def test_no_policy_is_worth_more(problem, data):
    answer = solve(problem)
    assert answer.value.exact
    assert measure.value(problem, answer.policy) == answer.value
    assert measure.value(problem, data.draw(policies(problem))) <= answer.value


@given(preferences())
def test_float_and_reward_forms_enclose_the_exact_value(problem):
    exact, near = solve(problem), problem.to_float()
    about = solve(near)
    assert about.value.how == "float"
    assert about.value.contains(exact.value)
    assert not (measure.value(near, about.policy) == about.value).any_no()
    whole = objects(np.rint(problem.weights.astype(float)).astype(int))
    reward = PreferenceProblem(problem.reference, reward=whole, rho=problem.rho, beta=problem.beta)
    found = solve(reward)
    assert (found.status, found.value.how) == (Status.SOLVED, "enclosed")
    assert found.policy.exact
    own = measure.value(reward, found.policy)
    assert own.exact
    assert found.value.contains(own)
    assert found.value.width < 1e-12


def test_what_has_no_closed_form_is_refused():
    told = PreferenceProblem(objects([["1/2", "1/2"]]), win=objects([[["1/2", "1/3"], ["2/3", "1/2"]]]))
    with pytest.raises(TypeError, match="given by `win`"):
        solve(told)
    with pytest.raises(InvalidModel, match="no weights"):
        tilt(PreferenceProblem([[0.5, 0.5]], reward=[[0, 1]]))
    answer = solve(PreferenceProblem([[0.5, 0.5]], reward=[[0, 1]]), tol=1e-40, throw=False)
    assert answer.status is Status.FLOOR_REACHED
