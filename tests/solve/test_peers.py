"""Agreement with solvers that others wrote."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

from mdpkit.model import MDP, Discounted
from mdpkit.solve import ModifiedPolicyIteration, PolicyIteration, matrix_games, solve

# two processes must not compile its cached ufuncs at once: the caches that they leave crash others (numba #10128)
imports_quantecon = pytest.mark.xdist_group("quantecon")


def garnet(seed, S=60, A=3, branching=4):
    rng = np.random.default_rng(seed)
    rows, columns = np.repeat(np.arange(S * A), branching), rng.integers(0, S, S * A * branching)
    P = sp.csr_array((rng.dirichlet(np.ones(branching), S * A).ravel(), (rows, columns)), shape=(S * A, S))
    return MDP(P, rng.random((S, A)), horizon=Discounted(0.95))


@pytest.mark.parametrize("method", [ModifiedPolicyIteration(), PolicyIteration()])
def test_the_linear_program_has_the_same_value(method):
    problem = garnet(0)
    owner = sp.kron(sp.eye_array(60), np.ones((3, 1)))
    found = linprog(
        np.ones(60), A_ub=0.95 * problem.P - owner, b_ub=-problem.r.ravel(), bounds=(None, None), method="highs"
    )
    answer = solve(problem, method)
    np.testing.assert_allclose(answer.value.mid, found.x, atol=1e-6)


@imports_quantecon
def test_quantecon_has_the_same_value():
    markov = pytest.importorskip("quantecon", exc_type=ImportError).markov
    problem = garnet(1)
    s, a = np.divmod(np.arange(180), 3)
    found = markov.DiscreteDP(problem.r.ravel(), sp.csr_matrix(problem.P), 0.95, s, a).solve("policy_iteration")
    answer = solve(problem)
    np.testing.assert_allclose(answer.value.mid, found.v, atol=1e-8)
    np.testing.assert_array_equal(answer.policy.table.argmax(axis=1), found.sigma)


@imports_quantecon
def test_quantecon_has_the_same_values_of_matrix_games():
    minmax = pytest.importorskip("quantecon.optimize.minmax", exc_type=ImportError).minmax
    payoff = np.random.default_rng(2).normal(size=(50, 4, 6))
    found = matrix_games(payoff)
    np.testing.assert_allclose(found.value.mid, [minmax(Q)[0] for Q in payoff], atol=1e-10)


def test_nashpy_misses_equilibria_by_support_enumeration():
    """Of 200 generic games; those that version 0.0.43 misses are listed in test_zero_sum.py and solved there."""
    nashpy = pytest.importorskip("nashpy", exc_type=ImportError)
    games = np.random.default_rng(5).normal(size=(200, 3, 3))
    found = matrix_games(games)
    missed = 0
    for Q, value in zip(games, found.value.mid, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pairs = list(nashpy.Game(Q).support_enumeration())
        missed += not any((Q @ y).max() - (x @ Q).min() <= 1e-8 for x, y in pairs)
        for x, y in pairs:
            assert x @ Q @ y == pytest.approx(value, abs=1e-8)
    assert found.value.width <= 1e-12
    assert missed == 16 or nashpy.__version__ != "0.0.43"
