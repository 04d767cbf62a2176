"""IQ-Learn: its objective is the log-likelihood minus a temporal-difference penalty."""

import numpy as np
import pytest

from mdpkit import Meter, Trajectories, fit, grant, measure
from mdpkit.base.errors import InvalidModel, NotSolved
from mdpkit.instances.library.imitation.cliff import cliff
from mdpkit.learn import Cloning, IQLearn
from mdpkit.learn.imitation.iq_learn import Objective, transitions


def by_model(problem, expert):
    return grant(problem, expert=expert, demonstrations="exact", episodes="exact")


def soft_values(Q, there):
    return np.log(np.where(there, np.exp(Q), 0).sum(axis=-1))


@pytest.mark.parametrize("discounted", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_objective_is_the_definition_and_the_likelihood_minus_the_penalty(make, seed, discounted):
    problem, expert = make.drawn(seed, discounted=discounted, masked=seed == 2)
    floating, rng = problem.to_float(), np.random.default_rng(seed)
    objective = Objective(transitions(by_model(problem, expert), True), problem.available, 0.3)
    Q = rng.normal(size=objective.data.shape)
    row = objective.at(Q.ravel())
    d = measure.occupancy(problem, expert).mid
    V = soft_values(Q, problem.available)
    if discounted:
        r = Q[0] - 0.8 * floating.P @ V[0]
        squares = (d[..., None] * floating.P * (Q[0][..., None] - 0.8 * V[0]) ** 2).sum()
        likelihood = (d * (Q[0] - V[0][:, None])).sum(where=problem.available)
    else:
        ahead = np.concatenate([V[1:], np.zeros((1, problem.S))])
        r = Q - (floating.P * ahead[:, None, None]).sum(axis=-1)
        squares = (d[..., None] * floating.P * (Q[..., None] - ahead[:, None, None]) ** 2).sum()
        likelihood = (d * (Q - V[..., None])).sum(where=np.broadcast_to(problem.available, Q.shape))
    direct = (d * r).sum() - floating.rho @ V[0] - 0.3 * squares
    assert np.isclose(row.objective, direct, rtol=0, atol=1e-10)
    assert np.isclose(row.objective, likelihood - 0.3 * squares, rtol=0, atol=1e-10)
    assert np.isclose(row.loss, -likelihood)
    assert np.isclose(row.squares, squares)
    step = 1e-6
    for k in rng.choice(Q.size, 5, replace=False):
        nudge = np.zeros(Q.size)
        nudge[k] = step
        slope = (objective.at(Q.ravel() + nudge).objective - objective.at(Q.ravel() - nudge).objective) / (2 * step)
        assert np.isclose(slope, row.gradient.ravel()[k], atol=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_without_penalty_it_clones(make, seed):
    """The rational tables of the clone and the floats of IQ-Learn agree at demonstrated states."""
    problem, expert = make.drawn(seed)
    answer = fit(IQLearn(0, modelled=True, tolerance=1e-7), by_model(problem, expert), rng=None)
    clone = fit(Cloning(), by_model(problem, expert), rng=None).policy.to_float()
    visited = measure.occupancy(problem, expert).mid.sum(axis=-1) > 0
    weights = measure.occupancy(problem, expert).mid.sum(axis=-1)[visited]
    assert (np.abs(answer.policy.table - clone.table)[visited].max(axis=-1) * weights < 1e-6).all()


def test_the_penalty_bounds_the_divergence_from_the_demonstrations(make):
    """Average KL <= penalty * E[squares of log of the expert], whose soft values are 0."""
    problem, _ = make.drawn(1)
    expert = make.drawn(1)[1].to_float()
    table = 0.5 * expert.table + 0.5 / problem.A
    expert = type(expert)(table)
    d = measure.occupancy(problem.to_float(), expert).mid
    for penalty in (0.01, 0.1, 1.0):
        policy = fit(IQLearn(penalty, modelled=True), by_model(problem.to_float(), expert), rng=None).policy
        divergence = (d * np.log(table / policy.table)).sum()
        assert 0 <= divergence <= penalty * (d * np.log(table) ** 2).sum()


def test_samples_hold_what_is_needed(make):
    problem, expert = make.drawn(2, H=4)
    access = grant(problem, expert=expert, demonstrations=30, rng=np.random.default_rng(0))
    answer = fit(IQLearn(), access, rng=None)
    assert answer.used == Meter(demonstrations=120)
    assert np.allclose(answer.trace["objective"], -answer.trace["loss"] - 0.1 * answer.trace["squares"], atol=1e-12)
    assert (np.diff(answer.trace["objective"]) >= -1e-12).all()
    seen = access.demonstrations().occupancy(problem.S, problem.A, 4).sum(axis=-1) > 0
    away = ~np.asarray(seen, dtype=bool)
    assert np.allclose(answer.policy.table[away], 1 / problem.A)


def test_demonstrations_without_the_next_state_are_refused():
    m = cliff(2, 0)
    rows = Trajectories([0, 0], [0, 0], t=[0, 1])
    for demonstrations in ("exact", rows):
        access = grant(m.mdp, expert=m.expert, demonstrations=demonstrations)
        with pytest.raises(InvalidModel, match="do not hold `following`"):
            fit(IQLearn(), access, rng=None)


def test_too_few_steps_are_reported():
    m = cliff(3, "1/4")
    with pytest.raises(NotSolved, match="after 1 steps"):
        fit(IQLearn(modelled=True, rounds=1), by_model(m.mdp, m.learner), rng=None)


@pytest.mark.parametrize("options", [dict(penalty=-1), dict(tolerance=0), dict(rounds=0)])
def test_settings_that_are_none_are_refused(options):
    with pytest.raises(InvalidModel, match="expected"):
        IQLearn(**options)
