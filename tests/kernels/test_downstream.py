"""Evaluation of a policy by BiCGStab with Gauss-Seidel sweeps: exact on rationals after as many steps as states."""

import numpy as np
import pytest
import scipy.sparse as sp

from mdpkit.base.arrays import objects
from mdpkit.exact.linear import solve_linear
from mdpkit.kernels import downstream


def drawn(seed, S, A=2):
    """Integer weights of laws that may stay in every state, a policy, an order of the states and a right-hand side."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 5, (S * A, S)) * (rng.random((S * A, S)) < 0.5)
    weights[np.arange(S * A), np.arange(S * A) // A] += 1
    pattern = sp.csr_array(weights)
    parts = pattern.indices.astype(np.uint32), pattern.indptr.astype(np.uint32)
    return weights, parts, rng.integers(0, A, S), rng.permutation(S), rng.integers(-9, 10, S)


@pytest.mark.parametrize("seed", range(6))
def test_as_many_steps_as_states_solve_rational_equations(seed):
    S = 4
    weights, parts, choice, order, b = drawn(seed, S)
    law = objects(weights) / objects(weights.sum(axis=1, keepdims=True))
    g = objects("9/10")[()]
    e, used = downstream.correct(law[weights > 0], *parts, choice, order, objects(b), 2, g, 1 - g, 0, 100)
    assert used <= 2 * S
    equations = objects(np.eye(S, dtype=int)) - g * law[np.arange(S) * 2 + choice]
    assert (e == solve_linear(equations, objects(b))).all()


@pytest.mark.parametrize("gamma", [0.5, 0.9999])
@pytest.mark.parametrize("run", [downstream.correct, downstream.correct.py_func])
def test_floats_solve_the_policys_equations_in_the_order_of_the_states(run, gamma):
    S = 25
    weights, parts, choice, order, b = drawn(7, S)
    law = weights / weights.sum(axis=1, keepdims=True)
    e, used = run(law[weights > 0], *parts, choice, order, b.astype(float), 2, gamma, 1 - gamma, 1e-11, 400)
    np.testing.assert_allclose(e, b + gamma * law[np.arange(S) * 2 + choice] @ e, atol=1e-9)
    assert 0 < used < 400
    none, unused = run(law[weights > 0], *parts, choice, order, b.astype(float), 2, gamma, 1 - gamma, 1e-11, 0)
    assert not none.any()
    assert unused == 0


def test_one_sweep_suffices_where_every_state_leads_to_states_before_it():
    S = 30
    law = sp.csr_array(np.eye(S, k=-1) + (np.arange(S)[:, None] + np.arange(S) == 0))
    parts = law.data, law.indices.astype(np.uint32), law.indptr.astype(np.uint32)
    b, zero = np.random.default_rng(0).random(S), np.zeros(S, np.int64)
    e, used = downstream.correct(*parts, zero, np.arange(S), b, 1, 0.99, 0.01, 1e-9, 100)
    assert used == 2
    np.testing.assert_allclose(e, b + 0.99 * (law @ e), atol=1e-9)
    assert downstream.correct(*parts, zero, np.arange(S)[::-1].copy(), b, 1, 0.99, 0.01, 1e-9, 100)[1] > 2
