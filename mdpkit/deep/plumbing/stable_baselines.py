"""Models of stable-baselines3 as policies."""

import copy
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import MlpExtractor
from stable_baselines3.dqn.policies import DQNPolicy
from stable_baselines3.sac.policies import SACPolicy
from stable_baselines3.td3.policies import TD3Policy
from torch import nn

from ...base.errors import InvalidModel
from ...learn._environment import setting_of
from ...model.access import Discrete
from .encoding import Encoding, middle
from .policy import Categorical, ClippedGaussian, Greedy, NetworkPolicy, SquashedGaussian, Steady


def from_stable_baselines3(model: Any, *, deterministic: bool = True) -> NetworkPolicy:
    """The policy of a trained model of stable-baselines3, as every learner, measure and `grant` of mdpkit takes it.

    Args:
        model: a PPO, A2C, DQN, SAC, TD3 or DDPG model; its observations and actions are each discrete or vectors.
        deterministic: whether the policy plays the mode of its law, as `model.predict(obs, deterministic=True)`
            does. Otherwise PPO and A2C play their law and SAC its squashed one; DQN, TD3 and DDPG only have
            the deterministic policy.

    The network is copied, so training the model further does not change the policy. Observations are normalised as by
    the model's VecNormalize, if it has one. Actions are chosen by given uniform numbers, not by torch's generator, so
    that a seed repeats an episode.

    Returns: a stationary Policy, with a table on a finite problem with as many states and actions.
    Raises: InvalidModel for other models or spaces, recurrent or custom policies, and state-dependent exploration.
    """
    if not isinstance(model, BaseAlgorithm):
        raise InvalidModel(
            f"{type(model).__name__} is not a model of stable-baselines3; expected PPO, A2C, DQN, SAC, TD3 or DDPG"
        )
    name = type(model).__name__
    if getattr(model, "use_sde", False):
        raise InvalidModel(f"{name} uses state-dependent exploration, use_sde=True; expected a model without it")
    setting = setting_of(model.observation_space, model.action_space, name)
    policy = copy.deepcopy(model.policy)
    policy.set_training_mode(False)
    kind, net = _network(policy, setting.actions, deterministic, name)
    normaliser = model.get_vec_normalize_env()
    if normaliser is not None and normaliser.norm_obs:
        net = nn.Sequential(_Normalised(normaliser), net)
    for weight in net.parameters():
        weight.requires_grad_(False)
    made = kind(Encoding(setting.observations), net, setting.actions)
    if kind is ClippedGaussian:
        _, half = middle(setting.actions)
        made.log_deviation.data = policy.log_std.detach() - torch.tensor(np.log(half), device=policy.log_std.device)
    return made


def _network(policy, actions, deterministic, name):
    """(the kind of policy, its network from encoded rows to what the kind is made of)."""
    if isinstance(policy, ActorCriticPolicy):
        if type(policy).forward is not ActorCriticPolicy.forward or type(policy.mlp_extractor) is not MlpExtractor:
            raise InvalidModel(
                f"{name} has a {type(policy).__name__} that computes actions in its own way; expected an MlpPolicy"
            )
        net = nn.Sequential(policy.pi_features_extractor, policy.mlp_extractor.policy_net, policy.action_net)
        if isinstance(actions, Discrete):
            return Greedy if deterministic else Categorical, net
        if policy.squash_output:
            raise InvalidModel(
                f"{name} squashes a normal law; expected PPO or A2C as they are, with actions clipped to their bounds"
            )
        return Steady if deterministic else ClippedGaussian, nn.Sequential(net, _InUnits(actions))
    if isinstance(policy, DQNPolicy):
        return Greedy, nn.Sequential(policy.q_net.features_extractor, policy.q_net.q_net)
    if isinstance(policy, TD3Policy):
        return Steady, nn.Sequential(policy.actor.features_extractor, policy.actor.mu)
    if isinstance(policy, SACPolicy):
        actor = policy.actor
        hidden = nn.Sequential(actor.features_extractor, actor.latent_pi)
        if deterministic:
            return Steady, nn.Sequential(hidden, actor.mu, nn.Tanh())
        return SquashedGaussian, nn.Sequential(hidden, _Both(actor.mu, actor.log_std))
    raise InvalidModel(f"{name} has a {type(policy).__name__}; expected a policy of PPO, A2C, DQN, SAC, TD3 or DDPG")


class _Both(nn.Module):
    """The outputs of two networks, one after the other."""

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second

    def forward(self, rows):
        return torch.cat([self.first(rows), self.second(rows)], dim=1)


class _InUnits(nn.Module):
    """Actions in units in which their bounds are -1 and 1."""

    def __init__(self, actions):
        super().__init__()
        for name, value in zip(("centre", "scale"), middle(actions), strict=True):
            self.register_buffer(name, torch.tensor(value, dtype=torch.float32))

    def forward(self, rows):
        return (rows - self.centre.to(rows.device)) / self.scale.to(rows.device)


class _Normalised(nn.Module):
    """Observations as a VecNormalize shows them, with the moments that it has now."""

    def __init__(self, normaliser):
        super().__init__()
        self.register_buffer("mean", torch.tensor(normaliser.obs_rms.mean, dtype=torch.float32))
        self.register_buffer(
            "deviation", torch.tensor(np.sqrt(normaliser.obs_rms.var + normaliser.epsilon), dtype=torch.float32)
        )
        self.limit = normaliser.clip_obs

    def forward(self, rows):
        unit = (rows - self.mean.to(rows.device)) / self.deviation.to(rows.device)
        return unit.clamp(-self.limit, self.limit)
