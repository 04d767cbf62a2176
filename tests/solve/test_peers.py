"""Agreement with solvers that others wrote."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

from mdpkit.model import MDP, Discounted
from mdpkit.solve import ModifiedPolicyIteration, PolicyIteration, solve


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


def test_quantecon_has_the_same_value():
    markov = pytest.importorskip("quantecon", exc_type=ImportError).markov
    problem = garnet(1)
    s, a = np.divmod(np.arange(180), 3)
    found = markov.DiscreteDP(problem.r.ravel(), sp.csr_matrix(problem.P), 0.95, s, a).solve("policy_iteration")
    answer = solve(problem)
    np.testing.assert_allclose(answer.value.mid, found.v, atol=1e-8)
    np.testing.assert_array_equal(answer.policy.table.argmax(axis=1), found.sigma)
