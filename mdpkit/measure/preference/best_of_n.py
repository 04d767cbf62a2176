"""The best of n responses: its law and its divergence from the reference."""

from ...base.interval import Interval
from ...base.replaceable import replaceable
from ...base.types import Numbers
from ...model.policy import TabularPolicy
from .._known import law
from .._logs import relative_entropy


@replaceable
def best_of_n(reference: TabularPolicy, scores: Numbers, n: int) -> Interval:
    """Law `[x,y]` of the response of highest score of n drawn from the reference, ties in proportion to it.

    With F the distribution function of the score it is ref(y) (F(y)^n - F(y-)^n) / (F(y) - F(y-)).

    Args: scores: `[x,y]`. n: number of draws. The reference gives every response positive probability.

    >>> from mdpkit.base.arrays import objects
    >>> print(best_of_n(TabularPolicy(objects([["1/2", "1/2"]])), objects([[0, 1]]), 2).lower)
    [[1/4 3/4]]
    """
    p = law(reference, "table")
    below, level = ((p[..., None, :] * part.astype(int)).sum(axis=-1) for part in _orders(scores))
    return p * ((below + level) ** n - below**n) / level


@replaceable
def best_of_n_divergence(reference: TabularPolicy, scores: Numbers, n: int) -> Interval:
    """KL divergence `[x]` of `best_of_n` from the reference, in nats; at most log n - (n-1)/n."""
    return relative_entropy(best_of_n(reference, scores, n), law(reference, "table"))


def _orders(scores):
    """`[x,y,z]`: whether z scores less than y, and whether they tie."""
    mine, other = scores[..., :, None], scores[..., None, :]
    return other < mine, other == mine
