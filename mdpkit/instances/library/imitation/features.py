"""Problems with features, on which a learner matches those of the expert."""

import numpy as np

from ....base.arrays import objects, rational
from ....model import MDP, Finite, TabularPolicy
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance


@named_instance
def noisy_ring(seed: int = 0, chance: Exact = "1/2", H: int = 3, S: int = 3, A: int = 2, K: int = 2) -> Instance:
    """A ring of states on which action a advances by a, with noise, random features and a random expert.

    Where transitions are certain (chance = 0), weighting trajectories by P(trajectory) e^reward gives the policy of
    maximum causal entropy. Otherwise it treats transition noise as controllable, and features that match in the model
    this implies differ in the MDP.

    Args:
        seed: of the draw of transitions, features and expert.
        chance: share of a random law in every transition.
        H: horizon.
        S: number of states; episodes start at state 0.
        A: number of actions.
        K: number of features.

    Returns: `mdp`, whose reward is the first feature, `features[k,s,a]`, `expert`, `chance` and `seed`.
    Source: adapted from Ziebart, Bagnell and Dey, 2010.

    >>> noisy_ring(chance=0).mdp
    MDP(S=3, A=2, Finite(H=3), rational, 6 transitions)
    """
    for name, size in (("H", H), ("S", S), ("A", A), ("K", K)):
        expect_integer(name, size, 1)
    rng, share = np.random.default_rng(seed), rational(chance)
    noise, table = (objects(rng.integers(1, 9, shape)) for shape in ((S, A, S), (H, S, A)))
    noise, table = (weights / weights.sum(axis=-1, keepdims=True) for weights in (noise, table))
    ring = objects(np.eye(S, dtype=int)[np.add.outer(np.arange(S), np.arange(A)) % S])
    features = objects(rng.integers(0, 13, (K, S, A))) / 12
    start = objects(np.eye(1, S, dtype=int)[0])
    mdp = MDP(noise * share + ring * (1 - share), features[0], start, horizon=Finite(H))
    return Instance(mdp=mdp, features=features, expert=TabularPolicy(table), chance=share, seed=seed)
