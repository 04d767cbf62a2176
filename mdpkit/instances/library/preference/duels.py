"""Preference games: random win probabilities as claims draw them, and cycles."""

from collections.abc import Sequence

import numpy as np

from ....base.arrays import like, objects, rational
from ....base.errors import InvalidModel
from ....model import PreferenceProblem, TabularPolicy
from ...blocks import Box, Simplex
from ...catalogue import Exact, named_instance
from ...instance import Instance

MARGINS = Box("X", "Y", "Y", lower=-1)
"""Margins of which the entries above the diagonal count."""
PROMPTS = Simplex(to="X")
"""The law of the prompt."""


def skew(upper: np.ndarray) -> np.ndarray:
    """The skew-symmetric array with the entries of `upper[...,y,z]` above the diagonal.

    >>> skew(np.array([[7.0, 1.0], [5.0, 3.0]]))
    array([[ 0.,  1.],
           [-1.,  0.]])
    """
    above = np.triu(np.ones(upper.shape[-2:], dtype=bool), 1)
    kept = np.where(above, upper, upper * 0)
    return kept - kept.swapaxes(-1, -2)


def duel(margin: np.ndarray, reference=None, data=None, rho=None) -> PreferenceProblem:
    """The problem with margins `margin[x,y,z]` = 2 P(y beats z) - 1; the reference is uniform if left out."""
    X, Y = margin.shape[:2]
    reference = like([[f"1/{Y}"] * Y] * X, margin) if reference is None else reference
    return PreferenceProblem(reference, win=(margin + 1) / 2, data=data, rho=rho)


def margin_of(problem: PreferenceProblem) -> np.ndarray:
    """2 win - 1 of a problem with `win`."""
    return problem.win * 2 - 1


@named_instance
def preference_cycle(
    a: Exact = "3/5", b: Exact = "9/10", c: Exact = "1/5", reference: Sequence[Exact] | None = None
) -> Instance:
    """Three responses: the first beats the second by a, the second the third by b, the third the first by c.

    No reward explains the preferences, and no response is unbeaten. The minimax winner is (b, c, a) / (a + b + c).

    Args:
        a: margin 2 P(y beats z) - 1 of the first response over the second, in (0, 1].
        b: of the second over the third.
        c: of the third over the first.
        reference: law of the responses under the reference; uniform if left out.

    Returns: `problem` and `winner`, the minimax winner.
    Source: adapted from Swamy, Dann, Kidambi, Wu and Agarwal, 2024.

    >>> preference_cycle().winner.table
    array([[9/17, 2/17, 6/17]], dtype=object)
    """
    a, b, c = (rational(margin) for margin in (a, b, c))
    for name, margin in (("a", a), ("b", b), ("c", c)):
        if not 0 < margin <= 1:
            raise InvalidModel(f"{name} is {margin}; expected a margin above 0 and at most 1")
    problem = duel(cycle_margin(objects([a, b, c]))[None], None if reference is None else objects([reference]))
    return Instance(problem=problem, winner=TabularPolicy(objects([[b, c, a]]) / (a + b + c)))


def cycle_margin(margins: np.ndarray) -> np.ndarray:
    """The margins `[y,z]` of a cycle of three responses with `margins` (a, b, c)."""
    a, b, c = margins
    none = a * 0
    return np.stack([np.stack([none, a, -c]), np.stack([-a, none, b]), np.stack([c, -b, none])])
