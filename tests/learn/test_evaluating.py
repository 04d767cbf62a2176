"""Returns that are estimated from episodes of a finite problem agree with the exact ones."""

import numpy as np
import pytest

from mdpkit import MDP, Discounted, Finite, TabularPolicy, evaluate, objects, value

LAW = objects([[["1/2", "1/2"], [0, 1]], [["1/3", "2/3"], [1, 0]]])
PAYS = objects([[0, 1], ["1/2", 0]])
POLICY = TabularPolicy(objects([["1/4", "3/4"], ["1/2", "1/2"]]))


@pytest.mark.parametrize("horizon", [Finite(3), Discounted("3/4")])
@pytest.mark.parametrize("exact", [True, False])
def test_the_interval_contains_the_exact_return(horizon, exact):
    problem, policy = MDP(LAW, PAYS, horizon=horizon), POLICY
    truth = value(problem, policy).lower[()]
    if not exact:
        problem, policy = problem.to_float(), policy.to_float()
    found = evaluate(policy, problem, 4000, rng=np.random.default_rng(0))
    assert found.contains(truth)
    assert found.width < 0.2


def test_steps_are_discounted_where_asked():
    still = MDP(objects([[[1]]]), objects([[1]]), horizon=Finite(3))
    found = evaluate(TabularPolicy(objects([[1]])), still, 2, rng=np.random.default_rng(0), discount=0.5)
    assert (found.lower, found.upper) == (1.75, 1.75)
