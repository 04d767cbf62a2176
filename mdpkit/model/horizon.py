"""Horizons: finite, discounted, average reward, total reward."""

from dataclasses import dataclass
from numbers import Integral
from typing import NoReturn

import numpy as np

from ..base.arrays import is_exact, rational
from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.types import Scalar, record


@dataclass(frozen=True)
class Finite:
    """Finite horizon: steps t = 0..H-1, undiscounted.

    >>> Finite(3).H
    3
    """

    H: int

    def __post_init__(self) -> None:
        if isinstance(self.H, bool) or not isinstance(self.H, Integral) or self.H < 1:
            raise InvalidModel(f"the horizon H is {self.H!r}; expected an integer of at least 1")
        object.__setattr__(self, "H", int(self.H))

    def _map(self, convert, law=None):
        return self


@record()
class Discounted:
    """Infinite horizon, discounted: J = E sum_t gamma^t r_t with 0 <= gamma < 1, not normalised.

    >>> Discounted("9/10").gamma
    9/10
    """

    gamma: Scalar

    def __post_init__(self) -> None:
        gamma = self.gamma
        if not proposing():
            gamma = gamma.item() if isinstance(gamma, np.ndarray) and gamma.size == 1 else gamma
            if isinstance(gamma, float | np.floating):
                gamma = float(gamma)
            else:
                try:
                    gamma = rational(gamma)
                except (TypeError, ValueError, ZeroDivisionError) as error:
                    raise InvalidModel(f"gamma is {self.gamma!r}; expected a number in [0, 1)") from error
            if not 0 <= gamma < 1:  # also refuses NaN
                raise InvalidModel(f"gamma is {gamma}; expected 0 <= gamma < 1")
        object.__setattr__(self, "gamma", gamma)

    def _map(self, convert, law=None):
        return Discounted(
            np.asarray(convert(np.asarray(self.gamma, dtype=None if isinstance(self.gamma, float) else object))).item()
        )


@dataclass(frozen=True)
class Average:
    """Infinite horizon, average reward: J is the gain, the limit of the mean reward of the first N steps.

    Raises: InvalidModel if a quantity that needs a discount is requested.

    >>> Average()
    Average()
    """

    @property
    def gamma(self) -> NoReturn:
        raise InvalidModel("the horizon is Average(), which has no discount; expected Finite(H) or Discounted(gamma)")

    def _map(self, convert, law=None):
        return self


@dataclass(frozen=True)
class Total:
    """Infinite horizon, total reward: J = E sum_t r_t, undiscounted.

    A policy is proper if with probability 1 it collects no further reward from some step on, as in a stochastic
    shortest path problem, whose goal is absorbing and pays nothing. The optimum is over proper policies.

    Raises: InvalidModel if a quantity that needs a discount is requested.
    Source: adapted from Bertsekas and Tsitsiklis, 1991; Puterman, 1994, chapter 7.

    >>> Total()
    Total()
    """

    @property
    def gamma(self) -> NoReturn:
        raise InvalidModel("the horizon is Total(), which has no discount; expected Finite(H) or Discounted(gamma)")

    def _map(self, convert, law=None):
        return self


Horizon = Finite | Discounted | Average | Total


def fit_horizon(horizon, exact):
    """Convert a horizon to a record's number kind.

    Raises: InvalidModel for a float discount with rational transitions, or if this is not a horizon.
    """
    if isinstance(horizon, Finite | Average | Total) or (proposing() and isinstance(horizon, Discounted)):
        return horizon
    if not isinstance(horizon, Discounted):
        raise InvalidModel(f"horizon is {horizon!r}; expected Finite(H), Discounted(gamma), Average() or Total()")
    if exact and isinstance(horizon.gamma, float):
        raise InvalidModel(
            f"gamma={horizon.gamma} is a float while P is rational; write Discounted('9/10') or a Fraction"
        )
    if not exact and not isinstance(horizon.gamma, float):
        gamma = int(horizon.gamma.p) / int(horizon.gamma.q)
        return Discounted(gamma)
    return horizon


def horizon_text(horizon) -> str:
    """One-line description of a horizon, a rational discount as "p/q"."""
    return f"Discounted({horizon.gamma})" if isinstance(horizon, Discounted) else repr(horizon)


def discount(horizon, pattern):
    """gamma as a scalar of the number kind of `pattern`; 1 for a finite horizon."""
    if isinstance(horizon, Finite):
        return rational(1) if is_exact(pattern) else 1.0
    return horizon.gamma
