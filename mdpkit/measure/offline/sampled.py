"""Confidence intervals for medians from samples."""

from collections.abc import Callable
from fractions import Fraction
from math import comb, fsum, log, sqrt

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity
from ...base.record import expect_confidence
from ...base.replaceable import replaceable
from ...base.types import Numbers
from ...instances.restrictions import empirical
from ..moments.moment_game import norm_power


@replaceable
def sampled_median(numbers: Numbers, confidence: str | float | Fraction = "99/100") -> Interval:
    """Distribution-free confidence interval for the median of the distribution of i.i.d. `numbers`.

    Its ends are order statistics: the k-th smallest of n numbers exceeds the median with probability at most
    P(Binomial(n, 1/2) < k), and both ends are valid with probability at least `confidence`.

    Raises: InvalidModel if there are too few numbers for that confidence, or it is not between 0 and 1.

    >>> sampled_median([5, 1, 4, 2, 3, 6, 7, 8])
    Interval([1, 8], sampled)
    """
    found, left = np.sort(floats(np.asarray(numbers))), expect_confidence(confidence)
    n, k, below = len(found), 0, 0
    while 2 * (below + comb(n, k)) <= left * 2**n:
        below, k = below + comb(n, k), k + 1
    if k == 0:
        raise InvalidModel(f"{n} numbers are too few to bound a median with confidence {confidence}; expected more")
    return Interval(found[k - 1], found[n - k], "sampled")


@replaceable
def sampled_mean(
    numbers: Numbers, confidence: str | float | Fraction = "99/100", within: tuple[float, float] | None = None
) -> Interval:
    """A confidence interval for the mean of the law from which independent `numbers` were drawn.

    Args:
        numbers: at least two.
        confidence: probability, between 0 and 1, with which the interval contains the mean.
        within: (lower, upper), bounds on every number that the law can produce, known beforehand.

    With `within` the confidence holds for every such law and every number of draws: the radius is the smaller
    of Hoeffding's and of the empirical Bernstein inequality, each at half of the error probability. Without it
    the interval is Student's, whose confidence is exact for a normal law, and asymptotic for any other law of
    finite variance.

    Raises: InvalidModel for fewer than two numbers, one not finite or not `within`, or a confidence outside (0, 1).
    Source: Hoeffding, 1963; Maurer and Pontil, 2009, Theorem 4; Student, 1908.

    >>> sampled_mean([0.0, 1.0, 1.0, 0.0, 1.0], "9/10", within=(0, 1))
    Interval([0, 1], sampled)
    """
    found, error = floats(np.asarray(numbers)).ravel(), 1 - float(Fraction(confidence))
    n = len(found)
    if n < 2 or not np.isfinite(found).all():
        raise InvalidModel(f"the numbers are {np.array2string(found, threshold=6)}; expected at least two finite ones")
    if not 0 < error < 1:
        raise InvalidModel(f"confidence is {confidence}; expected a number between 0 and 1")
    mean = fsum(found) / n
    deviation = sqrt(fsum((found - mean) ** 2) / (n - 1))
    if within is None:
        from scipy.special import stdtrit

        radius = float(stdtrit(n - 1, 1 - error / 2)) * deviation / sqrt(n)
        return Interval(mean - radius, mean + radius, "sampled")
    lower, upper = (float(end) for end in within)
    if found.min() < lower or found.max() > upper:
        raise InvalidModel(
            f"the numbers lie between {found.min()} and {found.max()}; expected them within {lower} and {upper}"
        )
    hoeffding = (upper - lower) * sqrt(log(4 / error) / (2 * n))
    bernstein = deviation * sqrt(2 * log(8 / error) / n) + (upper - lower) * 7 * log(8 / error) / (3 * (n - 1))
    radius = min(hoeffding, bernstein)
    return Interval(max(lower, mean - radius), min(upper, mean + radius), "sampled")


@replaceable
def sampled_error(
    fit: Callable[[np.ndarray, np.ndarray], Interval],
    joint: np.ndarray,
    outcome: np.ndarray,
    truth: Quantity,
    n: int,
    *,
    data_sets: int,
    confidence: str | float | Fraction = "99/100",
    rng: np.random.Generator,
) -> Interval:
    """Median over samples of size n of a fit's squared error E[(h - truth)^2], under the distribution of the cause.

    Args:
        fit: function of a joint distribution and the outcome that returns an Interval `h[x]`.
        joint: rational distribution `joint[z,u,x]`. outcome: `outcome[u,x]`. truth: `truth[x]`.
        data_sets: number of samples of n draws.
    Raises: Singular if the fit is not unique on some sample; InvalidModel as `sampled_median`.
    """
    law = joint.sum(axis=(0, 1))
    fits = (fit(empirical(joint, n, rng=rng), outcome) for _ in range(data_sets))
    return sampled_median([norm_power(h - truth, law, 2).mid for h in fits], confidence)
