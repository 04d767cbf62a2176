"""Functions that a control may replace for the length of one check."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_replaced: ContextVar[dict] = ContextVar("replaced", default={})  # noqa: B039  (never written to: a new one is set)


def replaceable(f: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """A function that asks, at every call, whether it is being replaced.

    Callers use the decorated function, so that a replacement reaches all of them, also one that holds it by `from ... import`.
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
    """Inside, `function(*args)` is `by(original, *args)`. Yields a list that is non-empty once the function was called."""
    reached: list[str] = []
    token = _replaced.set({**_replaced.get(), function.name: (by, reached)})
    try:
        yield reached
    finally:
        _replaced.reset(token)
