"""How well a set of forbidden states agrees with the tube: intersection over union, conservative and unsafe share."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...base.arrays import is_exact, objects
from ...base.errors import InvalidModel
from ...base.interval import Interval, Quantity
from ...base.mode import proposing
from ...base.replaceable import replaceable
from ...instances.grid import Grid
from ...model.margin import MarginProblem
from ...model.safety import SafetyProblem
from .tube import tube


@dataclass(frozen=True)
class Agreement:
    """A set C of forbidden states against the tube B and the failure set F.

    Args:
        iou: intersection over union with the tube, |C and B| / |C or B|; 1 if both are empty.
        conservative: share of the safe states that are forbidden, |C - B| / |not B|; 0 if no state is safe.
        unsafe: share of the doomed states that are allowed, |B - C| / |B|; 0 if no state is doomed.
        excess, missed: the numbers |C - B| and |B - C| of states.
        failure_iou: intersection over union with the failure set.
        note: a sentence where the tube or the set is empty or full, so that a share says little; else "".
    """

    iou: Interval
    conservative: Interval
    unsafe: Interval
    excess: Interval
    missed: Interval
    failure_iou: Interval
    note: str = ""

    def __str__(self) -> str:
        lines = (
            f"intersection over union with the tube {_number(self.iou)}, with the failure set {_number(self.failure_iou)}",
            f"conservative: {_number(self.conservative)} of the safe states are forbidden ({_number(self.excess, 'g')})",
            f"unsafe: {_number(self.unsafe)} of the doomed states are allowed ({_number(self.missed, 'g')})",
        )
        return "\n".join((*lines, self.note) if self.note else lines)


@replaceable
def tube_agreement(
    problem: SafetyProblem | MarginProblem | Grid, learned: Quantity, weights: ArrayLike | None = None
) -> Agreement:
    """Agreement of a set of forbidden states with the tube and the failure set of a problem.

    Args:
        problem: a SafetyProblem; or a MarginProblem or a Grid of one, whose grid points are counted as cells.
        learned: True or 1 on forbidden states, `[s]`; or an Interval of 0 and 1, such as `tube` returns, of which
            undecided states count as forbidden.
        weights: nonnegative weight of each state, `[s]`, rational or integer; defaults to 1: states are counted.

    Exact on finite problems. On a grid of floats the shares enclose all sets that the bounds of the margin allow.

    Raises: InvalidModel for sets or weights of another shape, sets with other entries, negative weights, or a grid of a
        problem with a reward.
    Source: adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.

    See also: tube, largest_constraint

    >>> from mdpkit.model import SafetyProblem
    >>> corridor = SafetyProblem([False, False, False, True], [[0, 1], [2, 2], [3, 3], [3, 3]])
    >>> found = tube_agreement(corridor, corridor.failure)
    >>> found.iou, found.unsafe, found.failure_iou
    (Interval(1/3, exact), Interval(2/3, exact), Interval(1, exact))
    >>> print(tube_agreement(corridor, [0, 1, 1, 1]))
    intersection over union with the tube 1, with the failure set 0.3333
    conservative: 0 of the safe states are forbidden (0)
    unsafe: 0 of the doomed states are allowed (0)
    """
    problem = finite_problem(problem)
    B = tube(problem)
    if proposing():
        return _propose(learned * 1.0, B, problem.failure * 1.0, 1.0 if weights is None else weights)
    C, w = set_of_states("learned", learned, problem.S), _weights(weights, problem.S)
    inside, possible = B.lower == 1, B.upper == 1
    # the least and the largest of each share: states that the bounds leave undecided are doomed on one side of C alone
    more, less = _Count(C, np.where(C, possible, inside), w), _Count(C, np.where(C, inside, possible), w)
    return Agreement(
        iou=_enclose(less.iou(), more.iou()),
        conservative=_enclose(more.conservative(), less.conservative()),
        unsafe=_enclose(more.unsafe(), less.unsafe()),
        excess=_enclose(more.excess, less.excess),
        missed=_enclose(more.missed, less.missed),
        failure_iou=_enclose(*[_Count(C, problem.failure, w).iou()] * 2),
        note=" ".join(
            [*_sentences("the tube", inside, possible, "doomed"), *_sentences("the learned set", C, C, "forbidden")]
        ),
    )


def finite_problem(problem):
    """The finite problem of a grid with a margin, or the finite problem itself."""
    if not isinstance(problem, Grid):
        return problem
    if problem.problem.margin is None:
        raise InvalidModel(f"{problem!r} has a reward; expected a grid on a problem with a margin")
    return problem.finite


def set_of_states(name, given, S) -> np.ndarray:
    """A set of states as booleans `[s]`; undecided states of an Interval are inside.

    Raises: InvalidModel for another shape or another entry.
    """
    array = np.asarray(given.upper if isinstance(given, Interval) else given)
    if array.shape != (S,):
        raise InvalidModel(f"{name} has shape {array.shape}; expected ({S},)")
    odd = np.asarray((array != 0) & (array != 1), dtype=bool)
    if odd.any():
        k = int(np.flatnonzero(odd)[0])
        raise InvalidModel(f"{name}[{k}] is {array[k]}; expected True or 1 on forbidden states, else False or 0")
    return np.asarray(array == 1, dtype=bool)


class _Count:
    """Weighted numbers of states in and outside a set C of forbidden states and a set B of doomed ones."""

    def __init__(self, C, B, w):
        self.both, self.excess, self.missed, self.neither = (
            objects(w[part].sum())[()] for part in (C & B, C & ~B, B & ~C, ~C & ~B)
        )

    def iou(self):
        return _share(self.both, self.excess + self.missed, 1)

    def conservative(self):
        return _share(self.excess, self.neither, 0)

    def unsafe(self):
        return _share(self.missed, self.both, 0)


def _share(part, rest, otherwise):
    return part / (part + rest) if part + rest != 0 else part + otherwise


def _enclose(low, high):
    return Interval(objects(low)) if low == high else Interval(objects(low), objects(high), "float")


def _propose(C, B, F, w):
    both, excess, missed = ((part * w).sum() for part in (C * B, C * (1 - B), B * (1 - C)))
    shared, apart = (C * F * w).sum(), (abs(C - F) * w).sum()
    shares = (
        (both, excess + missed, 1),
        (excess, ((1 - C) * (1 - B) * w).sum(), 0),
        (missed, both, 0),
        (shared, apart, 1),
    )
    found = [np.where(a + b > 0, a / np.where(a + b > 0, a + b, 1), otherwise) for a, b, otherwise in shares]
    return Agreement(*found[:3], excess, missed, found[3])


def _weights(given, S):
    if given is None:
        return np.ones(S, dtype=int)
    weights = np.asarray(given) if is_exact(given) else objects(given)
    if weights.shape != (S,) or (weights < 0).any():
        raise InvalidModel(f"weights has shape {weights.shape}; expected nonnegative numbers of shape ({S},)")
    return weights


def _sentences(words, inside, possible, how):
    """Nothing is said of a set that undecided states may leave empty or full, or not."""
    if not possible.any():
        yield f"{words} is empty: no state is {how}."
    elif inside.all():
        yield f"{words} is full: every state is {how}."


def _number(x, form=".4g"):
    low, high = (format(float(end), form) for end in (x.lower[()], x.upper[()]))
    return low if low == high else f"{low} to {high}"
