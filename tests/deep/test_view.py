"""What stable-baselines3 sees of an access: gymnasium's protocol, every step counted, ends told apart."""

import gymnasium
import numpy as np
import pytest

pytest.importorskip("torch")

from gymnasium.utils.env_checker import check_env
from stable_baselines3.common import env_checker

from mdpkit import deep, fit, grant
from mdpkit.base.errors import InvalidModel, MissingAccess
from mdpkit.deep.learners.reinforcement import policy_of
from mdpkit.deep.plumbing.encoding import encoding
from mdpkit.deep.plumbing.view import AccessEnv

from .conftest import lock, made
from .test_cloning import MASK


def view(problem, rng, **granted):
    access = grant(problem, rng=rng, **{"episodes": 1000, **granted})
    return access, AccessEnv(access, encoding(access.setting, "one-hot"))


class Counter(gymnasium.Env):
    """Counts to `last` in one number, then terminates; truncated after three steps."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,), np.float64)

    def __init__(self, last, bound=1.0):
        self.last, self.action_space = last, gymnasium.spaces.Box(-bound, bound, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.n = 0
        return np.zeros(1), {}

    def step(self, action):
        self.n += 1
        return np.array([float(self.n)]), float(np.sum(action)), self.n >= self.last, self.n >= 3, {}


@pytest.mark.filterwarnings("ignore:.*:UserWarning")  # advice of the checkers on unbounded spaces and seeds
def test_the_checkers_of_gymnasium_and_stable_baselines3_accept_it(rng):
    _, env = view(lock(4)[0], rng)
    env_checker.check_env(env)
    check_env(Counter(5), skip_render_check=True)
    access = grant(Counter(5), episodes=1000, rng=rng)
    env_checker.check_env(AccessEnv(access, encoding(access.setting, "one-hot")))


def test_every_step_and_episode_is_counted_and_time_is_told(rng):
    access, env = view(lock(4)[0], rng)
    for _ in range(3):
        row, _ = env.reset()
        for t in range(4):
            assert row.tolist()[2:] == [float(t == k) for k in range(4)]
            row, _, terminated, truncated, _ = env.step(0)
            assert (terminated, truncated) == (t == 3, False)
    assert access.used.steps == 12
    assert access.used.episodes == 3


@pytest.mark.parametrize(("last", "ends"), [(2, (True, False)), (3, (True, False)), (9, (False, True))])
def test_an_end_is_terminated_or_truncated_and_never_both(last, ends, rng):
    _, env = view(Counter(last), rng)
    env.reset()
    over = (False, False)
    while not any(over):
        _, _, *over, _ = env.step(np.zeros(1, dtype=np.float32))
    assert tuple(over) == ends


def test_truncated_steps_are_bootstrapped_through_and_terminated_ones_are_not(rng):
    for last, done in ((2, 1.0), (9, 0.0)):
        access, env = view(Counter(last), rng)
        algorithm = deep.Reinforcement(steps=3).algorithm(env, access.setting, 9, 0)
        algorithm.learn(1)
        buffer = algorithm.replay_buffer
        k = buffer.pos - 1
        assert buffer.dones[k, 0] * (1 - buffer.timeouts[k, 0]) == done


def test_actions_without_bounds_are_refused(rng):
    with pytest.raises(InvalidModel, match=r"bounded by \[-inf\] and \[inf\]; expected finite bounds"):
        view(Counter(2, np.inf), rng)


def test_reinforcement_solves_a_lock_and_meters_what_it_plays(rng):
    problem, _ = lock(3)
    access = grant(problem, episodes=1000, rng=rng)
    answer = fit(deep.Reinforcement(steps=600), access, rng=rng)
    assert answer.policy.to_tabular(problem).table[[0, 1, 2], 0, [1, 0, 1]].tolist() == [1, 1, 1]
    assert answer.used.steps == 600 == answer.trace["steps"][-1]
    assert answer.used.episodes == len(answer.trace["return"]) + 1
    assert set(answer.trace["return"]) == {0, 1}


def test_rewards_are_needed_and_episodes_run_out_loudly(rng):
    problem, expert = lock(3)
    with pytest.raises(MissingAccess, match="Reinforcement needs rewards"):
        fit(deep.Reinforcement(steps=10), grant(problem, expert=expert, episodes=9, demonstrations=1, rng=rng), rng=rng)
    with pytest.raises(MissingAccess, match="5 episodes were granted and 5 are used"):
        fit(deep.Reinforcement(steps=100), grant(problem, episodes=5, rng=rng), rng=rng)


def test_missing_actions_are_neither_explored_nor_valued(rng):
    problem, _ = made(4, 4, 3, 0, mask=MASK)
    access = grant(problem, episodes=1000, rng=rng)  # the access refuses an action that is missing
    answer = fit(deep.Reinforcement(steps=300), access, rng=rng)
    table = answer.policy.to_tabular(problem).table
    assert (table[:, ~MASK] == 0).all()


def test_the_network_that_is_taken_out_answers_as_it_did(rng):
    problem, _ = lock(3)
    for made_for in (problem, Counter(5)):
        access, env = view(made_for, rng)
        shown = encoding(access.setting, "one-hot")
        algorithm = deep.Reinforcement(steps=6).algorithm(env, access.setting, 6, 0)
        algorithm.learn(6)
        policy = policy_of(algorithm, shown, access.setting)
        if made_for is problem:
            rows = np.stack([shown([s], t)[0].numpy() for s in range(2) for t in range(3)])
            theirs = algorithm.predict(rows, deterministic=True)[0]
            assert (policy.sample(np.repeat([0, 1], 3), np.tile([0, 1, 2], 2), np.full(6, 0.5)) == theirs).all()
        else:
            obs = np.linspace(-1, 3, 5)[:, None]
            theirs = algorithm.predict(obs.astype(np.float32), deterministic=True)[0]
            assert policy.sample(obs, 0, np.full((5, 1), 0.5)) == pytest.approx(theirs, abs=1e-6)
