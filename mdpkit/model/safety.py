"""Safety problems: which states can avoid failure for ever."""

from dataclasses import dataclass

import numpy as np

from ..base.errors import InvalidModel
from ..base.record import Record, at


@dataclass(frozen=True, eq=False, repr=False)
class SafetyProblem(Record):
    """Deterministic dynamics and the states that count as failure.

    Args:
        failure: `failure[s]`, True where the state is a failure.
        successors: `successors[s,a]`, the state reached.

    Raises: InvalidModel for a successor that is no state, or shapes that disagree.

    >>> SafetyProblem([False, True], [[0, 1], [1, 1]])
    SafetyProblem(S=2, A=2, 1 failure states)
    """

    failure: np.ndarray
    successors: np.ndarray

    def __post_init__(self):
        failure, successors = np.asarray(self.failure), np.asarray(self.successors)
        if failure.dtype != bool or failure.ndim != 1:
            raise InvalidModel(f"failure has dtype {failure.dtype} and shape {failure.shape}; expected bool, one entry a state")
        if successors.dtype.kind not in "iu" or successors.ndim != 2:
            raise InvalidModel(f"successors has dtype {successors.dtype} and shape {successors.shape}; expected integers [s,a]")
        if len(successors) != len(failure) or successors.size == 0:
            raise InvalidModel(f"successors has shape {successors.shape}; expected {len(failure)} states, at least one, with actions")
        outside = (successors < 0) | (successors >= len(failure))
        if outside.any():
            where = tuple(int(i) for i in np.argwhere(outside)[0])
            raise InvalidModel(f"{at('successors', where)} is {successors[where]}; states run from 0 to {len(failure) - 1}")
        self._set(failure=failure, successors=successors.astype(np.int64))

    @property
    def S(self) -> int:
        return len(self.failure)

    @property
    def A(self) -> int:
        return self.successors.shape[1]

    def sizes(self) -> dict:
        return {"S": self.S, "A": self.A}

    def __repr__(self):
        return f"SafetyProblem(S={self.S}, A={self.A}, {int(self.failure.sum())} failure states)"
