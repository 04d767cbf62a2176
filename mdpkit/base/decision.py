"""Three-valued results (yes, no, undecided) of comparing enclosures."""

from enum import Enum
from typing import Any

import numpy as np

from .errors import Undecided


class Decision(Enum):
    """Result of comparing two numbers given by enclosures."""

    YES = 1
    NO = -1
    UNDECIDED = 0

    def __bool__(self) -> bool:
        if self is Decision.UNDECIDED:
            raise Undecided("the two enclosures overlap: neither yes nor no is proved")
        return self is Decision.YES

    def __eq__(self, other: object) -> bool:
        if isinstance(other, bool | np.bool_):
            raise TypeError("a Decision is compared with a bool; use .all_yes() or .any_no()")
        return self is other

    __hash__ = Enum.__hash__

    @property
    def yes(self) -> bool:
        return self is Decision.YES

    @property
    def no(self) -> bool:
        return self is Decision.NO

    def __and__(self, other: "Decision | Decisions") -> "Decision | Decisions":
        """YES if both are YES, NO if one is NO, else UNDECIDED; entrywise with an array of decisions."""
        return _both(self, other)

    def all(self) -> "Decision":
        return self

    def all_yes(self) -> bool:
        return self is Decision.YES

    def any_no(self) -> bool:
        return self is Decision.NO


class Decisions:
    """An array of decisions."""

    __array_ufunc__ = None

    def __init__(self, yes: np.ndarray, no: np.ndarray) -> None:
        self.yes, self.no = np.asarray(yes, dtype=bool), np.asarray(no, dtype=bool)

    def __bool__(self) -> bool:
        raise Undecided("an array of decisions has no single truth value: use .all_yes() or .any_no()")

    def __getitem__(self, key: Any) -> "Decision | Decisions":
        return decide(self.yes[key], self.no[key])

    def __and__(self, other: "Decision | Decisions") -> "Decision | Decisions":
        """Entrywise conjunction; a single Decision is broadcast."""
        return _both(self, other)

    def all(self) -> Decision:
        """NO if some entry is NO, YES if all entries are YES, else UNDECIDED."""
        if self.no.any():
            return Decision.NO
        return Decision.YES if self.yes.all() else Decision.UNDECIDED

    def all_yes(self) -> bool:
        return bool(self.yes.all())

    def any_no(self) -> bool:
        return bool(self.no.any())

    def __repr__(self):
        return f"Decisions({int(self.yes.sum())} yes, {int(self.no.sum())} no, of {self.yes.size})"


def decide(yes, no) -> Decision | Decisions:
    """A Decision for scalars, Decisions for arrays."""
    if np.ndim(yes) == 0:
        return Decision.YES if yes else Decision.NO if no else Decision.UNDECIDED
    return Decisions(yes, no)


def _both(a, b):
    if not isinstance(b, Decision | Decisions):
        return NotImplemented
    return decide(a.yes & b.yes, a.no | b.no)
