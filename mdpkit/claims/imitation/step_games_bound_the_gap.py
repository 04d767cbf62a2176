"""Solving the game of each step under the expert's states loses at most the sum of the values of the games.

Statement  For policies E and L and a finite class of rewards f, let
               eps_t = max_f E_{s ~ d_t^E} [Q_f^L(s, E) - Q_f^L(s, L)]
           be the value that L leaves to the rewards in the game of step t. Then
               max_f J_f(E) - J_f(L) <= sum_t eps_t <= H(H+1)/2 max_t eps_t / (H - t).
           Disjoint lanes attain both for every H. FILTER's game "mmdp" in the primal order, from the last step to the
           first, finds at each step the mixture of decision rules of smallest value eps_t.
Assumes    the games are played under the expert's states (for FILTER).
Units      eps_t in units of Q, a sum of H - t rewards; eps_t / (H - t) in units of one step's reward. The factor H^2 is
           the choice of the second unit. No range of rewards is assumed.
Kind       for all; exists
Source     adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.
Proof      proofs/imitation/step_games_bound_the_gap.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.interval import stack
from ...exact.lp import LinearProgram, optimise
from ...ink.figures import bound
from ...instances.instance import Instance
from ...instances.library.imitation.cliff import lanes
from ...instances.library.imitation.families import REWARD_CLASS
from ...learn import FILTER, FiniteRewards, fit, grant
from ...model import MDP, Finite, TabularPolicy, Trajectories
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def gap(m):
    """The largest value gap over the class of rewards."""
    return stack([measure.value_gap(replace(m.mdp, r=f), m.expert, m.learner) for f in m.rewards]).max()


def games(m):
    """eps_t `[t]`: the value of the game of each step at the learner's policy."""
    d = measure.occupancy(m.mdp, m.expert).sum(axis=-1)[..., None] * m.expert.table
    A = [measure.advantage(replace(m.mdp, r=f), m.learner) for f in m.rewards]
    return stack([(d * each).sum(axis=(1, 2)) for each in A]).max(axis=0)


def check(m):
    H, eps = m.mdp.horizon.H, games(m)
    per_step = eps * m.mdp.like([f"1/{H - t}" for t in range(H)])
    return Bound(gap(m), eps.sum(), per_step.max() * (H * (H + 1) // 2))


def attains(m):
    quadratic = check(m)
    return Equal({"sum": quadratic.sides[:2], "in units of a step": quadratic.sides[::2]})


def without_weights(m):
    """As if a mistake cost its own step only: H times the largest value in units of a step."""
    H, (lost, total, quadratic) = m.mdp.horizon.H, check(m).sides
    return Bound(lost, total, quadratic * 2 / (H + 1))


def on_uniform_states(occupancy, problem, policy):
    """An occupancy whose states are uniform."""
    return occupancy(problem, policy) * 0 + problem.like(f"1/{problem.S * problem.A}")[()]


def even_lanes(H):
    """Lanes on which the learner falls with the same probability at every step."""
    m = lanes([f"1/{H}"] * H)
    return m.replace(rewards=m.mdp.r[None])


# ---- FILTER solves the games
def solve(mdp, expert, rewards, rules, states=None):
    """FILTER's policy and the values that it reports; `states[t,s]` replaces the expert's state distribution."""
    law = "exact"
    if states is not None:
        t, s, a = np.nonzero(np.ones((mdp.horizon.H, mdp.S, mdp.A)))
        table = np.broadcast_to(expert.table, (mdp.horizon.H, mdp.S, mdp.A))
        law = Trajectories(s, a, t=t, weight=states[t, s] * table[t, s, a])
    access = grant(mdp, expert=expert, demonstrations=law, episodes="exact")
    answer = fit(FILTER(1, order="primal", rewards=FiniteRewards(rewards), rules=rules), access, rng=None)
    used = measure.occupancy(mdp, expert).sum(axis=-1).lower if states is None else states
    return Instance(
        mdp=mdp,
        expert=expert,
        learner=answer.policy,
        rewards=rewards,
        rules=rules,
        reported=objects(answer.trace["game_value"][::-1]),
        states=used,
    )


def laws(rng, *shape):
    weights = rng.integers(1, 5, shape) * rng.integers(0, 2, shape)
    weights[..., 0] += weights.sum(axis=-1) == 0
    return objects(weights) / objects(weights.sum(axis=-1, keepdims=True))


def solve_several(seeds=4, H=3, S=3, A=2, K=3):
    """FILTER on drawn problems with K rewards in [-1, 1] and K decision rules."""
    found = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        rewards = objects(rng.integers(-6, 7, (K, H, S, A))) / 6
        mdp = MDP(laws(rng, S, A, S), rewards[0], laws(rng, S), horizon=Finite(H))
        found.append(solve(mdp, TabularPolicy(laws(rng, S, A)), rewards, laws(rng, K, S, A)))
    return found


def distraction(states=None):
    """The expert stays at state 0; one rule errs there, the other at state 1, where a mistake costs twice as much."""
    P, r = objects([[[1, 0]] * 2, [[0, 1]] * 2]), objects([[1, 0], [2, 0]])
    rules = objects([[[0, 1], [1, 0]], [[1, 0], [0, 1]]])
    mdp = MDP(P, r, objects([1, 0]), horizon=Finite(3))
    return solve(mdp, TabularPolicy(objects([[1, 0]] * 2)), r[None], rules, states)


def reports(m):
    return Bound(gap(m), m.reported.sum())


def guaranteed(payoff):
    """What the best mixture of rewards gains against every rule, in the game `payoff[reward,rule]` of one step."""
    K, one = len(payoff), np.ones((payoff.shape[1], 1), dtype=int)
    A = np.concatenate([-payoff.T, objects(one), objects(-one)], axis=1)
    found = optimise(LinearProgram([0] * K + [1, -1], A, [0] * len(A), [[1] * K + [0, 0]], [1]))
    return (found.x[:K] @ payoff).min()


def is_smallest(m):
    """The values of the policy against those reported, and against what the rewards gain from every mixture of rules."""
    d = measure.occupancy(m.mdp, m.expert).sum(axis=-1)[..., None]
    Q = [measure.action_value(replace(m.mdp, r=f), m.learner) for f in m.rewards]
    payoffs = np.array([[((m.expert.table - rule) * d * q).sum(axis=(1, 2)).lower for rule in m.rules] for q in Q])
    least = objects([guaranteed(payoffs[..., t]) for t in range(m.mdp.horizon.H)])
    return Equal({"reported": (games(m), m.reported), "guaranteed": (games(m), least)})


THERE = Assumption(
    "the games are played under the expert's states",
    lambda m: m.states == measure.occupancy(m.mdp, m.expert).sum(axis=-1),
)
REPORTED = "the values that FILTER reports bound its gap"
CLAIM = Claim(
    "step_games_bound_the_gap",
    check,
    REWARD_CLASS,
    formula=(
        r"\max_f\, J_f(E) - J_f(L) \le \sum_t \varepsilon_t \le "
        r"\frac{H(H+1)}{2} \max_t \frac{\varepsilon_t}{H-t}, \qquad "
        r"\varepsilon_t = \max_f\, \mathbb{E}_{d_t^E} \big[ Q_f^L(s, E) - Q_f^L(s, L) \big]"
    ),
    papers=("swamy2023",),
    tags=("inverse-reinforcement-learning", "resets"),
    controls=(
        Control("a mistake that costs its own step", witness=lambda: even_lanes(3), tightens=without_weights),
        Control(
            "games under uniform states",
            witness=lambda: distraction(objects([["1/2", "1/2"]] * 3)),
            drops=THERE.name,
            part=REPORTED,
        ),
        Control(
            "values under uniform states",
            witness=lambda: even_lanes(3),
            sabotages=measure.occupancy,
            by=on_uniform_states,
        ),
    ),
    also=(
        Part("lanes attain it", lambda: [even_lanes(H) for H in (*range(1, 7), 10)], attains),
        Part(REPORTED, lambda: [distraction(), *solve_several()], reports, assumes=(THERE,)),
        Part("no mixture of rules has a smaller value", solve_several, is_smallest, assumes=(THERE,)),
    ),
    accepts=("mdp", MDP, ("P", "rho")),
    figure=bound,
    sides=(r"$\max_f\, J_f(E) - J_f(L)$", r"$H(H+1)/2\, \max_t\, \varepsilon_t / (H-t)$"),
)
