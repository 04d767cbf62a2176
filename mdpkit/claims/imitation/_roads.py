"""Roads that a learner may leave, and the policies that cloning and DAgger learn on them."""

from itertools import product
from math import comb, prod

import numpy as np

from ...base.arrays import objects, rational
from ...instances.instance import Instance
from ...learn import Cloning, DAgger, fit, grant
from ...model import MDP, Finite, TabularPolicy, Trajectories

SPENT = "demonstrations", "episodes", "steps", "resets", "queries"


def keeps(S, A) -> TabularPolicy:
    """Plays action 0 everywhere."""
    return TabularPolicy(objects(np.eye(A, dtype=int)[np.zeros(S, dtype=int)]))


def fog(H, p) -> MDP:
    """States 0 and, with probability p per step, 1 are the road, where action 0 stays and pays 1; action 1 falls to an absorbing state."""
    p, fall = rational(p), objects([0, 0, 1])
    ahead = objects([1 - p, p, 0])
    return MDP(
        objects([[ahead, fall]] * 2 + [[fall, fall]]), objects([[1, 0], [1, 0], [0, 0]]), ahead, horizon=Finite(H)
    )


def ditch(H, A) -> MDP:
    """State 0 pays 1 for action 0, which stays; the others fall into state 1, from which only action 0 leads back, unpaid."""
    P = np.broadcast_to(np.array([[0, 1]]), (2, A, 2)).copy()
    P[:, 0] = [1, 0]
    r = np.zeros((2, A), dtype=int)
    r[0, 0] = 1
    return MDP(objects(P), objects(r), objects([1, 0]), horizon=Finite(H))


def learned(learner, mdp, expert, interacts=False, **granted):
    """A fitted learner, and the counts of its meter."""
    helped = dict(episodes="exact", queries="exact") if interacts else {}
    access = grant(mdp, expert=expert, **{"demonstrations": "exact", **helped, **granted})
    answer = fit(learner, access, rng=np.random.default_rng(0))
    return answer, {name: getattr(answer.used, name) for name in SPENT}


def every_sample(H, n, p):
    """The cloned policy for every set of n demonstrations in the fog, by their number in state 1 at each step, and its probability."""
    mdp, expert, p = fog(H, p), keeps(3, 2), rational(p)
    chance = [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    policies, weights = [], []
    for shown in product(range(n + 1), repeat=H):
        obs = [int(episode < shown[t]) for episode in range(n) for t in range(H)]
        rows = dict(t=[*range(H)] * n, weight=objects([f"1/{n}"] * (n * H)))
        answer, used = learned(Cloning(), mdp, expert, demonstrations=Trajectories(obs, [0] * (n * H), **rows))
        policies.append(answer.policy.table)
        weights.append(prod(chance[k] for k in shown))
    return Instance(mdp=mdp, expert=expert, policies=objects(policies), weights=objects(weights), p=p, n=n, **used)


def smoothed(H, asks, eps=None, rounds=3):
    """Cloning, or the last round of DAgger, in a ditch with 2H actions, smoothed to slip with probability eps on the road."""
    A, eps = 2 * H, rational(f"1/{4 * H}" if eps is None else eps)
    mdp, expert, smoothing = ditch(H, A), keeps(2, A), str(eps / (A - 1 - A * eps))
    learner = DAgger(rounds, smoothing=smoothing, demonstrated=True) if asks else Cloning(smoothing)
    answer, used = learned(learner, mdp, expert, asks)
    return Instance(
        mdp=mdp, expert=expert, learner=answer.policy.members[-1] if asks else answer.policy, eps=eps, **used
    )
