"""Safety problems: dynamics with failure states."""

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..base.arrays import bare
from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import Record, any_exact, at, defect, distributions, field_array, numbers, texts
from ..base.tolerance import ROW_SUM
from ..base.types import Array, OptionalArray, OptionalNames, record
from . import _functions


@record(eq=False, repr=False)
class SafetyProblem(Record):
    """Dynamics without reward, and the failure states.

    Args:
        failure: `failure[s]`, True on failure states.
        successors: `successors[s,a]`, the next state, for deterministic dynamics; or
        P: the transition law `P[s,a,n]`, rational or float64; float rows may sum to 1 within 1e-9 and then mean the
            row divided by its sum.
        state_names, action_names: one text per state and action.

    Raises: InvalidModel unless exactly one of successors and P is given; for a successor that is not a state, a row
        that
    is not a distribution, or inconsistent shapes.

    >>> SafetyProblem([False, True], [[0, 1], [1, 1]])
    SafetyProblem(S=2, A=2, 1 failure states)
    >>> SafetyProblem([False, True], P=[[[0.5, 0.5]], [[0, 1]]])
    SafetyProblem(S=2, A=1, 1 failure states, float)
    """

    laws = ("P",)
    axes: ClassVar = {"failure": "s", "successors": "sa", "P": "san"}

    failure: Array
    successors: OptionalArray = None
    P: OptionalArray = None
    _: KW_ONLY
    state_names: OptionalNames = None
    action_names: OptionalNames = None

    def __post_init__(self) -> None:
        if (self.successors is None) == (self.P is None):
            given = "neither" if self.P is None else "both"
            raise InvalidModel(f"{given} of successors and P are given; expected exactly one of them")
        if proposing():
            return self._trust()
        failure = field_array("failure", self.failure, "s")
        if failure.dtype != bool or failure.ndim != 1:
            raise InvalidModel(
                f"failure has dtype {failure.dtype} and shape {failure.shape}; expected bool, one entry a state"
            )
        if self.P is None:
            self._set(failure=failure, successors=_successors(self.successors, len(failure)))
        else:
            self._set(failure=failure, P=_law(self.P, len(failure)))
        names = {"state_names": texts("state_names", self.state_names, self.S)}
        self._set(**names, action_names=texts("action_names", self.action_names, self.A))

    @classmethod
    def from_functions(
        cls,
        states: Iterable[Any],
        actions: Iterable[Any],
        transition: Callable[[Any, Any], Any],
        failure: Callable[[Any], bool],
    ) -> "SafetyProblem":
        """Build a safety problem from functions of named states and actions.

        Args:
            states: the states in order, each a dictionary key; their texts become `state_names`.
            actions: the actions in order; their texts become `action_names`.
            transition: `transition(state, action)`, the next state; or a mapping from next states to probabilities.
            failure: `failure(state)`, True on failure states.

        If every transition is a state, the problem has `successors`; else it has a law `P`, rational if no float
        appears (integers, Fractions, "p/q"), else float64.

        Raises: InvalidModel naming the state and action, the returned value and what was expected.

        >>> from mdpkit.model import SafetyProblem
        >>> def moved(place, move):
        ...     return min(place + 1, 3) if move == "ahead" else place
        >>> SafetyProblem.from_functions(range(4), ["ahead", "stay"], moved, lambda place: place == 3)
        SafetyProblem(S=4, A=2, 1 failure states)
        """
        return _functions.safety_from_functions(cls, states, actions, transition, failure)

    def _trust(self):
        self._set(failure=bare(self.failure, bool))
        if self.P is None:
            self._set(successors=bare(self.successors, np.int64))
        else:
            self._set(P=bare(self.P, float))

    @property
    def S(self) -> int:
        return len(self.failure)

    @property
    def A(self) -> int:
        return (self.successors if self.P is None else self.P).shape[1]

    def sizes(self) -> dict:
        return {"S": self.S, "A": self.A}

    @cached_property
    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """The support graph (first, reached): s and a may lead to reached[first[s*A+a] : first[s*A+a+1]]."""
        if self.P is None:
            return np.arange(self.S * self.A + 1), self.successors.ravel()
        possible = self.P.reshape(-1, self.S) > 0
        if proposing():  # of one length for all draws: the first possible state stands in for those that are not
            first = np.arange(len(possible) + 1) * self.S
            return first, np.where(possible, np.arange(self.S), possible.argmax(axis=1)[:, None]).ravel()
        rows, reached = np.nonzero(possible)
        return np.searchsorted(rows, np.arange(self.S * self.A + 1)), np.ascontiguousarray(reached)

    @cached_property
    def defect(self) -> float:
        """Largest deviation of a float row's sum from 1."""
        return 0.0 if self.P is None else defect(self.P)

    def _axis_names(self):
        return {"s": self.state_names, "a": self.action_names}

    def __repr__(self):
        kind = "" if self.P is None else ", rational" if self.exact else ", float"
        return f"SafetyProblem(S={self.S}, A={self.A}, {int(self.failure.sum())} failure states{kind})"


def _successors(given, S):
    successors = field_array("successors", given, "sa")
    if successors.dtype.kind not in "iu" or successors.ndim != 2:
        raise InvalidModel(
            f"successors has dtype {successors.dtype} and shape {successors.shape}; expected integers [s,a]"
        )
    if len(successors) != S or successors.size == 0:
        raise InvalidModel(f"successors has shape {successors.shape}; expected {S} states, at least one, with actions")
    outside = (successors < 0) | (successors >= S)
    if outside.any():
        where = tuple(int(i) for i in np.argwhere(outside)[0])
        raise InvalidModel(f"{at('successors', where)} is {successors[where]}; states run from 0 to {S - 1}")
    return successors.astype(np.int64)


def _law(given, S):
    P = numbers("P", given, any_exact(given), "san")
    if P.shape != (S, P.shape[1], S) or P.size == 0:
        raise InvalidModel(f"P has shape {P.shape}; expected ({S}, actions, {S}) beside failure of {S} states")
    distributions("P", P, ROW_SUM)
    return P
