"""What the cases of all suites share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class Case:
    """A case with a name, which is how it appears among the ids of tests."""

    name: str

    def __str__(self) -> str:
        return self.name


Kind = TypeVar("Kind", bound=Case)


def check_all(checks: Iterable[Callable[[Kind], None]], case: Kind) -> None:
    """Run the checks of a suite in their order; the first that fails raises."""
    for check in checks:
        check(case)
