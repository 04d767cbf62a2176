"""Exact arithmetic and comparison of polynomials in logarithms of rationals."""

from collections import defaultdict
from functools import lru_cache
from itertools import combinations
from math import gcd

import numpy as np
from flint import arb, ctx, fmpq, fmpz

from ..base.arrays import nearest, rational
from ..base.errors import ExactnessLost, NotFinite, Undecided
from .infinite import INFINITY

PRECISIONS = (128, 512, 2048, 4096)
"""Precisions in bits at which comparisons are attempted; beyond the last they are Undecided."""

FACTORED = 2**64
"""Integers up to this size are factored completely; of larger ones only primes below SMALL are split off."""

SMALL = 2**16
TRIED = 6542
"""Number of primes below SMALL."""


class LogNumber:
    """A polynomial with rational coefficients in logarithms of pairwise coprime integers, such as 1/2 log 2 log 3 - 5.

    Created by `log`. Sums, differences, products, powers, and quotients by rationals, are exact; a rational result is
    an fmpq. Logarithms of pairwise coprime integers are linearly independent over the rationals, so equality of
    linear combinations is decided by their coefficients, without factoring large integers: if two of them share a
    divisor, both are split. Equal polynomials are equal numbers; the order is decided by
    ball arithmetic, and so is inequality, except that products of logarithms might be equal without equal polynomials.

    Raises: Undecided if two numbers are not distinguished at 4096 bits; TypeError in combination with a float.

    >>> log(12) - 2 * log(2) == log(3), log(9) - 2 * log(3)
    (True, 0)
    >>> log(2) * log(3) < rational("77/100"), log("9/2") + 1
    (True, 1 - log(2) + 2 log(3))
    """

    __slots__ = ("terms",)
    exact_number = True

    def __init__(self, terms):
        self.terms = terms

    # ---- arithmetic
    def __add__(self, other):
        terms = _terms(other)
        if terms is None:
            return NotImplemented
        total = defaultdict(fmpq, self.terms)
        for monomial, coefficient in terms.items():
            total[monomial] += coefficient
        return _number(total)

    def __mul__(self, other):
        terms = _terms(other)
        if terms is None:
            return NotImplemented
        return _number(_product(self.terms, terms))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return LogNumber({monomial: -coefficient for monomial, coefficient in self.terms.items()})

    def __pos__(self):
        return self

    def __sub__(self, other):
        return NotImplemented if _terms(other) is None else self + -_as_number(other)

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        terms = _terms(other)
        if terms is None or set(terms) - {()}:
            return NotImplemented
        return self * (1 / terms.get((), fmpq(0)))

    def __pow__(self, power):
        if not isinstance(power, int) or power < 0:
            raise TypeError(f"a number with logarithms is raised to an integer of at least 0, not to {power!r}")
        out = fmpq(1)
        for _ in range(power):
            out = self * out
        return out

    def __abs__(self):
        return -self if self < 0 else self

    # ---- order
    def __eq__(self, other):
        if _terms(other) is None:
            return NotImplemented
        rest = self - other
        if not isinstance(rest, LogNumber) or rest.linear:
            return not isinstance(rest, LogNumber) and rest == 0
        return sign(rest) == 0

    def __lt__(self, other):
        return NotImplemented if _terms(other) is None else sign(self - other) < 0

    def __gt__(self, other):
        return NotImplemented if _terms(other) is None else sign(self - other) > 0

    def __le__(self, other):
        return NotImplemented if _terms(other) is None else sign(self - other) <= 0

    def __ge__(self, other):
        return NotImplemented if _terms(other) is None else sign(self - other) >= 0

    def __bool__(self):
        return self != 0

    @property
    def linear(self) -> bool:
        """Whether no logarithm is multiplied by another."""
        return all(len(monomial) < 2 for monomial in self.terms)

    def __hash__(self):
        # the part in small primes does not depend on the splitting of large integers
        return hash(
            frozenset((monomial, c) for monomial, c in self.terms.items() if all(atom < SMALL for atom in monomial))
        )

    # ---- enclosures
    def ball(self, bits=128) -> arb:
        """An arb ball that contains the number, computed with `bits` bits."""
        with ctx.workprec(bits):
            total = arb(0)
            for monomial, coefficient in self.terms.items():
                term = arb(coefficient)
                for atom in monomial:
                    term *= _log_ball(atom, bits)
                total += term
            return total

    def nearest(self) -> float:
        """A float64 within one unit in the last place."""
        return nearest(_middle(self._narrow()))

    def ends(self) -> tuple[float, float]:
        """float64 lower and upper bounds."""
        ball = self._narrow()
        with ctx.workprec(PRECISIONS[-1]):
            low, high = (nearest(_middle(end)) for end in (ball.lower(), ball.upper()))
        return float(np.nextafter(low, -np.inf)), float(np.nextafter(high, np.inf))

    def _narrow(self):
        ball = None
        for bits in PRECISIONS:
            ball = self.ball(bits)
            if ball.rel_accuracy_bits() >= 64:
                break
        return ball

    def __str__(self):
        shown = ""
        for monomial, coefficient in sorted(self.terms.items(), key=lambda term: (len(term[0]), term[0])):
            logs = " ".join(f"log({atom})" for atom in monomial)
            size = "" if logs and abs(coefficient) == 1 else f"{abs(coefficient)} " if logs else str(abs(coefficient))
            shown += ("- " if coefficient < 0 else "+ ") + size + logs + " "
        return shown.strip().removeprefix("+ ") if shown.startswith("+") else "-" + shown.strip().removeprefix("- ")

    __repr__ = __str__

    def __reduce__(self):
        return LogNumber, (dict(self.terms),)


def log(q):
    """The logarithm of a positive rational, exactly.

    Args: q: an integer, a fraction, or text such as "1/3"; arrays entrywise.
    Returns: a LogNumber, or the fmpq 0 for q = 1; -INFINITY for q = 0.
    Raises: NotFinite if q < 0; ExactnessLost for a float.

    >>> log("8/3")
    3 log(2) - log(3)
    """
    if isinstance(q, np.ndarray):
        out = np.empty(q.shape, dtype=object)
        for index, entry in np.ndenumerate(q):
            out[index] = log(entry)
        return out
    q = rational(q)
    if q < 0:
        raise NotFinite(f"the logarithm of {q} is not a real number")
    if q == 0:
        return -INFINITY
    terms = {(atom,): fmpq(power) for atom, power in _atoms(int(q.p))}
    for atom, power in _atoms(int(q.q)):
        terms[(atom,)] = terms.get((atom,), fmpq(0)) - power
    return _number(terms)


def exponential(x):
    """e^x as an fmpq if x is an integer combination of logarithms of rationals, else as an arb ball at 128 bits."""
    terms = _terms(x)
    if all(len(monomial) == 1 and coefficient.q == 1 for monomial, coefficient in terms.items()):
        out = fmpq(1)
        for (atom,), coefficient in terms.items():
            out *= fmpq(atom) ** int(coefficient)
        return out
    with ctx.workprec(128):
        return (x.ball() if isinstance(x, LogNumber) else arb(x)).exp()


def sign(x) -> int:
    """Sign of an exact number: -1, 0 or 1.

    Raises: Undecided if it is not determined at 4096 bits.
    """
    if not isinstance(x, LogNumber):
        return int(x > 0) - int(x < 0)
    for bits in PRECISIONS:
        ball = x.ball(bits)
        if ball > 0 or ball < 0:
            return 1 if ball > 0 else -1
    raise Undecided(f"the sign of {str(x)[:80]} is not decided at {PRECISIONS[-1]} bits")


# ---- polynomials as {sorted tuple of integers: coefficient}
def _terms(x):
    """The polynomial of a number that can be combined with a LogNumber; None for anything else."""
    if isinstance(x, LogNumber):
        return x.terms
    if isinstance(x, float | np.floating) or getattr(x, "exact_number", False):
        return None
    try:
        number = rational(x)
    except (ExactnessLost, ValueError):
        return None
    return {(): number} if number != 0 else {}


def _as_number(x):
    return x if isinstance(x, LogNumber) else rational(x)


def _product(a, b):
    out = defaultdict(fmpq)
    for left, x in a.items():
        for right, y in b.items():
            out[tuple(sorted(left + right))] += x * y
    return out


def _number(terms):
    """The number represented by a polynomial, with its integers made pairwise coprime."""
    terms = {monomial: coefficient for monomial, coefficient in terms.items() if coefficient != 0}
    large = {atom for monomial in terms for atom in monomial if atom >= SMALL}
    if len(large) > 1:
        terms = _split(terms, sorted(large))
    if not terms or (len(terms) == 1 and () in terms):
        return terms.get((), fmpq(0))
    return LogNumber(terms)


def _split(terms, large):
    """The same polynomial with all integers that share divisors replaced by pairwise coprime factors."""
    shared = next(((a, b, g) for a, b in combinations(large, 2) if (g := gcd(a, b)) > 1), None)
    if shared is None:
        return terms
    a, b, g = shared
    logs = {n: defaultdict(fmpq) for n in (a, b)}
    for n, parts in logs.items():
        for part in (g, n // g):
            if part > 1:
                parts[(part,)] += 1
    out = defaultdict(fmpq)
    for monomial, coefficient in terms.items():
        product = {(): coefficient}
        for atom in monomial:
            product = _product(product, logs.get(atom, {(atom,): fmpq(1)}))
        for each, value in product.items():
            out[each] += value
    kept = sorted({atom for monomial in out for atom in monomial if atom >= SMALL})
    return _split({monomial: c for monomial, c in out.items() if c != 0}, kept)


@lru_cache(maxsize=4096)
def _atoms(n):
    """(factor, power) pairs of a positive integer, pairwise coprime; a prime factorisation for integers up to 2^64."""
    factors = fmpz(n).factor() if n <= FACTORED else fmpz(n).factor(trial_limit=TRIED)
    return tuple((int(factor), int(power)) for factor, power in factors)


@lru_cache(maxsize=4096)
def _log_ball(n, bits):
    with ctx.workprec(bits):
        return arb(n).log()


def _middle(ball) -> fmpq:
    mantissa, exponent = ball.mid().man_exp()
    return fmpq(int(mantissa)) * fmpq(2) ** int(exponent)
