"""The avoid tube: where failure has become inevitable."""

import numpy as np

from ..base.interval import Interval
from ..base.mode import proposing
from ..solve import solve
from ._public import public


@public
def tube(problem) -> Interval:
    """1 where failure is inevitable (failure itself included), 0 where it can be avoided for ever, `[s]`.

    Args: problem: a SafetyProblem.

    >>> from mdpkit.model import SafetyProblem
    >>> tube(SafetyProblem([False, False, True], [[0, 1], [2, 2], [2, 2]])).lower
    array([0, 1, 1], dtype=object)
    """
    inside = np.asarray(solve(problem).tube, dtype=int)
    return inside.astype(float) if proposing() else Interval(inside)
