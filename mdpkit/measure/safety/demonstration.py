"""States visited by safe experts, the largest constraint that they satisfy, and safely reachable states."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ...base.arrays import bare, floats
from ...base.errors import InvalidModel
from ...base.interval import Interval
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...instances.grid import Grid
from ...kernels import safety
from ...model.safety import SafetyProblem
from .tube import indicator, tube

NEAR = 1e-9
"""Distance, in grid spacings, within which a visited state is a grid point."""


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


@replaceable
def largest_constraint(
    problem: SafetyProblem | Grid,
    demonstrations: Sequence[ArrayLike] | np.ndarray,
    monotone: Sequence[int] | None = None,
    radius: int = 0,
) -> Interval:
    """Indicator of the largest set of states that no demonstration visits, in a class of sets, `[s]`.

    Among the constraints of the class that the demonstrations satisfy it is the one that forbids most: what an inverse
    constraint learner returns whose constraint player forbids all that no expert does. It never allows a state that
    the class and the demonstrations do not prove to be allowed.

    Args:
        problem: a SafetyProblem: all sets of states. Or a Grid: sets of its points, restricted by `monotone`.
        demonstrations: visited states, indices `[b]`, or states `x[b,i]` of a grid; or a sequence of such arrays.
        monotone: `monotone[i]` is 1 (-1) if every allowed state remains allowed when coordinate i increases
            (decreases), and 0 if nothing is known of it; then a visited state allows its nearest grid point. Defaults
            to 0 for every axis.
        radius: number of grid points around a visited one that are allowed too, on axes with `monotone` 0.

    Raises: InvalidModel for states outside the problem or of another shape, or an invalid `monotone` or `radius`.
    Source: adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.

    See also: visited, tube_agreement

    >>> from mdpkit.instances import grid
    >>> from mdpkit.model import ContinuousProblem
    >>> line = ContinuousProblem(lambda x, u: x + u, [0], [4], [-1], [1], margin=lambda x: x[:, 0] - 1)
    >>> largest_constraint(grid(line, 5, 3), [[2], [3]], monotone=[1]).lower
    array([1, 1, 0, 0, 0], dtype=object)
    """
    seen = _join([demonstrations] if isinstance(demonstrations, np.ndarray) else demonstrations)
    if isinstance(problem, Grid):
        return indicator(~_allowed_points(problem, seen, monotone, radius))
    if monotone is not None or radius != 0:
        raise InvalidModel(f"monotone and radius order the points of a grid; got {problem!r}")
    states = np.asarray(seen).ravel()
    if states.dtype.kind not in "iu" or (states < 0).any() or (states >= problem.S).any():
        raise InvalidModel(f"demonstrations visit {np.unique(states)}; expected integers from 0 to {problem.S - 1}")
    return indicator(~np.isin(np.arange(problem.S), states))


def _join(parts):
    """The states of all demonstrations in one array; those that visit nothing are left out."""
    if not isinstance(parts, Iterable) or isinstance(parts, str):
        raise InvalidModel(f"demonstrations is {parts!r}; expected an array of visited states, or a sequence of them")
    arrays = [array for array in map(np.asarray, parts) if array.size]
    if not arrays:
        raise InvalidModel("demonstrations is empty; expected at least one visited state")
    if arrays[0].ndim <= 1 and len({each.shape for each in arrays}) == 1:
        return np.asarray(arrays)
    return np.concatenate(arrays)


def _allowed_points(grid, x, monotone, radius):
    axes = len(grid.shape)
    monotone = (0,) * axes if monotone is None else tuple(monotone)
    x = floats(x).reshape(-1, np.shape(x)[-1]) if np.ndim(x) else np.zeros((0, 0))
    if x.shape[1:] != (axes,):
        raise InvalidModel(f"demonstrations have shape {x.shape}; expected states [b,{axes}]")
    known = all(each in (-1, 0, 1) for each in monotone) and len(monotone) == axes
    if not known or any(each and wraps for each, wraps in zip(monotone, grid.problem.periodic, strict=True)):
        raise InvalidModel(f"monotone is {monotone}; expected -1, 0 or 1 for each of {axes} axes, 0 if periodic")
    if not isinstance(radius, int | np.integer) or radius < 0:
        raise InvalidModel(f"radius is {radius!r}; expected a number of grid points, at least 0")
    gone = grid.problem.leaves(x)
    if gone.any():
        raise InvalidModel(f"demonstrations visit {x[gone][0]}, outside {grid.problem.low} to {grid.problem.high}")
    at = (floats(grid.problem.confine(x)) - floats(grid.problem.low)) / floats(grid.spacing)
    index = []
    for i, (sign, n) in enumerate(zip(monotone, grid.shape, strict=True)):
        near = np.rint(at[:, i])
        on = np.abs(at[:, i] - near) < NEAR
        # the first grid point that is at least as safe as the visited state
        beyond = np.where(on, near, np.ceil(at[:, i]) if sign > 0 else np.floor(at[:, i])) if sign else near
        index.append(beyond.astype(int) % n if grid.problem.periodic[i] else beyond.astype(int))
    allowed = np.zeros(grid.shape, dtype=bool)
    allowed[tuple(index)] = True
    for i, sign in enumerate(monotone):
        if sign:
            along = np.flip(allowed, i) if sign < 0 else allowed
            along = np.maximum.accumulate(along, axis=i)
            allowed = np.flip(along, i) if sign < 0 else along
        else:
            allowed = _widen(allowed, i, radius, grid.problem.periodic[i])
    return allowed.ravel()


def _widen(allowed, axis, radius, periodic):
    """The points within `radius` of an allowed one along an axis."""
    wide = allowed.copy()
    for k in range(1, radius + 1):
        for shift in (k, -k):
            moved = np.roll(allowed, shift, axis)
            if not periodic:
                edge = [slice(None)] * allowed.ndim
                edge[axis] = slice(0, shift) if shift > 0 else slice(shift, None)
                moved[tuple(edge)] = False
            wide |= moved
    return wide


def _expect(problem, start, goals, order):
    if problem.successors is None:
        raise InvalidModel(f"demonstrations need deterministic dynamics; got {problem!r}")
    for name, states in (("start", np.asarray(start)), ("goals", goals)):
        if (states < 0).any() or (states >= problem.S).any():
            raise InvalidModel(f"{name} is {states}; states run from 0 to {problem.S - 1}")
    if sorted(order) != list(range(problem.A)):
        raise InvalidModel(f"order is {order}; expected the actions 0 to {problem.A - 1}, each once")
