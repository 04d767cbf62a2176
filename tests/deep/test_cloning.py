"""What cloning reaches on the exact law bounds its value gap; nothing in the bound can be tuned."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import mdpkit  # noqa: E402
from mdpkit import deep, fit, grant  # noqa: E402
from mdpkit.base.errors import InvalidModel, MissingAccess, NotSolved  # noqa: E402
from mdpkit.learn.imitation.cloning import likelihood_loss  # noqa: E402
from mdpkit.model import MDP, Discounted, TabularPolicy, Trajectories  # noqa: E402

from .conftest import cliff, lock, made  # noqa: E402

QUICK = deep.Cloning(steps=400)
MASK = np.array([[True, False, True], [True, True, True], [False, True, True], [True, True, False]])


def spread(problem):
    """Highest return of an episode less the lowest, at most."""
    H = problem.horizon.H
    r = np.broadcast_to(problem.r.reshape(-1, problem.S, problem.A), (H, problem.S, problem.A))
    there = problem.available
    return sum(float(step[there].max()) - float(step[there].min()) for step in r)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_gap_is_within_pinskers_bound_of_the_loss(seed, mask, exact):
    problem, expert = made(3, 4, 3, seed, exact, mask)
    access = grant(problem, expert=expert, demonstrations="exact")
    answer = fit(QUICK, access, rng=np.random.default_rng(seed))
    least, reached = (
        likelihood_loss(policy, access.demonstrations()) for policy in (expert, answer.policy.to_tabular(problem))
    )
    excess = reached - least  # the divergence of whole episodes from the expert's, by the chain rule
    assert -1e-12 <= excess < 1e-3
    gap = mdpkit.value_gap(problem, expert, answer.policy)
    assert abs(float(gap.mid)) <= spread(problem) * np.sqrt(max(excess, 0) / 2) + 1e-9
    assert answer.trace["loss"][-1] == pytest.approx(reached, abs=1e-5)
    assert answer.used == mdpkit.Meter(demonstrations=len(access.demonstrations()))


def test_an_untrained_network_breaks_no_bound_but_has_a_gap():
    """The bound is one about the loss: where the loss is large it is large, and the gap with it."""
    problem, expert = lock(5)
    access = grant(problem, expert=expert, demonstrations="exact")
    answer = fit(deep.Cloning(steps=1, rate=1e-6), access, rng=np.random.default_rng(0))
    excess = likelihood_loss(answer.policy.to_tabular(problem), access.demonstrations())
    gap = float(mdpkit.value_gap(problem, expert, answer.policy).mid)
    assert excess == pytest.approx(5 * np.log(2), abs=0.05)
    assert 0.9 < gap <= spread(problem) * np.sqrt(excess / 2)


def test_a_sample_is_cloned_to_its_own_frequencies():
    """More rows than a batch holds: what is drawn by weight has the same minimum as the whole."""
    problem, expert = made(2, 2, 2, 3)
    access = grant(problem, expert=expert, demonstrations=400, rng=np.random.default_rng(0))
    data = access.demonstrations()
    answer = fit(replace(QUICK, batch=128), access, rng=np.random.default_rng(1))
    empirical = fit(mdpkit.learn.Cloning(), access, rng=np.random.default_rng(1)).policy
    excess = likelihood_loss(answer.policy.to_tabular(problem), data) - likelihood_loss(empirical, data)
    assert 0 <= excess < 5e-3


def test_weights_count():
    """Two rows that disagree, with weights 3 and 1: the maximum of likelihood is (3/4, 1/4)."""
    problem = MDP(np.ones((1, 2, 1)), np.zeros((1, 2)), horizon=mdpkit.Finite(1))
    for batch in (1, 256):
        data = Trajectories([0, 0], [0, 1], weight=[3.0, 1.0])
        learner = deep.Cloning(steps=1500, batch=batch, width=8, rate=0.01)
        table = (
            fit(learner, grant(problem, demonstrations=data), rng=np.random.default_rng(0))
            .policy.to_tabular(problem)
            .table
        )
        assert table[0, 0] == pytest.approx([0.75, 0.25], abs=0.03 if batch == 1 else 1e-4)


def test_a_discounted_problem_is_cloned_by_a_stationary_policy():
    rng = np.random.default_rng(0)
    problem = MDP(rng.dirichlet(np.ones(4), (4, 3)), rng.random((4, 3)), horizon=Discounted(0.8))
    expert = TabularPolicy(rng.dirichlet(np.ones(3), 4))
    answer = fit(QUICK, grant(problem, expert=expert, demonstrations="exact"), rng=rng)
    assert answer.policy.to_tabular(problem).table == pytest.approx(expert.table, abs=1e-2)


def test_the_same_four_lines_run_a_table_and_a_network():
    problem, expert = cliff(4)
    for learner in (mdpkit.learn.Cloning(), QUICK):
        answer = fit(learner, grant(problem, expert=expert, demonstrations="exact"), rng=np.random.default_rng(0))
        gap = mdpkit.value_gap(problem, expert, answer.policy)
        assert gap.exact
        assert 0 <= gap.mid < 1e-2


def test_bad_settings_and_missing_access_are_named():
    problem, expert = cliff(2)
    with pytest.raises(InvalidModel, match="steps is 0; expected an integer of at least 1"):
        deep.Cloning(steps=0)
    with pytest.raises(InvalidModel, match="rate is -1; expected a number above 0"):
        deep.Cloning(rate=-1)
    with pytest.raises(InvalidModel, match="every weight of the demonstrations is 0"):
        fit(
            QUICK,
            grant(problem, demonstrations=Trajectories([0], [0], weight=[0], ended=[True])),
            rng=np.random.default_rng(0),
        )
    with pytest.raises(MissingAccess, match="Cloning needs demonstrations"):
        fit(QUICK, grant(problem, expert=expert, queries="exact"), rng=np.random.default_rng(0))
    with pytest.raises(InvalidModel, match="device is 'abacus', which torch cannot use on this machine"):
        fit(
            replace(QUICK, device="abacus"),
            grant(problem, expert=expert, demonstrations="exact"),
            rng=np.random.default_rng(0),
        )


def test_training_that_leaves_the_numbers_is_no_answer(tmp_path):
    problem, expert = cliff(2)
    access, path = grant(problem, expert=expert, demonstrations="exact"), tmp_path / "run.safetensors"
    with pytest.raises(NotSolved, match=r"training diverged at step 2: the loss is not finite; the rate was 1e\+30"):
        fit(deep.Cloning(rate=1e30, steps=30, checkpoint=path), access, rng=np.random.default_rng(0))
    assert not path.exists()


@pytest.mark.parametrize("learner", [deep.Cloning, deep.Reinforcement])
@pytest.mark.parametrize("rate", [0, -1.0, np.nan, np.inf])
def test_a_rate_is_a_number_above_0(learner, rate):
    with pytest.raises(InvalidModel, match=r"rate is .*; expected a number above 0"):
        learner(rate=rate)


def test_a_seed_is_no_generator():
    problem, expert = cliff(2)
    for rng in (None, 0):
        with pytest.raises(InvalidModel, match=r"rng is .*; expected numpy.random.default_rng\(seed\)"):
            fit(deep.Cloning(steps=1), grant(problem, expert=expert, demonstrations="exact"), rng=rng)
