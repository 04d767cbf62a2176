"""Measures that a control may replace for the length of one check."""

from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps

_replaced = ContextVar("replaced", default=None)


def public(f):
    """A measure that asks, at every call, whether it is being sabotaged.

    Measures call each other by their public names, so a replacement reaches every caller, also one that holds the
    function by `from ... import`.
    """
    name = f"{f.__module__}.{f.__qualname__}"

    @wraps(f)
    def measure(*args, **options):
        table = _replaced.get()
        if table is None or name not in table:
            return f(*args, **options)
        by, reached = table[name]
        reached.append(name)
        return by(f, *args, **options)

    measure.name = name
    return measure


@contextmanager
def sabotaged(measure, by):
    """Inside, `measure(*args)` is `by(original, *args)`. Yields a list that is non-empty once the measure was called."""
    reached = []
    token = _replaced.set({**(_replaced.get() or {}), measure.name: (by, reached)})
    try:
        yield reached
    finally:
        _replaced.reset(token)
