"""Total reward of a policy, its visits and action values: flow identities, closed forms and refusals."""

import numpy as np
import pytest
from hypothesis import settings

from mdpkit import MDP, TabularPolicy, Total, action_value, advantage, objects, occupancy, state_value, value
from mdpkit.base.errors import InvalidModel
from mdpkit.exact.infinite import INFINITY

NIGHT = settings.default.max_examples > 1000
SEEDS = range(10_000 if NIGHT else 150)


def drawn(seed):
    """A rational problem with a randomised policy, in about half of which the policy is proper."""
    rng = np.random.default_rng(seed)
    S, A = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    weights = rng.integers(0, 4, (S, A, S)) * (rng.random((S, A, S)) < 0.6)
    weights[:, :, 0] += weights.sum(axis=-1) == 0
    r = rng.integers(-3, 3, (S, A)) * (rng.random((S, A)) < 0.7)
    weights[0], r[0] = np.eye(S, dtype=int)[0], 0
    plays = rng.integers(0, 3, (S, A))
    plays[:, 0] += plays.sum(axis=1) == 0
    law, pi = (objects(x) / objects(x.sum(axis=-1, keepdims=True)) for x in (weights, plays))
    return MDP(law, objects(r), horizon=Total()), TabularPolicy(pi)


def measured(problem, policy):
    try:
        V = state_value(problem, policy)
        return V, occupancy(problem, policy), value(problem, policy), action_value(problem, policy)
    except InvalidModel:
        return None


def test_values_and_visits_keep_their_equations_and_floats_enclose_them():
    """V = E Q, J = sum d r, and the visits flow; infinite values are infinite on floats as well."""
    finite = infinite = 0
    for seed in SEEDS:
        problem, policy = drawn(seed)
        exact, rounded = measured(problem, policy), measured(problem.to_float(), policy.to_float())
        if exact is None:
            assert rounded is None, seed
            continue
        V, d, J, Q = exact
        if (abs(V.lower) == INFINITY).any():
            infinite += 1
        else:
            assert ((policy.table * Q.lower).sum(axis=1) == V.lower).all(), seed
            assert (advantage(problem, policy).lower == Q.lower - V.lower[:, None]).all()
            assert (d.lower * problem.r).sum() == J.lower, seed
            arriving = np.einsum("sa,san->n", d.lower, problem.P) + problem.rho
            moving = d.lower.sum(axis=1) != 0
            assert (d.lower.sum(axis=1)[moving] == arriving[moving]).all(), seed
            finite += 1
        if rounded is not None:
            for known, truth in zip(rounded, exact, strict=True):
                assert known.contains(truth), seed
    assert finite >= 50
    assert infinite >= 10


def test_a_walk_that_stops_at_random_has_geometric_values():
    problem = MDP(objects([[["3/4", "1/4"]], [[0, 1]]]), objects([[-1], [0]]), objects([1, 0]), horizon=Total())
    only = TabularPolicy(objects([[1], [1]]))
    assert state_value(problem, only).lower.tolist() == [-4, 0]
    assert occupancy(problem, only).lower.tolist() == [[4], [0]]


def test_improper_policies_have_infinite_values_or_none():
    P = objects([[[1, 0, 0], [0, 1, 0]], [[0, 1, 0], [0, 0, 1]], [[0, 0, 1], [0, 0, 1]]])
    problem = MDP(P, objects([[1, 0], [-1, 0], [0, 0]]), objects([0, 1, 0]), horizon=Total())
    stays = TabularPolicy(objects([[1, 0], [1, 0], [1, 0]]))
    for given, policy in ((problem, stays), (problem.to_float(), stays.to_float())):
        assert state_value(given, policy).mid.tolist() == [np.inf, -np.inf, 0]
        assert value(given, policy).mid == -np.inf
        assert occupancy(given, policy).mid.tolist() == [[0, 0], [np.inf, 0], [0, 0]]
    both = MDP(P, problem.r, horizon=Total())
    with pytest.raises(InvalidModel, match="infinity from some initial states and minus infinity from others"):
        value(both, stays)
    split = MDP(objects([[["1/2", "1/2", 0]], [[0, 1, 0]], [[0, 0, 1]]]), objects([[0], [1], [0]]), horizon=Total())
    assert state_value(split, TabularPolicy(objects([[1]] * 3))).lower.tolist() == [INFINITY, INFINITY, 0]
    cycle = MDP(objects([[[0, 1]], [[1, 0]]]), objects([[1], [-1]]), horizon=Total(), state_names=["up", "down"])
    with pytest.raises(InvalidModel, match="in states up, down rewards other than 0 recur infinitely often"):
        value(cycle, TabularPolicy(objects([[1], [1]])))
    fork = MDP(objects([[[0, "1/2", "1/2"]], [[0, 1, 0]], [[0, 0, 1]]]), objects([[0], [1], [-1]]), horizon=Total())
    with pytest.raises(InvalidModel, match=r"from state 0 its total is \+infinity and -infinity"):
        state_value(fork, TabularPolicy(objects([[1]] * 3)))
    rests = TabularPolicy(objects([[0, 1], [0, 1], [1, 0]]))
    lost = action_value(MDP(P, objects([[1, 0], [-1, 0], [0, 0]]), horizon=Total()), rests)
    assert lost.lower.tolist() == [[1, 0], [-1, 0], [0, 0]]
