"""FOREWARN keeps the contract of all learners."""

import numpy as np
import pytest

from mdpkit import MDP, Finite, TabularPolicy, objects
from mdpkit.learn import FOREWARN, BinaryVerifier, Mixture, ScoredVerifier
from mdpkit.testing import LEARNER_CHECKS, LearnerCase

LAW = [[["1/2", "1/2", 0], [0, "1/3", "2/3"]], [["1/4", 0, "3/4"], [1, 0, 0]], [[0, 1, 0], ["1/5", "2/5", "2/5"]]]
PAYS = [[0, 1], ["1/2", 0], [1, "1/3"]]
MASK = np.array([[True, True], [False, True], [True, True]])

finite = MDP(objects(LAW), objects(PAYS), objects([1, 0, 0]), horizon=Finite(3))
masked = MDP(objects(LAW), objects(PAYS), horizon=Finite(2), mask=MASK)
base = TabularPolicy(objects([["1/3", "2/3"], [0, 1], ["3/4", "1/4"]]))
skills = Mixture((base, TabularPolicy(objects([[0, 1]] * 3))), objects(["2/3", "1/3"]))
scored, binary = ScoredVerifier(objects([0, 1, "1/2"])), BinaryVerifier(objects([0, 1, "1/2"]))


def it_plays_what_the_base_plays(problem, shown, answer):
    """Steering cannot invent: no action outside the support of the base policy."""
    return not (answer.policy.table[:, np.asarray(base.table == 0)] > 0).any()


MADE = {
    "FOREWARN": (lambda: FOREWARN(base, scored), it_plays_what_the_base_plays),
    "FOREWARN, two steps to a plan": (lambda: FOREWARN(base, scored, replan=2), it_plays_what_the_base_plays),
    "FOREWARN, imagined outcomes": (lambda: FOREWARN(base, scored, foresight="sample"), it_plays_what_the_base_plays),
    "FOREWARN, labels": (lambda: FOREWARN(base, scored, foresight="label"), it_plays_what_the_base_plays),
    "FOREWARN, accepted plans": (lambda: FOREWARN(skills, binary, replan=2), None),
}
CASES = [
    LearnerCase(f"{name}, {where}", make, problem, base, dict(episodes="exact"), recovers=says)
    for name, (make, says) in MADE.items()
    for where, problem in (("finite", finite), ("masked", masked))
]


@pytest.mark.parametrize("check", LEARNER_CHECKS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_steering_learner_keeps_the_contract(case, check):
    check(case)
