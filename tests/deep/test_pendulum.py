"""Pendulum-v1: a network that clones a known expert earns the same return, by intervals of independent episodes."""

import numpy as np
import pytest

pytest.importorskip("torch")
gymnasium = pytest.importorskip("gymnasium")

from mdpkit import deep, fit, grant  # noqa: E402
from mdpkit.deep.twins import pendulum  # noqa: E402
from mdpkit.measure import sampled_median  # noqa: E402


class EnergyShaping:
    """Pumps energy towards that of standing still upright, then holds: m = l = 1, g = 10, torque at most 2."""

    def start(self, u):
        return self

    def sample(self, obs, t, u):
        cos, sin, speed = np.asarray(obs).T
        angle = np.arctan2(sin, cos)
        energy = speed**2 / 6 + 5 * (cos - 1)  # 0 upright at rest
        pump, hold = -2 * energy * speed, -12 * angle - 3 * speed
        near = (cos > 0.9) & (np.abs(speed) < 4)
        return np.clip(np.where(near, hold, pump), -2, 2)[:, None]


def returns(policy, episodes, seed):
    access = grant(gymnasium.make("Pendulum-v1"), episodes=episodes, rng=np.random.default_rng(seed))
    played = access.play(policy, episodes, rng=np.random.default_rng(seed))
    return np.bincount(played.episode, weights=played.reward)


@pytest.fixture(scope="module")
def expert():
    return returns(EnergyShaping(), 40, seed=0)


def cloned(**settings):
    access = grant(
        gymnasium.make("Pendulum-v1"), expert=EnergyShaping(), demonstrations=10, rng=np.random.default_rng(1)
    )
    return fit(deep.Cloning(normalise=True, **settings), access, rng=np.random.default_rng(0)).policy


def test_a_clone_earns_what_the_expert_earns_from_the_same_starts(expert):
    clone = returns(cloned(), 40, seed=0)
    lost = sampled_median(expert - clone)
    assert -2 < lost.lower <= lost.upper < 2
    theirs, own = sampled_median(expert), sampled_median(clone)
    assert own.lower < theirs.upper
    assert theirs.lower < own.upper


def test_a_network_that_has_learned_nothing_earns_less_than_the_expert_for_certain(expert):
    idle = sampled_median(returns(cloned(steps=1), 40, seed=0))
    assert idle < sampled_median(expert)


def test_reinforcement_trains_with_finite_losses_on_continuous_actions():
    access = grant(gymnasium.make("Pendulum-v1"), episodes=10, rng=np.random.default_rng(0))
    answer = fit(deep.Reinforcement(steps=400), access, rng=np.random.default_rng(0))
    assert answer.used.steps == 400
    assert all(weight.isfinite().all() for weight in answer.policy.parameters())
    assert np.isfinite(answer.trace["return"]).all()


def test_a_reset_to_a_state_of_the_expert_shows_what_the_expert_saw(monkeypatch):
    granted = {"demonstrations": 2, "episodes": 40, "resets": 40, "rng": np.random.default_rng(0)}
    access = grant(pendulum().env(), expert=EnergyShaping(), **granted)
    data = access.demonstrations()
    for k in (0, 150, 399):
        obs, _ = access.reset(to=data.state[k], at=int(data.t[k]))
        assert obs == pytest.approx(data.obs[k], abs=1e-5)
    learner = deep.FILTER(rounds=1, episodes=1, policy_player=deep.Reinforcement(steps=200), alpha=1.0, normalise=True)
    started, reset = [], access.reset
    monkeypatch.setattr(access, "reset", lambda to=None, at=0: started.append(at) or reset(to, at))
    used = fit(learner, access, rng=np.random.default_rng(0)).used
    played = [200 - at for at in started[:-1]]  # the last one that is started is not played
    assert sum(played[:-1]) < 200 <= sum(played)
    assert used.steps == 400 + sum(played)  # beside two episodes for the discriminator
    assert used.resets == len(started)
