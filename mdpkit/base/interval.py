"""Intervals: rigorous enclosures of numbers and arrays, with their kind of evidence."""

import math
from collections.abc import Iterator
from contextlib import suppress
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from enum import IntEnum
from numbers import Rational
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from flint import fmpq, fmpz

from .arrays import floats, is_exact, objects
from .decision import Decision, Decisions, decide
from .errors import ExactnessLost, NotFinite, Undecided
from .markup import Ends, abbreviate, decimal, in_latex
from .outward import down, float_end, float_ends, up
from .shown import Shown, summary, tabulate
from .tolerance import UNIT
from .types import Numbers


class How(IntEnum):
    """Kind of evidence for an interval; a result has the weakest kind of its operands."""

    exact = 0
    enclosed = 1
    float = 2
    sampled = 3


class Interval(Shown):
    """Enclosure `lower <= x <= upper` of a number or, entrywise, of an array.

    Args:
        lower, upper: arrays of the same shape, float64 or rational; `upper` defaults to `lower`.
        how: "exact" (rationals and other exact numbers, of zero width), "enclosed" (a rigorous enclosure), "float" (an
            enclosure with a stated rounding bound) or "sampled" (a confidence interval).

    Arithmetic is rigorous: rational ends are computed exactly, float ends are rounded outwards.
    Comparisons return a Decision (an array of them for arrays), never an unproved False.

    Raises: NotFinite if an end is NaN; ExactnessLost if a float is combined with an exact interval.

    >>> Interval(objects("1/3")) + 1 == fmpq(4, 3)
    <Decision.YES: 1>
    >>> Interval(0.0, 1.0, "float") < Interval(0.5, 2.0, "float")
    <Decision.UNDECIDED: 0>
    """

    __slots__ = ("how", "lower", "upper")
    lower: Final[np.ndarray]
    upper: Final[np.ndarray]
    how: Final[str]
    __array_ufunc__ = None
    __hash__ = None

    def __init__(self, lower: Numbers, upper: Numbers | None = None, how: str | How = "exact") -> None:
        how = How[how] if isinstance(how, str) else How(how)
        if how is How.exact:
            lower = upper = objects(lower if upper is None else _same(lower, upper))
        else:
            upper = lower if upper is None else upper
            lower, upper = float_end(lower, 0), float_end(upper, 1)
            if lower.shape != upper.shape:
                raise ValueError(f"lower has shape {lower.shape}, upper {upper.shape}")
            if not (lower <= upper).all():
                if np.isnan(lower).any() or np.isnan(upper).any():
                    raise NotFinite("an end of the interval is NaN")
                raise ValueError("an interval's lower end exceeds its upper end")
        lower.flags.writeable = upper.flags.writeable = False
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)
        object.__setattr__(self, "how", how.name)

    def __setattr__(self, name, value):
        raise AttributeError("an Interval is immutable")

    def __reduce__(self):
        return Interval, (self.lower,) if self.exact else (self.lower, self.upper, self.how)

    # ---- properties
    @property
    def exact(self) -> bool:
        return self.how == "exact"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.lower.shape

    @property
    def ndim(self) -> int:
        return self.lower.ndim

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a scalar interval has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator["Interval"]:
        return (self[i] for i in range(len(self)))

    @property
    def mid(self) -> Any:
        """The midpoint as float64, a float for a scalar; for display, not for decisions."""
        if self.exact:
            middle = floats(self.lower)
        else:
            with np.errstate(invalid="ignore"):
                middle = np.where(self.lower == self.upper, self.lower, self.lower / 2 + self.upper / 2)
        return float(middle) if middle.ndim == 0 else middle

    @property
    def width(self) -> float:
        """The maximum of upper minus lower (0 where both are the same infinity)."""
        if self.exact or self.lower.size == 0:
            return 0.0
        with np.errstate(invalid="ignore", over="ignore"):
            gaps = np.where(self.lower == self.upper, 0.0, self.upper - self.lower)
        return float(gaps.max())

    def __repr__(self):
        if self.shape:
            return f"Interval(shape={self.shape}, {self.how}, width={self.width:.1e}, mid=\n{summary(self.mid)})"
        if self.exact:
            text = abbreviate(self.lower[()])
            return f"Interval({text})" if text.startswith("~") else f"Interval({text}, exact)"
        return f"Interval([{self.lower[()]:.17g}, {self.upper[()]:.17g}], {self.how})"

    def __format__(self, spec: str) -> str:
        """The number where the width is 0, else both ends in brackets, rounded outwards.

        >>> f"{Interval(objects('1/3')):.3f}", f"{Interval(0.25, 0.5, 'float'):.1f}"
        ('0.333', '[0.2, 0.5]')
        """
        if not spec:
            return str(self)
        if self.shape:
            raise TypeError(
                f"an array of intervals, of shape {self.shape}, takes no format {spec!r}; format its entries, or `.mid`"
            )
        try:
            if self.width == 0:
                return format(self.mid, spec)
            return f"[{_round(float(self.lower), spec, ROUND_FLOOR)}, {_round(float(self.upper), spec, ROUND_CEILING)}]"
        except ValueError as error:
            raise ValueError(
                f"{spec!r} formats no interval; expected a format of floats, such as '.3f' or '.2e'"
            ) from error

    def __float__(self) -> float:
        """The number of a scalar interval of width 0, an exact one rounded to the nearest float."""
        if self.shape:
            raise TypeError(
                f"an array of intervals, of shape {self.shape}, is no float; `.mid` has the middles as an array"
            )
        if self.width != 0:
            raise TypeError(
                f"{self!r} has width {self.width:.1e}, so it is no float; `.mid` is its middle, `.lower` and `.upper` its ends"
            )
        return self.mid

    if not TYPE_CHECKING:  # a type checker should not take an Interval for an array

        def __array__(self, dtype=None, copy=None):
            raise TypeError(
                "numpy does not convert an Interval, which would lose its bounds; `.mid` has the middle as float64"
            )

    def _heading(self):
        return f"Interval(shape={self.shape}, {self.how}, width={self.width:.1e})" if self.shape else repr(self)

    def _tables(self):
        return (tabulate("" if self.exact else "middle", self.lower, entry=self._cell),) if self.shape else ()

    def _cell(self, index):
        return self.lower[index] if self.exact else Ends(float(self.lower[index]), float(self.upper[index]))

    def _repr_latex_(self):
        if self.shape:
            return super()._repr_latex_()
        ends = (
            in_latex(self.lower[()])
            if self.exact
            else rf"[{decimal(f'{self.lower:.17g}')},\ {decimal(f'{self.upper:.17g}')}]"
        )
        return f"${ends}$"

    def enclose(self) -> "Interval":
        """The same interval, with exact numbers enclosed by float64 ends."""
        return Interval(*float_ends(self.lower), "enclosed") if self.exact else self

    # ---- shape
    def __getitem__(self, key: Any) -> "Interval":
        return self._each(lambda end: end[key])

    def reshape(self, *shape: int | tuple[int, ...]) -> "Interval":
        return self._each(lambda end: end.reshape(*shape))

    @property
    def T(self) -> "Interval":
        return self._each(lambda end: end.T)

    # ---- reductions
    def max(self, axis: int | tuple[int, ...] | None = None) -> "Interval":
        return self._apply(lambda known: known._each(lambda end: end.max(axis=axis)))

    def min(self, axis: int | tuple[int, ...] | None = None) -> "Interval":
        return self._apply(lambda known: known._each(lambda end: end.min(axis=axis)))

    def sum(self, axis: int | tuple[int, ...] | None = None) -> "Interval":
        if self.exact:
            return self._each(lambda end: end.sum(axis=axis))
        with np.errstate(invalid="ignore", over="ignore"):
            (low, below), (high, above) = (_sum(end, axis) for end in (self.lower, self.upper))
            low, high = low - below, high + above
            # an infinite sum has an infinite entry and no rounding error:
            # an upper end of -infinity and a lower end of infinity stay as they are
            return Interval(
                np.where(low == np.inf, low, down(low)), np.where(high == -np.inf, high, up(high)), self.how
            )

    def __abs__(self) -> "Interval":
        return self._apply(Interval._size)

    def _size(self):
        if self.exact:
            return self._each(abs)
        low, high = abs(self.lower), abs(self.upper)
        inside = (self.lower <= 0) & (self.upper >= 0)
        return Interval(np.where(inside, 0.0, np.minimum(low, high)), np.maximum(low, high), self.how)

    # ---- arithmetic
    def __neg__(self) -> "Interval":
        if self.exact:
            return Interval(-self.lower)
        return Interval(-self.upper, -self.lower, self.how)

    def __add__(self, other: "Quantity") -> "Interval":
        return _combine(self, other, lambda a, b: (a[0] + b[0], a[1] + b[1]))

    def __sub__(self, other: "Quantity") -> "Interval":
        return _combine(self, other, lambda a, b: (a[0] - b[1], a[1] - b[0]))

    def __rsub__(self, other: "Quantity") -> "Interval":
        return -self + other

    def __mul__(self, other: "Quantity") -> "Interval":
        return _combine(self, other, _product, lambda a, b: _is_zero(a) | _is_zero(b))

    def __truediv__(self, other: "Quantity") -> "Interval":
        return _combine(self, other, _quotient, lambda a, b: _is_zero(a))

    def __rtruediv__(self, other: "Quantity") -> "Interval":
        other = _operand(other, self)
        return NotImplemented if other is None else other / self

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, power: int) -> "Interval":
        if not isinstance(power, int) or power < 1:
            raise TypeError(f"an interval is raised to a positive integer, not to {power!r}")
        out = self
        for _ in range(power - 1):
            out = out * self
        return out if power % 2 or self.exact else Interval(np.maximum(out.lower, 0), out.upper, out.how)

    # ---- comparison
    def __le__(self, other: "Quantity") -> Decision | Decisions:
        return _compare(self, other, lambda a, b: (a[1] <= b[0], a[0] > b[1]))

    def __lt__(self, other: "Quantity") -> Decision | Decisions:
        return _compare(self, other, lambda a, b: (a[1] < b[0], a[0] >= b[1]))

    def __ge__(self, other: "Quantity") -> Decision | Decisions:
        return _compare(self, other, lambda a, b: (a[0] >= b[1], a[1] < b[0]))

    def __gt__(self, other: "Quantity") -> Decision | Decisions:
        return _compare(self, other, lambda a, b: (a[0] > b[1], a[1] <= b[0]))

    def __eq__(self, other: "Quantity") -> Decision | Decisions:
        return _compare(
            self, other, lambda a, b: ((a[0] == a[1]) & (b[0] == b[1]) & (a[0] == b[0]), (a[1] < b[0]) | (a[0] > b[1]))
        )

    def __ne__(self, other: "Quantity") -> Decision | Decisions:
        return _compare(
            self, other, lambda a, b: ((a[1] < b[0]) | (a[0] > b[1]), (a[0] == a[1]) & (b[0] == b[1]) & (a[0] == b[0]))
        )

    def contains(self, number: "Quantity") -> bool:
        """Whether each entry of `number` (rationals or an Interval) provably lies in the interval, without rounding."""
        other = number if isinstance(number, Interval) else Interval(number)
        try:
            return all(
                _at_most(low, a) and _at_most(b, high)
                for low, high, a, b in np.broadcast(self.lower, self.upper, other.lower, other.upper)
            )
        except Undecided:
            return False

    def _apply(self, f):
        """f of the numbers, or of their float64 enclosures if their order is undecided."""
        try:
            return f(self)
        except Undecided:
            return f(self.enclose())

    def _each(self, f):
        if self.exact:
            return Interval(f(self.lower))
        return Interval(f(self.lower), f(self.upper), self.how)


Quantity: TypeAlias = Interval | Numbers
"""An Interval, or numbers whose kind says how they are known."""


def _round(x, spec, rounding):
    """A float in the given format, rounded in one direction."""
    if not math.isfinite(x):
        return format(x, spec)
    format(x, spec)  # Decimal accepts formats that floats refuse
    if "." not in spec:  # and has no precision of its own
        spec = f"{spec[:-1]}.6{spec[-1]}" if spec[-1] in "eEfFgG%" else f"{spec}.17g"
    with localcontext() as context:
        context.rounding = rounding
        return format(Decimal(x), spec)


def _same(lower, upper):
    if lower is not upper:
        raise ValueError("an exact interval has a single end; omit `upper`")
    return lower


def _sum(end, axis):
    """The float sum and a bound on its error: n 2^-53 times the sum of absolute values, for any order of summation.

    A sum with an infinite entry is that infinity; if only the bound overflows, the error is unbounded.
    """
    total, size = np.sum(end, axis=axis), np.sum(abs(end), axis=axis)
    off = 1.01 * end.size / max(1, np.size(total)) * UNIT * size
    infinite = np.isinf(end)
    total = np.where(
        infinite.any(axis=axis), np.sum(np.where(infinite, end, 0.0), axis=axis), np.where(np.isinf(off), 0.0, total)
    )
    return total, np.where(infinite.any(axis=axis), 0.0, off)


def _at_most(a, b) -> bool:
    """Whether a <= b, for any mixture of exact numbers and floats, without rounding."""
    a, b = _comparable(a), _comparable(b)
    if isinstance(a, float):  # the remaining floats are infinite
        return a < 0 or (isinstance(b, float) and b > 0)
    return b > 0 if isinstance(b, float) else a <= b


def _comparable(x):
    """A finite float as the rational that it represents; an infinity as a float."""
    if isinstance(x, float):
        return fmpq(*x.as_integer_ratio()) if math.isfinite(x) else float(x)
    if getattr(x, "exact_number", False) and x.ends()[0] == x.ends()[1]:
        return x.ends()[0]
    return x


def _operand(x, beside):
    """`x` as an Interval that can be combined with `beside`."""
    if isinstance(x, Interval):
        return x
    array = np.asarray(x)
    if array.dtype.kind in "iub" or is_exact(array) or isinstance(x, Rational | fmpq | fmpz):
        return Interval(array)
    if array.dtype.kind == "f":
        if beside.exact:
            raise ExactnessLost(f"the float {x!r} is combined with an exact interval; write an int or a Fraction")
        return Interval(array, array, "float")
    return None


def _ends(a, b):
    """Both operands with ends of the same number kind."""
    if a.exact and b.exact:
        return (a.lower, a.lower), (b.lower, b.lower)
    return tuple(float_ends(x.lower) if x.exact else (x.lower, x.upper) for x in (a, b))


def _combine(a, b, rule, nothing=None):
    """The Interval of `rule`, rounded outwards except where `nothing` states that the result is exactly 0."""
    b = _operand(b, a)
    if b is None:
        return NotImplemented
    ends = _ends(a, b)
    if a.exact and b.exact:
        return Interval(rule(*ends)[0])
    with np.errstate(invalid="ignore", over="ignore"):
        low, high = rule(*ends)
        zero = False if nothing is None else nothing(*ends)
        lower, upper = np.where(zero, 0.0, down(low)), np.where(zero, 0.0, up(high))
        if (
            np.isinf(low).any() and np.isinf(high).any()
        ):  # a number that is infinite itself, and not one that overflows, stays so
            infinite = np.isinf(low) & (low == high) & (_is_infinite(ends[0]) | _is_infinite(ends[1]))
            lower, upper = np.where(infinite, low, lower), np.where(infinite, high, upper)
        return Interval(lower, upper, max(How[a.how], How[b.how]))


def _compare(a, b, rule):
    b = _operand(b, a)
    if b is None:
        return NotImplemented
    ends = _ends(a, b)
    try:
        return decide(*rule(*ends))
    except Undecided:
        return decide(*_one_by_one(rule, *ends))


def _one_by_one(rule, a, b):
    """`rule` on every pair of exact entries; neither yes nor no where their order is undecided."""
    left, right = np.broadcast_arrays(a[0], b[0])
    yes, no = np.zeros(left.shape, dtype=bool), np.zeros(left.shape, dtype=bool)
    for index in np.ndindex(left.shape):
        with suppress(Undecided):
            yes[index], no[index] = rule((left[index],) * 2, (right[index],) * 2)
    return yes, no


def _product(a, b):
    if is_exact(a[0]):
        both = a[0] * b[0]
        return both, both
    corners = [_times(x, y) for x in a for y in b]
    return _extremes(np.minimum, corners), _extremes(np.maximum, corners)


def _is_zero(ends):
    return (ends[0] == 0) & (ends[1] == 0)


def _is_infinite(ends):
    return np.isinf(ends[0]) & (ends[0] == ends[1])


def _extremes(extreme, corners):
    a, b, c, d = corners
    return extreme(extreme(a, b), extreme(c, d))


def _times(x, y):
    # 0 times an infinite end is 0, not NaN: the infinite end represents arbitrarily large finite numbers
    product = x * y
    undefined = np.isnan(product)
    return np.where(undefined, 0.0, product) if undefined.any() else product


def _quotient(a, b):
    if is_exact(a[0]):
        if (np.asarray(b[0]) == 0).any():
            raise ZeroDivisionError("the divisor is 0")
        both = a[0] / b[0]
        return both, both
    if ((b[0] <= 0) & (b[1] >= 0)).any():
        raise ZeroDivisionError("the divisor may be 0")
    # the quotient of two infinite ends (NaN) is ignored: the other corners span all ratios
    corners = [np.where(x == 0, 0.0, x / y) for x in a for y in b]
    return _extremes(np.fmin, corners), _extremes(np.fmax, corners)


def interval(x: "Quantity") -> Interval:
    """`x` as an Interval: rationals and integers exact, floats as points of kind "float".

    >>> interval(fmpq(1, 2))
    Interval(1/2, exact)
    """
    if isinstance(x, Interval):
        return x
    array = np.asarray(x)
    if array.dtype.kind == "f":
        return Interval(array, array, "float")
    return Interval(array)


def stack(parts):
    """Stack Intervals (or plain arrays) of one shape along a new first axis."""
    if not isinstance(parts[0], Interval):
        return np.stack(parts)
    if all(part.exact for part in parts):
        return Interval(np.stack([part.lower for part in parts]))
    how = max(How[part.how] for part in parts)
    parts = [part.enclose() for part in parts]
    return Interval(np.stack([part.lower for part in parts]), np.stack([part.upper for part in parts]), how)
