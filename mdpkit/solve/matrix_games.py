"""Batches of zero-sum matrix games, each certified by its duality gap."""

from dataclasses import dataclass

import numpy as np

from ..base.arrays import bare, exactly, floats, is_exact, objects
from ..base.errors import ExactnessLost, InvalidModel
from ..base.interval import Interval
from ..base.tolerance import UNDERFLOW, gamma
from ..base.types import Numbers
from ..exact.stage import matrix_game
from ..kernels import matrix_games as kernels

PIVOT, ACCURACY = 2.0**-40, 2.0**-36
"""Smallest pivot, and largest duality gap of a certified game, in units of the largest payoff."""

CLOSE = 2.0**-46
"""Largest duality gap of strategies on supports that were tried first, in units of the largest payoff."""

NONE, NOTHING = np.zeros((0, 0)), np.zeros(0, dtype=int)
"""No strategies to start from, and no games."""

PIVOTS = 10**6
"""Largest number of pivots; Bland's rule, which takes over early, needs far fewer."""


@dataclass(frozen=True, eq=False)
class Saddles:
    """Solutions of a batch of zero-sum games.

    Args:
        lower, upper: bounds on the values `[k]`, equal on rationals.
        row, column: strategies `[k,a]` and `[k,b]` that guarantee the lower and the upper bound.
        resolved: indices of the games that floats did not solve, whose exact linear programs were solved instead.
    """

    lower: np.ndarray
    upper: np.ndarray
    row: np.ndarray
    column: np.ndarray
    resolved: np.ndarray

    @property
    def value(self) -> Interval:
        """The bounds on the values as an Interval `[k]`."""
        return Interval(self.lower) if is_exact(self.lower) else Interval(self.lower, self.upper, "float")


def matrix_games(payoff: Numbers, near: Saddles | None = None) -> Saddles:
    """Solve the zero-sum games in which the row player receives `payoff[k,a,b]`.

    Each game is certified: its value lies between what the two strategies guarantee. On rationals these agree. On
    floats they differ by rounding; a game whose gap exceeds 2^-36 of its largest payoff is solved again by an exact
    linear program.

    Args:
        payoff: float64 or rationals.
        near: the solutions of as many similar float games, whose supports are tried first.

    Raises: InvalidModel for an array of another shape, or with entries that are no finite numbers.

    >>> from mdpkit.base.arrays import objects
    >>> matrix_games(objects([[[2, -1], [-1, 1]]])).value
    Interval(shape=(1,), exact, width=0.0e+00, mid=
    [0.2])
    """
    try:
        payoff = objects(payoff) if is_exact(payoff) else bare(payoff, float)
    except (TypeError, ValueError, ExactnessLost) as error:
        raise InvalidModel(f"payoff is no array of numbers: {error}; expected payoff[k,a,b]") from error
    if payoff.ndim != 3 or 0 in payoff.shape[1:]:
        raise InvalidModel(f"payoff has shape {payoff.shape}; expected payoff[k,a,b], one matrix for each game")
    if is_exact(payoff):
        lower, _, row, column = kernels.saddles(payoff, 0, PIVOTS)
        return Saddles(lower, lower, row, column, NOTHING)
    if not np.isfinite(payoff).all():
        raise InvalidModel("payoff has entries that are not finite; expected numbers")
    constants = _constants(*payoff.shape[1:])
    lower, upper, row, column, poor = kernels.certified_saddles(payoff, *_supports(near), *constants)
    poor = poor.nonzero()[0]
    for k in poor:
        found = matrix_game(exactly(payoff[k]))
        row[k], column[k] = (law / law.sum() for law in (floats(found.row), floats(found.column)))
        error = _rounding_of_bounds(*payoff.shape[1:]) * np.abs(payoff[k]).max() + UNDERFLOW
        lower[k], upper[k] = (row[k] @ payoff[k]).min() - error, (payoff[k] @ column[k]).max() + error
    return Saddles(lower, upper, row, column, poor)


def certified_sparse(sweep, actions, w, near):
    """As `matrix_games` for the stage games r + g P w of a sparse sweep, in one kernel.

    Returns: the solutions, None unless floats solved all games; the `changes` from w; the largest |w|.
    """
    A, B = actions
    *found, poor, low, high, centred, size = kernels.sparse_sweep(
        *sweep.parts, sweep.r, sweep.g, A, w, *_supports(near), *_constants(A, B)
    )
    solved = None if poor.any() else Saddles(*found, NOTHING)
    return solved, (low, high, centred), size


def _rounding_of_bounds(A, B):
    """Relative to the largest payoff; counts the rounding of strategies, of sums, and of moving the bound."""
    return gamma(2 * (A + B) + 12)


def _supports(near):
    return (NONE, NONE) if near is None else (near.row, near.column)


def _constants(A, B):
    return PIVOT, CLOSE, ACCURACY, _rounding_of_bounds(A, B), UNDERFLOW, PIVOTS
