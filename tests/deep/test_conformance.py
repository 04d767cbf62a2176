"""Networks keep the contracts of all learners and policies: laws and samples, finite and discounted, masked or not."""

import numpy as np
import pytest

pytest.importorskip("torch")

from mdpkit import MDP, Discounted, Finite, TabularPolicy, deep, measure, objects
from mdpkit.deep.plumbing.policy import Categorical, Greedy
from mdpkit.testing import LEARNER_CHECKS, POLICY_CHECKS, LearnerCase, PolicyCase

from .test_policy import MASK, choosing

LAW = [[["1/2", "1/2", 0], [0, "1/3", "2/3"]], [["1/4", 0, "3/4"], [1, 0, 0]], [[0, 1, 0], ["1/5", "2/5", "2/5"]]]
PAYS = [[0, 1], ["1/2", 0], [1, "1/3"]]
finite = MDP(objects(LAW), objects(PAYS), objects([1, 0, 0]), horizon=Finite(3))
masked = MDP(objects(LAW), objects(PAYS), horizon=Finite(2), mask=np.array([[True, True], [False, True], [True, True]]))
discounted = MDP(objects(LAW), objects(PAYS), horizon=Discounted("3/4"))
expert = TabularPolicy(objects([["1/3", "2/3"], [0, 1], ["3/4", "1/4"]]))

EXACT = dict(demonstrations="exact", episodes="exact", resets="exact", queries="exact")
CLONING = deep.Cloning(width=8, steps=40, every=20, rate=0.01)
PLAYER = deep.Reinforcement(steps=6, width=8, batch=8)
TELLER = deep.Discriminator(steps=4, width=8, batch=16)


def matching(kind, **options):
    return lambda: kind(rounds=2, episodes=2, reward_player=TELLER, policy_player=PLAYER, **options)


def at_most_its_losses(problem, shown, answer):
    """gap <= u times the mean loss: sum pi_E (-log pi) >= 1 - sum pi_E pi >= total variation, which costs at most u."""
    gap, u = measure.value_gap(problem, shown, answer.policy), measure.recoverability(problem, shown)
    return float(gap.mid) <= float(u.mid) * answer.trace["loss"].mean()


def says(name):
    return at_most_its_losses if "DAgger" in name else None


LEARNERS = {
    "cloning": lambda: CLONING,
    "DAgger": lambda: deep.DAgger(iterations=2, episodes=5, cloning=CLONING),
    "DAgger from demonstrations": lambda: deep.DAgger(iterations=2, episodes=5, demonstrated=True, cloning=CLONING),
    "matching": matching(deep.MomentMatching),
    "FILTER": matching(deep.FILTER),
    "reinforcement": lambda: PLAYER,
}
CASES = [
    *(
        LearnerCase(
            f"{name}, {where}",
            make,
            problem,
            expert,
            EXACT,
            recovers=at_most_its_losses if "DAgger" in name else None,
            rounding=1e-5,
        )
        for name, make in LEARNERS.items()
        for where, problem in (("law", finite), ("masked law", masked), ("discounted law", discounted))
    ),
    *(LearnerCase(f"{name}, sample", make, finite, expert, rounding=1e-5) for name, make in LEARNERS.items()),
    LearnerCase("REFUEL, sample", lambda: deep.REFUEL(2, pairs=20, width=8, steps=5), finite, expert, rounding=1e-5),
    LearnerCase("HyPE, sample", matching(deep.HyPE), finite, expert, rounding=1e-5),
    LearnerCase("cloning, floats", LEARNERS["cloning"], finite.to_float(), expert.to_float(), EXACT, rounding=1e-5),
]


@pytest.mark.parametrize("check", LEARNER_CHECKS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_network_that_learns_keeps_the_contract(case, check):
    check(case)


FOUR = np.full((4, 3, 4), 0.25)
POLICIES = [
    PolicyCase(
        f"{kind.__name__}, {name}",
        choosing(kind, mask=mask, **shape),
        MDP(FOUR, np.zeros((4, 3)), horizon=horizon, mask=mask),
        1e-5,
    )
    for kind in (Categorical, Greedy)
    for name, mask, horizon, shape in (
        ("time-varying", None, Finite(5), {}),
        ("masked", MASK, Finite(5), {"time": "share"}),
        ("discounted", None, Discounted(0.9), {"H": None}),
    )
]


@pytest.mark.parametrize("check", POLICY_CHECKS)
@pytest.mark.parametrize("case", POLICIES, ids=str)
def test_a_network_policy_keeps_the_protocol(case, check):
    check(case)
