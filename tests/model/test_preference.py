"""Preference problems: what is admitted, what is refused and in which words, and both number kinds."""

from fractions import Fraction

import numpy as np
import pytest

from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import decode, encode
from mdpkit.model import PreferenceProblem, TabularPolicy
from mdpkit.model.preference import response_table

HALF = [[0.5, 0.5]]
BAD = [
    (dict(), "preferences are given by nothing"),
    (dict(reward=[[1, 2]], weights=[[1, 2]]), "given by reward and weights"),
    (dict(reward=[[1, 2, 3]]), r"reward has shape \(1, 3\); expected \(1, 2\)"),
    (dict(reward=[1, 2]), r"expected reward\[x,y\]"),
    (dict(reward=[[1, np.inf]]), "every entry must be finite"),
    (dict(weights=[[0, 1]]), r"weights\[0, 0\] is 0.0; a weight"),
    (dict(weights=[[1, -1]]), r"weights\[0, 1\] is -1.0; a weight"),
    (dict(win=[[[0.5, 0.6], [0.5, 0.5]]]), r"win\[0, 0, 1\] is 0.6; win\[x,y,z\] \+ win\[x,z,y\] is 1"),
    (dict(win=[[[0.5, 1.6], [-0.6, 0.5]]]), "a probability lies in"),
    (dict(reward=[[1, 2]], rho=[0.5, 0.5]), r"rho has shape \(2,\)"),
    (dict(reward=[[1, 2]], data=[[1, 1]]), r"data\[0\] sums to 2"),
    (dict(reward=[[1, 2]], beta=0), "beta is 0.0; expected a number above 0"),
    (dict(reward=[[1, 2]], beta=np.nan), "beta is nan"),
    (dict(reward=[[1, 2]], beta=np.inf), "beta is inf"),
    (dict(reward=[[1, 2]], beta="much"), "beta is 'much'"),
]


@pytest.mark.parametrize(("fields", "words"), BAD)
def test_what_is_no_preference_problem_is_refused(fields, words):
    with pytest.raises(InvalidModel, match=words):
        PreferenceProblem(HALF, **fields)


def test_kinds_are_not_mixed():
    with pytest.raises(InvalidModel, match="floats while the rest is rational"):
        PreferenceProblem(objects([["1/2", "1/2"]]), reward=[[0.5, 1.5]])
    with pytest.raises(InvalidModel, match=r"beta=0\.5 is a float"):
        PreferenceProblem(objects([["1/2", "1/2"]]), reward=[[0, 1]], beta=0.5)
    problem = PreferenceProblem(objects([["1/2", "1/2"]]), reward=[[0, 1]])
    with pytest.raises(InvalidModel, match="policy is float and the problem rational"):
        response_table(problem, TabularPolicy(HALF))
    with pytest.raises(InvalidModel, match="1 prompts and 2 responses"):
        response_table(problem, TabularPolicy(objects([[1, 0], [0, 1]])))


def test_defaults_take_the_kind_of_the_rest():
    exact = PreferenceProblem(objects([["1/2", "1/2"], [1, 0]]), weights=[[1, 3], [2, 1]], beta=Fraction(1, 3))
    assert exact.exact
    assert exact.rho.tolist() == objects(["1/2", "1/2"]).tolist()
    assert (exact.data == exact.reference).all()
    assert exact.sizes() == {"X": 2, "Y": 2}
    assert exact.support.tolist() == [[True, True], [True, False]]
    near = exact.to_float()
    assert near.beta == 1 / 3
    assert not near.exact
    assert near.to_exact().beta == near.beta.as_integer_ratio()[0] / objects(near.beta.as_integer_ratio()[1])[()]
    assert near.to_exact().to_float() == near
    assert PreferenceProblem(HALF, reward=[[0, 1]]) != PreferenceProblem(HALF, reward=[[0, 1]], beta=2)
    assert "weights, beta=1/3, rational" in repr(exact)


@pytest.mark.parametrize(
    "told", [dict(reward=[[0, -7]]), dict(weights=[["1/3", 2]]), dict(win=[[["1/2", "1/3"], ["2/3", "1/2"]]])]
)
def test_every_form_goes_into_a_file_and_back(told):
    ((name, values),) = told.items()
    problem = PreferenceProblem(objects([["1/2", "1/2"]]), **{name: objects(values)}, beta="1/3")
    for each in (problem, problem.to_float()):
        again = decode(encode(each))
        assert again == each
        assert (again.exact, again.beta) == (each.exact, each.beta)
    assert name in repr(problem)
