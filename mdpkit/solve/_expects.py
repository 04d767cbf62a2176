"""Check of the problems that a method accepts."""

from typing import get_args

import numpy as np

from ..base.errors import InvalidModel
from ..model.game import MarkovGame, expect_all_actions


def expects(method, problem, kind, horizon=object):
    """Raise TypeError unless the problem is of the given kind, with the given horizon."""
    given = getattr(problem, "horizon", None)
    if not isinstance(problem, kind) or not isinstance(given, horizon):
        horizons = " or ".join(each.__name__ for each in get_args(horizon) or (horizon,))
        wanted = kind.__name__ if horizon is object else f"{horizons} {kind.__name__}"
        article = "an" if wanted.startswith("A") else "a"
        raise TypeError(f"{type(method).__name__} solves {article} {wanted}; got {problem!r}")
    if isinstance(problem, MarkovGame):
        expects_all_actions(method, problem)


def expect_temperature(temperature):
    """Raise InvalidModel unless this is a positive number in the range of float64."""
    try:
        fits = not isinstance(temperature, str) and 0 < float(temperature) < np.inf
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits:
        raise InvalidModel(f"the temperature is {temperature!r}; expected a positive number")


def expects_all_actions(method, game):
    """Raise InvalidModel if an action of a player is missing in a state."""
    expect_all_actions(f"{type(method).__name__} solves", game)
