"""States visited by safe experts, and states that are safely reachable."""

from collections.abc import Sequence

import numpy as np

from ...base.arrays import bare
from ...base.errors import InvalidModel
from ...base.interval import Interval
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...kernels import safety
from ...model.safety import SafetyProblem
from .tube import indicator, tube


@replaceable
def visited(
    problem: SafetyProblem,
    start: int,
    goals: Sequence[int] | np.ndarray,
    order: Sequence[int] | np.ndarray | None = None,
) -> Interval:
    """Indicator of the states visited by the expert of each goal k, `[k,s]`.

    Args:
        problem: a SafetyProblem with successors.
        start: the initial state of every task.
        goals: `goals[k]`, the state that task k rewards.
        order: tie-breaking order of the actions; defaults to 0, 1, ...

    The expert of goal g never enters the tube, and is optimal among such policies for sum_t gamma^t 1[s_t = g], for
    every gamma: it reaches the goal as early, and then visits it as often, as possible. If the goal cannot be
    reached safely, all safe actions are tied and the order decides. If the start is in the tube, there is no expert
    and no visit.

    Raises: InvalidModel for stochastic transitions P, or for an invalid start, goal or order.

    >>> from mdpkit.model import SafetyProblem
    >>> fork = SafetyProblem([False, False, False, True], [[1, 2], [1, 1], [2, 3], [3, 3]])
    >>> visited(fork, 0, [1, 2]).lower
    array([[1, 1, 0, 0],
           [1, 0, 1, 0]], dtype=object)
    """
    order = np.arange(problem.A) if order is None else np.ascontiguousarray(order, dtype=np.int64)
    goals = bare(goals, np.int64)
    if not proposing():
        _expect(problem, start, goals, order)
    viable = bare((tube(problem) if proposing() else tube(problem).lower) == 0, bool)
    return indicator(safety.expert_visits(viable, problem.successors, order, int(start), goals))


@replaceable
def safely_reachable(problem: SafetyProblem, start: int) -> Interval:
    """Indicator of the states reachable from the start without entering the avoid tube, `[s]`."""
    if not proposing():
        _expect(problem, start, np.zeros(0, dtype=int), np.arange(problem.A))
    viable = bare((tube(problem) if proposing() else tube(problem).lower) == 0, bool)
    return indicator(safety.safely_reachable(viable, problem.successors, int(start)))


def _expect(problem, start, goals, order):
    if problem.successors is None:
        raise InvalidModel(f"demonstrations need deterministic dynamics; got {problem!r}")
    for name, states in (("start", np.asarray(start)), ("goals", goals)):
        if (states < 0).any() or (states >= problem.S).any():
            raise InvalidModel(f"{name} is {states}; states run from 0 to {problem.S - 1}")
    if sorted(order) != list(range(problem.A)):
        raise InvalidModel(f"order is {order}; expected the actions 0 to {problem.A - 1}, each once")
