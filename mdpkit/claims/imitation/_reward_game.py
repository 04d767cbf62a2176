"""Games of rewards against policies: `played[k,(t,)s,a]` against the tables `learners[k,t,s,a]`."""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.interval import stack
from ...instances.instance import Instance
from ...learn import BoxRewards, ExpertResets, GradientAscent, Mixture, MomentMatching, fit, grant
from ...model import TabularPolicy
from ._instances import cliff
from ._tree import paying, to_law, to_leaf, tree


def mixed(m):
    """The game, with the Markov policy that plays as the mixture of its policies."""
    return m.replace(mixture=Mixture([TabularPolicy(table) for table in m.learners]).to_tabular(m.mdp))


def flips(N=2):
    """A cliff of two steps; policy k keeps to the road if k is even, and falls if it is odd."""
    m = cliff(2, 0)
    m.learners = objects([[[[1 - k % 2, k % 2], [1, 0]]] * 2 for k in range(N)])
    m.played = objects([[[k, 1], [0, k]] for k in range(N)])
    m.rewards = objects([[[1, 0], [0, 0]], [[0, 1], [-1, 0]]])
    return m


def games():
    """A run of moment matching on a tree after some of its rounds, with the learner's trace.

    The expert goes to three leaves. Every reward of the class pays 1 at the last leaf, and anything from -1 to 1 elsewhere;
    off the expert's nodes the policies are leftmost and do not reach that leaf.
    """
    A, H, rounds = 2, 4, (1, 2, 4, 8, 16, 32, 64)
    problem, expert = tree(A, H), to_law(objects(["1/2", "1/3", *[0] * 9, "1/6", *[0] * 4]), A, H)
    centre = paying(A**H - 1, A, H)
    rewards = BoxRewards(2 * centre - 1, 1 + 0 * centre)
    learner = MomentMatching(
        rewards, GradientAscent("1/8"), ExpertResets(elsewhere=to_leaf(0, A, H)), rounds=rounds[-1]
    )
    log = fit(
        learner, grant(problem, expert=expert, demonstrations="exact", episodes="exact"), rng=np.random.default_rng(0)
    ).trace
    tables, played = (objects(np.stack(list(each))) for each in ([pi.table for pi in log["policy"]], log["reward"]))
    game = dict(mdp=problem, expert=expert, centre=centre, radius=1 - centre)
    return [
        mixed(
            Instance(
                **game,
                learners=tables[:N],
                played=played[:N],
                N=N,
                sup_gap=log["sup_gap"][N - 1],
                regret=log["reward_regret"][N - 1],
            )
        )
        for N in rounds
    ]


def largest(m, d):
    """The largest inner product of a difference of occupancies with a reward within `radius` of the `centre`."""
    return (d * m.centre).sum() + (abs(d) * m.radius).sum()


def short(m):
    """Suboptimality of each policy `[k]` for the reward of its round; every episode starts at state 0."""
    tasks = [(replace(m.mdp, r=f), TabularPolicy(table)) for f, table in zip(m.played, m.learners, strict=True)]
    return stack([measure.optimal_value(task)[0, 0] - measure.value(task, policy) for task, policy in tasks])
