"""Projected Bellman equations: LSTD, the on-policy guarantee, divergence and singular equations."""

import numpy as np
import pytest

from mdpkit import MDP, Discounted, Finite, TabularPolicy, measure, objects
from mdpkit.base.arrays import exactly, floats
from mdpkit.base.errors import InvalidModel
from mdpkit.base.interval import Interval
from mdpkit.base.lifting import enclose
from mdpkit.exact.linear import Singular
from mdpkit.exact.spectrum import spectral_radius
from mdpkit.solve import ProjectedBellman, lstd

GAMMA = objects("9/10")[()]


def draw(seed, S=3, A=2, K=2):
    """A rational problem, a policy, features and weights."""
    rng = np.random.default_rng(seed)
    P, pi, d = (objects(rng.integers(1, 9, shape)) for shape in ((S, A, S), (S, A), (S, A)))
    r, features = (objects(rng.integers(-4, 5, shape)) / 3 for shape in ((S, A), (S, A, K)))
    mdp = MDP(P / P.sum(axis=-1, keepdims=True), r, horizon=Discounted(GAMMA))
    return mdp, TabularPolicy(pi / pi.sum(axis=-1, keepdims=True)), features, d / d.sum()


def of_pairs(mdp, policy):
    """The Markov chain of state-action pairs, as an MDP of one action."""
    n = mdp.S * mdp.A
    P = (mdp.P[..., None] * policy.table).reshape(n, 1, n)
    return MDP(P, mdp.r.reshape(n, 1), horizon=mdp.horizon), TabularPolicy(objects(np.ones((n, 1), dtype=int)))


def two_states(weights=None):
    """Both states lead to the second without reward; the feature is 1 and 2, so that every value 0 is linear."""
    mdp = MDP(objects([[[0, 1]], [[0, 1]]]), objects([[0], [0]]), horizon=Discounted(GAMMA))
    return ProjectedBellman(mdp, TabularPolicy(objects([[1], [1]])), [[[1]], [[2]]], weights)


@pytest.mark.parametrize("seed", range(5))
def test_the_fixed_point_is_that_of_lstd_on_pairs_and_float_bounds_contain_it(seed):
    mdp, policy, features, d = draw(seed)
    found = ProjectedBellman(mdp, policy, features, d)
    chain, only = of_pairs(mdp, policy)
    known = lstd(chain, only, features.reshape(-1, 2), d.reshape(-1))
    assert (found.fixed_point == known).all_yes()
    w = found.fixed_point
    assert (found.iterate(1, w.lower)[1] == w).all_yes()
    loose = ProjectedBellman(mdp.to_float(), policy.to_float(), floats(features), floats(d))
    for name in ("A", "b", "covariance", "iteration", "fixed_point", "residual_minimiser", "spectral_radius"):
        exact, bounds = getattr(found, name), getattr(loose, name)
        assert bounds.width < 1e-8
        assert not (exact == bounds).any_no()


@pytest.mark.parametrize("seed", range(3))
def test_one_feature_for_every_pair_gives_the_action_values_at_radius_gamma(seed):
    mdp, policy, _, d = draw(seed)
    found = ProjectedBellman(mdp, policy, np.eye(6, dtype=int).reshape(3, 2, 6), d)
    Q = measure.action_value(mdp, policy)
    assert (found.values(found.fixed_point) == Q).all_yes()
    assert (found.values(found.residual_minimiser) == Q).all_yes()
    assert found.spectral_radius == GAMMA


@pytest.mark.parametrize("seed", range(5))
def test_no_other_coefficients_have_a_smaller_weighted_bellman_residual(seed):
    mdp, policy, features, d = draw(seed)
    found = ProjectedBellman(mdp, policy, features, d)

    def error(w):
        Q = features @ w
        ahead = mdp.r + GAMMA * (mdp.P @ (policy.table * Q).sum(axis=-1))
        return (d * (ahead - Q) ** 2).sum()

    best, rng = found.residual_minimiser.lower, np.random.default_rng(seed)
    for _ in range(5):
        assert error(best) < error(best + objects(rng.integers(-9, 9, 2) * 2 + 1) / 1000)


@pytest.mark.parametrize("seed", range(5))
def test_on_policy_the_iteration_contracts_and_the_error_is_near_that_of_the_best_linear_function(seed):
    mdp, policy, features, _ = draw(seed)
    d = measure.stationary_distribution(mdp, policy).lower[:, None] * policy.table
    found = ProjectedBellman(mdp, policy, features, d)
    assert (found.spectral_radius <= GAMMA).all_yes()
    Q = measure.action_value(mdp, policy)
    best = measure.projection(Q.reshape(-1), d.reshape(-1), features.reshape(-1, 2)).reshape(3, 2)
    error, least = (((each - Q) ** 2 * d).sum() for each in (found.values(found.fixed_point), best))
    assert (error * (1 - GAMMA**2) <= least).all_yes()


def test_off_policy_the_iterates_diverge_although_the_true_values_are_linear():
    found = two_states()
    assert found.spectral_radius == objects("27/25")[()]
    assert (found.iterate(5, [1])[:, 0] == objects([1, *(objects("27/25")[()] ** k for k in range(1, 6))])).all_yes()


def test_singular_equations_are_refused():
    lost = two_states([["1/3"], ["2/3"]])  # 1/3 (1 - 2 gamma) + 2/3 2 (2 - 2 gamma) = 0
    assert lost.A[0, 0] == 0
    with pytest.raises(
        Singular, match=r"^A = .*, of shape \(1, 1\), is singular: the projected Bellman equation has no"
    ):
        lost.fixed_point  # noqa: B018
    meant = ProjectedBellman(lost.problem.to_float(), lost.policy.to_float(), [[[1.0]], [[2.0]]], [[1 / 3], [2 / 3]])
    with pytest.raises(Singular, match=r"not proved to be invertible in float64; problem\.to_exact\(\) decides"):
        meant.fixed_point  # noqa: B018


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (dict(features=[[[1], [2]]]), InvalidModel, r"features have shape \(1, 2, 1\); expected .*\(3, 2, k\)"),
        (dict(features=np.ones((3, 2, 2), dtype=int)), Singular, "covariance of the features, .* linearly dependent"),
        (dict(weights=[1, 2]), InvalidModel, r"weights have shape \(2,\)"),
        (dict(weights=objects([[1, -1]] * 3)), InvalidModel, r"^weights\[0, 1\] is -1; expected a finite weight"),
        (dict(problem=MDP([[[1.0]]], [[1.0]], horizon=Finite(2))), TypeError, "solves a Discounted MDP"),
    ],
)
def test_what_does_not_fit_is_refused(change, error, words):
    given = dict(zip(("problem", "policy", "features", "weights"), draw(0), strict=True))
    with pytest.raises(error, match=words):
        ProjectedBellman(**(given | change))


def test_a_missing_action_has_no_weight():
    mdp, _, features, d = draw(0)
    mask = np.array([[True, False], [True, True], [True, True]])
    masked = MDP(mdp.P, mdp.r, horizon=mdp.horizon, mask=mask)
    played = TabularPolicy(objects([[1, 0], ["1/2", "1/2"], [0, 1]]))
    with pytest.raises(InvalidModel, match=r"^weights\[0, 1\] is .*; expected 0, since that action is missing$"):
        ProjectedBellman(masked, played, features, d)
    found = ProjectedBellman(masked, played, np.eye(6, dtype=int).reshape(3, 2, 6)[..., [0, 2, 3, 4, 5]])
    Q = measure.action_value(masked, played)
    assert ((found.values(found.fixed_point) - Q).lower[mask] == 0).all()


@pytest.mark.parametrize("seed", range(10))
def test_the_spectral_radius_is_that_of_numpy_within_bounds(seed):
    rng = np.random.default_rng(seed)
    G = rng.integers(-4, 5, (4, 4)) / 4
    known = np.abs(np.linalg.eigvals(G)).max()
    exact, loose = spectral_radius(Interval(exactly(G))), spectral_radius(enclose(G))
    assert exact.mid == pytest.approx(known, abs=1e-6)
    assert exact.width < 1e-12
    assert not (exact == loose).any_no()
    assert spectral_radius(G) == pytest.approx(known)


def test_the_spectral_radius_of_an_interval_covers_that_of_its_matrices():
    G = np.diag([1.0, 0.5, -0.75])
    found = spectral_radius(Interval(G - 0.01, G + 0.01, "float"))
    assert found.lower <= 0.99
    assert found.upper >= 1.01
    assert found.width < 0.1
