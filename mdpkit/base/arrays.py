"""Arrays of float64 or of exact rationals, and the one way from each to the other."""

from fractions import Fraction
from numbers import Integral, Rational

import numpy as np
from flint import fmpq, fmpz

from .errors import ExactnessLost

INTEGERS = (int, np.integer, fmpz)


def rational(x) -> fmpq:
    """The exact rational that `x` is.

    Args: x: an integer, a fraction, or text such as "1/3".
    Raises: ExactnessLost for a float, which hides the rational it was meant to be.

    >>> rational("1/3") + 1
    4/3
    """
    if isinstance(x, fmpq):
        return x
    if isinstance(x, Integral | fmpz):
        return fmpq(int(x))
    if isinstance(x, Rational):
        return fmpq(x.numerator, x.denominator)
    if isinstance(x, str):
        part = Fraction(x)
        return fmpq(part.numerator, part.denominator)
    raise ExactnessLost(f"{x!r} is a {type(x).__name__}, not a rational; write an int, a Fraction or 'p/q'")


def is_exact(array) -> bool:
    """Whether an array holds rationals (dtype object) and not floats."""
    return getattr(array, "dtype", None) == np.dtype(object)


def objects(x) -> np.ndarray:
    """`x` as an array of rationals that stays an array at dimension 0.

    numpy turns a 0-dimensional object array into its only entry at every operation, so
    every object array in mdpkit is made here.

    >>> objects(1).shape, objects([1, "1/2"])
    ((), array([1, 1/2], dtype=object))
    """
    return _filled(np.asarray(x, dtype=object), rational, object)


def exactly(x) -> np.ndarray:
    """The rationals that the float64 numbers `x` are (each is a dyadic fraction)."""
    source = np.asarray(x)
    if is_exact(source):
        return objects(source)
    return _filled(source, lambda number: fmpq(*float(number).as_integer_ratio()), object)


def nearest(x: fmpq) -> float:
    """The float64 nearest to a rational (correctly rounded; infinite past the largest)."""
    try:
        return int(x.p) / int(x.q)
    except OverflowError:
        return float("inf") if x > 0 else float("-inf")


def floats(array) -> np.ndarray:
    """An array as float64, each rational rounded to the nearest."""
    array = np.asarray(array)
    if not is_exact(array):
        return np.asarray(array, dtype=np.float64)
    return _filled(array, lambda number: nearest(rational(number)), float)


def like(array, pattern) -> np.ndarray:
    """`array` (integers, fractions, "p/q") in the number kind of `pattern`.

    >>> like([0, 1], objects([1]))
    array([0, 1], dtype=object)
    >>> like(["1/2"], np.zeros(1))
    array([0.5])
    """
    if not is_exact(np.asarray(array)) and np.asarray(array).dtype.kind == "f":
        return objects(array) if is_exact(pattern) else np.asarray(array)
    array = objects(array)
    return array if is_exact(pattern) else floats(array)


def zeros(shape, pattern) -> np.ndarray:
    """Zeros in the number kind of `pattern`."""
    if not is_exact(pattern):
        return np.zeros(shape)
    out = np.empty(shape, dtype=object)
    out.fill(fmpq(0))
    return out


def _filled(source, convert, dtype):
    out = np.empty(source.size, dtype=dtype)
    out[:] = [convert(number) for number in source.ravel()]
    return out.reshape(source.shape)


def frozen(array) -> np.ndarray:
    """A read-only copy in C order."""
    out = np.array(array, order="C", copy=True)
    out.flags.writeable = False
    return out
