"""Runs of the constraint game on small random problems, whose experts are lexicographic optima."""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...instances.families import garnet
from ...instances.instance import Instance
from ...solve.constrained_planning import ConstrainedPlanning
from ...solve.constraint_game import constraint_game

STEP = "1/5"
ROUNDS = (1, 2, 4, 8, 16)


def demonstrated(seed, tasks=3, wasteful=False):
    """A random problem, three rewards, the cost of visiting state 0, and experts whose cost is at most halfway between the
    least one and that of maximising reward alone, and least for their reward; a wasteful last expert maximises cost.
    """
    rng = np.random.default_rng(seed)
    mdp = garnet(4, 2, 2, "9/10", rng=rng)
    rewards = objects(rng.integers(0, 13, (tasks, 4, 2))) / 12
    cost = np.arange(4) == 0
    paid = objects(np.repeat(cost.astype(int)[:, None], 2, axis=1))
    least = -optimum(mdp, -paid).value.lower[()]
    experts = []
    for k, reward in enumerate(rewards):
        greedy = measure.value(replace(mdp, r=paid), optimum(mdp, reward).policy).lower[()]
        most = optimum(mdp, reward, paid, (least + greedy) / 2).value.lower[()]
        wanted = optimum(mdp, paid) if wasteful and k == tasks - 1 else optimum(mdp, -paid, -reward, -most)
        experts.append(wanted.policy.table)
    return Instance(
        mdp=mdp, rewards=rewards, experts=objects(experts), cost=objects(cost.astype(int)), step=rational(STEP)
    )


def optimum(mdp, reward, cost=None, limit=None):
    costs, limits = (cost[None], [limit]) if cost is not None else (objects(np.zeros((0, 4, 2), dtype=int)), [])
    return ConstrainedPlanning(costs, objects(np.array(limits, dtype=object))).run(replace(mdp, r=reward)).require(0)


def prefix(m, T):
    return m.replace(constraints=m.constraints[:T], learners=m.learners[:T], T=T)


def plays():
    """Every prefix of three runs."""
    whole = [played(demonstrated(seed)).replace(game=seed) for seed in range(3)]
    return [prefix(m, T) for m in whole for T in ROUNDS]


def task_by_task():
    return [m.replace(task=k) for m in plays() for k in range(3)]


def played(game, rounds=16, frozen=False, deaf=False):
    """One run; `frozen`: the constraint stays 0; `deaf`: the learners respond to 0 whatever the constraint."""
    heard = constraint_game(game.mdp, game.rewards, game.experts, rounds, 0 if frozen or deaf else STEP)
    shown = constraint_game(game.mdp, game.rewards, game.experts, rounds, STEP) if deaf else heard
    return game.replace(constraints=shown.constraints, learners=heard.learners)
