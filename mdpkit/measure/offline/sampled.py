"""What a sample says, with a stated confidence."""

from fractions import Fraction
from math import comb

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.interval import Interval
from ...base.replaceable import replaceable
from ...instances.restrictions import empirical
from ..moments.moment_game import norm_power


@replaceable
def sampled_median(numbers, confidence="99/100") -> Interval:
    """An interval that holds the median of the law from which independent `numbers` were drawn, whatever that law is.

    Its ends are order statistics: the k-th smallest number exceeds the median only if fewer than k of n fair coins fall
    below it, so that both ends are right with probability at least `confidence`.

    Raises: InvalidModel where there are too few numbers for that confidence.

    >>> sampled_median([5, 1, 4, 2, 3, 6, 7, 8])
    Interval([1, 8], sampled)
    """
    found, left = np.sort(floats(np.asarray(numbers))), 1 - Fraction(confidence)
    n, k, below = len(found), 0, 0
    while 2 * (below + comb(n, k)) <= left * 2**n:
        below, k = below + comb(n, k), k + 1
    if k == 0:
        raise InvalidModel(f"{n} numbers bound no median with confidence {confidence}; expected more")
    return Interval(found[k - 1], found[n - k], "sampled")


@replaceable
def sampled_error(fit, joint, outcome, truth, n, *, data_sets, confidence="99/100", rng) -> Interval:
    """The median squared error E (h - truth)^2 of a fit to n draws, over the law of the cause.

    Args: fit: function of a joint law and the outcome, that answers an Interval `h[x]`. joint: rational law `joint[z,u,x]`.
    outcome: `outcome[u,x]`. truth: `truth[x]`. data_sets: how many samples of n draws the interval is made of.
    Raises: Singular where one of the samples leaves the fit open; InvalidModel as `sampled_median`.
    """
    law = joint.sum(axis=(0, 1))
    fits = (fit(empirical(joint, n, rng=rng), outcome) for _ in range(data_sets))
    return sampled_median([norm_power(h - truth, law, 2).mid for h in fits], confidence)
