"""Verifiers: the scores and acceptance probabilities of outcomes, and what a verifier sees of a plan."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from ...base.arrays import bare, is_exact
from ...base.errors import InvalidModel
from ...base.record import any_exact, numbers
from ...base.types import Number, Numbers

Outcomes = Numbers | Callable[[int], Number]
"""A number for each outcome: `[s]`, `[t,s]` with t = 0..H, or a function of the state s that a plan reaches."""


@dataclass(frozen=True, eq=False)
class ScoredVerifier:
    """A verifier that scores outcomes; of several plans the one of highest score is chosen.

    Args: scores: `[s]`, the score of the state that a plan reaches; `[t,s]`, t = 0..H, if it depends on the step at
        which the state is reached; or a function of the state.
    """

    scores: Outcomes

    def table(self, S: int, H: int, exact: bool) -> np.ndarray:
        """The scores `[t,s]`, t = 0..H."""
        return _table("scores", self.scores, S, H, exact)


@dataclass(frozen=True, eq=False)
class BinaryVerifier:
    """A verifier that accepts or rejects each plan; an accepted plan is chosen if there is one, else a rejected one.

    Args: accepts: the probability that an outcome is accepted, indexed as the scores of a ScoredVerifier.
    """

    accepts: Outcomes

    @classmethod
    def from_rates(cls, success: np.ndarray, true_positives: Number, false_positives: Number) -> Self:
        """The verifier with given rates of acceptance of successes and of failures.

        Args: success: `[s]` or `[t,s]`, whether the state is a success.

        >>> BinaryVerifier.from_rates([True, False], 0.9, 0.2).accepts
        array([0.9, 0.2])
        """
        rates = np.array([false_positives, true_positives], dtype=object if any_exact(true_positives) else None)
        return cls(rates[np.asarray(success, dtype=bool).astype(int)])

    def table(self, S: int, H: int, exact: bool) -> np.ndarray:
        """The acceptance probabilities `[t,s]`, t = 0..H.

        Raises: InvalidModel naming an outcome whose probability is outside [0, 1].
        """
        table = _table("accepts", self.accepts, S, H, exact)
        outside = np.argwhere(np.asarray((table < 0) | (table > 1)))
        if len(outside):
            t, s = outside[0]
            raise InvalidModel(f"accepts is {table[t, s]} at outcome {s}; expected a probability")
        return table


Verifier = ScoredVerifier | BinaryVerifier


def _table(name, given, S, H, exact):
    """The numbers of all outcomes `[t,s]`.

    Raises: InvalidModel naming the first outcome whose number is not finite.
    """
    asked = callable(given)
    rows = [given(s) for s in range(S)] if asked else given
    array = np.asarray(rows)
    shapes = (S,), (H + 1, S)
    if array.shape not in (shapes[:1] if asked else shapes):
        hint = "one number for each outcome" if asked else f"({S},) or ({H + 1}, {S})"
        raise InvalidModel(f"{name} has shape {array.shape}; expected {hint}")
    if array.dtype.kind == "f" or (array.dtype.kind == "O" and not is_exact(array)):
        finite = np.isfinite(np.array([float(entry) for entry in array.reshape(-1)])).reshape(array.shape)
        if not finite.all():
            where = tuple(int(i) for i in np.argwhere(~finite)[0])
            step = f" at step {where[0]}" if len(where) == 2 else ""
            raise InvalidModel(
                f"the verifier returned {array[where]} for outcome {where[-1]}{step}; expected a finite number"
            )
    return np.broadcast_to(numbers(name, bare(array), exact, ("s", "ts")), (H + 1, S))
