"""Families of random instances that several claims on imitation are tested on."""

from dataclasses import replace

from ....model import MDP, Finite, TabularPolicy
from ...blocks import Box, Simplex
from ...family import Family

TWO_POLICIES = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        expert=Simplex("H", "S", to="A", within="mask"),
        learner=Simplex("H", "S", to="A", within="mask"),
    ),
    sizes=dict(H=(1, 5), S=(1, 3), A=(2, 3)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        expert=lambda x: TabularPolicy(x.expert),
        learner=lambda x: TabularPolicy(x.learner),
    ),
)
"""A finite-horizon MDP with rewards in [0, 1], an expert and a learner."""

REWARD_CLASS = replace(
    TWO_POLICIES,
    blocks={
        **{name: block for name, block in TWO_POLICIES.blocks.items() if name != "r"},
        "rewards": Box("K", "H", "S", "A", lower=-1),
    },
    sizes=dict(H=(1, 4), S=(1, 3), A=(2, 3), K=(2, 3)),
    models={
        **TWO_POLICIES.models,
        "mdp": lambda x: MDP(x.P, x.rewards[0], x.rho, horizon=Finite(x.sizes["H"])),
        "rewards": lambda x: x.rewards,
    },
)
"""The same with a class of rewards in [-1, 1], the first of which is the MDP's."""
