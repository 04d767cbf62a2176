"""Arrays of float64 or of exact rationals, and conversions between them."""

from fractions import Fraction
from numbers import Integral, Rational
from weakref import WeakValueDictionary

import numpy as np
from flint import fmpq, fmpz

from .errors import ExactnessLost
from .types import Number, Numbers

INTEGERS = (int, np.integer, fmpz)
RATIONAL = np.dtype(object)
QUICK = {int, fmpq}
"""Types of entries that are converted without a look at each of them."""


def rational(x: Number) -> fmpq:
    """Convert `x` to an exact rational.

    Args: x: an integer, a fraction, or text such as "1/3".
    Raises: ExactnessLost for a float, since the intended rational cannot be recovered from it.

    The result is flint's fmpq, which can be combined with integers, exact arrays and Intervals, but not with Python's
    Fraction: arithmetic raises TypeError, and `==` is False even for equal numbers, so convert the Fraction first.

    >>> rational("1/3") + 1
    4/3
    >>> rational(Fraction(1, 2)) * rational("1/3"), rational(Fraction(1, 2)) == rational("1/2")
    (1/6, True)
    """
    if isinstance(x, fmpq):
        return x
    if type(x) is int:
        return fmpq(x)
    if isinstance(x, Integral | fmpz):
        return fmpq(int(x))
    if isinstance(x, Rational):
        return fmpq(x.numerator, x.denominator)
    if isinstance(x, str):
        part = Fraction(x)
        return fmpq(part.numerator, part.denominator)
    raise ExactnessLost(f"{x!r} is a {type(x).__name__}, not a rational; write an int, a Fraction or 'p/q'")


def is_exact(array) -> bool:
    """Whether an array holds rationals (dtype object) rather than floats."""
    return getattr(array, "dtype", None) == RATIONAL


def bare(x, dtype=None):
    """`x` as a numpy array in C order; arrays of a class with `run_kernel` are returned unchanged."""
    if hasattr(x, "run_kernel"):
        return x if dtype is None or x.dtype == dtype else x.astype(dtype)
    return np.asarray(x, dtype, order="C")


def exact_number(x):
    """`x` itself if its class sets `exact_number = True` (numbers with logarithms, infinities), else `x` as a rational.

    Such a class supports exact arithmetic with rationals and with itself, comparisons that may raise Undecided, and
    `nearest()` and `ends()` for float64.
    """
    return x if isinstance(x, fmpq) or getattr(x, "exact_number", False) else rational(x)


def objects(x: Numbers) -> np.ndarray:
    """`x` as an array of rationals (or other exact numbers), also for scalars.

    numpy replaces a 0-dimensional object array by its only entry in every operation, so every object array in mdpkit is
    created here.

    >>> objects(1).shape, objects([1, "1/2"])
    ((), array([1, 1/2], dtype=object))
    """
    return _fill(np.asarray(x, dtype=object), exact_number, object)


def rationals(x) -> np.ndarray:
    """`x` as an array of rationals only, as stored in records.

    Raises: ExactnessLost for any other entry.
    """
    return _fill(np.asarray(x, dtype=object), rational, object)


def exactly(x) -> np.ndarray:
    """The float64 numbers `x` as the dyadic rationals that they represent."""
    source = np.asarray(x)
    if is_exact(source):
        return objects(source)
    return _fill(source, lambda number: fmpq(*float(number).as_integer_ratio()), object)


def nearest(x) -> float:
    """The float64 nearest to a rational (correctly rounded, infinite on overflow), or close to another exact number."""
    if not isinstance(x, fmpq):
        return x.nearest()
    try:
        return int(x.p) / int(x.q) if x else 0.0
    except OverflowError:
        return float("inf") if x > 0 else float("-inf")


def floats(array) -> np.ndarray:
    """An array as float64, with rationals rounded to nearest."""
    array = np.asarray(array)
    if not is_exact(array):
        return np.asarray(array, dtype=np.float64)
    out, entries = np.zeros(array.size), array.ravel()
    some = np.flatnonzero(entries)  # laws are mostly zeros
    out[some] = [nearest(exact_number(number)) for number in entries[some]]
    return out.reshape(array.shape)


def like(array, pattern) -> np.ndarray:
    """`array` (integers, fractions, "p/q") in the number kind of `pattern`.

    >>> like([0, 1], objects([1]))
    array([0, 1], dtype=object)
    >>> like(["1/2"], np.zeros(1))
    array([0.5])
    """
    source = bare(array)
    if not is_exact(pattern) and source.dtype.kind in "iuf":
        return source.astype(np.float64, copy=False)
    array = objects(source)
    return array if is_exact(pattern) else floats(array)


def zeros(shape, pattern) -> np.ndarray:
    """Zeros in the number kind of `pattern`."""
    if not is_exact(pattern):
        return np.zeros(shape)
    out = np.empty(shape, dtype=object)
    out.fill(fmpq(0))
    return out


def _fill(source, convert, dtype):
    entries = source.ravel()
    if is_exact(source):
        entries = entries.tolist()
        kinds = set(map(type, entries))
        if kinds == {fmpq}:
            return source.copy()
        if kinds <= QUICK:
            convert = fmpq
    out = np.empty(source.size, dtype=dtype)
    out[:] = list(map(convert, entries))
    return out.reshape(source.shape)


SEALED: WeakValueDictionary[int, np.ndarray] = WeakValueDictionary()
"""The arrays that `seal` has marked, by id."""


def seal(array) -> np.ndarray:
    """Mark an array as read-only and not to be copied: nobody may hold a writeable view of its memory.

    Only for arrays that were made inside mdpkit. Flags do not show it: an array that its owner has made read-only can
    still change through an earlier view.
    """
    array.flags.writeable = False
    if type(array) is np.ndarray and array.flags.owndata and array.flags.c_contiguous:
        SEALED[id(array)] = array
    return array


def is_frozen(array) -> bool:
    """Whether `seal` has marked this array, and it is still read-only."""
    return SEALED.get(id(array)) is array and not array.flags.writeable


def is_part_of_frozen(array) -> bool:
    """Whether this is a frozen array or a read-only view of one, as scipy's sparse matrices hold."""
    return is_frozen(array) or (not array.flags.writeable and array.base is not None and is_frozen(array.base))


def freeze(array) -> np.ndarray:
    """A read-only copy in C order; an array that is frozen already is returned as it is."""
    return array if is_frozen(array) else seal(np.array(array, order="C", copy=True))
