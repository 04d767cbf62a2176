"""A deterministic expert's gap to the mixture is at most u (mean loss): performance difference, -log p >= 1 - p."""

import numpy as np
import pytest

pytest.importorskip("torch")

import mdpkit
from mdpkit import deep, fit, grant
from mdpkit.base.errors import InvalidModel, MissingAccess
from mdpkit.learn import Mixture

from .conftest import cliff, lock

QUICK = deep.Cloning(steps=100, width=32)


@pytest.mark.parametrize("demonstrated", [False, True])
@pytest.mark.parametrize("problem", [cliff(6), lock(5)], ids=["cliff", "lock"])
def test_the_gap_is_at_most_u_times_the_mean_loss(problem, demonstrated):
    problem, expert = problem
    learner = deep.DAgger(iterations=4, demonstrated=demonstrated, cloning=QUICK)
    access = grant(problem, expert=expert, demonstrations="exact", episodes="exact", queries="exact")
    answer = fit(learner, access, rng=np.random.default_rng(0))
    u = float(-mdpkit.advantage(problem, expert).lower.min())
    gap, loss = float(mdpkit.value_gap(problem, expert, answer.policy).mid), answer.trace["loss"]
    assert 0 < gap <= u * loss.mean()
    assert loss[-1] < 0.1
    assert answer.used.queries > 0
    assert answer.used.steps == 0  # the law of the policies' visits was granted
    assert answer.used.model_calls == 4


def test_what_is_played_is_labelled_and_counted():
    problem, expert = cliff(5)
    granted = {"episodes": 12, "queries": 60, "rng": np.random.default_rng(0)}
    access = grant(problem, expert=expert, **granted)
    answer = fit(deep.DAgger(iterations=3, episodes=4, cloning=QUICK), access, rng=np.random.default_rng(0))
    assert answer.used == mdpkit.Meter(episodes=12, steps=60, queries=60)
    assert isinstance(answer.policy, Mixture)
    assert len(answer.policy.members) == len(answer.trace["loss"]) == 3


def test_the_first_policy_is_as_drawn_or_clones_the_demonstrations():
    problem, expert = cliff(5)
    access = grant(problem, expert=expert, demonstrations="exact", episodes="exact", queries="exact")
    first = [
        fit(
            deep.DAgger(iterations=1, demonstrated=shown, cloning=QUICK), access, rng=np.random.default_rng(0)
        ).policy.members[0]
        for shown in (False, True)
    ]
    chances = [policy.law(np.zeros(5, dtype=int), np.arange(5))[:, 0] for policy in first]
    assert chances[0] == pytest.approx(np.full(5, 0.5), abs=0.02)
    assert (chances[1] > 0.9).all()


def test_bad_settings_and_missing_access_are_named():
    problem, expert = cliff(2)
    with pytest.raises(InvalidModel, match="iterations is 0"):
        deep.DAgger(iterations=0)
    with pytest.raises(InvalidModel, match=r"cloning\.checkpoint is given"):
        deep.DAgger(cloning=deep.Cloning(checkpoint="run.safetensors"))
    with pytest.raises(InvalidModel, match=r"cloning\.normalise requires demonstrations"):
        deep.DAgger(cloning=deep.Cloning(normalise=True))
    with pytest.raises(MissingAccess, match="DAgger needs queries"):
        fit(
            deep.DAgger(),
            grant(problem, expert=expert, demonstrations="exact", episodes="exact"),
            rng=np.random.default_rng(0),
        )
    assert deep.DAgger(demonstrated=True).needs == ("demonstrations", "episodes", "queries")
