"""Ill-posedness of conditional moment restrictions."""

import numpy as np
from flint import fmpq

from ...base.arrays import exactly
from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity
from ...base.replaceable import replaceable
from ...exact.linear import product, semidefinite
from ...model.moments import MomentProblem
from .._known import alike
from .._known import law as law_of

LEVELS = 2**20
"""Squared singular values are rounded down to multiples of 1/LEVELS, which can be compared exactly."""


@replaceable
def identification(problem: MomentProblem, law: Quantity) -> Interval:
    """Minimum of E[(A v)^2] subject to E[v^2] = 1, rounded down to a multiple of 2^-20.

    E[(A v)^2] is taken under the problem's weights and E[v^2] = sum_k law[k] v[k]^2. Unrounded, the minimum is sigma^2
    for sigma the smallest singular value of D_z^(1/2) A D_x^(-1/2), and 1/sigma is the measure of ill-posedness. The
    proof is that A' D_z A - level D_x is positive semidefinite at the returned level and not at the next one.

    Args: problem: a MomentProblem. law: `law[k]`.
    Raises: InvalidModel if the law has no positive entry.

    >>> from mdpkit.model import MomentProblem
    >>> from mdpkit.base.arrays import objects
    >>> noisy = objects([["3/4", "1/4"], ["1/4", "3/4"]])
    >>> identification(MomentProblem(noisy, objects([0, 0]), objects(["1/2", "1/2"])), ["1/2", "1/2"])
    Interval(1/4, exact)
    """
    A, weights, law = alike(problem.A, law_of(problem, "weights"), law)
    G = product((A * weights[:, None]).T, A)
    if not isinstance(G, Interval):
        return _smallest(G, law)[0]
    if not (law.lower > 0).any():
        raise InvalidModel("law has no positive entry; expected at least one, since the error is normalised by E v^2")
    D, v = law[:, None] * np.eye(len(law), dtype=int), exactly(_smallest(G.mid, law.mid)[1])
    attained = (product(G, Interval(v)) * v).sum() / (law * v**2).sum()
    low, high = 0, int(np.floor(attained.mid * LEVELS)) + 2
    while semidefinite(G - D * fmpq(high, LEVELS)):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if semidefinite(G - D * fmpq(middle, LEVELS)) else (low, middle)
    if G.exact and D.exact:
        return Interval([fmpq(low, LEVELS)])[0]
    return Interval(low / LEVELS, max(low, np.floor(attained.upper * LEVELS)) / LEVELS, "float")


def _smallest(G, law):
    """Minimum of v' G v / sum_k law[k] v[k]^2 and a minimiser v.

    Where the law is 0, the entries of v minimise v' G v given the others.
    """
    present, free = np.flatnonzero(law > 0), np.flatnonzero(law <= 0)
    filling = -np.linalg.pinv(G[np.ix_(free, free)]) @ G[np.ix_(free, present)]
    scale = 1 / np.sqrt(law[present])
    least, vectors = np.linalg.eigh(
        scale[:, None] * (G[np.ix_(present, present)] + G[np.ix_(present, free)] @ filling) * scale
    )
    v = np.zeros_like(law)
    v[present] = scale * vectors[:, 0]
    v[free] = filling @ v[present]
    return np.maximum(0, least[0]), v
