"""Random problems with two features, and the parameters that maximum causal entropy learns on them."""

from fractions import Fraction

import numpy as np

from ...base.arrays import exactly, objects, rational
from ...instances.instance import Instance
from ...learn import MaxCausalEntropy, fit, grant
from ...model import MDP, Finite, TabularPolicy


def drawn(seed, chance=1, H=3, S=3, A=2, K=2):
    """From state 0; transitions are deterministic up to a share `chance` of a random law. `theta` is the learner's last iterate."""
    rng, chance = np.random.default_rng(seed), rational(chance)
    P, pi = (objects(rng.integers(1, 9, shape)) for shape in ((S, A, S), (H, S, A)))
    P, pi = (x / x.sum(axis=-1, keepdims=True) for x in (P, pi))
    P = P * chance + objects(np.eye(S, dtype=int)[np.add.outer(np.arange(S), np.arange(A)) % S]) * (1 - chance)
    features = objects(rng.integers(0, 13, (K, S, A))) / 12
    mdp, expert = MDP(P, features[0], objects(np.eye(1, S, dtype=int)[0]), horizon=Finite(H)), TabularPolicy(pi)
    access = grant(mdp, expert=expert, demonstrations="exact", episodes="exact")
    theta = fit(MaxCausalEntropy(features), access, rng=np.random.default_rng(0)).trace["theta"][-1]
    return Instance(mdp=mdp, features=features, expert=expert, theta=objects(exactly(theta)), chance=chance, seed=seed)


def problems():
    return [drawn(seed, chance) for seed in (0, 1, 2) for chance in (0, "1/4", "1/2", "3/4", 1)]


def apart(seed):
    """Two parameters, one of them the learned one rounded to thousandths, so that results do not depend on the processor."""
    m = drawn(seed)
    theta = objects([Fraction(round(float(x) * 1000), 1000) for x in m.theta])
    far = objects(np.random.default_rng(seed).integers(1, 5, len(theta)))
    return Instance(mdp=m.mdp, features=m.features, theta=theta, other=theta + far)
