"""Policies of highest entropy against enumeration of all trajectories, finite differences, and soft planning."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel, NotSolved
from mdpkit.claims.imitation.causal_entropy_matches_features import fit_ring
from mdpkit.model import Discounted, TabularPolicy
from mdpkit.solve import SoftPlanning, match_features, solve


def trajectories(m, theta, H):
    """Every trajectory's states, actions, probability of its transitions, and features."""
    P, rho, phi = (np.asarray(x, dtype=float) for x in (m.mdp.P, m.mdp.rho, m.features))
    for s, a in product(product(range(3), repeat=H), product(range(2), repeat=H)):
        chance = rho[s[0]] * np.prod([P[s[t], a[t], s[t + 1]] for t in range(H - 1)])
        yield s, a, chance, phi[:, s, a].sum(axis=1)


@pytest.mark.parametrize("seed", range(3))
def test_trajectory_entropy_weighs_trajectories(seed):
    """The features of the tilted law over all trajectories, which match_features has to meet, by enumeration."""
    m = fit_ring(seed)
    shown = measure.occupancy(m.mdp, m.expert)
    moments = np.array([float((shown * feature).sum().mid) for feature in m.features])
    theta = match_features(m.mdp, m.features, objects([(shown.lower * f).sum() for f in m.features]), "trajectory").mid
    weights, features = zip(
        *((chance * np.exp(theta @ phi), phi) for *_, chance, phi in trajectories(m, theta, 3)), strict=True
    )
    assert np.average(features, axis=0, weights=weights) == pytest.approx(moments, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_value_is_that_of_soft_planning(seed):
    m = fit_ring(seed)
    theta = np.array([0.5, -1.5])
    problem = replace(m.mdp.to_float(), r=np.tensordot(theta, m.features.astype(float), 1))
    found = solve(problem, SoftPlanning(temperature=1.0), tol=1e-10)
    value = (problem.rho * found.value.mid[0]).sum() + 3 * np.log(2)  # entropy there counts relative to the uniform law
    own = measure.entropy_value(m.mdp, m.features, objects(["1/2", "-3/2"]))
    assert own.mid == pytest.approx(value, abs=1e-9)
    assert own.how == "enclosed"
    d = measure.occupancy(problem, TabularPolicy(found.policy.table)).mid
    expected = (m.features.astype(float)[:, None] * d).sum(axis=(1, 2, 3))
    assert measure.entropy_features(m.mdp, m.features, objects(["1/2", "-3/2"])).mid == pytest.approx(
        expected, abs=1e-9
    )


def test_the_slope_is_a_derivative():
    m, step = fit_ring(1), 1e-5
    theta = np.array([0.25, 1.0])
    slope = measure.entropy_slope(m.mdp.to_float(), m.features.astype(float), theta)
    for k, each in enumerate(np.eye(2)):
        up, down = (
            measure.entropy_value(m.mdp.to_float(), m.features.astype(float), theta + way * step * each).mid
            for way in (1, -1)
        )
        assert slope.mid[k] == pytest.approx((up - down) / (2 * step), abs=1e-8)


def test_moments_that_no_policy_has_are_not_matched():
    m = fit_ring(0)
    with pytest.raises(NotSolved, match="possibly no policy has them"):
        match_features(m.mdp, m.features, objects([100, 100]))


def test_what_is_no_finite_dense_problem_is_refused():
    m = fit_ring(0)
    with pytest.raises(InvalidModel, match="dense Finite-horizon"):
        measure.entropy_value(replace(m.mdp, horizon=Discounted("1/2")), m.features, m.theta)
    with pytest.raises(InvalidModel, match="causal"):
        measure.entropy_features(m.mdp, m.features, m.theta, "casual")
