"""Online preference optimisation with two responses: exact laws against enumeration, runs against laws and learners."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from mdpkit import PreferenceProblem, objects
from mdpkit.base.arrays import floats
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import named
from mdpkit.learn import XPO, FinitePolicies, OnlineDPO
from mdpkit.learn.preference._pairs import policy_of
from mdpkit.learn.preference.two_responses import explore, policy_law
from mdpkit.model import Comparisons

PROBLEM = PreferenceProblem(objects([["3/4", "1/4"]]), weights=objects([[1, 3]]))
TABLES = objects([[["3/4", "1/4"]], [["1/2", "1/2"]], [["9/10", "1/10"]], [["1/5", "4/5"]]])


def member(learner, rows):
    """The index of the policy that the learner itself fits to rows (y, z, won)."""
    y, z, won = (np.array(column) for column in zip(*rows, strict=True))
    data = Comparisons(0 * y, y, z, won.astype(float))
    base = floats(PROBLEM.reference)
    table = policy_of(base, learner._refit(data, 1.0, base)).table
    return int(np.argmin(abs(floats(TABLES) - table).sum(axis=(1, 2))))


@pytest.mark.parametrize("optimism", [0, "1/10"])
def test_the_exact_law_is_that_of_all_histories_of_the_learner(optimism):
    classes = FinitePolicies(floats(TABLES))
    learner = OnlineDPO(classes) if optimism == 0 else XPO(classes, optimism=optimism)
    found = np.zeros(4)
    for history in product(product((0, 1), (0, 1), (0, 1)), repeat=2):
        chance, k, rows = 1.0, 0, []
        for y, z, won in history:
            own, ref = floats(TABLES)[k, 0], floats(PROBLEM.reference)[0]
            p = 0.5 if y == z else 0.75 if y == 1 else 0.25
            chance *= own[y] * ref[z] * (p if won else 1 - p)
            rows.append((y, z, won))
            k = member(learner, rows)
        found[k] += chance
    assert np.allclose(floats(policy_law(PROBLEM, TABLES, 2, optimism)), found, atol=1e-12)


@pytest.mark.parametrize("optimism", [0, "1/10"])
def test_runs_have_the_exact_law(optimism):
    law = floats(policy_law(PROBLEM, TABLES, 4, optimism))
    assert law.sum() == pytest.approx(1)
    played = explore(PROBLEM, TABLES, [float(Fraction(optimism))], 4, 40_000, np.random.default_rng(0))
    share = np.bincount(played[0, :, -1], minlength=4) / 40_000
    assert abs(share - law).max() < 0.01
    assert (played[0, :, 0] == 0).all()


def test_the_rare_response_is_found_by_optimism_alone():
    m = named("rare_good_response", k=4)
    passive = policy_law(m.problem, m.tables, 4)
    assert passive.sum() == 1
    assert passive[0] >= (1 - 2 * objects(["15/256"])[0]) ** 4 > objects(["1/2"])[0]
    assert policy_law(m.problem, m.tables, 4, "1/4")[1] > objects(["15/16"])[0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: policy_law(named("rare_third").problem, TABLES, 1), "expected one prompt with two responses"),
        (lambda: policy_law(PROBLEM, TABLES[:, 0], 1), r"tables has shape \(4, 2\)"),
        (lambda: policy_law(PROBLEM, TABLES, 0), "rounds is 0"),
        (lambda: policy_law(PROBLEM.to_float(), floats(TABLES), 1), "exact laws need a rational problem"),
        (lambda: explore(PROBLEM, TABLES * 0, [0], 1, 1, np.random.default_rng(0)), "positive probabilities"),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises(InvalidModel, match=words):
        call()
