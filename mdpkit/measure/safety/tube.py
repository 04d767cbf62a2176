"""The avoid tube (states from which failure is inevitable), viability kernel and avoid probability."""

import numpy as np

from ...base.arrays import objects
from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...model.margin import MarginProblem
from ...model.safety import SafetyProblem
from ...solve import AvoidProbability, solve
from ...solve.avoid_tube import hopeful, viable
from .._known import enclose, expected_next


@replaceable
def tube(problem: SafetyProblem | MarginProblem, steps: int | None = None) -> Interval:
    """Indicator of the avoid tube, the states (failure included) from which failure is inevitable, `[s]`.

    Args:
        problem: a SafetyProblem. If P is stochastic, inevitable means: with probability 1 under every policy. Or a
            MarginProblem: the states whose largest achievable minimum margin is negative. On floats a state whose
            bounds contain 0 is undecided.
        steps: number of steps ahead; defaults to an infinite horizon, the only one of a MarginProblem.

    Raises: InvalidModel for `steps` beside a MarginProblem.

    >>> from mdpkit.model import SafetyProblem
    >>> corridor = SafetyProblem([False, False, True], [[0, 1], [2, 2], [2, 2]])
    >>> tube(corridor).lower, tube(corridor, steps=0).lower
    (array([0, 1, 1], dtype=object), array([0, 0, 1], dtype=object))
    """
    if isinstance(problem, MarginProblem):
        return _negative_margin(problem, steps)
    return indicator(~hopeful(problem, viable(problem)) if steps is None else _tube_within(problem, steps))


@replaceable
def viability_kernel(problem: SafetyProblem) -> Interval:
    """Indicator of the states from which failure can surely be avoided over an infinite horizon, `[s]`.

    It depends on the support of P only.

    >>> from mdpkit.model import SafetyProblem
    >>> viability_kernel(SafetyProblem([False, True], P=[[[0.999, 0.001]], [[0, 1]]])).lower
    array([0, 0], dtype=object)
    """
    return indicator(viable(problem))


@replaceable
def avoid_probability(problem: SafetyProblem, steps: int | None = None, after: Quantity | None = None) -> Interval:
    """Maximum probability of avoiding failure, `[s]`.

    Args:
        problem: a SafetyProblem.
        steps: number of steps; defaults to an infinite horizon.
        after: terminal value of each state after the last step, an Interval `[s]`; defaults to 1 outside failure.

    With steps, p <- (0 on failure, else max_a P p) is iterated `steps` times; without, p is its greatest fixed point.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import SafetyProblem
    >>> leak = SafetyProblem([False, True], P=objects([[["1/2", "1/2"]], [[0, 1]]]))
    >>> avoid_probability(leak, steps=3)[0], avoid_probability(leak)[0]
    (Interval(1/8, exact), Interval(0, exact))
    """
    if steps is None:
        return 1 - tube(problem) if problem.P is None else _for_ever(problem)
    alive = (~problem.failure).astype(int)
    p = (
        after
        if after is not None
        else indicator(~problem.failure)
        if problem.P is None
        else enclose(_in_kind(alive, problem))
    )
    for _ in range(steps):
        ahead = p[problem.successors] if problem.P is None else expected_next(problem, p)
        p = ahead.max(axis=1) * alive
    return p


def indicator(inside) -> Interval:
    """Convert booleans to the numbers 0 and 1."""
    return inside.astype(float) if proposing() else Interval(inside.astype(int))


def _negative_margin(problem, steps):
    if steps is not None:
        raise InvalidModel(f"steps is {steps}; the tube of a MarginProblem has an infinite horizon")
    value = solve(problem, throw=False).value
    surely, possibly = np.asarray(value.upper < 0, dtype=bool), np.asarray(value.lower < 0, dtype=bool)
    if (surely == possibly).all():
        return indicator(surely)
    return Interval(surely.astype(float), possibly.astype(float), "float")


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
    return AvoidProbability().propose(problem)[0] if proposing() else solve(problem, throw=False).value


def _in_kind(alive, problem):
    return objects(alive) if problem.exact else alive.astype(float)
