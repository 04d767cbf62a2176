"""Learners that search a tree for a reward, and the policies they return for every possible rewarding leaf."""

from dataclasses import dataclass

import numpy as np

from ...base.arrays import objects
from ...instances.instance import Instance
from ...learn import PSDP, fit, grant
from ...measure import occupancy
from ...model import TabularPolicy
from ._tree import paying, to_law, to_leaf, tree


def leftmost(A, H) -> PSDP:
    """Tries every action once at every reset state; leftmost elsewhere."""
    return PSDP(probes=1, elsewhere=to_leaf(0, A, H))


def played(learner, A, H, rewards=None, shown=to_leaf):
    """The learner's policies `[leaf,(t,)s,a]` for the rewards `[leaf,s,a]`, and the most it used; every leaf has the same seed.

    By default the rewards pay at the leaf only. A learner that is granted resets has them to `starts[leaf,k]`, each a step
    and a node: the states that the policy `shown(leaf, A, H)` visits.
    """
    rewards = objects([paying(leaf, A, H) for leaf in range(A**H)]) if rewards is None else rewards
    fits, starts = [], []
    for leaf, r in enumerate(rewards):
        problem, helped = tree(A, H, r), {}
        if "resets" in learner.needs:
            helped = dict(expert=shown(leaf, A, H), demonstrations="exact", resets="exact")
            starts.append(np.argwhere(occupancy(problem, helped["expert"]).lower.sum(axis=2) > 0))
        access = grant(problem, episodes=A**H, rewards=True, rng=np.random.default_rng(0), **helped)
        fits.append(fit(learner, access, rng=np.random.default_rng(0)))
    used = {name: max(getattr(each.used, name) for each in fits) for name in ("episodes", "resets", "steps")}
    starts = np.array(starts, dtype=np.int64).reshape(len(rewards), -1, 2)
    policies = objects([each.policy.table for each in fits])
    return Instance(tree=tree(A, H), rewards=rewards, policies=policies, starts=starts, A=A, H=H, **used)


def paid(access, actions, state=None, at=0):
    """Return of a sequence of actions from a node (by default the root) to a leaf."""
    access.reset() if state is None else access.reset(to=state, at=at)
    return sum(access.step(int(action))[1] for action in actions)


def leaves(A, H):
    """The action sequences that lead from the root to each leaf, from the left."""
    return np.indices((A,) * H).reshape(H, -1).T


def answer(access, actions):
    """The policy that follows a sequence of actions from the root, and is leftmost off that path."""
    S, A = access.setting.observations.n, access.setting.actions.n
    table, node = np.eye(A, dtype=int)[np.zeros(S, dtype=int)], 0
    for action in actions:
        table[node], node = np.eye(A, dtype=int)[action], A * node + 1 + action
    return TabularPolicy(objects(table))


@dataclass(frozen=True)
class Sweep:
    """Tries leaf after leaf, for at most `episodes` episodes, until one pays; returns that leaf, or else the next one."""

    episodes: int

    needs = ("episodes", "rewards")

    def learn(self, access, rng):
        ways = leaves(access.setting.actions.n, access.setting.horizon.H)
        for actions in ways[: self.episodes]:
            if paid(access, actions):
                return answer(access, actions), {}
        return answer(access, ways[self.episodes]), {}


@dataclass(frozen=True)
class QLearning:
    """One-step temporal differences with learning rate 1 from values `optimism`; a random action with probability `explores`."""

    episodes: int
    explores: float
    optimism: float

    needs = ("episodes", "rewards")

    def learn(self, access, rng):
        S, A, H = access.setting.observations.n, access.setting.actions.n, access.setting.horizon.H
        Q = np.full((S, A), self.optimism)
        for _ in range(self.episodes):
            s, _ = access.reset()
            for t in range(H):
                best = np.flatnonzero(Q[s] == Q[s].max())
                a = int(rng.integers(A) if rng.random() < self.explores else rng.choice(best))
                following, reward, *_ = access.step(a)
                Q[s, a] = reward + (Q[following].max() if t < H - 1 else 0)
                s = following
        return TabularPolicy(objects(np.eye(A, dtype=int)[Q.argmax(axis=1)])), {}


@dataclass(frozen=True)
class Forward:
    """Fixes the actions from the root on: at each step one episode per action, with later steps leftmost."""

    needs = ("episodes", "rewards")

    def learn(self, access, rng):
        A, H, actions = access.setting.actions.n, access.setting.horizon.H, []
        for t in range(H):
            found = [paid(access, [*actions, a, *[0] * (H - 1 - t)]) for a in range(A)]
            actions.append(int(np.argmax(found)))
        return answer(access, actions), {}


# ---- instances
def distinct(A, H, M):
    """M - 1 episodes that end at different leaves, and another leaf as the answer."""
    return Instance(tree=tree(A, H), tests=objects([to_leaf(leaf, A, H).table for leaf in range(M)]))


def another(leaf, A, H):
    """Goes to the first leaf, whichever pays."""
    return to_leaf(0, A, H)


def everywhere(leaf, A, H):
    """Goes to every leaf with the same probability."""
    return to_law(objects([f"1/{A**H}"] * A**H), A, H)


def blind():
    """Learners without information on the leaf."""
    Q = [QLearning(m, explores, optimism) for m in (3, 7, 15) for explores, optimism in ((0.5, 0), (0.1, 0), (0, 1))]
    return [
        *(played(each, 2, 4) for each in (*map(Sweep, (0, 1, 3, 7, 15)), *Q)),
        played(leftmost(2, 4), 2, 4, shown=another),
    ]


def guided(A, H):
    return played(leftmost(A, H), A, H)


def any_rewards():
    """Rewards drawn independently at every node and action, in [-1, 1]; expert k goes to leaf k."""
    rng = np.random.default_rng(0)
    drawn = [(A, H, rng.integers(-12, 13, (A**H, (A**H - 1) // (A - 1), A))) for A, H in ((2, 2), (2, 4), (3, 3))]
    return [played(leftmost(A, H), A, H, objects(r) / 12) for A, H, r in drawn]


def shaped(A, H):
    """Every step on the path to the leaf pays 1/H, and the learner fixes the first step first."""
    return played(Forward(), A, H, objects([paying(leaf, A, H, shaped=True) for leaf in range(A**H)]))
