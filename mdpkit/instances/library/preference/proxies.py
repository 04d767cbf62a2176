"""Rewards and their proxies."""

from ....base.arrays import objects, rational
from ....model import PreferenceProblem
from ...catalogue import expect_integer, named_instance
from ...instance import Instance


@named_instance
def rare_disagreement(k: int = 2) -> Instance:
    """Three responses; a proxy agrees with the true reward on two of them and is opposite at a rare third one.

    The third response has probability 16^(-k) under the reference, true reward -2^k and proxy reward 2^k; the rewards
    of the others are 1 and -1. As k grows the correlation of the two rewards under the reference tends to 1, as does
    their variance, while a policy within half a nat of the reference can lose 2^k / (6k + 1).

    Args: k: exponent.

    Returns: `true` and `proxy`, two PreferenceProblems that differ in their reward.
    Source: adapted from Laidlaw, Singhal and Dragan, 2025.

    >>> rare_disagreement(1).true.reference
    array([[15/32, 15/32, 1/16]], dtype=object)
    """
    expect_integer("k", k, 1)
    p = rational(1) / 16**k
    law = objects([[(1 - p) / 2, (1 - p) / 2, p]])
    true, proxy = (PreferenceProblem(law, reward=objects([[1, -1, sign * 2**k]])) for sign in (-1, 1))
    return Instance(true=true, proxy=proxy)
