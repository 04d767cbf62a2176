"""Value iteration against the best plan of k steps, and the coefficient of its contraction against its definition."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from mdpkit import MDP, Average, Discounted, measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.instances.families import garnet


def drawn(seed):
    rng = np.random.default_rng(seed)
    S, A = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    return garnet(S, A, min(2, S), ("1/2", "9/10")[seed % 2], rng=rng), objects(rng.integers(-4, 5, S)) / 3


def best_plan(problem, s, start, k):
    """The value of the best plan of k steps from s that ends with V_0, by recursion over actions and next states."""
    if k == 0:
        return start[s]
    gamma = problem.horizon.gamma
    values = []
    for a in range(problem.A):
        later = (problem.P[s, a, n] * best_plan(problem, n, start, k - 1) for n in range(problem.S))
        values.append(problem.r[s, a] + gamma * sum(later))
    return max(values)


def test_iterates_are_the_values_of_the_best_plans_and_floats_enclose_them():
    for seed in range(8):
        problem, start = drawn(seed)
        V = measure.value_iterates(problem, start, 3)
        wanted = [[best_plan(problem, s, start, k) for s in range(problem.S)] for k in range(4)]
        assert (V.lower == objects(wanted)).all(), seed
        given = problem.to_float()
        found = measure.value_iterates(given, start.astype(float), 3)
        assert found.contains(V), seed
        assert found.width < 1e-12
        sparse = replace(given, P=sp.csr_array(given.P.reshape(-1, problem.S)))
        assert measure.value_iterates(sparse, start.astype(float), 3).contains(V), seed
        with propose():
            assert np.allclose(measure.value_iterates(given, start.astype(float), 3), V.mid)
        best = measure.optimal_value(problem)
        assert (measure.value_iterates(problem, best, 2) == best[None, :]).all_yes(), seed


def test_the_coefficient_is_the_largest_distance_of_two_laws_and_bounds_the_contraction():
    rng = np.random.default_rng(0)
    for seed in range(8):
        problem, start = drawn(seed)
        laws, tau = problem.P.reshape(-1, problem.S), measure.dobrushin_coefficient(problem)
        assert tau.lower[()] == max(sum(abs(p - q)) / 2 for p in laws for q in laws), seed
        assert measure.dobrushin_coefficient(problem.to_float()).contains(tau), seed
        other = start + objects(rng.integers(-3, 4, problem.S))
        V, W = (measure.value_iterates(problem, x, 1) for x in (start, other))
        before, after = ((V - W)[k].max() - (V - W)[k].min() for k in (0, 1))
        assert after <= before * tau * problem.horizon.gamma, seed


@pytest.mark.parametrize(
    ("changes", "start", "sweeps", "words"),
    [
        ({"horizon": Average()}, [0], 1, "discounted MDP"),
        ({}, [0, 0], 1, r"start has shape \(2,\); expected \(1,\)"),
        ({}, [0], -1, "sweeps is -1"),
        ({}, [0], True, "sweeps is True"),
    ],
)
def test_other_arguments_are_refused(changes, start, sweeps, words):
    problem = replace(MDP(objects([[[1]]]), objects([[1]]), horizon=Discounted("1/2")), **changes)
    with pytest.raises(InvalidModel, match=words):
        measure.value_iterates(problem, start, sweeps)


def test_laws_that_vary_or_are_missing_are_refused():
    masked = MDP(objects([[[1], [1]]]), objects([[1, 1]]), horizon=Discounted("1/2"), mask=[[True, False]])
    for measured in (measure.dobrushin_coefficient, lambda problem: measure.value_iterates(problem, [0], 1)):
        with pytest.raises(InvalidModel, match="every action exists"):
            measured(masked)
