"""From a record's arrays to what they are known to be."""

import numpy as np

from ..base.arrays import bare, is_exact, like, objects
from ..base.interval import Interval
from ..base.mode import proposing
from ..base.record import defect as row_defect
from ..base.tolerance import UNIT, gamma
from ..model.game import MarkovGame


def known(array, defect=0.0):
    """The numbers that `array` stands for: themselves if rational, else each within its input error.

    Args: defect: how far the float rows of a law may be from the law that is meant, relative.
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
    """The record's `defect`, which nobody asks for while proposing."""
    return 0.0 if proposing() else record.defect


def law(record, field):
    """A record's distributions (`rho`, `table`, `after`) as they are known."""
    array = getattr(record, field)
    return known(array, 0.0 if is_exact(array) or proposing() else row_defect(array))


def given(array, problem):
    """An array handed over beside a problem, in the problem's number kind."""
    return array if isinstance(array, Interval) else known(like(array, problem.r))


def number(scalar, pattern):
    """A discount factor in the shape that arithmetic beside `pattern` needs."""
    return known(np.asarray(scalar)) if isinstance(pattern, Interval) else scalar


def step_roundings(problem, *policies) -> float:
    """Rounding errors that a term of a one-step recursion meets, those of the input counted: see settle()."""
    if proposing() or problem.exact:
        return 0
    defects = problem.defect + sum(policy.defect for policy in policies)
    return problem.S + problem.A * (1 + len(policies)) + 8 + 2 * defects / UNIT


def start_roundings(problem) -> float:
    """Rounding errors that stand for the start law's own rows."""
    return 0 if proposing() or problem.exact else 2 + 2 * row_defect(problem.rho) / UNIT


def dynamics(problem):
    """The decision process in which the policy moves: a game's is any player's, since a mediator's joint actions alone move it."""
    return problem.player(0) if isinstance(problem, MarkovGame) else problem


def transition(problem, t=0):
    """P at step t as a matrix `[s*A+a, n]`, dense or CSR."""
    if hasattr(problem.P, "tocsr"):
        return problem.P
    P = problem.P if problem.P.ndim == 3 else problem.P[t]
    return P.reshape(-1, problem.S)


def expected_next(problem, V, t=0):
    """E[V(n) given s, a] at step t, `[s,a]`, for `V[n]` known or bare."""
    P, shape = transition(problem, t), (problem.S, problem.A)
    if not isinstance(V, Interval):
        return (P @ V).reshape(shape)
    if V.exact:
        return Interval((P @ V.lower).reshape(shape))
    size = gamma(problem.S + 4 + 2 * problem.defect / UNIT) * (P @ np.maximum(abs(V.lower), abs(V.upper)))
    size = 2 * size + 2 * problem.S * np.finfo(float).smallest_subnormal
    return Interval((P @ V.lower - size).reshape(shape), (P @ V.upper + size).reshape(shape), V.how)


def alike(*values):
    """Arrays of floats, or of integers, fractions and "p/q", as what is known of them; Intervals as they are."""
    if proposing():
        return tuple(bare(value, float) for value in values)
    kinds = [value if isinstance(value, Interval) else np.asarray(value) for value in values]
    return tuple(x if isinstance(x, Interval) else known(x if x.dtype.kind == "f" else objects(x)) for x in kinds)
