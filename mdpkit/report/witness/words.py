"""Numbers and names as text of a drawing, with mathematics between dollars."""

import numbers

import numpy as np
from flint import fmpq, fmpz

from ...base.arrays import rational
from ...base.markup import abbreviate

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
MOST_DIGITS = 9


def number_text(x) -> str:
    """Text of a number: a rational exactly (abbreviated above 20 digits), a float to three digits.

    >>> from mdpkit import rational
    >>> number_text(rational("1/3")), number_text(1 / 3), number_text(rational(1) - rational("1/2") ** 64)
    ('1/3', '0.333', '$1-2^{-64}$')
    >>> number_text(rational("1/3") ** 40 * 7)
    '~5.7577e−19 (exact, 21 digits)'
    """
    if isinstance(x, np.ndarray):
        x = x.item()
    if isinstance(x, bool | np.bool_):
        return str(bool(x))
    if isinstance(x, float | np.floating):
        return f"{x:.3g}".replace("-", MINUS)
    if not isinstance(x, numbers.Rational | fmpz | fmpq):
        return plain(x)
    x = rational(x)
    return (max(len(str(x.p)), len(str(x.q))) > MOST_DIGITS and _power(x.p, x.q)) or abbreviate(x).replace("-", MINUS)


def _power(p, q):
    """b^e, b^-e, 1 - b^-e or b^e - 1 if a long number has one of these forms."""
    if p == 1 or q - p == 1:
        return (base := _root(q)) and f"${'' if p == 1 else '1-'}{base[0]}^{{-{base[1]}}}$"
    if q == 1 and (base := _root(p)):
        return f"${base[0]}^{{{base[1]}}}$"
    return q == 1 and (base := _root(p + 1)) and f"${base[0]}^{{{base[1]}}}-1$"


def _root(n):
    """(b, e) with b^e = n and the largest e > 2, if it exists."""
    found = ((n.root(e), e) for e in range(n.bit_length(), 2, -1) if n > 1)
    return next(((b, e) for b, e in found if b**e == n), None)


def plain(text) -> str:
    """Escape a text that is not mathematics."""
    return " ".join(str(text).split()).replace("$", r"\$")


def symbol(letter, index):
    return f"${letter}_{{{index}}}$"


def wrap(names, most):
    return ",\n".join(", ".join(names[k : k + most]) for k in range(0, len(names), most))


def span(steps):
    """Steps as text: single ones, and ranges of three or more."""
    runs = []
    for t in steps:
        if runs and runs[-1][-1] == t - 1:
            runs[-1].append(t)
        else:
            runs.append([t])
    return ", ".join(f"{run[0]}{DASH}{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)
