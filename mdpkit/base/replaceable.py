"""Functions that a control can temporarily replace."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from inspect import signature
from reprlib import repr as shorten
from types import UnionType
from typing import ParamSpec, TypeVar, get_args, get_type_hints

from .errors import WrongArgument

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_replaced: ContextVar[dict] = ContextVar("replaced", default={})  # noqa: B039  (never written to: a new one is set)


def replaceable(f: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Decorate a function so that every call checks whether it is replaced.

    Callers use the decorated function, so a replacement affects all of them, including those that imported it by name.

    Raises: WrongArgument in place of an AttributeError or TypeError if an argument is not of its annotated type. Types
        are checked only after such an error, so a successful call pays nothing for them.
    """
    name = f"{f.__module__}.{f.__qualname__}"

    @wraps(f)
    def asking(*args: Arguments.args, **options: Arguments.kwargs) -> Result:
        table = _replaced.get()
        if name not in table:
            try:
                return f(*args, **options)
            except (AttributeError, TypeError) as error:
                words = _wrong_argument(f, args, options)
                if words is None:
                    raise
                raise WrongArgument(words) from error
        by, reached = table[name]
        reached.append(name)
        return by(f, *args, **options)

    asking.name = name
    return asking


def _wrong_argument(f, args, options) -> str | None:
    """The first argument that is not of the type it is annotated with, in words."""
    hints = get_type_hints(f)
    try:
        given = signature(f).bind(*args, **options).arguments
    except TypeError:  # a wrong number of arguments: Python's own message says so
        return None
    for name, value in given.items():
        kinds = classes_of(hints.get(name))
        if kinds and not isinstance(value, kinds):
            expected = " or ".join(f"{'an' if kind.__name__ == 'MDP' else 'a'} {kind.__name__}" for kind in kinds)
            return f"{f.__name__}: {name} is {_describe(value)}; expected {expected}"
    return None


def classes_of(hint) -> tuple[type, ...]:
    """The mdpkit classes that an annotation names; none if it names anything else, such as `int` or `Sequence[int]`."""
    parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return parts if all(isinstance(part, type) and part.__module__.startswith("mdpkit.") for part in parts) else ()


def _describe(value) -> str:
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"an array of shape {shape} ({type(value).__name__})"
    return f"{shorten(value)} ({type(value).__name__})"


@contextmanager
def sabotaged(function: Callable, by: Callable) -> Iterator[list[str]]:
    """Context in which `function(*args)` is `by(original, *args)`; yields a list that is non-empty after a call."""
    reached: list[str] = []
    token = _replaced.set({**_replaced.get(), function.name: (by, reached)})
    try:
        yield reached
    finally:
        _replaced.reset(token)
