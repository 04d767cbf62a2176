"""Sequences of regressed rewards: `steps[t,x,y]` = e^(eta f_t), the factors that multiply REBEL's policies."""

from collections.abc import Sequence

import numpy as np

from ....base.arrays import objects, rational
from ....model import PreferenceProblem, TabularPolicy
from ...catalogue import Exact, expect_integer, named_instance
from ...instance import Instance


def sequence(
    start: Sequence[Exact],
    weights: Sequence[Exact],
    data: Sequence[Exact],
    steps: np.ndarray,
    rival: Sequence[Exact] | None = None,
) -> Instance:
    """One prompt; `weights` = e^(eta r), eta = 1. `rival` is the comparator: the last policy if omitted."""
    steps = objects(steps)
    problem = PreferenceProblem(objects([start]), weights=objects([weights]), data=objects([data]))
    last = problem.reference * steps.prod(axis=0)
    table = last / last.sum(axis=-1)[:, None] if rival is None else objects([rival])
    return Instance(problem=problem, steps=steps, rival=TabularPolicy(table))


@named_instance
def small_steps(T: int = 1, n: int = 4) -> Instance:
    """Two responses, a uniform start, an exact regression, and the last policy as comparator.

    The reward of the first response is log(1 + 1/n). Half of the regret is the divergence from the start, the other
    half the price of the step size: KL / (eta T) + eta B^2 / 8 is attained in the limit of small steps.

    Args: T: number of rounds. n: inverse of the step.

    Returns: `problem`, `steps[t,x,y]`, the policy `rival`, and `share`, a lower bound on the share of the bound.
    Source: adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024.

    >>> small_steps(1, 4).steps
    array([[[5/4, 1]]], dtype=object)
    """
    expect_integer("T", T, 1)
    expect_integer("n", n, 1)
    weights = [1 + rational(1) / n, 1]
    m = sequence(["1/2"] * 2, weights, ["1/2"] * 2, [[weights]] * T)
    return m.replace(T=T, n=n, share=1 - rational(T * T) / (4 * n * n))


@named_instance
def unnoticed_response(k: int = 4) -> Instance:
    """Two responses, of which the base gives the good one a probability 2^-k, and a regression that sees no difference.

    The error is small where the policy is, and sqrt(C e) with the one coverage factor C = 2^k is attained in the limit.

    Args: k: the start gives the good response 4^-k.

    Returns: `problem`, `steps[t,x,y]`, the policy `rival`, and `share`, a lower bound on the share of the bound.
    Source: adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024.

    >>> unnoticed_response(2).problem.data
    array([[1/4, 3/4]], dtype=object)
    """
    expect_integer("k", k, 1)
    rare, seen = rational(1) / 4**k, rational(1) / 2**k
    m = sequence([rare, 1 - rare], [2 ** (2 * k * 2**k), 1], [seen, 1 - seen], [[[1, 1]]], [1, 0])
    return m.replace(k=k, share=1 - 2 * seen)


FAULTS = {"none": 10, "shy": 4, "blind": 0}
"""The regressed reward of the best of four responses, in tenths of its reward."""


@named_instance
def best_of_four(j: int = 1, fault: str = "none") -> Instance:
    """Four responses of rewards B, B/2, 0 and 0, a uniform start, and 4^j rounds of size eta B close to the best.

    Regressions are exact, or wrong about the best response: "shy" ones give it 4/10 of its reward, so that the second
    comes to be preferred; "blind" ones give it none, an error that the base, which never shows it, does not count.

    Args: j: number of rounds 4^j, with e^(eta B) = (1 + 1/(3 2^j))^10. fault: "none", "shy" or "blind".

    Returns: `problem`, `steps[t,x,y]`, the policy `rival` (the best response), `fault` and `unit`, e^(eta B).
    Source: adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024.

    >>> best_of_four(1, "blind").problem.data
    array([[0, 1/3, 1/3, 1/3]], dtype=object)
    """
    expect_integer("j", j, 0)
    b = 1 + 1 / rational(3 * 2**j)
    data = ["0", "1/3", "1/3", "1/3"] if fault == "blind" else ["1/4"] * 4
    step = [b ** FAULTS[fault], b**5, 1, 1]
    m = sequence(["1/4"] * 4, [b**10, b**5, 1, 1], data, [[step]] * 4**j, [1, 0, 0, 0])
    return m.replace(fault=fault, unit=b**10)


@named_instance
def two_features(base: str = "policy") -> Instance:
    """Two prompts, three responses and two features, with a policy that a regression of relative rewards improves.

    If both responses of a pair are drawn from the policy, the step is that of natural policy gradient; with a uniform
    second response it is not, nor if the reward of single responses is regressed.

    Args: base: law of the second response, "policy" or "uniform".

    Returns: `problem` with the policy as reference, `policy`, `base[x,y]` and `features[x,y,k]`.
    Source: adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024.

    >>> two_features("uniform").base
    array([[1/3, 1/3, 1/3],
           [1/3, 1/3, 1/3]], dtype=object)
    """
    table = objects([["1/2", "1/4", "1/4"], ["1/5", "1/5", "3/5"]])
    features = objects([[[1, 0], [0, 1], [1, 1]], [[0, 2], [1, 0], [-1, 1]]])
    problem = PreferenceProblem(table, reward=objects([[1, "1/2", 0], [0, 1, "1/4"]]))
    second = table if base == "policy" else objects([["1/3"] * 3] * 2)
    return Instance(problem=problem, policy=TabularPolicy(table), base=second, features=features)


@named_instance
def misleading_pair(k: int = 8) -> Instance:
    """Three responses with feature 0, 1, 3 and reward 0, -1, 3: the two that are common mislead about the third.

    Among the first two the reward falls with the feature; the third, of probability 2^-k, pays most. Over the policies
    that are log-linear in the feature, REBEL's pairs of the policy's own responses lead away from it for ever, and
    pairs with offline data that show it lead there.

    Args: k: the start gives the third response 2^-k.

    Returns: `problem`, whose data are uniform, the policy `policy`, which is the reference, and `features[x,y,k]`.
    Source: adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024.

    >>> misleading_pair(3).problem.reference
    array([[7/16, 7/16, 1/8]], dtype=object)
    """
    expect_integer("k", k, 0)
    rare = rational(1) / 2**k
    start = objects([[(1 - rare) / 2, (1 - rare) / 2, rare]])
    problem = PreferenceProblem(start, reward=objects([[0, -1, 3]]), data=objects([["1/3"] * 3]))
    return Instance(problem=problem, policy=TabularPolicy(start), features=objects([[[0], [1], [3]]]), k=k)
