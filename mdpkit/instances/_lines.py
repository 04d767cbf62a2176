"""Numbered lines and numeric tokens, shared by the readers of text formats."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from flint import fmpq, fmpz

from ..base.errors import InvalidModel

LONGEST = 2**20
"""Largest number of bytes of a line."""

INTEGER = re.compile("[0-9]{1,18}")
FRACTION = re.compile("[-+]?[0-9]+/0*[1-9][0-9]*")
DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")


@contextmanager
def about(path):
    """Context in which errors name the file."""
    try:
        yield
    except InvalidModel as error:
        raise InvalidModel(f"{path}: {error}") from error
    except OSError as error:
        raise InvalidModel(f"{path} cannot be read: {error.strerror}") from error


def refusal(line, words) -> InvalidModel:
    """The error for a line."""
    return InvalidModel(f"line {line}: {words}")


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Every line with its number, counted from 1, stripped; empty ones are left out.

    Raises: InvalidModel for a line that is too long, or no UTF-8 text.
    """
    with open(path, "rb") as file:
        number = 0
        while raw := file.readline(LONGEST + 1):
            number += 1
            if len(raw) > LONGEST:
                raise refusal(number, f"it has more than {LONGEST} bytes; this is no text of this format")
            try:
                text = raw.decode("utf-8").strip()
            except UnicodeDecodeError as error:
                raise refusal(number, f"byte {error.start} is no UTF-8; expected text") from error
            if not text.replace("\t", " ").isprintable():
                raise refusal(number, f"{abbreviate(text)} holds a control character; expected text")
            if text:
                yield number, text


def abbreviate(text) -> str:
    return repr(text) if len(text) <= 40 else f"{text[:40]!r}..."


def whole(line, text, what, most=None) -> int:
    """Parse a non-negative integer below `most`."""
    if not INTEGER.fullmatch(text):
        raise refusal(line, f"{what} is {abbreviate(text)}; expected an integer of at least 0")
    if most is not None and int(text) >= most:
        raise refusal(line, f"{what} is {text}; expected at most {most - 1}")
    return int(text)


def number(line, text, what) -> str:
    """Check that a token is a finite number: an integer, p/q, or a decimal."""
    if not FRACTION.fullmatch(text) and not DECIMAL.fullmatch(text):
        raise refusal(line, f"{what} is {abbreviate(text)}; expected a finite number, such as 0.25 or 1/4")
    if decimal(text) and not abs(float(text)) < float("inf"):
        raise refusal(line, f"{what} is {abbreviate(text)}, past the largest float64")
    return text


def probability(line, text, what) -> str:
    """Check that a token is a number in [0, 1]."""
    value = rational(number(line, text, what))
    if not 0 <= value <= 1:
        raise refusal(line, f"{what} is {abbreviate(text)}; expected a probability from 0 to 1")
    return text


def decimal(text) -> bool:
    return any(letter in text for letter in ".eE")


def rational(text) -> fmpq:
    """The rational that a token denotes."""
    if decimal(text):
        part = Fraction(text)
        return fmpq(part.numerator, part.denominator)
    return fmpq(*(fmpz(part.removeprefix("+")) for part in text.split("/")))


def exact_kind(tokens) -> bool:
    """Whether a file is rational: some number is written p/q (decimals are then rational too), or none is a decimal."""
    kinds = {"/" if "/" in token else "." if decimal(token) else "" for token in tokens}
    return "/" in kinds or "." not in kinds


def write_number(x) -> str:
    """A number as text that reads back as the same number of the same kind."""
    return repr(float(x)) if isinstance(x, float) else str(x)
