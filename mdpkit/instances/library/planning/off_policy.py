"""Linear value functions with weights that are not the stationary distribution."""

import numpy as np

from ....base.arrays import objects, rational
from ....base.errors import InvalidModel
from ....model import MDP, Discounted, TabularPolicy
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance


def evaluation(P: np.ndarray, V: np.ndarray, gamma, features: np.ndarray, weights: np.ndarray) -> Instance:
    """A Markov chain whose rewards give it the values V, with features and weights.

    Args: P: `[s,n]`. V: `[s]`. gamma: the discount. features: `[s,k]`. weights: `[s]`.
    """
    P, V, gamma = objects(P), objects(V), rational(gamma)
    mdp = MDP(P[:, None], (V - gamma * (P @ V))[:, None], horizon=Discounted(gamma))
    return Instance(
        mdp=mdp,
        policy=TabularPolicy(objects(np.ones((len(P), 1), dtype=int))),
        features=objects(features),
        weights=objects(weights),
    )


@named_instance
def one_and_two(gamma: Exact = "9/10", first: Exact = "1/2", V: tuple = (0, 0)) -> Instance:
    """Two states with the features 1 and 2; both lead to the second.

    A sweep of projected value iteration multiplies the error of the weight w by gamma (4 - 2m) / (4 - 3m), where m is
    the weight of the first state in the projection; this exceeds 1 if m > 4 (1-gamma) / (3 - 2 gamma).

    Args:
        gamma: the discount.
        first: m, above 0 and below 1.
        V: values of the states, which determine the rewards.

    Returns: `mdp`, `policy`, `features`, `weights`, and `gamma` and `first`.
    Source: adapted from Tsitsiklis and Van Roy, 1996.

    >>> one_and_two(first="1/3", V=(1, 2)).mdp.r.ravel()
    array([-4/5, 1/5], dtype=object)
    """
    first = rational(first)
    if not 0 < first < 1:
        raise InvalidModel(f"first is {first}; expected a number between 0 and 1")
    made = evaluation([[0, 1], [0, 1]], V, gamma, [[1], [2]], [first, 1 - first])
    return made.replace(gamma=rational(gamma), first=first)


@named_instance
def expanding_cycle(N: int = 4, c: Exact = 2, gamma: Exact = "9/10") -> Instance:
    """A cycle of N states with one feature, c^s at state s; the weights are proportional to c^(-2s).

    A sweep of projected value iteration multiplies the error by gamma (c (N-1) + c^(1-N)) / N, which tends to gamma c:
    the largest factor that a density ratio of c^2 allows.

    Args:
        N: number of states.
        c: root of the largest ratio of the weights before and after a step, above 1.
        gamma: the discount.

    Returns: `mdp`, whose rewards are 0, `policy`, `features`, `weights`, and `N`, `c` and `gamma`.
    Source: adapted from Tsitsiklis and Van Roy, 1996.

    >>> expanding_cycle(2).weights
    array([4/5, 1/5], dtype=object)
    """
    expect_integer("N", N, 2)
    c = rational(c)
    if c <= 1:
        raise InvalidModel(f"c is {c}; expected a number above 1")
    feature = objects([c**s for s in range(N)])
    weights = 1 / feature**2
    P = np.roll(np.eye(N, dtype=int), 1, axis=1)
    made = evaluation(P, [0] * N, gamma, feature[:, None], weights / weights.sum())
    return made.replace(N=N, c=c, gamma=rational(gamma))


@named_instance
def swap(x: Exact = "1/2") -> Instance:
    """Two states that swap, with uniform weights and the feature (x, 1), at the discount 2x / (1 + x^2).

    The error of the fixed point is that of the projection divided by sqrt(1 - gamma^2), the most that is possible with
    stationary weights.

    Args: x: above 0 and below 1.

    Returns: `mdp`, `policy`, `features`, `weights`, and `x`.
    Source: adapted from Tsitsiklis and Van Roy, 1997.

    >>> swap().mdp.horizon.gamma
    4/5
    """
    x = rational(x)
    if not 0 < x < 1:
        raise InvalidModel(f"x is {x}; expected a number between 0 and 1")
    made = evaluation([[0, 1], [1, 0]], [x - 1, 1 - x], 2 * x / (1 + x**2), [[x], [1]], ["1/2", "1/2"])
    return made.replace(x=x)
