"""Computation mode: proposing (plain floats without bounds) or deciding."""

from contextlib import contextmanager
from contextvars import ContextVar

_proposing = ContextVar("proposing", default=False)


def proposing() -> bool:
    """Whether the proposing mode is active."""
    return _proposing.get()


@contextmanager
def propose(yes=True):
    """Context in which measures return plain float arrays and records are not validated; for searches, not verdicts.

    Args: yes: False for an exact judgement inside a search.
    """
    token = _proposing.set(yes)
    try:
        yield
    finally:
        _proposing.reset(token)
