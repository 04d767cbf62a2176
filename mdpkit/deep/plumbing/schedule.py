"""Schedules: numbers that depend on the round of a game."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from ...base.errors import InvalidModel
from ...base.record import expect_counts

Schedule = float | Callable[[int], float]
"""A number, or a function from the round k = 1, 2, ... to a number."""


@dataclass(frozen=True)
class Decaying:
    """first / k^power in round k.

    Args: first: value of round 1. power: exponent, at least 0.

    >>> [Decaying(1.0)(k) for k in (1, 2, 4)]
    [1.0, 0.5, 0.25]
    """

    first: float
    power: float = 1.0

    def __post_init__(self) -> None:
        if not (isfinite(self.first) and 0 <= self.power < float("inf")):
            raise InvalidModel(
                f"first is {self.first} and power {self.power}; expected finite numbers, the power at least 0"
            )

    def __call__(self, k: int) -> float:
        return self.first / k**self.power


@dataclass(frozen=True)
class Linear:
    """From `first` in round 1 to `last` in round `rounds` in equal steps, and `last` from there on.

    Args: first, last: values at both ends. rounds: the round at which `last` is reached.

    >>> [Linear(0.2, 0.0, rounds=3)(k) for k in (1, 2, 3, 4)]
    [0.2, 0.1, 0.0, 0.0]
    """

    first: float
    last: float
    rounds: int

    def __post_init__(self) -> None:
        expect_counts(rounds=self.rounds)
        if not (isfinite(self.first) and isfinite(self.last)):
            raise InvalidModel(f"first is {self.first} and last {self.last}; expected finite numbers")

    def __call__(self, k: int) -> float:
        done = 1.0 if k >= self.rounds else (k - 1) / (self.rounds - 1)
        return (1 - done) * self.first + done * self.last


def at_round(schedule: Schedule, k: int) -> float:
    """The schedule's value in round k; a number is constant."""
    return float(schedule(k)) if callable(schedule) else float(schedule)


def expect_schedule(name: str, schedule: Schedule, rounds: int, most: float = float("inf")) -> None:
    """Check that a schedule's values are from 0 to `most` in all rounds.

    Raises: InvalidModel naming the round, if the value is not constant.
    """
    for k in range(1, rounds + 1 if callable(schedule) else 2):
        value = at_round(schedule, k)
        if not 0 <= value <= most:
            where = f" in round {k}" if callable(schedule) else ""
            raise InvalidModel(
                f"{name} is {value:g}{where}; expected {f'0 to {most:g}' if isfinite(most) else 'at least 0'}"
            )
