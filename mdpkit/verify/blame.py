"""Where in a claim's own file an error arose."""

import re
import traceback
from pathlib import Path

from .imports import PACKAGE, is_own


def locate_error(error) -> str:
    """The error in one line: its type and message, and file:line of the innermost frame that lies in a claim's file.

    A claim's file is one outside of Python, its packages and mdpkit, or one in `mdpkit/claims`.
    """
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _of_a_claim(Path(frame.filename))]
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{_advice(error)}{where}"


def _of_a_claim(file) -> bool:
    return is_own(file) or file.is_relative_to(PACKAGE / "claims")


def _advice(error) -> str:
    """Python's Fraction and flint's fmpq, of which exact arrays are made, do not meet in arithmetic."""
    if isinstance(error, TypeError) and re.search("'Fraction' and '[a-z.]*fmpq'|fmpq' and 'Fraction'", str(error)):
        return "; write x * p / q with integers p and q, or Interval(x) * Fraction(p, q)"
    return ""
