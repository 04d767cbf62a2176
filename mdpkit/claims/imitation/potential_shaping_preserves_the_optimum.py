"""Potential-based shaping changes the return of every policy by the same amount, so the optimal actions stay the same.

Statement  Let r'_t(s,a) = r_t(s,a) + E[Phi_{t+1}(n) given s, a] - Phi_t(s), with Phi_H = 0. Then J' = J - E
           Phi_0(start) for every policy, Q*' = Q* - Phi, and the set of optimal actions is the same at every step and
           state. With Phi = V* the actions that maximise the one-step reward r' are exactly the optimal ones.
           Discounted: the same with gamma E Phi(n) - Phi(s), for every Phi.
Assumes    finite form: the terminal potential is 0.
Units      potentials in units of return.
Kind       identity
Source     adapted from Ng, Harada and Russell, 1999.
Proof      proofs/imitation/potential_shaping_preserves_the_optimum.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...ink.figures import identity
from ...instances import garnet
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MDP, Finite, TabularPolicy, shaped_reward
from ...verify.claim import Assumption, Claim, Control, Equal, Formal, Part


def facts(m, start, everywhere):
    """The pairs of the statement, for the potential at the start and at every state (and step)."""
    reward = shaped_reward(m.mdp, m.potential)
    Q, shaped = measure.optimal_action_value(m.mdp), measure.optimal_action_value(m.mdp, reward)
    returned = (measure.occupancy(m.mdp, m.policy) * reward).sum()
    single = measure.best_actions(shaped_reward(m.mdp, measure.optimal_value(m.mdp)))
    return {
        "optimal actions": (measure.best_actions(shaped), measure.best_actions(Q)),
        "optimal action value": (shaped + everywhere[..., None], Q),
        "return": (returned + measure.mean_product(start, 1, m.mdp.rho), measure.value(m.mdp, m.policy)),
        "best single steps for V*": (single, measure.optimal_actions(m.mdp)),
    }


def check(m):
    return Equal(facts(m, m.potential[0], m.potential[:-1]))


def check_discounted_facts(m):
    return Equal(facts(m, m.potential, m.potential))


def without_initial_potential(m):
    returned = (measure.occupancy(m.mdp, m.policy) * shaped_reward(m.mdp, m.potential)).sum()
    return Equal({**check(m).pairs, "return": (returned, measure.value(m.mdp, m.policy))})


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        policy=Simplex("H", "S", to="A"),
        potential=Box("H", "S", lower=-1),
    ),
    sizes=dict(H=(1, 4), S=(1, 3), A=(1, 3)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        policy=lambda x: TabularPolicy(x.policy),
        potential=lambda x: np.concatenate([x.potential, x.potential[:1] * 0]),
    ),
)


# ---- discounted instances
def maze(seed, gamma="9/10"):
    """Four states, three actions with two successors each, and a potential of small integers."""
    rng = np.random.default_rng(seed)
    mdp, actions = garnet(4, 3, 2, gamma, rng=rng), rng.integers(3, size=4)
    return Instance(
        mdp=mdp, policy=TabularPolicy(objects(np.eye(3, dtype=int)[actions])), potential=objects(rng.integers(-2, 3, 4))
    )


def mazes():
    return [maze(seed, gamma) for seed in range(8) for gamma in ("1/2", "99/100")]


# ---- controls
def fork(last=0):
    """One step: staying pays 1/2, leaving for state 1 pays nothing; the potential of state 1 at the end is `last`."""
    P = objects([[[1, 0], [0, 1]], [[0, 1], [0, 1]]])
    mdp = MDP(P, objects([["1/2", 0], [0, 0]]), objects([1, 0]), horizon=Finite(1))
    return Instance(
        mdp=mdp, policy=TabularPolicy(objects([[1, 0], [1, 0]])), potential=objects([["1/4", 0], [0, last]])
    )


def two_steps():
    """The fork played twice, with a potential of 1 on state 1 half way."""
    m = fork()
    m.mdp = MDP(m.mdp.P, m.mdp.r, m.mdp.rho, horizon=Finite(2))
    m.potential = objects([[0, 0], [0, 1], [0, 0]])
    return m


ENDS = Assumption("the terminal potential is 0", lambda m: (m.potential[-1] == 0).all())


def other_dynamics(shaped_reward, problem, potential):
    """The reward shaped for a process that never moves."""
    still = objects(np.broadcast_to(np.eye(problem.S, dtype=int)[:, None, :], (problem.S, problem.A, problem.S)))
    return shaped_reward(MDP(still, problem.r, problem.rho, horizon=problem.horizon), potential)


def ignore_discount(shaped_reward, problem, potential):
    after = (problem.P * potential).sum(axis=-1)
    return shaped_reward(problem, potential) + after * (1 - problem.horizon.gamma)


CLAIM = Claim(
    "potential_shaping_preserves_the_optimum",
    check,
    FAMILY,
    formula=(
        r"J' = J - \mathbb{E}_\rho \Phi_0, \qquad Q^{*\prime}_t(s, a) = Q^*_t(s, a) - \Phi_t(s), \qquad r'_t(s, a) "
        r"= r_t(s, a) + \mathbb{E}\,[ \Phi_{t+1}(n) \mid s, a ] - \Phi_t(s), \quad \Phi_H = 0"
    ),
    papers=("ng1999",),
    tags=("reward-shaping",),
    formal=(
        Formal(
            "Lean 4",
            "jin-yidan/verified-rl",
            "27ad2be",
            "shaped_greedy_preserved",
            "weaker",
            "discounted, greedy actions only; here the finite horizon and every return as well",
        ),
    ),
    assumes=(ENDS,),
    controls=(
        Control("a potential that does not end at 0", witness=lambda: fork(last=1), drops=ENDS.name),
        Control("returns without the shift", witness=fork, tightens=without_initial_potential, at="return"),
        Control("shaping under other dynamics", witness=two_steps, sabotages=shaped_reward, by=other_dynamics),
        Control(
            "shaping without discount",
            witness=lambda: maze(0),
            sabotages=shaped_reward,
            by=ignore_discount,
            part="discounted",
        ),
    ),
    also=(Part("discounted", mazes, check_discounted_facts),),
    figure=identity,
)
