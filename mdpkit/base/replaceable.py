"""Functions that a control can temporarily replace."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_replaced: ContextVar[dict] = ContextVar("replaced", default={})  # noqa: B039  (never written to: a new one is set)


def replaceable(f: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Decorate a function so that every call checks whether it is replaced.

    Callers use the decorated function, so a replacement affects all of them, including those that imported it by name.
    """
    name = f"{f.__module__}.{f.__qualname__}"

    @wraps(f)
    def asking(*args: Arguments.args, **options: Arguments.kwargs) -> Result:
        table = _replaced.get()
        if name not in table:
            return f(*args, **options)
        by, reached = table[name]
        reached.append(name)
        return by(f, *args, **options)

    asking.name = name
    return asking


@contextmanager
def sabotaged(function: Callable, by: Callable) -> Iterator[list[str]]:
    """Context in which `function(*args)` is `by(original, *args)`; yields a list that is non-empty once the function was called."""
    reached: list[str] = []
    token = _replaced.set({**_replaced.get(), function.name: (by, reached)})
    try:
        yield reached
    finally:
        _replaced.reset(token)
