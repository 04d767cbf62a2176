"""The Bradley-Terry likelihood of comparison counts, against its definition."""

from itertools import product

import numpy as np
import pytest
from flint import fmpq

from mdpkit import PreferenceProblem, measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.exact.logs import log

PROBLEM = PreferenceProblem(objects([["1/2", "1/4", "1/4"]] * 2), weights=objects([[1, 3, 2], [5, 1, "1/2"]]))
WINS = np.array([[[0, 2, 1], [0, 0, 3], [1, 0, 0]], [[0, 0, 0], [4, 0, 0], [0, 1, 0]]])


def brute_force(weights, wins, beta=1):
    total = fmpq(1)
    for x, y, z in product(range(2), range(3), range(3)):
        total *= (weights[x, y] ** beta / (weights[x, y] ** beta + weights[x, z] ** beta)) ** int(wins[x, y, z])
    return log(total)


@pytest.mark.parametrize("beta", [1, 2, 3])
def test_the_likelihood_is_the_product_of_the_probabilities(beta):
    problem = PreferenceProblem(PROBLEM.reference, weights=PROBLEM.weights, beta=beta)
    found = measure.preference_log_likelihood(problem, problem.weights, WINS)
    assert found == brute_force(problem.weights, WINS, beta)
    floats = measure.preference_log_likelihood(problem.to_float(), problem.to_float().weights, WINS)
    assert floats.contains(found)


def test_a_class_is_counted_along_leading_axes():
    both = np.stack([PROBLEM.weights, PROBLEM.weights**2])
    found = measure.preference_log_likelihood(PROBLEM, both, WINS)
    assert found.shape == (2,)
    assert all(found[k] == brute_force(both[k], WINS) for k in range(2))


def test_functions_of_the_prompt_do_not_matter():
    shifted = PROBLEM.weights * objects([[7], ["1/3"]])
    a, b = (measure.preference_log_likelihood(PROBLEM, weights, WINS) for weights in (PROBLEM.weights, shifted))
    assert a == b


@pytest.mark.parametrize(
    ("weights", "wins", "beta", "words"),
    [
        (PROBLEM.weights, WINS[:1], 1, r"wins has shape \(1, 3, 3\); expected \(2, 3, 3\)"),
        (PROBLEM.weights, -WINS, 1, "expected integers of at least 0"),
        (PROBLEM.weights[:, :2], WINS, 1, r"weights has shape \(2, 2\); expected \(..., 2, 3\)"),
        (PROBLEM.weights * 0, WINS, 1, r"weights\[0, 0\] is 0; a weight e\^\(r/beta\) is above 0"),
        (PROBLEM.weights, WINS, "1/2", "beta is 1/2; expected an integer"),
    ],
)
def test_bad_input_is_named(weights, wins, beta, words):
    problem = PreferenceProblem(PROBLEM.reference, weights=PROBLEM.weights, beta=beta)
    with pytest.raises(InvalidModel, match=words):
        measure.preference_log_likelihood(problem, weights, wins)
