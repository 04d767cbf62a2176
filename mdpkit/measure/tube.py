"""The avoid tube: where failure has become inevitable; and how likely it can be avoided."""

import numpy as np

from ..base.arrays import objects
from ..base.interval import Interval
from ..base.mode import proposing
from ..base.replaceable import replaceable
from ..model.safety import SafetyProblem
from ..solve import AvoidProbability, solve
from ..solve.avoid_tube import hopeful, viable
from ._known import expected_next, known


@replaceable
def tube(problem: SafetyProblem, steps=None) -> Interval:
    """1 where failure is inevitable (failure itself included), 0 where it can be avoided, `[s]`.

    Args:
        problem: a SafetyProblem. With a law P, inevitable means that no policy avoids failure with positive probability.
        steps: look this many steps ahead; for ever if left out.

    >>> from mdpkit.model import SafetyProblem
    >>> corridor = SafetyProblem([False, False, True], [[0, 1], [2, 2], [2, 2]])
    >>> tube(corridor).lower, tube(corridor, steps=0).lower
    (array([0, 1, 1], dtype=object), array([0, 0, 1], dtype=object))
    """
    return indicator(~hopeful(problem, viable(problem)) if steps is None else _tube_within(problem, steps))


@replaceable
def viability_kernel(problem: SafetyProblem) -> Interval:
    """1 where failure can be avoided for ever surely, 0 elsewhere, `[s]`; a matter of the possible transitions only.

    >>> from mdpkit.model import SafetyProblem
    >>> viability_kernel(SafetyProblem([False, True], P=[[[0.999, 0.001]], [[0, 1]]])).lower
    array([0, 0], dtype=object)
    """
    return indicator(viable(problem))


@replaceable
def avoid_probability(problem: SafetyProblem, steps=None, after=None) -> Interval:
    """The highest probability of avoiding failure, `[s]`.

    Args:
        problem: a SafetyProblem.
        steps: for so many steps; for ever if left out.
        after: what each state is worth when the steps are over, an Interval `[s]`; 1 outside failure if left out.

    With steps, p <- (0 on failure, else max_a P p) is iterated so often; for ever, p is its greatest fixed point.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import SafetyProblem
    >>> leak = SafetyProblem([False, True], P=objects([[["1/2", "1/2"]], [[0, 1]]]))
    >>> avoid_probability(leak, steps=3)[0], avoid_probability(leak)[0]
    (Interval(1/8, exact), Interval(0, exact))
    """
    if steps is None:
        return 1 - tube(problem) if problem.P is None else _for_ever(problem)
    alive = (~problem.failure).astype(int)
    p = after if after is not None else indicator(~problem.failure) if problem.P is None else known(_in_kind(alive, problem))
    for _ in range(steps):
        ahead = p[problem.successors] if problem.P is None else expected_next(problem, p)
        p = ahead.max(axis=1) * alive
    return p


def indicator(inside) -> Interval:
    """Booleans as the numbers 0 and 1."""
    return inside.astype(float) if proposing() else Interval(inside.astype(int))


def _tube_within(problem, steps):
    first, reached = problem.edges
    lost = problem.failure
    for _ in range(steps):
        entering = np.logical_and.reduceat(lost[reached], first[:-1]).reshape(problem.S, problem.A)
        larger = problem.failure | entering.all(axis=1)
        if (larger == lost).all():
            break
        lost = larger
    return lost


def _for_ever(problem):
    return AvoidProbability().searched(problem).p if proposing() else solve(problem, throw=False).value


def _in_kind(alive, problem):
    return objects(alive) if problem.exact else alive.astype(float)
