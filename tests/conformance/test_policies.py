"""Tabular policies and mixtures keep the protocol of every policy."""

import numpy as np
import pytest

from mdpkit import MDP, Discounted, Finite, TabularPolicy, objects
from mdpkit.learn import Mixture
from mdpkit.testing import POLICY_CHECKS, PolicyCase

LAW = objects(
    [
        [["1/2", "1/2", 0], [0, 1, 0], [0, 0, 1]],
        [[1, 0, 0], [0, 1, 0], [0, "1/3", "2/3"]],
        [[0, 1, 0], [1, 0, 0], [0, 0, 1]],
    ]
)
ZERO = objects(np.zeros((3, 3), dtype=int))
MASK = np.array([[True, False, True], [True, True, True], [False, True, True]])

finite = MDP(LAW, ZERO, horizon=Finite(2))
masked = MDP(LAW, ZERO, horizon=Finite(2), mask=MASK)
discounted = MDP(LAW, ZERO, horizon=Discounted("9/10"))

still = TabularPolicy(objects([["1/3", 0, "2/3"], [0, 1, 0], [0, "1/2", "1/2"]]))
other = TabularPolicy(objects([[1, 0, 0], ["1/4", "1/4", "1/2"], [0, 0, 1]]))
moving = TabularPolicy(np.stack([other.table, still.table]))
thirds = TabularPolicy(np.array([[0.1, 0.2, 0.7], [1 / 3, 1 / 3, 1 / 3], [1 - 1e-12, 0, 1e-12]]))
pair, uneven = Mixture((still, other)), Mixture((moving, other, still), objects(["1/2", "3/8", "1/8"]))

CASES = [
    PolicyCase("stationary", still, finite),
    PolicyCase("stationary, masked", still, masked),
    PolicyCase("stationary, discounted", still, discounted),
    PolicyCase("time-varying", moving, masked),
    PolicyCase("floats", thirds, finite.to_float()),
    PolicyCase("mixture", pair, finite),
    PolicyCase("mixture, discounted", pair, discounted),
    PolicyCase("mixture, weighted and masked", uneven, masked),
    PolicyCase("mixture of mixtures", Mixture((pair, moving)), finite),
    PolicyCase("mixture, floats", Mixture((thirds, still.to_float())), finite.to_float()),
]


@pytest.mark.parametrize("check", POLICY_CHECKS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_policy_keeps_the_protocol(case, check):
    check(case)


class Backwards(TabularPolicy):
    """Counts its uniform numbers from the other end."""

    def sample(self, obs, t, u):
        return super().sample(obs, t, 1 - u)


class Deaf(TabularPolicy):
    """Plays the first action whatever its law says."""

    def sample(self, obs, t, u):
        return np.zeros(np.shape(u), dtype=int)


class Careless(TabularPolicy):
    """Tells of another law than it plays."""

    def log_prob(self, obs, t, action):
        return np.full(np.shape(action), -np.log(self.table.shape[-1]))


@pytest.mark.parametrize("broken", [Backwards, Deaf, Careless])
def test_the_suite_finds_what_breaks_the_protocol(broken):
    case = PolicyCase("broken", broken(thirds.table), finite.to_float())
    failed = []
    for check in POLICY_CHECKS:
        try:
            check(case)
        except AssertionError:
            failed.append(check.__name__)
    assert failed
