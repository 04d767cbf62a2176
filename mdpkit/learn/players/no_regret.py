"""No-regret players for repeated games.

A player's `next(rewards, point, gains)` is called after every round. `rewards` is the class (see `rewards.py`), `point`
the last play, and `gains` holds the gradients of the rounds' payoffs, which the player maximises.
"""

from dataclasses import dataclass
from math import log, sqrt
from typing import Any, NamedTuple, Protocol

import numpy as np

from ...base.arrays import exactly, floats, is_exact, nearest, objects, rational
from ...base.errors import InvalidModel
from ...base.types import Number
from .rewards import FiniteRewards

GRID = 2**24
"""Probabilities computed from exponentials are rounded to positive multiples of 1/GRID."""


class Gains(NamedTuple):
    """Gradient of the last round's payoff, sum of the gradients over all rounds, and number of rounds."""

    last: np.ndarray
    total: np.ndarray
    rounds: int

    def then(self, gain: np.ndarray) -> "Gains":
        """The gains after one more round."""
        return Gains(gain, self.total + gain, self.rounds + 1)


class Player(Protocol):
    """Interface of players that choose rewards from a class against an opponent."""

    def next(self, rewards: Any, point: np.ndarray, gains: Gains) -> np.ndarray:
        """The point to play after rounds with these gains."""


@dataclass(frozen=True)
class GradientAscent:
    """Projected online gradient ascent.

    Args: rate: step size; defaults to 1/sqrt(k) after k rounds.

    Regret after N rounds at a constant rate: at most diameter^2 / (2 rate) + (rate/2) sum of |gain|^2.
    Source: Zinkevich, 2003.
    """

    rate: Number | None = None

    def __post_init__(self) -> None:
        if self.rate is not None:
            expect_number("rate", self.rate)

    def next(self, rewards: Any, point: np.ndarray, gains: Gains) -> np.ndarray:
        rate = 1 / sqrt(gains.rounds) if self.rate is None else self.rate
        return rewards.project(point + _number(rate, point) * gains.last)


@dataclass(frozen=True)
class Hedge:
    """Exponential weights over a finite class: weights proportional to e^(rate * cumulative gain).

    Args:
        rate: learning rate; defaults to sqrt(log(size of the class) / k) after k rounds.
        optimistic: count the last gain twice, as a prediction of the next one. Against itself at a small constant rate
            it then approaches an equilibrium, where exponential weights circle it.

    Regret after N rounds at a constant rate, for gains of range c, unless optimistic: at most log(size) / rate + rate N
    c^2 / 8, plus the error of rounding the weights to multiples of 2^-24.
    Raises: InvalidModel if the class is not a FiniteRewards.
    Source: Freund and Schapire, 1997; optimistic: Rakhlin and Sridharan, 2013.
    """

    rate: Number | None = None
    optimistic: bool = False

    def __post_init__(self) -> None:
        if self.rate is not None:
            expect_number("rate", self.rate)

    def next(self, rewards: Any, point: np.ndarray, gains: Gains) -> np.ndarray:
        if not isinstance(rewards, FiniteRewards):
            raise InvalidModel(f"Hedge weighs the members of a FiniteRewards; got {type(rewards).__name__}")
        total = floats(gains.total + gains.last) if self.optimistic else floats(gains.total)
        rate = sqrt(log(len(total)) / gains.rounds) if self.rate is None else nearest(fraction(self.rate))
        return tilt(np.ones(len(total), dtype=bool), rate * total, point)


@dataclass(frozen=True)
class MultiplicativeWeights:
    """Linear multiplicative weights over a finite class: weights are multiplied by 1 + rate * gain in each round.

    Args: rate: learning rate; rate * gain must lie above -1.

    Exact on rationals, whose digits double in each round. Regret after N rounds for gains in [-1, 1] and a rate of at
    most 1/2: at most log(size) / rate + rate sum of gain^2. In self-play of a symmetric zero-sum game the weights need
    no normalisation.
    Raises: InvalidModel if the class is not a FiniteRewards, or a weight is not positive.
    Source: Cesa-Bianchi, Mansour and Stoltz, 2007.

    >>> gain = np.array([0.5, -0.5])
    >>> player = MultiplicativeWeights(1)
    >>> player.next(FiniteRewards([[[1.0]], [[0.0]]]), np.array([0.5, 0.5]), Gains(gain, gain, 1))
    array([0.75, 0.25])
    """

    rate: Number

    def __post_init__(self) -> None:
        expect_number("rate", self.rate)

    def next(self, rewards: Any, point: np.ndarray, gains: Gains) -> np.ndarray:
        if not isinstance(rewards, FiniteRewards):
            raise InvalidModel(
                f"MultiplicativeWeights weighs the members of a FiniteRewards; got {type(rewards).__name__}"
            )
        factor = 1 + _number(self.rate, point) * gains.last
        if (factor <= 0).any():
            k = int(np.argmax(factor <= 0))
            raise InvalidModel(f"1 + rate * gain is {factor[k]} for member {k}; expected a rate at which it is above 0")
        weights = point * factor
        return weights / weights.sum()


@dataclass(frozen=True)
class FollowTheLeader:
    """Maximiser of the cumulative gain; without further assumptions on the opponent it has no regret bound."""

    def next(self, rewards: Any, point: np.ndarray, gains: Gains) -> np.ndarray:
        return rewards.best(gains.total)


@dataclass(frozen=True)
class BestResponse:
    """Maximiser of the last gain; nonpositive regret for the player that moves second."""

    def next(self, rewards: Any, point: np.ndarray, gains: Gains) -> np.ndarray:
        return rewards.best(gains.last)


def tilt(exists, exponents, pattern) -> np.ndarray:
    """Distributions over the last axis, proportional to e^exponents if `exists`, in positive multiples of 1/GRID.

    Args: pattern: an array of the number kind to return, floats or rationals; the rounding makes both equal.

    >>> tilt(np.ones(2, dtype=bool), np.array([0.0, 0.0]), np.zeros(1))
    array([0.5, 0.5])
    """
    kept = np.where(exists, exponents, -np.inf)
    weights = np.exp(kept - kept.max(axis=-1, keepdims=True))
    units = np.where(exists, np.maximum(np.floor(weights / weights.sum(axis=-1, keepdims=True) * GRID), 1), 0).astype(
        np.int64
    )
    heaviest = np.expand_dims(units.argmax(axis=-1), -1)
    rest = np.take_along_axis(units, heaviest, axis=-1) + GRID - units.sum(axis=-1, keepdims=True)
    np.put_along_axis(units, heaviest, rest, axis=-1)
    return objects(units) / GRID if is_exact(pattern) else units / GRID


def fraction(number):
    """A number as a rational; a float becomes the dyadic rational that it represents."""
    return exactly(number)[()] if isinstance(number, float | np.floating) else rational(number)


def _number(rate, pattern):
    return fraction(rate) if is_exact(pattern) else nearest(fraction(rate))


def expect_number(name, number, positive=True):
    """Check that a number is positive (or 0, if not `positive`), and not rounded to 0 or infinity in float64.

    Raises: InvalidModel if it is not.
    """
    try:
        exact = fraction(number)
        fits = (not positive and exact == 0) or 0 < nearest(exact) < float("inf")
    except (TypeError, ValueError, ArithmeticError):
        fits = False
    if not fits:
        least = "above 0" if positive else "of at least 0"
        raise InvalidModel(f"{name} is {number!r}; expected a number {least} in the range of float64")


def expect_no_regret(name, player):
    """Check that a player moves by `next(rewards, point, gains)`, as `Hedge()` does.

    Raises: InvalidModel for anything else, such as a name, the class Hedge itself, or a player of policies.
    """
    moves = callable(getattr(player, "next", None)) and not isinstance(player, type) and not hasattr(player, "needs")
    if not moves:
        raise InvalidModel(f"{name} is {player!r}; expected a no-regret player such as Hedge() or GradientAscent()")
