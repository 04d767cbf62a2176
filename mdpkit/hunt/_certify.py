"""Certified ratios of instances."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from flint import fmpq

from ..base.arrays import is_exact
from ..base.decision import Decision
from ..base.errors import MdpkitError
from ..instances.family import Drawn
from ..verify.judge import Kind, as_float, judge_draw, ratio


@dataclass(frozen=True)
class Worth:
    """The certified ratio of the two sides on one draw.

    Attributes:
        x: the draw, rational. exact: the ratio if it is rational, else None.
        least: a certified float lower bound on the ratio; -inf if the draw is refused or has no ratio.
        violates: whether the statement is decided NO. The ratio is then that of the worst inequality of a chain.
    """

    x: Drawn
    exact: fmpq | None
    least: float
    violates: bool = False

    @property
    def reached(self) -> bool:
        return self.exact == 1


def worth(target, x) -> Worth:
    """Judge a draw; if the check raises on it, the ratio is -inf."""
    try:
        judgement = judge_draw(target, x, Fraction(1, 10**8))
    except (MdpkitError, ArithmeticError, ValueError, IndexError):
        return Worth(x, None, -np.inf)
    if judgement.kind is not Kind.COUNTED:
        return Worth(x, None, -np.inf)
    violates, sides = judgement.decision is Decision.NO, judgement.sides
    links = [(sides[0], sides[-1]), *(pairwise(sides) if violates else ())]
    exact = [ratio(left, right) for left, right in links]
    if all(value is None or isinstance(value, fmpq) for value in exact):
        known = [value for value in exact if value is not None]
        return Worth(x, max(known), as_float(max(known)), violates) if known else Worth(x, None, -np.inf, violates)
    return Worth(x, None, max(_certify_ratio(left, right) for left, right in links), violates)


def _certify_ratio(left, right):
    """A lower bound on the largest left/right over entries, from enclosures of both."""
    left, right = left.enclose(), right.enclose()
    low, high, positive = np.broadcast_arrays(left.lower, right.upper, right.lower > 0)
    if ((right.upper <= 0) & (left.lower > 0)).any():
        return np.inf
    if not positive.any():
        return -np.inf
    # rounded down twice: for the quotient, and for its conversion
    with np.errstate(over="ignore"):  # on overflow, nextafter gives the largest float64
        return float(np.nextafter(np.nextafter((low[positive] / high[positive]).max(), -np.inf), -np.inf))


def as_member(family, x) -> dict:
    """The float blocks of a rational draw."""
    drawn = family.to_float(x)
    return {name: np.array(getattr(drawn, name)) for name in family.blocks}


def complexity(x, blocks) -> int:
    """Number of digits of a draw, a measure of its complexity."""
    return sum(
        len(str(entry))
        for name in blocks
        for entry in getattr(x, name).ravel()
        if is_exact(getattr(x, name)) and entry != 0
    )
