"""Callable modules: `mdpkit.solve(problem)` works alongside `from mdpkit.solve import PolicyIteration`."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def make_callable(room: str, verb: Callable[..., Any]) -> None:
    """Make the module named `room` callable as the function `verb`."""
    sys.modules[room].__class__ = type("Verb", (ModuleType,), {"__call__": staticmethod(verb)})
