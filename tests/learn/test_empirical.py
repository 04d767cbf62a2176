"""The fitted model: frequencies counted by hand, exact where the model is granted, unknown elsewhere."""

from collections import Counter

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from mdpkit import MDP, Finite, Trajectories, grant, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.learn.empirical import estimate, fit_model, hybrid_model, pool, unseen_values
from mdpkit.learn.experience import Experience
from mdpkit.model import TabularPolicy


def sampled(make, seed, **granted):
    problem, expert = make.drawn(seed, S=4, A=3)
    rng = np.random.default_rng(seed)
    access = grant(problem, expert=expert, **{"demonstrations": 7, "episodes": 50, **granted}, rng=rng)
    return problem, expert, access


@pytest.mark.parametrize("stationary", [False, True])
def test_frequencies_are_those_counted_by_hand(make, stationary):
    problem, _, access = sampled(make, 0)
    seen = access.demonstrations()
    model = estimate(access.setting, [(seen, 1)], stationary)
    V = objects(range(problem.S))
    rows = list(zip(seen.t * (not stationary), seen.obs, seen.action, seen.following, strict=True))
    pairs, triples = Counter(row[:3] for row in rows), Counter(rows)
    for t, s, a in np.ndindex(model.known.shape):
        at = (t * (not stationary), s, a)
        assert model.known[t, s, a] == (pairs[at] > 0)
        assert model.counts[t, s, a] == pairs[at]
        if pairs[at]:
            mean = sum(objects(triples[(*at, n)])[()] * V[n] for n in range(problem.S)) / pairs[at]
            assert model.ahead(t, V)[s, a] == mean


def test_the_mixture_weighs_both_parts_by_their_share(make):
    problem, _, access = sampled(make, 1)
    demonstrations = access.demonstrations()
    experience = Experience(access.setting, demonstrations)
    uniform = TabularPolicy(objects([["1/3"] * 3] * 4))
    for _ in range(2):
        experience = experience.then(access.play(uniform, 5, rng=np.random.default_rng(0)))
    V, share = objects(range(problem.S)), objects("1/4")[()]
    model = hybrid_model(access, experience, "1/4")
    flow = share * flow_of(problem, demonstrations) + (1 - share) / 2 * sum(
        flow_of(problem, seen) for seen in experience.rounds
    )
    total = flow.sum(axis=-1)
    assert (model.known == np.asarray(total > 0)).all()
    for t, s, a in np.argwhere(model.known):
        assert model.ahead(t, V)[s, a] == (flow[t, s, a] * V).sum() / total[t, s, a]
    last = hybrid_model(access, experience, 0, keep="last")
    assert (last.known == np.asarray(flow_of(problem, experience.rounds[-1]).sum(axis=-1) > 0)).all()
    assert not hybrid_model(access, Experience(access.setting, demonstrations), 0).known.any()


def flow_of(problem, seen):
    flow = objects(np.zeros((problem.horizon.H, problem.S, problem.A, problem.S), dtype=int))
    np.add.at(flow, (seen.t, seen.obs, seen.action, seen.following), seen.weight)
    return flow


@pytest.mark.parametrize("stationary", [False, True])
def test_a_granted_model_is_exact_where_the_mixture_has_mass(make, stationary):
    problem, expert = make.drawn(3)
    access = grant(problem, expert=expert, demonstrations="exact", episodes="exact")
    shown = access.demonstrations()
    model = fit_model(access, [(shown, 1)], stationary)
    d, V = shown.occupancy(problem.S, problem.A, problem.horizon.H), objects(range(problem.S))
    P = problem.P
    if stationary:
        mass = d.sum(axis=0)
        P = (d[..., None] * P).sum(axis=0) / np.where(np.asarray(mass > 0), mass, 1)[..., None]
        P, d = np.broadcast_to(P, problem.P.shape), np.broadcast_to(mass, d.shape)
    assert model.counts is None
    assert (model.known == np.asarray(d > 0)).all()
    for t in range(problem.horizon.H):
        expected = np.where(model.known[t], P[t] @ V, 0)
        assert (model.ahead(t, V) == expected).all()


def test_a_policy_is_evaluated_with_the_value_of_unseen_actions(make):
    """Two steps, one state, the second action unseen: 1/2 + the value of the last step for the first action."""
    problem, _ = make.drawn(0, H=2, S=1)
    access = grant(problem, episodes="exact")
    shown = Trajectories([0, 0], [0, 0], t=[0, 1], following=[0, 0], weight=objects([1, 1]))
    model, r = estimate(access.setting, [(shown, 1)]), objects([["1/2", 3]])
    half = TabularPolicy(objects([["1/2", "1/2"]]))
    for unseen, last, first in (("zero", 0, 0), ("pessimistic", "1/2", 1), ("optimistic", 3, 6)):
        default = unseen_values(access.setting, r, unseen)
        assert (default == objects([first, last])).all()
        V = (objects("1/2")[()] + default[1]) / 2
        assert (
            model.evaluate(r, half, unseen)
            == objects([[["1/2", 0]], [["1/2", 0]]])
            + objects([[[V, 0]], [[0, 0]]])
            + default[:, None, None] * objects([[[0, 1]]])
        ).all()


def test_pooled_transitions_count_once(make):
    _, _, access = sampled(make, 2)
    shown, more = (
        access.demonstrations(),
        access.play(TabularPolicy(objects([["1/3"] * 3] * 4)), 3, rng=np.random.default_rng(0)),
    )
    pooled = pool(shown, more)
    assert len(pooled) == len(shown) + len(more)
    assert (pooled.weight == 1).all()


def test_data_that_cannot_be_fitted_are_refused(make):
    problem, expert = make.drawn(0)
    access = grant(problem, expert=expert, demonstrations="exact", episodes=5, rng=np.random.default_rng(0))
    with pytest.raises(InvalidModel, match="the demonstrations have no column `following`, the next states"):
        hybrid_model(access, Experience(access.setting, access.demonstrations()), "1/2")
    foreign = Trajectories([0], [0], following=[9], weight=objects([1]))
    with pytest.raises(InvalidModel, match="following holds 9 to 9; the problem has the states 0 to 2"):
        estimate(access.setting, [(foreign, 1)])
    vectors = Trajectories([0], [0], following=[0.5], weight=objects([1]))
    with pytest.raises(InvalidModel, match=r"following holds float64 of shape \(1,\); expected integers from 0 to 2"):
        estimate(access.setting, [(vectors, 1)])
    discounted, its_expert = make.drawn(0, discounted=True)
    access = grant(discounted, expert=its_expert, demonstrations="exact", episodes="exact")
    with pytest.raises(InvalidModel, match="a fitted model needs a finite horizon; the horizon is Discounted"):
        fit_model(access, [(access.demonstrations(), 1)])


def test_a_sparse_law_gives_the_same_model_as_a_dense_one(make):
    problem, expert = make.drawn(0, discounted=True)
    dense = MDP(problem.to_float().P, problem.to_float().r, horizon=Finite(3))
    sparse = MDP(csr_matrix(dense.P.reshape(6, 3)), dense.r, horizon=Finite(3))
    V, models = np.arange(3.0), []
    for each in (dense, sparse):
        access = grant(each, expert=expert.to_float(), demonstrations="exact", episodes="exact")
        models.append(fit_model(access, [(access.demonstrations(), 1)]))
    for t in range(3):
        assert (models[0].known[t] == models[1].known[t]).all()
        assert np.abs(models[0].ahead(t, V) - models[1].ahead(t, V)).max() < 1e-12
