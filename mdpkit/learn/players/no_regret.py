"""Players of repeated games: where to play next, given what was gained so far.

A player's `next(rewards, point, gains)` is asked after every round. `rewards` is the class (see `rewards.py`), `point` the last
play, and `gains` holds the gradients of the rounds' payoffs, which the player wants high.
"""

from dataclasses import dataclass
from math import log, sqrt
from typing import NamedTuple, Protocol

import numpy as np

from ...base.arrays import exactly, floats, is_exact, nearest, objects, rational
from ...base.errors import InvalidModel
from .rewards import FiniteRewards

GRID = 2**24
"""Probabilities that are computed with exponentials are rounded to multiples of 1/GRID, and to no less than that."""


class Gains(NamedTuple):
    """The gradient of the last round's payoff, the sum of all rounds', and how many rounds there were."""

    last: np.ndarray
    total: np.ndarray
    rounds: int

    def then(self, gain):
        """With one round more."""
        return Gains(gain, self.total + gain, self.rounds + 1)


class Player(Protocol):
    """Plays a class of rewards against an opponent."""

    def next(self, rewards, point, gains) -> np.ndarray:
        """The point to be played after the rounds with these gains."""


@dataclass(frozen=True)
class GradientAscent:
    """Projected gradient ascent: a step along the last gain, then the nearest point of the class.

    Args: rate: length of a step for a gain of length 1; 1/sqrt(k) after k rounds if left out.

    Regret after N rounds: at most diameter^2 / (2 rate) + rate/2 sum of |gain|^2 at a constant rate.
    Source: Zinkevich, 2003.
    """

    rate: object = None

    def __post_init__(self):
        if self.rate is not None:
            expect_number("rate", self.rate)

    def next(self, rewards, point, gains):
        rate = 1 / sqrt(gains.rounds) if self.rate is None else self.rate
        return rewards.project(point + _number(rate, point) * gains.last)


@dataclass(frozen=True)
class Hedge:
    """Exponential weights over a finite class: each in proportion to e^(rate x its gain so far).

    Args: rate: for a gain of 1; sqrt(log(size of the class) / k) after k rounds if left out.

    Regret after N rounds, for gains within a range of c: at most log(size) / rate + rate N c^2 / 8 at a constant rate, and
    what rounding the weights to multiples of 2^-24 costs.
    Raises: InvalidModel for a class that is no FiniteRewards.
    Source: Freund and Schapire, 1997.
    """

    rate: object = None

    def __post_init__(self):
        if self.rate is not None:
            expect_number("rate", self.rate)

    def next(self, rewards, point, gains):
        if not isinstance(rewards, FiniteRewards):
            raise InvalidModel(f"Hedge weighs the members of a FiniteRewards; got {type(rewards).__name__}")
        total = floats(gains.total)
        rate = sqrt(log(len(total)) / gains.rounds) if self.rate is None else nearest(fraction(self.rate))
        return tilted(np.ones(len(total), dtype=bool), rate * total, point)


@dataclass(frozen=True)
class FollowTheLeader:
    """The best point for the sum of all gains; it has no regret bound unless the opponent moves little."""

    def next(self, rewards, point, gains):
        return rewards.best(gains.total)


@dataclass(frozen=True)
class BestResponse:
    """The best point for the last gain: no regret for whoever moves second."""

    def next(self, rewards, point, gains):
        return rewards.best(gains.last)


def tilted(exists, exponents, pattern) -> np.ndarray:
    """Distributions over the last axis in proportion to e^exponents where `exists`, in multiples of 1/GRID and none below it.

    Args: pattern: whether floats or rationals are returned. The rounding makes both the same numbers.

    >>> tilted(np.ones(2, dtype=bool), np.array([0.0, 0.0]), np.zeros(1))
    array([0.5, 0.5])
    """
    kept = np.where(exists, exponents, -np.inf)
    weights = np.exp(kept - kept.max(axis=-1, keepdims=True))
    units = np.where(exists, np.maximum(np.floor(weights / weights.sum(axis=-1, keepdims=True) * GRID), 1), 0).astype(np.int64)
    heaviest = np.expand_dims(units.argmax(axis=-1), -1)
    rest = np.take_along_axis(units, heaviest, axis=-1) + GRID - units.sum(axis=-1, keepdims=True)
    np.put_along_axis(units, heaviest, rest, axis=-1)
    return objects(units) / GRID if is_exact(pattern) else units / GRID


def fraction(number):
    """The rational that a number is: a float is the dyadic fraction that it stands for."""
    return exactly(number)[()] if isinstance(number, float | np.floating) else rational(number)


def _number(rate, pattern):
    return fraction(rate) if is_exact(pattern) else nearest(fraction(rate))


def expect_number(name, number, positive=True):
    """Raises: InvalidModel for what is no finite number above 0, or of at least 0."""
    try:
        fits = fraction(number) > 0 or (not positive and fraction(number) == 0)
    except (TypeError, ValueError, ArithmeticError):
        fits = False
    if not fits:
        raise InvalidModel(f"{name} is {number!r}; expected a number {'above' if positive else 'of at least'} 0")
