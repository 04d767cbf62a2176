"""Fitted Q iteration, least-squares value iteration and regressions on data, against dynamic programming."""

import numpy as np
import pytest

from mdpkit import MDP, Discounted, Finite, LinearMDP, LinearMixture, Trajectories, measure, objects
from mdpkit.base.arrays import floats
from mdpkit.base.errors import InvalidModel
from mdpkit.exact.linear import Singular
from mdpkit.solve import (
    fitted_q_coefficients,
    fitted_q_iteration,
    least_squares_coefficients,
    least_squares_value_iteration,
    regress_values,
    solve,
    value_targeted_regression,
)

EVERY_PAIR = np.eye(6, dtype=int).reshape(3, 2, 6)
MASK = np.array([[True, False], [True, True], [False, True]])


def laws(rng, *shape):
    weights = objects(rng.integers(1, 9, shape))
    return weights / weights.sum(axis=-1, keepdims=True)


def numbers(rng, *shape):
    return objects(rng.integers(-6, 7, shape)) / 4


def draw(seed, horizon=None, mask=None, K=2):
    """A rational problem of 3 states and 2 actions, features and weights."""
    rng = np.random.default_rng(seed)
    horizon = horizon or Discounted("4/5")
    time = (horizon.H,) if isinstance(horizon, Finite) else ()
    mdp = MDP(laws(rng, *time, 3, 2, 3), numbers(rng, *time, 3, 2), laws(rng, 3), horizon=horizon, mask=mask)
    d = objects(rng.integers(1, 9, (3, 2)) * mdp.available)
    return mdp, numbers(rng, 3, 2, K), d


def draw_linear(seed, horizon, K=2):
    rng = np.random.default_rng(seed)
    return LinearMDP(laws(rng, 3, 2, K), laws(rng, K, 3), numbers(rng, K), horizon=horizon), laws(rng, 3, 2)


def keeps_its_word(answer):
    """The optimal value and the policy's own lie within the bounds, and its loss is at most what was given."""
    best, own = solve(answer.problem).value, measure.state_value(answer.problem, answer.policy)
    assert not (best == answer.value).any_no()
    assert not (own == answer.value).any_no()
    lost = best - own
    assert not ((lost[0] if lost.ndim == 2 else lost) <= answer.loss).any_no()
    mdp, Q = answer.problem.to_float(), answer.Q.mid
    V = np.where(mdp.available, Q, -np.inf).max(axis=-1)
    if isinstance(mdp.horizon, Finite):
        ahead = np.stack([mdp.r[t] + mdp.P[t] @ (V[t + 1] if t < 2 else V[0] * 0) for t in range(3)])
    else:
        ahead = mdp.r + mdp.horizon.gamma * (mdp.P @ V)
    np.testing.assert_allclose(answer.residual.mid, ahead - Q, atol=1e-9 * abs(Q).max())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mask", [None, MASK])
def test_one_feature_for_every_pair_is_value_iteration(seed, mask):
    mdp, _, d = draw(seed, mask=mask)
    here = np.flatnonzero(mdp.available)
    w = fitted_q_coefficients(mdp, EVERY_PAIR[..., here], d, rounds=3)
    V = objects([0, 0, 0])
    for k in range(1, 4):
        Q = mdp.r + objects("4/5")[()] * (mdp.P @ V)
        assert (w[k].lower == Q.reshape(-1)[here]).all()
        V = np.array([Q[s, mdp.available[s]].max() for s in range(3)])
    assert (fitted_q_iteration(mdp, EVERY_PAIR[..., here], d, rounds=3).w == w.lower).all()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("mask", [None, MASK])
def test_what_is_proved_of_the_last_iterate_holds(seed, mask):
    mdp, features, d = draw(seed, mask=mask)
    keeps_its_word(fitted_q_iteration(mdp, features, d, rounds=2, start=[1, -1]))
    loose = fitted_q_iteration(mdp.to_float(), floats(features), floats(d), rounds=20)
    keeps_its_word(loose)
    if loose.fixed_point is not None:
        longer = fitted_q_iteration(mdp.to_float(), floats(features), floats(d), rounds=300)
        assert not (loose.fixed_point == longer.Q).any_no()


def test_aggregated_pairs_contract_to_one_fixed_point():
    mdp, _, d = draw(0)
    groups = objects([[[1, 0], [0, 1]], [[0, 1], [0, 1]], [[1, 0], [1, 0]]])
    answer = fitted_q_iteration(mdp, groups, d, rounds=5)
    assert answer.modulus == objects("4/5")[()]
    longer = fitted_q_iteration(mdp.to_float(), floats(groups), floats(d), rounds=200)
    assert longer.fixed_point.width < 1e-12
    assert not (longer.fixed_point == answer.fixed_point).any_no()


def test_iterates_diverge_although_every_value_is_zero():
    mdp = MDP(objects([[[0, 1]], [[0, 1]]]), objects([[0], [0]]), horizon=Discounted("9/10"))
    answer = fitted_q_iteration(mdp, [[[1]], [[2]]], rounds=10, start=[1])
    assert answer.w[-1, 0] == objects("27/25")[()] ** 10  # 6 gamma / 5 a round
    assert answer.fixed_point is None
    assert (answer.modulus > 1).all_yes()
    assert (answer.value.lower <= 0).all()
    assert (answer.value.upper >= 0).all()


# ---- over a finite horizon
@pytest.mark.parametrize("seed", range(5))
def test_in_a_linear_mdp_it_is_exact_for_every_weights(seed):
    model, d = draw_linear(seed, Finite(3))
    answer = least_squares_value_iteration(model.tabular(), model.features, d)
    assert answer.loss == 0
    assert (answer.value == solve(model.tabular()).value).all_yes()
    assert (answer.residual == 0).all_yes()
    loose = least_squares_value_iteration(model.tabular().to_float(), floats(model.features), floats(d))
    assert loose.loss.upper < 1e-12
    assert not (loose.value == answer.value).any_no()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("mask", [None, MASK])
def test_a_misspecified_fit_loses_at_most_what_its_residuals_prove(seed, mask):
    mdp, features, d = draw(seed, Finite(3), mask)
    answer = least_squares_value_iteration(mdp, features, d)
    assert (least_squares_coefficients(mdp, features, d) == answer.w).all_yes()
    keeps_its_word(answer)
    assert not (least_squares_coefficients(mdp.to_float(), floats(features), floats(d)) == answer.w).any_no()
    keeps_its_word(least_squares_value_iteration(mdp.to_float(), floats(features), floats(d), ridge=0.1))


@pytest.mark.parametrize("seed", range(3))
def test_without_noise_a_linear_optimum_is_enough_whatever_other_backups_are(seed):
    mdp = draw(seed, Finite(2))[0]
    best = measure.optimal_action_value(mdp).lower
    features = np.stack([best[0], best[1]], axis=-1)
    assert least_squares_value_iteration(mdp, features).loss == 0
    other = mdp.r[0] + mdp.P[0] @ -best[1].max(axis=-1)  # the backup of another V
    assert (measure.least_squares_distance(other.reshape(-1), features.reshape(-1, 2)) > 0).all_yes()
    assert (least_squares_value_iteration(mdp, features, ridge=1).loss > 0).all_yes()


# ---- from data
def law_of_data(mdp, d, H):
    """Weighted transitions of every step: the law of the data, without noise."""
    t, s, a, n = (index.ravel() for index in np.indices((H, 3, 2, 3)))
    P, r = (np.broadcast_to(array, (H, *array.shape[-k:])) for array, k in ((mdp.P, 3), (mdp.r, 2)))
    return Trajectories(s, a, t=t, weight=d[s, a] * P[t, s, a, n], reward=floats(r)[t, s, a], following=n)


@pytest.mark.parametrize("pooled", [False, True])
def test_from_the_law_of_the_data_it_is_the_fit_with_the_model(pooled):
    mdp, features, d = draw(3, Finite(3))
    mdp = MDP(mdp.P[0], mdp.r[0], horizon=Finite(3)) if pooled else mdp
    seen, ridge = law_of_data(mdp, d, 3), 3 if pooled else 1
    found = regress_values(seen, features, 3, ridge, pooled=pooled)
    assert (found == least_squares_coefficients(mdp, features, d, ridge=1)).all_yes()
    assert not (regress_values(seen.to_float(), floats(features), 3, ridge, pooled=pooled) == found).any_no()


def test_nothing_follows_the_end_of_an_episode():
    seen = Trajectories(
        [0, 0], [0, 1], t=[0, 0], reward=[1, 3], following=[0, 0], ended=[True, False], weight=objects([1, 1])
    )
    assert regress_values(seen, objects([[[1, 0], [0, 1]]]), 2, pooled=True)[0].lower.tolist() == [1, 6]
    last = Trajectories(
        [0, 0], [0, 1], t=[0, 1], reward=[1, 3], following=[0, 0], ended=[False, True], weight=objects([1, 1])
    )  # the end of the horizon is no end of the process
    assert regress_values(last, objects([[[1, 0], [0, 1]]]), 2, pooled=True)[0].lower.tolist() == [4, 6]
    masked = regress_values(seen, objects([[[1, 0], [0, 1]]]), 2, pooled=True, mask=[[True, False]])
    assert masked[0].lower.tolist() == [1, 4]


@pytest.mark.parametrize("seed", range(3))
def test_the_mixture_is_found_from_the_values_of_the_next_states(seed):
    rng = np.random.default_rng(seed)
    mixture = LinearMixture(laws(rng, 2, 3, 2, 3), laws(rng, 2), numbers(rng, 3, 2), horizon=Finite(3))
    seen, V = law_of_data(mixture.tabular(), objects(rng.integers(1, 9, (3, 2))), 1), numbers(rng, 3)
    assert (value_targeted_regression(mixture.kernels, seen, V) == mixture.theta).all_yes()
    assert (value_targeted_regression(mixture.kernels, seen, [V, V**2, V]) == mixture.theta).all_yes()
    loose = value_targeted_regression(floats(mixture.kernels), seen.to_float(), floats(V))
    assert not (loose == mixture.theta).any_no()
    penalised = value_targeted_regression(mixture.kernels, seen, V, ridge=10**9)
    assert (abs(penalised) < objects("1/1000")[()]).all_yes()


COLUMNS = dict(reward=[1.0, 0], following=[0, 1])
SEEN = Trajectories([0, 1], [0, 0], **COLUMNS)
UNIT = np.eye(3)[:, None]


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda m, f, d: fitted_q_iteration(m, f, d, rounds=-1), InvalidModel, "rounds is -1"),
        (
            lambda m, f, d: fitted_q_iteration(m, f, d, start=[1]),
            InvalidModel,
            r"shape \(1,\); expected \(2,\), one for",
        ),
        (
            lambda m, f, d: fitted_q_iteration(m, f, d * 0),
            Singular,
            "linearly dependent on the pairs of positive weight",
        ),
        (lambda m, f, d: least_squares_value_iteration(m, f, d), TypeError, "solves a Finite MDP; got MDP"),
        (lambda m, f, d: regress_values(Trajectories([0], [0]), UNIT, 1), InvalidModel, "no column reward"),
        (lambda m, f, d: regress_values(SEEN, UNIT, 1), Singular, "at step 0, .* set a ridge"),
        (lambda m, f, d: regress_values(SEEN, UNIT, 1, ridge=-1), InvalidModel, "ridge is -1; expected"),
        (lambda m, f, d: regress_values(SEEN, UNIT[:1], 1), InvalidModel, r"obs\[1\] is 1"),
        (lambda m, f, d: regress_values(SEEN, UNIT, 1, 1, mask=[[1]]), InvalidModel, r"mask has shape \(1, 1\)"),
        (
            lambda m, f, d: value_targeted_regression(np.ones((1, 2, 1, 2)) / 2, SEEN, [1.0, 2, 3]),
            InvalidModel,
            r"values have shape \(3,\)",
        ),
        (
            lambda m, f, d: value_targeted_regression(np.ones((1, 2, 1, 2)) / 2, SEEN, [0.0, 0]),
            Singular,
            "expected values",
        ),
    ],
)
def test_what_does_not_fit_is_refused(run, error, words):
    with pytest.raises(error, match=words):
        run(*draw(0))
