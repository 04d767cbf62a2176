"""Lift stored arrays to Intervals."""

import numpy as np

from ..base.arrays import bare, is_exact, like, objects
from ..base.interval import Interval
from ..base.mode import proposing
from ..base.record import defect as row_defect
from ..base.tolerance import UNIT, gamma
from ..model.game import MarkovGame
from ..model.mdp import at_step


def enclose(array, defect=0.0):
    """Enclosure of the numbers that `array` represents: the entries themselves if rational, else within input rounding error.

    Args: defect: relative distance by which float rows of a distribution may differ from the intended distribution.
    """
    if isinstance(array, Interval):
        return array
    if is_exact(array):
        return Interval(array)
    array = bare(array, float)
    if proposing():
        return array
    slack = np.abs(array) * (2 * defect + 2 * UNIT)
    return Interval(array - slack, array + slack, "float")


def row_error(record):
    """The record's `defect`; 0 while proposing, where it is not needed."""
    return 0.0 if proposing() else record.defect


def law(record, field):
    """A record's distributions (`rho`, `table`, `after`, ...) lifted to an Interval."""
    array = getattr(record, field)
    return enclose(array, 0.0 if is_exact(array) or proposing() else row_defect(array))


def convert(array, problem):
    """An array argument that accompanies a problem, converted to the problem's number kind (rational or float64)."""
    return array if isinstance(array, Interval) else enclose(like(array, problem.r))


def number(scalar, pattern):
    """A scalar such as the discount factor, lifted to an Interval if `pattern` is one."""
    return enclose(np.asarray(scalar)) if isinstance(pattern, Interval) else scalar


def step_roundings(problem, *policies) -> float:
    """Number of rounding errors in one term of a one-step recursion, input errors included; see settle()."""
    if proposing() or problem.exact:
        return 0
    defects = problem.defect + sum(policy.defect for policy in policies)
    return problem.S + problem.A * (1 + len(policies)) + 8 + 2 * defects / UNIT


def start_roundings(problem) -> float:
    """Number of rounding errors that accounts for the defect of the initial distribution."""
    return 0 if proposing() or problem.exact else 2 + 2 * row_defect(problem.rho) / UNIT


def dynamics(problem):
    """The MDP whose transitions the policy controls; for a game that of any player, since transitions depend on the joint action alone."""
    return problem.player(0) if isinstance(problem, MarkovGame) else problem


def transition(problem, t=0):
    """Transition matrix at step t, `[s*A+a, n]`, dense or CSR."""
    P = at_step(problem.P, t)
    return P if hasattr(P, "tocsr") else P.reshape(-1, problem.S)


def expected_next(problem, V, t=0):
    """E[V(n) | s, a] at step t, `[s,a]`, for `V[n]` an Interval or a plain array."""
    P, shape = transition(problem, t), (problem.S, problem.A)
    if not isinstance(V, Interval):
        return (P @ V).reshape(shape)
    if V.exact:
        return Interval((P @ V.lower).reshape(shape))
    size = gamma(problem.S + 4 + 2 * problem.defect / UNIT) * (P @ np.maximum(abs(V.lower), abs(V.upper)))
    size = 2 * size + 2 * problem.S * np.finfo(float).smallest_subnormal
    return Interval((P @ V.lower - size).reshape(shape), (P @ V.upper + size).reshape(shape), V.how)


def alike(*values):
    """Arrays of floats, or of integers, fractions and "p/q", lifted to Intervals; Intervals are returned unchanged."""
    if proposing():
        return tuple(bare(value, float) for value in values)
    kinds = [value if isinstance(value, Interval) else np.asarray(value) for value in values]
    return tuple(x if isinstance(x, Interval) else enclose(x if x.dtype.kind == "f" else objects(x)) for x in kinds)
