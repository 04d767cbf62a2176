"""Types in public signatures: what is taken for a number, for an array, and for a field of a record."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, dataclass_transform

import numpy as np
from flint import fmpq, fmpz

Number: TypeAlias = int | float | str | Fraction | fmpq | fmpz | np.number[Any]
"""A number: an integer, a float, or a rational, which text such as "1/3" spells as well."""

Numbers: TypeAlias = np.ndarray | Number | Sequence[Any]
"""An array of numbers, a number, or nested lists of them."""

Names: TypeAlias = Iterable[object]
"""Things whose texts are names, in order."""

Given = TypeVar("Given")
Held = TypeVar("Held")
Class = TypeVar("Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(**options: bool) -> Callable[[type[Class]], type[Class]]:
    """Decorate a class like `dataclass(frozen=True, **options)`; accepted and stored types of a field may differ."""
    return dataclass(frozen=True, **options)


if TYPE_CHECKING:

    class Field(Generic[Given, Held]):
        """A field of a record that is given in one form and held in another, as a type checker sees it."""

        def __get__(self, record: object, owner: object = None) -> Held: ...

        def __set__(self, record: object, given: Given) -> None: ...

    Array: TypeAlias = Field[Numbers, np.ndarray]
    FilledArray: TypeAlias = Field[Numbers | None, np.ndarray]
    OptionalArray: TypeAlias = Field[Numbers | None, np.ndarray | None]
    Scalar: TypeAlias = Field[Number, float | fmpq]
    OptionalNames: TypeAlias = Field[Names | None, tuple[str, ...] | None]
else:
    Array = np.ndarray
    """A field that holds an array and is given anything that makes one."""

    FilledArray = np.ndarray | None
    """An `Array` that may be left out: the record fills it in."""

    OptionalArray = np.ndarray | None
    """An `Array`, or None."""

    Scalar = object
    """A field that holds a float or a rational and is given any number."""

    OptionalNames = tuple[str, ...] | None
    """A field that holds texts and is given any names, or None."""
