"""Soft planning: the regularised objective, its limits, and its bounds."""

import numpy as np
import pytest
from flint import arb

from mdpkit.base.errors import InvalidModel
from mdpkit.model import Discounted, Finite, TabularPolicy
from mdpkit.solve import SoftPlanning, Status, solve


def regularised(problem, pi, reference, temperature, V):
    """Reward less the price, and the value after, of one step of pi[s,a]."""
    ratio = np.where(pi > 0, pi / np.where(reference > 0, reference, 1), 1)
    return (pi * (problem.r + problem.P @ V - temperature * np.log(ratio))).sum(axis=1)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_policy_attains_the_value_and_no_other_beats_it(make, seed, masked):
    problem, temperature = make.drawn(seed, Finite(4), masked=masked).to_float(), 0.7
    answer = solve(problem, SoftPlanning(temperature))
    reference = problem.available / problem.available.sum(axis=1, keepdims=True)
    rng, V = np.random.default_rng(seed), answer.value.mid
    for t in range(4):
        np.testing.assert_allclose(
            regularised(problem, answer.policy.table[t], reference, temperature, V[t + 1]), V[t], atol=1e-12
        )
        other = rng.dirichlet(np.ones(3), 3) * problem.available
        other /= other.sum(axis=1, keepdims=True)
        assert (regularised(problem, other, reference, temperature, V[t + 1]) <= V[t] + 1e-12).all()


@pytest.mark.parametrize("seed", range(4))
def test_bounds_contain_the_value_in_balls_of_200_bits(make, seed):
    problem, temperature = make.drawn(seed, Finite(5)), "3/10"
    answer = solve(problem, SoftPlanning(0.3))
    from flint import ctx, fmpq

    before, ctx.prec = ctx.prec, 200
    try:
        tau, third = arb(fmpq(3, 10)), arb(fmpq(1, 3))
        V = [arb(0)] * 3
        for t in range(4, -1, -1):
            V = [
                tau
                * sum(
                    (
                        third
                        * ((arb(problem.r[s, a]) + sum(arb(problem.P[s, a, n]) * V[n] for n in range(3))) / tau).exp()
                        for a in range(3)
                    ),
                    arb(0),
                ).log()
                for s in range(3)
            ]
            for s in range(3):
                assert arb(float(answer.value.lower[t, s])) <= V[s] <= arb(float(answer.value.upper[t, s]))
    finally:
        ctx.prec = before
    assert answer.value.width < 1e-11, temperature


def test_discounted_is_the_limit_of_finite(make):
    problem = make.drawn(1, Discounted("1/2")).to_float()
    answer = solve(problem, SoftPlanning(0.4))
    V = np.zeros(3)
    for _ in range(80):
        Q = problem.r + 0.5 * problem.P @ V
        V = 0.4 * np.log(np.exp(Q / 0.4).mean(axis=1))
    assert (answer.value.lower - 1e-13 <= V).all()
    assert (answer.value.upper + 1e-13 >= V).all()
    assert answer.value.width <= 1e-8


@pytest.mark.parametrize("horizon", [Finite(6), Discounted("9/10")])
def test_sparse_is_dense(make, horizon):
    problem = make.drawn(2, horizon, S=6, masked=True).to_float()
    a, b = solve(problem, SoftPlanning(1.5)), solve(make.sparse(problem), SoftPlanning(1.5))
    assert (abs(a.value.mid - b.value.mid) < 1e-8).all()


def test_a_vanishing_temperature_gives_the_optimal_value(make):
    problem = make.drawn(3, Discounted("9/10")).to_float()
    hard, soft = solve(problem), solve(problem, SoftPlanning(1e-6))
    gap = hard.value.mid - soft.value.mid
    assert (gap >= -1e-8).all()
    assert (gap <= 1e-6 * np.log(3) / 0.1 + 1e-8).all()


def test_a_large_temperature_gives_the_value_of_the_reference(make):
    problem = make.drawn(4, Finite(5)).to_float()
    reference = TabularPolicy(np.random.default_rng(0).dirichlet(np.ones(3), (5, 3)))
    answer = solve(problem, SoftPlanning(1e7, reference), tol=1e-4, throw=False)
    V = np.zeros(3)
    for t in range(4, -1, -1):
        V = (reference.table[t] * (problem.r + problem.P @ V)).sum(axis=1)
    np.testing.assert_allclose(answer.value.mid[0], V, atol=1e-4)


def test_slow_mixing_and_a_floor_are_answered(make):
    problem = make.drawn(5, Discounted("99999/100000"), S=4).to_float()
    answer = solve(problem, SoftPlanning(0.5), tol=1e-13, throw=False)
    assert answer.status is Status.FLOOR_REACHED
    assert answer.value.width < 1e-3


def test_wrong_settings_are_refused(make):
    with pytest.raises(InvalidModel, match="temperature is 0"):
        SoftPlanning(0)
    with pytest.raises(InvalidModel, match="reference has shape"):
        solve(make.drawn(0), SoftPlanning(1.0, TabularPolicy([[1.0]])))
    masked = make.drawn(0, masked=True)
    with pytest.raises(InvalidModel, match="missing"):
        solve(masked, SoftPlanning(1.0, TabularPolicy(np.full((3, 3), 1 / 3))))
