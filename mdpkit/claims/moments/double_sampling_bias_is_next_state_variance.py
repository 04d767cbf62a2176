"""The mean squared TD error exceeds the mean squared Bellman error by gamma^2 times the variance of the next value.

Statement  With delta = r(s,a) + gamma V(s') - V(s), a ~ pi(s), s' ~ P(s,a):
           E delta^2 = E_s (E[delta given s])^2 + gamma^2 E_s Var(V(s') given s)                  if r(s,a) = r(s),
           E delta^2 = E_{s,a} (E[delta given s,a])^2 + gamma^2 E_{s,a} Var(V(s') given s,a)      always.
           The moment game has no such bias: its solution under E[delta given s] = 0 is V^pi. The minimiser of E delta^2
           is another function where V^pi(s') varies.
Assumes    the reward depends on the state alone, r(s,a) = r(s) (first form); every state has positive weight (game).
Units      V in units of reward times steps; weights are any law of the state.
Kind       identity
Source     adapted from Baird, 1995, and Swamy, Choudhury, Bagnell and Wu, 2022.
Proof      proofs/moments/double_sampling_bias_is_next_state_variance.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...ink.figures import identity
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MDP, Discounted, MomentProblem, TabularPolicy
from ...solve import solve
from ...verify.claim import Assumption, Claim, Control, Equal, Part


def forms(m, given, weight):
    seen = measure.squared_temporal_difference(m.mdp, m.policy, m.V, m.weights)
    meant = measure.squared_bellman_error(m.mdp, m.policy, m.V, m.weights, given=given)
    return Equal(
        {
            "squared difference": (
                seen,
                meant + measure.next_state_variance(m.mdp, m.policy, m.V, m.weights, given=given) * weight,
            )
        }
    )


def check(m):
    return forms(m, "s", m.mdp.horizon.gamma**2)


def given_the_action(m):
    return forms(m, "sa", m.mdp.horizon.gamma**2)


def ignore_discount(m):
    return forms(m, "s", m.mdp.horizon.gamma)


def no_bias_in_the_game(m):
    """E[delta given s] = 0 as a linear restriction, (I - gamma P_pi) V = r_pi, weighted by `weights`."""
    chain = (m.policy.table[:, :, None] * m.mdp.P).sum(axis=1)
    restriction = MomentProblem(
        np.eye(m.mdp.S, dtype=int) - m.mdp.horizon.gamma * chain, (m.policy.table * m.mdp.r).sum(axis=1), m.weights
    )
    return Equal({"solution of the game": (solve(restriction).h, measure.state_value(m.mdp, m.policy))})


def least_squared_difference(m):
    """The minimiser of E delta^2: every triple (s,a,s') is an instrument of its own, weighted by its probability."""
    S, A = m.mdp.S, m.mdp.A
    weights = m.weights[:, None, None] * m.policy.table[:, :, None] * m.mdp.P
    now, following = np.eye(S, dtype=int)[:, None, None, :], np.eye(S, dtype=int)[None, None, :, :]
    moments = np.broadcast_to(now - m.mdp.horizon.gamma * following, (S, A, S, S)).reshape(-1, S)
    rewards = np.repeat(m.mdp.r.reshape(-1), S)
    found = solve(MomentProblem(moments, rewards, weights.reshape(-1))).h
    return Equal({"solution of the game": (found, measure.state_value(m.mdp, m.policy))})


BLOCKS = dict(
    P=Simplex("S", "A", to="S"),
    rho=Simplex(to="S"),
    gamma=Choice(of=("1/2", "9/10", "99/100")),
    policy=Simplex("S", to="A"),
    V=Box("S", lower=-3, upper=3),
    weights=Simplex(to="S"),
)
MODELS = dict(policy=lambda x: TabularPolicy(x.policy), V=lambda x: x.V, weights=lambda x: x.weights)


def family(reward, r):
    mdp = {"mdp": lambda x: MDP(x.P, reward(x), x.rho, horizon=Discounted(x.gamma))}
    return Family(blocks={**BLOCKS, "r": r}, sizes=dict(S=(1, 4), A=(1, 3)), models={**mdp, **MODELS})


OF_THE_STATE = family(lambda x: x.r[:, None] + x.like(np.zeros((1, x.sizes["A"]), dtype=int)), Box("S", lower=-1))
OF_BOTH = family(lambda x: x.r, Box("S", "A", lower=-1))


def everywhere(x):
    """A law that gives every state positive weight."""
    return (x.weights + x.like([f"1/{x.sizes['S']}"])) / 2


SEEN = replace(
    OF_BOTH,
    blocks={name: block for name, block in OF_BOTH.blocks.items() if name != "V"},
    sizes=dict(S=(1, 3), A=(1, 2)),
    models={**{name: make for name, make in OF_BOTH.models.items() if name != "V"}, "weights": everywhere},
)


# ---- controls and exact instances
def coin(pays=(0, 0), weights=("1/2", "1/2"), V=(0, 1)):
    """Both actions of both states lead to either state with probability 1/2; action a pays pays[a]."""
    half = objects([["1/2", "1/2"]] * 2)
    mdp = MDP(objects(np.broadcast_to(half, (2, 2, 2))), objects([pays, pays]), horizon=Discounted("9/10"))
    return Instance(mdp=mdp, policy=TabularPolicy(half), V=objects(V), weights=objects(weights))


def paid_state():
    """Both actions lead to either state with probability 1/2, and state 1 pays 1: V^pi is larger there by 1."""
    m = coin()
    return m.replace(mdp=MDP(m.mdp.P, objects([[0, 0], [1, 1]]), horizon=m.mdp.horizon))


def coins():
    return [coin(weights=(f"1/{q}", f"{q - 1}/{q}"), pays=pays) for q in (2, 3, 7) for pays in ((0, 1), (1, 1))]


KNOWN = Assumption("the reward depends on the state alone", lambda m: (m.mdp.r == m.mdp.r[:, :1]).all())
SEEN_ALL = Assumption("every state has positive weight", lambda m: (m.weights > 0).all())
GAME = "the game has no bias"


def halve(next_state_variance, problem, policy, V, weights, given="s"):
    return next_state_variance(problem, policy, V, weights, given=given) / 2


CLAIM = Claim(
    "double_sampling_bias_is_next_state_variance",
    check,
    OF_THE_STATE,
    formula=(
        r"\mathbb{E}\, \delta^2 = \mathbb{E}_s \big( \mathbb{E}[\delta \mid s] \big)^2 + \gamma^2\, \mathbb{E}_s "
        r"\mathrm{Var}(V(s') \mid s), \qquad \delta = r(s, a) + \gamma V(s') - V(s)"
    ),
    papers=("baird1995", "swamy2022"),
    tags=("conditional-moments", "bellman-residual"),
    assumes=(KNOWN,),
    controls=(
        Control("gamma in place of its square", witness=coin, tightens=ignore_discount, at="squared difference"),
        Control(
            "a reward that depends on the action",
            witness=lambda: coin(pays=(0, 1)),
            drops="the reward depends on the state alone",
        ),
        Control(
            "the squared difference in place of the game", paid_state, tightens=least_squared_difference, part=GAME
        ),
        Control("half of the variance", witness=coin, sabotages=measure.next_state_variance, by=halve),
    ),
    also=(
        Part("given state and action", OF_BOTH, given_the_action),
        Part(GAME, SEEN, no_bias_in_the_game, assumes=(SEEN_ALL,)),
        Part("the game on coins", coins, no_bias_in_the_game),
    ),
    figure=identity,
    sides=(r"$E\,\delta^2$", r"$MSBE + \gamma^2\,E_s\,Var\,V(s')$"),
)
