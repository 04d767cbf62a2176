"""Preferences that no reward explains, and regressions of the chance to win against the policy itself."""

import numpy as np

from ....base.arrays import objects, rational
from ....model import PreferenceProblem
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance


def duel(start: Exact, data: Exact, step: Exact, beta: Exact) -> Instance:
    """Two responses, the first of which always wins; one round that multiplies its weight by `step`."""
    start, data = rational(start), rational(data)
    win = objects([[["1/2", 1], [0, "1/2"]]])
    problem = PreferenceProblem(objects([[start, 1 - start]]), win=win, data=objects([[data, 1 - data]]), beta=beta)
    return Instance(problem=problem, steps=objects([[[step, 1]]]))


@named_instance
def unnoticed_winner(k: int = 4) -> Instance:
    """Two responses, of which the first always wins, and a regression that sees no difference.

    The base gives the winner a probability of 2^-k, the start 4^-k: the exploitability attains sqrt(C e) in the limit.

    Args: k: exponent of the probabilities.

    Returns: `problem`, `steps[t,x,y]`, and `share`, a lower bound on the share of the bound.
    Source: adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024.

    >>> unnoticed_winner(2).problem.reference
    array([[1/16, 15/16]], dtype=object)
    """
    expect_integer("k", k, 1)
    seen = rational(1) / 2**k
    return duel(seen * seen, seen, 1, seen / (2 * k)).replace(share=1 - 2 * seen)


@named_instance
def one_large_step() -> Instance:
    """The same two responses, an exact regression up to 10^-4, and one step: nine tenths of the bound are reached.

    Returns: `problem`, `steps[t,x,y]` = 24 for the winner, with eta close to log 24, and `share` = 9/10.
    Source: adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024.

    >>> one_large_step().problem.beta
    10000/31781
    """
    return duel("7/25", "1/2", 24, "10000/31781").replace(share=rational("9/10"))


@named_instance
def turning_cycle(T: int = 8, eta: Exact = "1/4") -> Instance:
    """Three responses that beat each other in a cycle, from a skewed start, with regressions that are nearly exact.

    The policies circle around the uniform policy, the minimax winner, ever farther out; their average nears it. Factors
    are (1 + x)/(1 - x), x half of eta times the chance to win, rounded down to multiples of 1/64.

    Args: T: number of rounds. eta: step size.

    Returns: `problem` with uniform data and `steps[t,x,y]`.
    Source: adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024.

    >>> turning_cycle(1).steps
    array([[[1, 15/16, 17/16]]], dtype=object)
    """
    expect_integer("T", T, 1)
    eta = rational(eta)
    win = objects([[["1/2", 1, 0], [0, "1/2", 1], [1, 0, "1/2"]]])
    weights, steps = objects(["1/2", "1/4", "1/4"]), []
    problem = PreferenceProblem(weights[None], win=win, data=objects([["1/3"] * 3]), beta=1 / eta)
    for _ in range(T):
        half = (2 * win[0] - 1) @ weights / weights.sum() * eta / 2
        steps.append(objects([(64 * (1 + x) / (1 - x)).floor() for x in half]) / 64)
        weights = weights * steps[-1]
    return Instance(problem=problem, steps=np.stack(steps)[:, None])
