"""The return's variance is that of the first state's value plus the expected one-step variances, so at most H^2/4.

Statement  For every Markov policy, with d_t the law of the state at step t, and sigma_t^2(s) the variance of r(s, a) +
           V_{t+1}(n) over the action and the next state,
               Var(sum_t r_t) = Var_rho(V_0) + sum_t E_{d_t}[sigma_t^2].
           Discounted, for every stationary policy, with sigma^2(s) the variance of r(s, a) + gamma V(n),
               Var(sum_t gamma^t r_t) = Var_rho(V) + sum_t gamma^{2t} E_{d_t}[sigma^2].
           If rewards lie in [0, 1], so that each sigma_t^2 alone may be (H-t)^2/4, the right side of the first is at
           most H^2/4, which is attained if the initial state decides, evenly, between always 1 and always 0.
Assumes    for the bound only: rewards lie in [0, 1].
Units      rewards are deterministic given state and action; the return is not normalised.
Kind       identity; for all; exists (enumerated)
Source     adapted from Sobel, 1982; Azar, Munos and Kappen, 2013.
Proof      proofs/planning/law_of_total_variance_of_the_return.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MDP, Discounted, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import exchange_states


def start_variance(m, V):
    """Variance of V over the initial state."""
    return measure.mean_product(V, V, m.mdp.rho) - measure.mean_product(V, 1, m.mdp.rho) ** 2


def sum_variances(m):
    """Var_rho(V_0) + sum_t E_{d_t}[sigma_t^2]."""
    V, d = measure.state_value(m.mdp, m.policy), measure.occupancy(m.mdp, m.policy).sum(axis=-1)
    return start_variance(m, V[0]) + (d * measure.step_variance(m.mdp, m.policy)).sum()


def check(m):
    return Equal({"variance": (measure.return_variance(m.mdp, m.policy), sum_variances(m))})


def is_at_most_a_quarter(m):
    H = m.mdp.horizon.H
    return Bound(sum_variances(m) * 4, m.mdp.like(H**2))


def is_linear(m):
    H = m.mdp.horizon.H
    return Bound(sum_variances(m) * 4, m.mdp.like(H))


def transitions_alone(m):
    """The one-step variance of V_{t+1} given the action, in place of that over the action too."""
    total = measure.return_variance(m.mdp, m.policy)
    V, Q = measure.state_value(m.mdp, m.policy), measure.action_value(m.mdp, m.policy)
    d = measure.occupancy(m.mdp, m.policy)
    of_actions = (d * (Q - V[:-1, :, None]) ** 2).sum()
    return Equal({"variance": (total, sum_variances(m) - of_actions)})


def check_infinite_horizon(m):
    """Occupancies at the discount gamma^2 weigh the steps by gamma^{2t}."""
    gamma, V = m.mdp.horizon.gamma, measure.state_value(m.mdp, m.policy)
    d = measure.occupancy(replace(m.mdp, horizon=Discounted(gamma * gamma)), m.policy).sum(axis=-1)
    steps = (d * measure.step_variance(m.mdp, m.policy)).sum()
    return Equal({"variance": (measure.return_variance(m.mdp, m.policy), start_variance(m, V) + steps)})


def discount_once(m):
    V, d = measure.state_value(m.mdp, m.policy), measure.occupancy(m.mdp, m.policy).sum(axis=-1)
    steps = (d * measure.step_variance(m.mdp, m.policy)).sum()
    return Equal({"variance": (measure.return_variance(m.mdp, m.policy), start_variance(m, V) + steps)})


BLOCKS = dict(rho=Simplex(to="S"))
FINITE = Family(
    blocks=dict(P=Simplex("H", "S", "A", to="S"), r=Box("H", "S", "A"), policy=Simplex("H", "S", to="A"), **BLOCKS),
    sizes=dict(H=(1, 3), S=(1, 2), A=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])), policy=lambda x: TabularPolicy(x.policy)
    ),
)
DISCOUNTED = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        r=Box("S", "A", lower=-1),
        policy=Simplex("S", to="A"),
        gamma=Choice(of=("1/2", "9/10")),
        **BLOCKS,
    ),
    sizes=dict(S=(1, 2), A=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Discounted(x.gamma[()])),
        policy=lambda x: TabularPolicy(x.policy),
    ),
)


# ---- instances, controls and figure
def fair_coin(H, top=1, horizon=None):
    """The initial state decides, evenly, between always `top` and always 0."""
    stay = objects(np.eye(2, dtype=int)[:, None])
    mdp = MDP(stay, objects([[top], [0]]), objects(["1/2", "1/2"]), horizon=horizon or Finite(H))
    return Instance(mdp=mdp, policy=TabularPolicy(objects([[1], [1]])))


def random_action(horizon=None):
    """One of two actions, drawn evenly at every step, pays 1."""
    mdp = MDP(objects([[[1], [1]]]), objects([[0, 1]]), horizon=horizon or Finite(3))
    return Instance(mdp=mdp, policy=TabularPolicy(objects([["1/2", "1/2"]])))


def walk():
    """State 0, the initial one, pays 1 and is left with probability 1/2 a step; state 1 pays nothing and absorbs."""
    P = objects([[["1/2", "1/2"]], [[0, 1]]])
    mdp = MDP(P, objects([[1], [0]]), objects([1, 0]), horizon=Finite(3))
    return Instance(mdp=mdp, policy=TabularPolicy(objects([[1], [1]])))


def attains(m):
    left, right = is_at_most_a_quarter(m).sides
    return Equal({"variance": (left, right)})


UNIT = Assumption("rewards lie in [0, 1]", lambda m: (m.mdp.r >= 0).all() and (m.mdp.r <= 1).all())
QUARTER, DISCOUNT = "at most H^2/4", "discounted"
CLAIM = Claim(
    "law_of_total_variance_of_the_return",
    check,
    FINITE,
    formula=(
        r"\mathrm{Var}\Big( \sum_t r_t \Big) = \mathrm{Var}_\rho(V_0) + \sum_t \mathbb{E}_{d_t} \big[ \sigma_t^2 \big] "
        r"\le \frac{H^2}{4}"
    ),
    papers=("sobel1982", "azar2013"),
    tags=("variance", "discounted"),
    controls=(
        Control("variances of transitions alone", witness=random_action, tightens=transitions_alone, at="variance"),
        Control("visits to other states", witness=walk, sabotages=measure.occupancy, by=exchange_states),
        Control("linear in the horizon", witness=lambda: fair_coin(3), tightens=is_linear, part=QUARTER),
        Control("rewards up to 2", witness=lambda: fair_coin(3, top=2), drops=UNIT.name, part=QUARTER),
        Control(
            "discounted once",
            witness=lambda: random_action(Discounted("1/2")),
            tightens=discount_once,
            at="variance",
            part=DISCOUNT,
        ),
    ),
    also=(
        Part(DISCOUNT, DISCOUNTED, check_infinite_horizon),
        Part(QUARTER, FINITE, is_at_most_a_quarter, assumes=(UNIT,)),
        Part("a fair coin attains it", lambda: [fair_coin(H) for H in range(1, 9)], attains, assumes=(UNIT,)),
    ),
)
