"""Conditional moment problems: channels from instrument to cause, and a Markov chain with a linear value."""

from collections.abc import Sequence

from ...base.arrays import objects, rational
from ...model import MDP, Discounted, MomentProblem, TabularPolicy
from ..catalogue import Exact, expect_integer, named_instance
from ..instance import Instance


@named_instance
def noisy_channel(k: int = 2, leak: Exact = 0, c: Exact = 1) -> Instance:
    """A symmetric channel from an instrument of two values to a cause of two, of smallest singular value 2^-k.

    The error h - h0 = (c, -c) is the singular vector: it is exactly 2^k times its projected error, and the bound by
    the ill-posedness is attained.

    Args:
        k: the crossover probability is (1 - 2^-k) / 2.
        leak: shift of the outcome by the first instrument itself, which is then confounded.
        c: size of the error.

    Returns: `problem`, `sigma` = 2^-k, the true `h0` = 0 and the candidate `h`.
    Source: adapted from Dikkala, Lewis, Mackey and Syrgkanis, 2020.

    >>> noisy_channel(1).problem.A
    array([[3/4, 1/4],
           [1/4, 3/4]], dtype=object)
    """
    expect_integer("k", k, 0)
    sigma, size = 1 / rational(2**k), rational(c)
    A = objects([[1 + sigma, 1 - sigma], [1 - sigma, 1 + sigma]]) / 2
    problem = MomentProblem(A, objects([leak, 0]), objects(["1/2", "1/2"]))
    return Instance(problem=problem, sigma=sigma, h0=objects([0, 0]), h=objects([size, -size]))


@named_instance
def ring_walk(test: Sequence[Exact] | None = None) -> Instance:
    """A ring of three states that advances with probability 3/4, and values linear in one feature.

    LSTD makes the projected Bellman error 0 if the adversary sees the feature of the value; with another test function
    the error is not 0, and the least squared Bellman error is elsewhere.

    Args: test: the adversary's test function `[s]`; the feature (1, 2, 4) if left out.

    Returns: `mdp`, `policy`, `features[s,k]`, `test[s,m]`, the states' `weights`, and coefficients `w` and `c`.
    Source: adapted from Bradtke and Barto, 1996.

    >>> ring_walk().mdp
    MDP(S=3, A=1, Discounted(1/2), rational, 6 transitions)
    """
    P = objects([[["1/4", "3/4", 0]], [[0, "1/4", "3/4"]], [["3/4", 0, "1/4"]]])
    features = objects([[1], [2], [4]])
    return Instance(
        mdp=MDP(P, objects([[1], [0], [0]]), horizon=Discounted("1/2")),
        policy=TabularPolicy(objects([[1]] * 3)),
        features=features,
        test=features if test is None else objects([[value] for value in test]),
        weights=objects(["1/3"] * 3),
        w=objects([1]),
        c=objects([1]),
    )
