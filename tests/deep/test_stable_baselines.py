"""stable-baselines3 models act as they do there, keep the policy protocol and are experts; returns have intervals."""

import numpy as np
import pytest

pytest.importorskip("torch")
gymnasium = pytest.importorskip("gymnasium")
sb3 = pytest.importorskip("stable_baselines3")

from scipy.special import ndtri  # noqa: E402
from stable_baselines3.common.policies import ActorCriticPolicy  # noqa: E402
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize  # noqa: E402

from mdpkit import MDP, Discounted, TabularPolicy, deep, evaluate, fit, grant, measure, rational  # noqa: E402
from mdpkit.base.errors import InvalidModel  # noqa: E402
from mdpkit.testing import POLICY_CHECKS, PolicyCase  # noqa: E402


class Plane(gymnasium.Env):
    """Two numbers drawn at every step; a step pays the sum of the action, and an episode has three."""

    def __init__(self, actions, observations=None):
        self.action_space = actions
        self.observation_space = observations or gymnasium.spaces.Box(-4, 4, (2,), np.float32)

    def _seen(self):
        if isinstance(self.observation_space, gymnasium.spaces.Discrete):
            return int(self.np_random.integers(self.observation_space.n))
        return self.np_random.uniform(-4, 4, 2).astype(np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.n = 0
        return self._seen(), {}

    def step(self, action):
        self.n += 1
        return self._seen(), float(np.sum(action)), self.n == 3, False, {}


MOVES = gymnasium.spaces.Box(np.array([-1.0, -3.0], dtype=np.float32), np.array([2.0, 5.0], dtype=np.float32))
CHOICES, STATES = gymnasium.spaces.Discrete(3), gymnasium.spaces.Discrete(4)
OBS = np.random.default_rng(0).uniform(-4, 4, (50, 2))
HALF = np.full((50, 2), 0.5)


def model(kind, env):
    """A model as it is before training."""
    return kind("MlpPolicy", env, policy_kwargs=dict(net_arch=[8, 8]), device="cpu", seed=3)


@pytest.mark.parametrize("kind", ["PPO", "A2C", "SAC", "TD3", "DDPG"])
def test_continuous_actions_are_those_that_the_model_predicts(kind):
    made = model(getattr(sb3, kind), Plane(MOVES))
    theirs, _ = made.predict(OBS.astype(np.float32), deterministic=True)
    ours = deep.from_stable_baselines3(made)
    assert ours.sample(OBS, 0, HALF) == pytest.approx(theirs, abs=1e-5)
    assert np.ptp(theirs, axis=0).min() > 0
    with pytest.raises(InvalidModel, match="has no density"):
        ours.log_prob(OBS, 0, theirs)


@pytest.mark.parametrize("kind", ["PPO", "A2C", "DQN"])
def test_discrete_actions_are_those_that_the_model_predicts(kind):
    made = model(getattr(sb3, kind), Plane(CHOICES))
    theirs, _ = made.predict(OBS.astype(np.float32), deterministic=True)
    assert (deep.from_stable_baselines3(made).sample(OBS, 0, HALF[:, 0]) == theirs).all()


def test_the_law_of_ppo_is_that_of_the_model():
    made = model(sb3.PPO, Plane(CHOICES))
    policy = deep.from_stable_baselines3(made, deterministic=False)
    tensor, _ = made.policy.obs_to_tensor(OBS.astype(np.float32))
    theirs = made.policy.get_distribution(tensor).distribution.probs.detach().numpy()
    assert policy.law(OBS, 0) == pytest.approx(theirs, abs=1e-6)


def test_the_normal_law_of_ppo_is_that_of_the_model_clipped_to_the_bounds():
    made = model(sb3.PPO, Plane(MOVES))
    policy = deep.from_stable_baselines3(made, deterministic=False)
    tensor, _ = made.policy.obs_to_tensor(OBS.astype(np.float32))
    normal = made.policy.get_distribution(tensor).distribution
    mean, deviation = normal.mean.detach().numpy(), normal.stddev.detach().numpy()
    u = np.random.default_rng(1).random((50, 2))
    assert policy.sample(OBS, 0, u) == pytest.approx(
        np.clip(mean + deviation * ndtri(u), MOVES.low, MOVES.high), abs=1e-5
    )
    inside = np.tile([0.5, 1.0], (50, 1))
    theirs = -0.5 * ((inside - mean) / deviation) ** 2 - np.log(deviation) - 0.5 * np.log(2 * np.pi)
    assert policy.log_prob(OBS, 0, inside) == pytest.approx(theirs.sum(axis=1), abs=1e-4)


def test_the_squashed_law_of_sac_is_that_of_the_model():
    import torch

    made = model(sb3.SAC, Plane(MOVES))
    policy = deep.from_stable_baselines3(made, deterministic=False)
    action = np.random.default_rng(2).uniform(-0.9, 1.9, (50, 2))
    tensor, _ = made.policy.obs_to_tensor(OBS.astype(np.float32))
    mean, log_std, _ = made.actor.get_action_dist_params(tensor)
    law = made.actor.action_dist.proba_distribution(mean, log_std)
    unit = torch.tensor(made.policy.scale_action(action), dtype=torch.float32)
    half = (MOVES.high - MOVES.low) / 2
    assert policy.log_prob(OBS, 0, action) == pytest.approx(
        law.log_prob(unit).detach().numpy() - np.log(half).sum(), abs=1e-3
    )


def test_observations_are_normalised_as_the_model_saw_them():
    env = VecNormalize(DummyVecEnv([lambda: Plane(MOVES)]), clip_obs=1.2)
    made = model(sb3.PPO, env)
    env.reset()
    for _ in range(40):
        env.step(np.zeros((1, 2)))
    theirs, _ = made.predict(env.normalize_obs(OBS.astype(np.float32)), deterministic=True)
    assert deep.from_stable_baselines3(made).sample(OBS, 0, HALF) == pytest.approx(theirs, abs=1e-5)
    assert np.abs(theirs - made.predict(OBS.astype(np.float32), deterministic=True)[0]).max() > 1e-3


def test_training_the_model_further_does_not_change_the_policy():
    made = model(sb3.DQN, Plane(CHOICES))
    policy = deep.from_stable_baselines3(made)
    before = policy._out(OBS, 0)
    made.learn(200)
    assert (policy._out(OBS, 0) == before).all()
    assert (deep.from_stable_baselines3(made)._out(OBS, 0) != before).any()


FLAT = MDP(np.full((4, 3, 4), 0.25), np.arange(12.0).reshape(4, 3), horizon=Discounted(0.9))


@pytest.mark.parametrize("check", POLICY_CHECKS)
@pytest.mark.parametrize(("kind", "deterministic"), [(sb3.PPO, False), (sb3.PPO, True), (sb3.DQN, True)])
def test_on_a_finite_problem_the_protocol_is_kept(kind, deterministic, check):
    policy = deep.from_stable_baselines3(model(kind, Plane(CHOICES, STATES)), deterministic=deterministic)
    check(PolicyCase(kind.__name__, policy, FLAT, 1e-5))


def test_a_model_is_an_expert_that_a_clone_imitates():
    expert = deep.from_stable_baselines3(model(sb3.PPO, Plane(MOVES)))
    access = grant(Plane(MOVES), expert=expert, demonstrations=100, queries=5, rng=np.random.default_rng(0))
    assert access.label(OBS[:5], 0) == pytest.approx(expert.sample(OBS[:5], 0, HALF[:5]))
    clone = fit(deep.Cloning(steps=800, rate=0.003), access, rng=np.random.default_rng(0)).policy
    theirs, own = (evaluate(each, Plane(MOVES), 300, rng=np.random.default_rng(1)) for each in (expert, clone))
    assert theirs.how == own.how == "sampled"
    assert abs(theirs.mid - own.mid) < 0.3


def test_a_model_is_an_expert_of_a_finite_problem():
    expert = deep.from_stable_baselines3(model(sb3.DQN, Plane(CHOICES, STATES)))
    access = grant(FLAT, expert=expert, demonstrations="exact")
    clone = fit(deep.Cloning(steps=600, width=16, rate=0.01), access, rng=np.random.default_rng(0)).policy
    assert abs(measure.value_gap(FLAT, expert, clone).mid) < 0.05 * measure.value(FLAT, expert).mid


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: object(), "object is not a model of stable-baselines3"),
        (lambda: sb3.PPO("MlpPolicy", Plane(MOVES), use_sde=True, device="cpu"), "state-dependent exploration"),
        (
            lambda: model(sb3.PPO, Plane(gymnasium.spaces.MultiDiscrete([2, 2]))),
            "expected Discrete, or a Box of vectors",
        ),
    ],
)
def test_what_is_no_such_model_is_refused(made, message):
    with pytest.raises(InvalidModel, match=message):
        deep.from_stable_baselines3(made())


def test_a_policy_that_computes_actions_in_its_own_way_is_refused():
    class Own(ActorCriticPolicy):
        def forward(self, obs, deterministic=False):
            return super().forward(-obs, deterministic)

    with pytest.raises(InvalidModel, match="PPO has a Own that computes actions in its own way; expected an MlpPolicy"):
        deep.from_stable_baselines3(sb3.PPO(Own, Plane(MOVES), device="cpu"))


class Idle:
    """Does nothing."""

    def start(self, u):
        return self

    def sample(self, obs, t, u):
        return np.zeros((len(obs), 2))


class Uniform(Idle):
    """Plays the uniform numbers themselves."""

    def sample(self, obs, t, u):
        return u


def test_the_interval_contains_the_expected_return_as_often_as_it_says():
    held = [
        evaluate(
            Uniform(), Plane(MOVES), 40, rng=np.random.default_rng(seed), confidence="9/10", within=within
        ).contains(3)
        for within in (None, (0, 6))
        for seed in range(60)
    ]
    assert 48 <= sum(held[:60]) < 60
    assert sum(held[60:]) >= 54


def test_returns_are_discounted_and_seeds_repeat():
    full = evaluate(Uniform(), Plane(MOVES), 20, rng=np.random.default_rng(5))
    again = evaluate(Uniform(), Plane(MOVES), 20, rng=np.random.default_rng(5))
    assert (again.lower, again.upper) == (full.lower, full.upper)
    first = evaluate(Uniform(), Plane(MOVES), 2000, rng=np.random.default_rng(5), discount=0.0)
    half = evaluate(Uniform(), Plane(MOVES), 2000, rng=np.random.default_rng(5), discount=0.5)
    assert first.contains(1)
    assert half.contains(rational("7/4"))
    none = evaluate(Idle(), Plane(MOVES), 5, rng=np.random.default_rng(0))
    assert (none.lower, none.upper) == (0, 0)


def test_on_a_finite_problem_it_agrees_with_the_exact_value():
    policy = TabularPolicy(np.full((4, 3), 1 / 3))
    found = evaluate(policy, FLAT, 4000, rng=np.random.default_rng(0))
    assert found.lower <= measure.value(FLAT, policy).mid <= found.upper
    assert found.width < 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(episodes=1), "episodes"),
        (dict(discount=1.5), "discount is 1.5; expected 0 to 1"),
        (dict(within=(0, 1)), "expected them within 0.0 and 1.0"),
        (dict(confidence="1"), "confidence is 1; expected a number between 0 and 1"),
        (dict(policy=object()), "is not a policy"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(options, message):
    asked = {"policy": Uniform(), "episodes": 10, **options}
    with pytest.raises(InvalidModel, match=message):
        evaluate(asked.pop("policy"), Plane(MOVES), asked.pop("episodes"), rng=np.random.default_rng(0), **asked)
