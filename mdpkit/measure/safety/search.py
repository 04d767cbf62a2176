"""What it costs to find every safe path of unknown dynamics, if episodes end where a constraint is violated."""

from ...base.arrays import bare
from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...kernels import safety
from ...model.safety import SafetyProblem
from .agreement import set_of_states
from .tube import tube


@replaceable
def failing_episodes(problem: SafetyProblem, start: int, constraint: Quantity) -> Interval:
    """Number of episodes that enter the tube until an optimistic search has tested every action it can reach.

    Args:
        problem: a SafetyProblem with successors, which are unknown to the search.
        start: initial state of every episode.
        constraint: True or 1 on the states in which an episode is stopped, `[s]`; one ends in failure too.

    An episode moves along tested actions to the nearest state with an untested one, tests it, and continues from where
    it leads, until it is stopped or no untested action can be reached. The search is over when none can be reached from
    the start: it then knows an optimal path, of those that are not stopped, for every reward.

    Raises: InvalidModel for stochastic transitions P, an invalid start, or a set of another shape.

    See also: doomed_visits

    >>> fork = SafetyProblem([False, False, False, True], [[0, 1], [2, 3], [3, 3], [3, 3]])
    >>> failing_episodes(fork, 0, fork.failure), failing_episodes(fork, 0, tube(fork))
    (Interval(3, exact), Interval(1, exact))
    """
    return _search(problem, start, constraint)[0]


@replaceable
def doomed_visits(problem: SafetyProblem, start: int, constraint: Quantity) -> Interval:
    """Number of steps that the search of `failing_episodes` takes from doomed states: the delay of its failures.

    Args: problem, start, constraint: as for `failing_episodes`.

    Raises: InvalidModel as for `failing_episodes`.

    See also: failing_episodes

    >>> fork = SafetyProblem([False, False, False, True], [[0, 1], [2, 3], [3, 3], [3, 3]])
    >>> doomed_visits(fork, 0, fork.failure), doomed_visits(fork, 0, tube(fork))
    (Interval(5, exact), Interval(0, exact))
    """
    return _search(problem, start, constraint)[1]


def _search(problem, start, constraint):
    if problem.successors is None:
        raise InvalidModel(f"the search needs deterministic dynamics; got {problem!r}")
    doomed = tube(problem)
    if proposing():
        stops = bare(constraint == 1, bool) | problem.failure
        return safety.search_graph(problem.successors, stops, bare(doomed == 1, bool), int(start))
    if not 0 <= start < problem.S:
        raise InvalidModel(f"start is {start}; states run from 0 to {problem.S - 1}")
    stops = set_of_states("constraint", constraint, problem.S) | problem.failure
    found = safety.search_graph(problem.successors, stops, bare(doomed.lower == 1, bool), int(start))
    return tuple(Interval(number) for number in found)
