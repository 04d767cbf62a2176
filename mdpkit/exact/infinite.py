"""Plus and minus infinity as exact numbers, for infinite divergences and unbounded losses."""

import numpy as np

from ..base.arrays import rational
from ..base.errors import ExactnessLost, NotFinite


class Infinite:
    """Signed infinity for rational arrays and exact Intervals; use `INFINITY` and `-INFINITY`.

    Raises: NotFinite for infinity - infinity, 0 * infinity (which is not 0 by convention) and infinity / infinity.

    >>> INFINITY > 10**100, -INFINITY + 1, INFINITY * -2
    (True, -infinity, -infinity)
    """

    __slots__ = ("side",)
    exact_number = True

    def __init__(self, side):
        self.side = side

    def __neg__(self):
        return Infinite(-self.side)

    def __abs__(self):
        return Infinite(1)

    def __add__(self, other):
        if not _meets(other):
            return NotImplemented
        if isinstance(other, Infinite) and other.side != self.side:
            raise NotFinite("infinity - infinity is undefined")
        return self

    def __mul__(self, other):
        if not _meets(other):
            return NotImplemented
        if other == 0:
            raise NotFinite("0 * infinity is undefined")
        return Infinite(self.side if other > 0 else -self.side)

    __radd__, __rmul__ = __add__, __mul__

    def __sub__(self, other):
        return self + -other if _meets(other) else NotImplemented

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        if not _meets(other):
            return NotImplemented
        if isinstance(other, Infinite):
            raise NotFinite("infinity / infinity is undefined")
        if other == 0:
            raise ZeroDivisionError("the divisor is 0")
        return self * other

    def __rtruediv__(self, other):
        return rational(0) if _meets(other) else NotImplemented

    def __pow__(self, power):
        if not isinstance(power, int) or power < 1:
            raise TypeError(f"infinity is raised to a positive integer, not to {power!r}")
        return Infinite(self.side**power)

    # ---- order
    def __eq__(self, other):
        return isinstance(other, Infinite) and other.side == self.side if _meets(other) else NotImplemented

    def __lt__(self, other):
        return self.side < 0 and self != other if _meets(other) else NotImplemented

    def __gt__(self, other):
        return self.side > 0 and self != other if _meets(other) else NotImplemented

    def __le__(self, other):
        return self.side < 0 or self == other if _meets(other) else NotImplemented

    def __ge__(self, other):
        return self.side > 0 or self == other if _meets(other) else NotImplemented

    def __hash__(self):
        return hash(self.nearest())

    # ---- enclosures
    def nearest(self) -> float:
        return float("inf") if self.side > 0 else float("-inf")

    def ends(self) -> tuple[float, float]:
        return self.nearest(), self.nearest()

    def __repr__(self):
        return "infinity" if self.side > 0 else "-infinity"

    def __reduce__(self):
        return Infinite, (self.side,)


def _meets(other):
    """Whether `other` is an exact number."""
    if getattr(other, "exact_number", False):
        return True
    if isinstance(other, float | np.floating | str):
        return False
    try:
        rational(other)
    except ExactnessLost:
        return False
    return True


INFINITY = Infinite(1)
