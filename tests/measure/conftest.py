"""Peers that know nothing of kernels: trajectories one by one, and what a float answer owes to the exact one."""

from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp

from mdpkit.base.arrays import objects
from mdpkit.model import MDP


def at(array, still, t):
    """The entry for step t of an array that may be stationary."""
    return array if array.ndim == still else array[t]


def enumerated(problem, policy):
    """Every trajectory of a finite problem as (probability, [(s, a), ...])."""
    H, steps = problem.horizon.H, list(product(range(problem.S), range(problem.A)))
    for path in product(steps, repeat=H):
        probability = problem.rho[path[0][0]]
        for t, (s, a) in enumerate(path):
            probability *= at(policy.table, 2, t)[s, a]
            if t + 1 < H:
                probability *= at(problem.P, 3, t)[s, a, path[t + 1][0]]
        yield probability, path


def closely(bracket, exact, relative=1e-9):
    """Whether a float Interval holds the exact one and is narrow."""
    scale = max(1.0, float(np.max(np.abs(exact.mid), initial=0.0)))
    return (
        bracket.how == "float"
        and bracket.shape == exact.shape
        and bracket.contains(exact)
        and bracket.width <= relative * scale
    )


def csr(problem):
    """The same float problem with P in compressed sparse rows."""
    return MDP(
        sp.csr_array(problem.P.reshape(-1, problem.S)),
        problem.r,
        problem.rho,
        horizon=problem.horizon,
        mask=problem.mask,
    )


def nearly(part, times):
    """A rational law or reward as floats, its entries multiplied by a number near 1."""
    return (part * times).astype(float)


def sixteenths(rng, *shape):
    """Random rational laws along the last axis that floats hold exactly."""
    return objects(rng.multinomial(16, np.full(shape[-1], 1 / shape[-1]), size=shape[:-1])) / 16


@pytest.fixture(scope="session", params=["P", "table", "rho", "P table rho"])
def off(request):
    """float records' rows, of which the named laws sum to 1 + 9e-10; and rational laws to try it on."""
    times = objects("1000000000899999999/1000000000000000000")[()]
    return lambda **laws: [
        nearly(law, times if name in request.param.split() else 1) for name, law in laws.items()
    ], sixteenths


@pytest.fixture(scope="session")
def trajectories():
    return enumerated


@pytest.fixture(scope="session")
def encloses():
    return closely


@pytest.fixture(scope="session")
def sparse():
    return csr
