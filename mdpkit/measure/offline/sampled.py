"""Confidence intervals for medians from samples."""

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
    """Distribution-free confidence interval for the median of the distribution of i.i.d. `numbers`.

    Its ends are order statistics: the k-th smallest of n numbers exceeds the median with probability at most
    P(Binomial(n, 1/2) < k), and both ends are valid with probability at least `confidence`.

    Raises: InvalidModel if there are too few numbers for that confidence.

    >>> sampled_median([5, 1, 4, 2, 3, 6, 7, 8])
    Interval([1, 8], sampled)
    """
    found, left = np.sort(floats(np.asarray(numbers))), 1 - Fraction(confidence)
    n, k, below = len(found), 0, 0
    while 2 * (below + comb(n, k)) <= left * 2**n:
        below, k = below + comb(n, k), k + 1
    if k == 0:
        raise InvalidModel(f"{n} numbers are too few to bound a median with confidence {confidence}; expected more")
    return Interval(found[k - 1], found[n - k], "sampled")


@replaceable
def sampled_error(fit, joint, outcome, truth, n, *, data_sets, confidence="99/100", rng) -> Interval:
    """Median over samples of size n of the squared error E[(h - truth)^2] of a fit, under the distribution of the cause.

    Args: fit: function of a joint distribution and the outcome that returns an Interval `h[x]`. joint: rational
    distribution `joint[z,u,x]`. outcome: `outcome[u,x]`. truth: `truth[x]`. data_sets: number of samples of n draws.
    Raises: Singular if the fit is not unique on some sample; InvalidModel as `sampled_median`.
    """
    law = joint.sum(axis=(0, 1))
    fits = (fit(empirical(joint, n, rng=rng), outcome) for _ in range(data_sets))
    return sampled_median([norm_power(h - truth, law, 2).mid for h in fits], confidence)
