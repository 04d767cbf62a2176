"""Whether numbers are being proposed (bare floats, no bounds) or decided."""

from contextlib import contextmanager
from contextvars import ContextVar

_proposing = ContextVar("proposing", default=False)


def proposing() -> bool:
    return _proposing.get()


@contextmanager
def propose():
    """Inside, measures return bare float arrays and records are not validated: for searches, never for verdicts."""
    token = _proposing.set(True)
    try:
        yield
    finally:
        _proposing.reset(token)
